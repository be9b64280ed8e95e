package telemetry

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/service/telemetry"
)

func family(t *testing.T, m *Metrics, name string) *dto.MetricFamily {
	t.Helper()
	all, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			return f
		}
	}
	return nil
}

func TestMetricsOfAConfigurationEndWithIt(t *testing.T) {
	metrics := NewMetrics()
	factory := NewFactory(metrics, LogOptions{})
	first, err := factory.CreateMeterProvider(t.Context(), telemetry.MeterSettings{}, factory.CreateDefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	counter, err := first.Meter("test").Int64Counter("otelcol_receiver_accepted_spans")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 5)
	f := family(t, metrics, "otelcol_receiver_accepted_spans")
	if f == nil || f.GetMetric()[0].GetCounter().GetValue() != 5 || len(f.GetMetric()[0].GetLabel()) != 0 {
		t.Errorf("%v", f)
	}
	second, err := factory.CreateMeterProvider(t.Context(), telemetry.MeterSettings{}, factory.CreateDefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	// The old one ends after the new one has begun: it must not take it away.
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if family(t, metrics, "otelcol_receiver_accepted_spans") != nil {
		t.Error("metrics of the old configuration are still shown")
	}
	gauge, err := second.Meter("test").Int64Gauge("gauge")
	if err != nil {
		t.Fatal(err)
	}
	gauge.Record(t.Context(), 1)
	if family(t, metrics, "gauge") == nil || family(t, metrics, "go_goroutines") == nil {
		t.Error("metrics are missing")
	}
	if err := second.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestLogger(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	for _, c := range []struct {
		options  LogOptions
		encoding Encoding
		wantJSON bool
		debug    bool
	}{
		{LogOptions{}, EncodingJSON, true, false},
		{LogOptions{}, EncodingConsole, false, false},
		{LogOptions{Encoding: EncodingJSON, Level: "debug"}, EncodingConsole, true, true},
	} {
		factory := NewFactory(NewMetrics(), c.options)
		cfg := factory.CreateDefaultConfig().(*Config)
		cfg.Logs.Encoding = c.encoding
		cfg.Logs.OutputPaths = []string{file}
		logger, shutdown, err := factory.CreateLogger(t.Context(), telemetry.LoggerSettings{}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		logger.Debug("quiet")
		logger.Error("loud")
		if err := shutdown.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(file)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if isJSON := json.Valid([]byte(lines[0])); isJSON != c.wantJSON || strings.Contains(string(text), "quiet") != c.debug || !strings.Contains(string(text), "loud") {
			t.Errorf("%+v: %s", c, text)
		}
		if strings.Contains(string(text), "goroutine") || strings.Contains(string(text), ".go:") {
			t.Errorf("%+v: there is a stack trace or caller: %s", c, text)
		}
	}
	if _, _, err := NewFactory(NewMetrics(), LogOptions{Level: "loud"}).CreateLogger(t.Context(), telemetry.LoggerSettings{}, createDefaultConfig()); err == nil {
		t.Error("an unknown level is taken")
	}
}

func TestResource(t *testing.T) {
	factory := NewFactory(NewMetrics(), LogOptions{})
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(map[string]any{"resource": map[string]any{"zone": "a"}, "logs": map[string]any{"level": "warn"}}).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	r, _, err := factory.CreateResource(t.Context(), telemetry.Settings{BuildInfo: component.BuildInfo{Command: "heddle", Version: "1"}}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"service.name": "heddle", "service.version": "1", "zone": "a"} {
		if got, ok := r.Attributes().Get(key); !ok || got.Str() != want {
			t.Errorf("%s is %q", key, got.AsString())
		}
	}
}
