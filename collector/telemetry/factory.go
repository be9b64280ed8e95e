package telemetry

import (
	"context"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtelemetry"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/service/telemetry"
)

// NewFactory returns the factory that the collector service takes its logger
// and its metrics from. Traces of the collector itself are not recorded.
func NewFactory(metrics *Metrics, logs LogOptions) telemetry.Factory {
	instance := uuid.NewString()
	return telemetry.NewFactory(createDefaultConfig,
		telemetry.WithCreateResource(func(_ context.Context, set telemetry.Settings, cfg component.Config) (pcommon.Resource, string, error) {
			return newResource(set, cfg.(*Config), instance)
		}),
		telemetry.WithCreateLogger(func(_ context.Context, set telemetry.LoggerSettings, cfg component.Config) (*zap.Logger, component.ShutdownFunc, error) {
			return logs.newLogger(set, cfg.(*Config))
		}),
		telemetry.WithCreateMeterProvider(func(_ context.Context, set telemetry.MeterSettings, cfg component.Config) (telemetry.MeterProvider, error) {
			return metrics.newMeterProvider(set, cfg.(*Config))
		}),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Logs: LogsConfig{
			Level:       zapcore.InfoLevel,
			Encoding:    EncodingAuto,
			OutputPaths: []string{"stderr"},
		},
		Metrics: MetricsConfig{Level: configtelemetry.LevelNormal},
	}
}

func newResource(set telemetry.Settings, cfg *Config, instance string) (pcommon.Resource, string, error) {
	r := pcommon.NewResource()
	r.Attributes().PutStr("service.name", set.BuildInfo.Command)
	r.Attributes().PutStr("service.version", set.BuildInfo.Version)
	r.Attributes().PutStr("service.instance.id", instance)
	for k, v := range cfg.Resource {
		if err := r.Attributes().PutEmpty(k).FromRaw(v); err != nil {
			return r, "", err
		}
	}
	return r, "", nil
}
