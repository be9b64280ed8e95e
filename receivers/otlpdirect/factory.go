package otlpdirect

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

var upstream = otlpreceiver.NewFactory()

// NewFactory returns the factory of the receiver, in the place of upstream's.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(upstream.Type(), createDefaultConfig,
		receiver.WithTraces(createTraces, upstream.TracesStability()),
		receiver.WithMetrics(createMetrics, upstream.MetricsStability()),
		receiver.WithLogs(createLogs, upstream.LogsStability()),
	)
}

func createTraces(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	c := cfg.(*Config)
	return c.create(&traces, set, tracesInto(next), func(u *otlpreceiver.Config) (component.Component, error) {
		return upstream.CreateTraces(ctx, set, u, next)
	})
}

func createLogs(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	c := cfg.(*Config)
	return c.create(&logs, set, logsInto(next), func(u *otlpreceiver.Config) (component.Component, error) {
		return upstream.CreateLogs(ctx, set, u, next)
	})
}

func createMetrics(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	c := cfg.(*Config)
	return c.create(&metrics, set, metricsInto(next), func(u *otlpreceiver.Config) (component.Component, error) {
		return upstream.CreateMetrics(ctx, set, u, next)
	})
}

// sharing guards what the signals of one configuration share.
var sharing sync.Mutex

// create returns the receiver of one signal: the one that the signals of c
// share when any of them goes straight to a store, upstream's otherwise.
func (c *Config) create(s *signal, set receiver.Settings, through pipelineSink, ofUpstream func(*otlpreceiver.Config) (component.Component, error)) (component.Component, error) {
	sharing.Lock()
	defer sharing.Unlock()
	if !c.straight() {
		if c.upstream == nil {
			c.upstream = &otlpreceiver.Config{Protocols: c.Protocols}
		}
		r, err := ofUpstream(c.upstream)
		if err != nil {
			return nil, err
		}
		return &announced{receiver: r, logger: set.Logger, signal: s, route: c.routes[s.id]}, nil
	}
	if c.receiver == nil {
		r, err := newReceiver(c, set)
		if err != nil {
			return nil, err
		}
		c.receiver = r
	}
	c.receiver.add(&lane{signal: s, route: c.routes[s.id], through: through})
	return c.receiver, nil
}

func (c *Config) straight() bool {
	for _, r := range c.routes {
		if r.straight() {
			return true
		}
	}
	return false
}

// forget makes the next receiver of c a new one.
func (c *Config) forget() {
	sharing.Lock()
	defer sharing.Unlock()
	c.receiver = nil
}

// announced is a receiver of upstream's that says why it is upstream's.
type announced struct {
	receiver component.Component
	logger   *zap.Logger
	signal   *signal
	route    Route
}

// Start implements component.Component.
func (a *announced) Start(ctx context.Context, host component.Host) error {
	announce(a.logger, a.signal, a.route)
	return a.receiver.Start(ctx, host)
}

// Shutdown implements component.Component.
func (a *announced) Shutdown(ctx context.Context) error { return a.receiver.Shutdown(ctx) }

// announce logs which way the requests of a signal go.
func announce(logger *zap.Logger, s *signal, r Route) {
	switch {
	case r.straight():
		logger.Info(s.id.String() + " go straight to " + r.Storage.String())
	case r.BecauseOf != "":
		logger.Info(s.id.String() + " go through pdata because of " + r.BecauseOf)
	}
}
