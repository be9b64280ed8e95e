package telemetry

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"go.opentelemetry.io/collector/service/telemetry"
)

// Metrics holds every metric of the process. It is a prometheus.Gatherer.
//
// What components of ours register with Process lives as long as the process.
// What the components of a configuration record through OpenTelemetry lives as
// long as that configuration: a reload starts those counters again from 0.
type Metrics struct {
	Process *prometheus.Registry

	pipelines atomic.Pointer[prometheus.Registry] // of the configuration that runs; nil: none does
}

// NewMetrics returns a Metrics that holds those of the Go runtime and the
// operating system process.
func NewMetrics() *Metrics {
	m := &Metrics{Process: prometheus.NewRegistry()}
	m.Process.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Gather implements prometheus.Gatherer.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	all := prometheus.Gatherers{m.Process}
	if pipelines := m.pipelines.Load(); pipelines != nil {
		all = append(all, pipelines)
	}
	return all.Gather()
}

// meterProvider is the OpenTelemetry side of one configuration.
type meterProvider struct {
	*sdkmetric.MeterProvider
	metrics  *Metrics
	registry *prometheus.Registry
}

func (m *Metrics) newMeterProvider(set telemetry.MeterSettings, cfg *Config) (*meterProvider, error) {
	registry := prometheus.NewRegistry()
	// Names as other collectors show them by default, so that dashboards fit.
	exporter, err := otelprom.New(
		otelprom.WithRegisterer(registry),
		otelprom.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithoutSuffixes),
		otelprom.WithoutScopeInfo(),
		otelprom.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, err
	}
	options := []sdkmetric.Option{
		sdkmetric.WithReader(exporter),
		sdkmetric.WithCardinalityLimit(2000),
		sdkmetric.WithResource(sdkResource(set.Resource)),
	}
	if set.DefaultViews != nil {
		for _, v := range set.DefaultViews(cfg.Metrics.Level) {
			if view := viewOf(v); view != nil {
				options = append(options, sdkmetric.WithView(view))
			}
		}
	}
	p := &meterProvider{MeterProvider: sdkmetric.NewMeterProvider(options...), metrics: m, registry: registry}
	m.pipelines.Store(registry)
	return p, nil
}

// Shutdown takes the metrics of this configuration out of the answer.
func (p *meterProvider) Shutdown(ctx context.Context) error {
	p.metrics.pipelines.CompareAndSwap(p.registry, nil)
	return p.MeterProvider.Shutdown(ctx)
}
