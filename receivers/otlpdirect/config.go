package otlpdirect

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

// Config is the configuration of upstream's OTLP receiver, key by key.
type Config struct {
	// Protocols configures the servers for gRPC and HTTP.
	Protocols otlpreceiver.Protocols `mapstructure:"protocols"`

	routes map[pipeline.Signal]Route

	// What the signals of this configuration share; guarded by sharing.
	upstream *otlpreceiver.Config // upstream's receivers share what has the same pointer
	receiver *otlpReceiver        // until it is shut down

	// prevent unkeyed literal initialization
	_ struct{}
}

// Route says where the requests of one signal go.
type Route struct {
	// Storage names the extension whose store takes them as they arrive. With
	// the zero value they go through the pipeline as pdata.
	Storage component.ID
	// RetryAfter is what a sender is told when that store is overloaded, in
	// whole seconds over HTTP.
	RetryAfter time.Duration
	// BecauseOf is what keeps them from going straight, for the log. "" when
	// nobody would expect that they do.
	BecauseOf string

	// prevent unkeyed literal initialization
	_ struct{}
}

func (r Route) straight() bool { return r.Storage != component.ID{} }

// Route sets where the requests of a signal go, traces or logs. It must be
// called before any receiver is created from c. A signal without a route goes
// through its pipeline.
//
// The pipeline of a signal that is routed to a store must hold the exporter to
// the same store and nothing else: it is where requests go when the store takes
// none as they arrive.
func (c *Config) Route(s pipeline.Signal, r Route) {
	if c.routes == nil {
		c.routes = map[pipeline.Signal]Route{}
	}
	c.routes[s] = r
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	return (&otlpreceiver.Config{Protocols: c.Protocols}).Validate()
}

func createDefaultConfig() component.Config {
	return &Config{Protocols: upstream.CreateDefaultConfig().(*otlpreceiver.Config).Protocols}
}
