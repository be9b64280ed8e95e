package collector

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/service/pipelines"

	"github.com/heddle-io/heddle/exporters/heddlestore"
	"github.com/heddle-io/heddle/receivers/otlpdirect"
)

// routeOTLP tells the OTLP receivers of cfg which of their signals have a
// pipeline that is nothing but the step into a store, so that requests need not
// become pdata on the way. Only the pipelines show it, and a receiver does not
// see them.
func routeOTLP(cfg *otelcol.Config) {
	for id, c := range cfg.Receivers {
		receiver, ok := c.(*otlpdirect.Config)
		if !ok {
			continue
		}
		for _, signal := range []pipeline.Signal{pipeline.SignalTraces, pipeline.SignalLogs} {
			receiver.Route(signal, routeOf(cfg, id, signal))
		}
	}
}

// routeOf returns the route of one signal of a receiver.
func routeOf(cfg *otelcol.Config, receiver component.ID, signal pipeline.Signal) otlpdirect.Route {
	var into []string // pipelines
	var only *pipelines.PipelineConfig
	stored := false
	for id, p := range cfg.Service.Pipelines {
		if id.Signal() == signal && slices.Contains(p.Receivers, receiver) {
			into, only = append(into, id.String()), p
			stored = stored || slices.ContainsFunc(p.Exporters, isStore)
		}
	}
	slices.Sort(into)
	switch {
	case !stored: // somewhere else, where nobody expects it to go straight
		return otlpdirect.Route{}
	case len(into) > 1:
		return otlpdirect.Route{BecauseOf: fmt.Sprintf("the %d pipelines %s", len(into), strings.Join(into, ", "))}
	case len(only.Processors) > 0:
		return otlpdirect.Route{BecauseOf: listed("processor", only.Processors)}
	case len(only.Exporters) > 1:
		others := slices.DeleteFunc(slices.Clone(only.Exporters), isStore)
		if len(others) == 0 {
			others = only.Exporters
		}
		return otlpdirect.Route{BecauseOf: listed("exporter", others)}
	}
	exporter := only.Exporters[0]
	c, ok := cfg.Exporters[exporter].(*heddlestore.Config)
	switch {
	case !ok: // another's exporter of that type
		return otlpdirect.Route{BecauseOf: listed("exporter", only.Exporters)}
	case c.Queue.HasValue():
		return otlpdirect.Route{BecauseOf: "the sending_queue of " + exporter.String()}
	}
	return otlpdirect.Route{Storage: c.Storage, RetryAfter: c.RetryAfter}
}

func isStore(id component.ID) bool { return id.Type() == heddlestore.Type }

// listed names components of one kind.
func listed(kind string, ids []component.ID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	if len(ids) > 1 {
		kind += "s"
	}
	return kind + " " + strings.Join(names, ", ")
}
