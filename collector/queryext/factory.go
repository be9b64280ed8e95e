package queryext

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// Type is the component type.
var Type = component.MustNewType("heddle_query")

// Process is what the server shows and steers beyond its own configuration.
type Process struct {
	Metrics prometheus.Gatherer   // shown at /metrics
	Counter prometheus.Registerer // where the server counts its requests

	// Reload reads the configuration again. A nil error means that it is
	// valid and takes effect soon; with an error nothing has changed. It may
	// be nil: there is nothing to reload from.
	Reload func(context.Context) error
}

// NewFactory returns the factory of the extension.
func NewFactory(process Process) (extension.Factory, error) {
	counters, err := newCounters(process.Counter)
	if err != nil {
		return nil, err
	}
	create := func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
		c := cfg.(*Config)
		return &query{config: c, set: set, process: process, counters: counters, gate: newGate(c.MaxConcurrentQueries)}, nil
	}
	return extension.NewFactory(Type, createDefaultConfig, create, component.StabilityLevelAlpha), nil
}
