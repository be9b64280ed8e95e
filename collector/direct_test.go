package collector

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/heddle-io/heddle/receivers/otlpdirect"
)

func TestRouteOf(t *testing.T) {
	p, err := (&cli{components: Components}).newProcess()
	if err != nil {
		t.Fatal(err)
	}
	const limiter = "processors: {memory_limiter: {check_interval: 1s, limit_percentage: 75}}"
	const storeOnly = "service: {pipelines: {traces: {receivers: [otlp, zipkin], processors: [], exporters: [heddlestore]}}}"
	straight := otlpdirect.Route{Storage: component.MustNewID("heddle_storage"), RetryAfter: time.Second}
	for _, c := range []struct {
		name     string
		overlays []string
		want     otlpdirect.Route
	}{
		{"nothing but the store", []string{storeOnly}, straight},
		{"another store", []string{storeOnly, "extensions: {heddle_storage/b: {}}",
			"exporters: {heddlestore: {storage: heddle_storage/b, retry_after: 5s}}"},
			otlpdirect.Route{Storage: component.MustNewIDWithName("heddle_storage", "b"), RetryAfter: 5 * time.Second}},
		{"a processor", []string{storeOnly, limiter, "service: {pipelines: {traces: {processors: [memory_limiter]}}}"},
			otlpdirect.Route{BecauseOf: "processor memory_limiter"}},
		{"processors", []string{storeOnly, limiter, "processors: {batch: {}}", "service: {pipelines: {traces: {processors: [memory_limiter, batch]}}}"},
			otlpdirect.Route{BecauseOf: "processors memory_limiter, batch"}},
		{"another exporter", []string{storeOnly, "exporters: {debug: {}}", "service: {pipelines: {traces: {exporters: [heddlestore, debug]}}}"},
			otlpdirect.Route{BecauseOf: "exporter debug"}},
		{"two stores", []string{storeOnly, "exporters: {heddlestore/b: {}}", "service: {pipelines: {traces: {exporters: [heddlestore, heddlestore/b]}}}"},
			otlpdirect.Route{BecauseOf: "exporters heddlestore, heddlestore/b"}},
		{"no store", []string{storeOnly, "exporters: {debug: {}}", "service: {pipelines: {traces: {exporters: [debug]}}}"}, otlpdirect.Route{}},
		{"two pipelines", []string{storeOnly, "exporters: {debug: {}}", "service: {pipelines: {traces/b: {receivers: [otlp], exporters: [debug]}}}"},
			otlpdirect.Route{BecauseOf: "the 2 pipelines traces, traces/b"}},
		{"a pipeline of another receiver", []string{storeOnly, "exporters: {debug: {}}", "service: {pipelines: {traces/b: {receivers: [jaeger], exporters: [debug]}}}"}, straight},
		{"a queue", []string{storeOnly, "exporters: {heddlestore: {sending_queue: {queue_size: 10}}}"},
			otlpdirect.Route{BecauseOf: "the sending_queue of heddlestore"}},
		{"not received", []string{storeOnly, "service: {pipelines: {traces: {receivers: [zipkin]}}}"}, otlpdirect.Route{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := source{locations: []string{defaultConfig}}
			for _, o := range c.overlays {
				src.locations = append(src.locations, "yaml:"+o)
			}
			cfg, err := src.load(t.Context(), p.factories)
			if err != nil {
				t.Fatal(err)
			}
			if got := routeOf(cfg, component.MustNewID("otlp"), pipeline.SignalTraces); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
