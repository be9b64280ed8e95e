package otlpdirect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/heddle-io/heddle/storage"
)

// StorageExtension is what the receiver needs of the extension that a route
// names. heddle_storage has it.
type StorageExtension interface {
	// Store returns the store to write to. It may be called once
	// pipelines start.
	Store() storage.Store
}

// otlpReceiver is one pair of servers for all signals of a configuration. The
// service starts and stops it once for each of them; the first time counts.
type otlpReceiver struct {
	config   *Config
	settings receiver.Settings
	lanes    []*lane // added before it starts

	overGRPC, overHTTP *receiverhelper.ObsReport

	starting, stopping sync.Once
	startErr, stopErr  error

	grpcServer *grpc.Server
	httpServer *http.Server
	serving    sync.WaitGroup
}

// lane is the way of one signal's requests.
type lane struct {
	signal  *signal
	route   Route
	through pipelineSink
}

func newReceiver(c *Config, set receiver.Settings) (*otlpReceiver, error) {
	set.TelemetrySettings = forAllSignals(set.TelemetrySettings)
	r := &otlpReceiver{config: c, settings: set}
	var err1, err2 error
	r.overGRPC, err1 = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "grpc", ReceiverCreateSettings: set})
	r.overHTTP, err2 = receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	return r, errors.Join(err1, err2)
}

// add takes a lane, in the place of an earlier one of the same signal.
func (r *otlpReceiver) add(l *lane) {
	r.lanes = append(slices.DeleteFunc(r.lanes, func(old *lane) bool { return old.signal == l.signal }), l)
}

// Start implements component.Component.
func (r *otlpReceiver) Start(ctx context.Context, host component.Host) error {
	r.starting.Do(func() {
		if r.startErr = r.start(ctx, host); r.startErr != nil {
			r.startErr = errors.Join(r.startErr, r.Shutdown(ctx))
		}
	})
	return r.startErr
}

func (r *otlpReceiver) start(ctx context.Context, host component.Host) error {
	sinks := make([]sink, len(r.lanes))
	for i, l := range r.lanes {
		var err error
		if sinks[i], err = l.open(r.settings.Logger, host); err != nil {
			return err
		}
	}
	if c := r.config.Protocols.GRPC.Get(); c != nil {
		if err := r.serveGRPC(ctx, host, c, sinks); err != nil {
			return err
		}
	}
	if r.config.Protocols.HTTP.HasValue() {
		return r.serveHTTP(ctx, host, sinks)
	}
	return nil
}

// open returns where the requests of the lane go and logs it.
func (l *lane) open(logger *zap.Logger, host component.Host) (sink, error) {
	if !l.route.straight() {
		announce(logger, l.signal, l.route)
		return l.through, nil
	}
	found, ok := host.GetExtensions()[l.route.Storage]
	if !ok {
		return nil, fmt.Errorf("there is no extension %q to store %s: configure it under extensions and list it in service::extensions", l.route.Storage, l.signal.id)
	}
	ext, ok := found.(StorageExtension)
	if !ok {
		return nil, fmt.Errorf("the extension %q holds no store for %s: name one of type heddle_storage", l.route.Storage, l.signal.id)
	}
	if l.signal.side != nil {
		if w, ok := l.signal.side(ext.Store()).(storage.OTLPWriter); ok {
			announce(logger, l.signal, l.route)
			return &storeSink{writer: w, retryAfter: l.route.RetryAfter}, nil
		}
	}
	announce(logger, l.signal, Route{BecauseOf: l.route.Storage.String() + ", whose store takes no requests as they arrive"})
	return l.through, nil
}

func (r *otlpReceiver) serveGRPC(ctx context.Context, host component.Host, c *configgrpc.ServerConfig, sinks []sink) error {
	contain := configgrpc.WithGrpcServerOption(grpc.ChainUnaryInterceptor(containGRPC(r.settings.Logger)))
	var err error
	if r.grpcServer, err = c.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, contain); err != nil {
		return err
	}
	for i, l := range r.lanes {
		(&grpcLane{sink: sinks[i], observer: observer{signal: l.signal, report: r.overGRPC}}).register(r.grpcServer)
	}
	listener, err := c.NetAddr.Listen(ctx)
	if err != nil {
		return err
	}
	r.settings.Logger.Info("Starting GRPC server", zap.String("endpoint", listener.Addr().String()))
	r.serving.Go(func() {
		if err := r.grpcServer.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

func (r *otlpReceiver) serveHTTP(ctx context.Context, host component.Host, sinks []sink) error {
	c := r.config.Protocols.HTTP.Get()
	mux := http.NewServeMux()
	for i, l := range r.lanes {
		if err := handle(mux, l.signal.path(c), &httpLane{sink: sinks[i], observer: observer{signal: l.signal, report: r.overHTTP}}); err != nil {
			return fmt.Errorf("%s_url_path: %w", l.signal.id, err)
		}
	}
	var err error
	r.httpServer, err = c.ServerConfig.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings,
		containHTTP(r.settings.Logger, mux), confighttp.WithErrorHandler(refuseEarly))
	if err != nil {
		return err
	}
	listener, err := c.ServerConfig.ToListener(ctx)
	if err != nil {
		return err
	}
	r.settings.Logger.Info("Starting HTTP server", zap.String("endpoint", listener.Addr().String()))
	r.serving.Go(func() {
		if err := r.httpServer.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// handle adds a handler for a path of the configuration. The mux panics for
// one that it cannot serve or that another handler has.
func handle(mux *http.ServeMux, path string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%q: %v", path, p)
		}
	}()
	mux.Handle(path, h)
	return nil
}

// Shutdown implements component.Component. It returns when all requests have
// been answered; ctx bounds the wait for those over HTTP.
func (r *otlpReceiver) Shutdown(ctx context.Context) error {
	r.stopping.Do(func() {
		r.config.forget()
		if r.httpServer != nil {
			r.stopErr = r.httpServer.Shutdown(ctx)
		}
		if r.grpcServer != nil {
			r.grpcServer.GracefulStop()
		}
		r.serving.Wait()
	})
	return r.stopErr
}

// forAllSignals takes off what the service marks the telemetry of a component
// with to tell its signals apart.
func forAllSignals(set component.TelemetrySettings) component.TelemetrySettings {
	const key = "otelcol.signal"
	set.Logger = set.Logger.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		if marked, ok := c.(interface {
			DropInjectedAttributes(...string) zapcore.Core
		}); ok {
			return marked.DropInjectedAttributes(key)
		}
		return c
	}))
	if marked, ok := set.TracerProvider.(interface {
		DropInjectedAttributes(...string) trace.TracerProvider
	}); ok {
		set.TracerProvider = marked.DropInjectedAttributes(key)
	}
	if marked, ok := set.MeterProvider.(interface {
		DropInjectedAttributes(...string) metric.MeterProvider
	}); ok {
		set.MeterProvider = marked.DropInjectedAttributes(key)
	}
	return set
}
