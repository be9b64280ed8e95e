package otlpdirect_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/heddle-io/heddle/collector/ingestext"
	"github.com/heddle-io/heddle/exporters/heddlestore"
	"github.com/heddle-io/heddle/receivers/otlpdirect"
	"github.com/heddle-io/heddle/storage"
)

var (
	storageID = component.MustNewID("heddle_storage")
	ingestID  = component.MustNewID("heddle_ingest")
	authID    = component.MustNewID("auth")
)

// fakeStore remembers what it is given, both ways into it with the same words.
type fakeStore struct {
	storage.Store
	plain bool // takes no requests as they arrive

	mu      sync.Mutex // guards what follows
	outcome storage.Outcome
	err     error
	panics  bool
	written []string              // as JSON
	raw     []storage.OTLPRequest // copies
}

func (f *fakeStore) Capabilities() storage.Capabilities { return storage.Capabilities{Logs: true} }

func (f *fakeStore) Spans() storage.SpanStore {
	if f.plain {
		return plainSpans{f: f}
	}
	return rawSpans{plainSpans{f: f}}
}

func (f *fakeStore) Logs() storage.LogStore {
	if f.plain {
		return plainLogs{f: f}
	}
	return rawLogs{plainLogs{f: f}}
}

// answer sets what every write from now on is answered with.
func (f *fakeStore) answer(o storage.Outcome, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outcome, f.err = o, err
}

func (f *fakeStore) write(records int, text []byte) (storage.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.panics {
		panic("a bug")
	}
	if f.err != nil {
		return storage.Outcome{}, f.err
	}
	if records == 0 {
		return storage.Outcome{}, nil
	}
	f.written = append(f.written, string(text))
	o := f.outcome
	o.Accepted = records - o.RejectedCount()
	return o, nil
}

// take returns what was written since the last time.
func (f *fakeStore) take() (written []string, raw []storage.OTLPRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	written, raw = f.written, f.raw
	f.written, f.raw = nil, nil
	return written, raw
}

func (f *fakeStore) keep(r storage.OTLPRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raw = append(f.raw, storage.OTLPRequest{Body: append([]byte(nil), r.Body...), Wire: append([]byte(nil), r.Wire...), Encoding: r.Encoding})
}

type plainSpans struct {
	storage.SpanReader
	f *fakeStore
}

func (s plainSpans) WriteSpans(_ context.Context, td ptrace.Traces) (storage.Outcome, error) {
	text, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
	if err != nil {
		return storage.Outcome{}, err
	}
	return s.f.write(td.SpanCount(), text)
}

type rawSpans struct{ plainSpans }

func (s rawSpans) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	s.f.keep(r)
	export := ptraceotlp.NewExportRequest()
	if err := export.UnmarshalProto(r.Body); err != nil {
		return storage.Outcome{}, fmt.Errorf("%w: %w", storage.ErrMalformed, err)
	}
	return s.WriteSpans(ctx, export.Traces())
}

type plainLogs struct {
	storage.LogReader
	f *fakeStore
}

func (s plainLogs) WriteLogs(_ context.Context, ld plog.Logs) (storage.Outcome, error) {
	text, err := new(plog.JSONMarshaler).MarshalLogs(ld)
	if err != nil {
		return storage.Outcome{}, err
	}
	return s.f.write(ld.LogRecordCount(), text)
}

type rawLogs struct{ plainLogs }

func (s rawLogs) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	s.f.keep(r)
	export := plogotlp.NewExportRequest()
	if err := export.UnmarshalProto(r.Body); err != nil {
		return storage.Outcome{}, fmt.Errorf("%w: %w", storage.ErrMalformed, err)
	}
	return s.WriteLogs(ctx, export.Logs())
}

// host has the extensions of a test.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

type storageExtension struct {
	component.StartFunc
	component.ShutdownFunc
	store storage.Store
}

func (e *storageExtension) Store() storage.Store { return e.store }

// token authenticates who sends the header "token: right".
type token struct {
	component.StartFunc
	component.ShutdownFunc
}

func (*token) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	for _, key := range []string{"token", "Token"} {
		if v := headers[key]; len(v) == 1 && v[0] == "right" {
			return ctx, nil
		}
	}
	return ctx, errors.New("the token is wrong")
}

// which of the receivers runs.
type which string

const (
	ofUpstream which = "upstream"
	straight   which = "straight" // traces and logs
	mixed      which = "mixed"    // traces, and logs through their pipeline
)

// server is a receiver that serves traces, logs and metrics into a fake store.
type server struct {
	grpc, http string // addresses
	store      *fakeStore
	telemetry  *componenttest.Telemetry
	metrics    *consumertest.MetricsSink
	logs       *observer.ObservedLogs
	shutdown   func()
}

// serve starts a receiver whose configuration the changes are applied to.
func serve(t testing.TB, w which, changes ...func(*otlpreceiver.Protocols)) *server {
	t.Helper()
	store := &fakeStore{}
	s := serveInto(t, w, store, changes...)
	s.store = store
	return s
}

// serveInto is serve with another store.
func serveInto(t testing.TB, w which, store storage.Store, changes ...func(*otlpreceiver.Protocols)) *server {
	t.Helper()
	factory := otlpreceiver.NewFactory()
	if w != ofUpstream {
		factory = otlpdirect.NewFactory()
	}
	cfg := factory.CreateDefaultConfig()
	protocols := new(otlpreceiver.Protocols)
	switch c := cfg.(type) {
	case *otlpreceiver.Config:
		protocols = &c.Protocols
	case *otlpdirect.Config:
		protocols = &c.Protocols
		route(c, w)
	}
	protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:0"
	protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	for _, change := range changes {
		change(protocols)
	}
	s, set := observed()
	s.metrics = new(consumertest.MetricsSink)
	h := host{storageID: &storageExtension{store: store}, ingestID: newIngest(t), authID: &token{}}

	receivers, stop := create(t, factory, set, cfg, h, s.metrics)
	for _, r := range receivers {
		if err := r.Start(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	s.shutdown = sync.OnceFunc(func() {
		for _, r := range receivers {
			if err := r.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
		stop()
		if err := s.telemetry.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.shutdown)
	s.listen()
	return s
}

// observed returns a server that is not running yet, and settings that show
// what it does.
func observed() (*server, receiver.Settings) {
	s := &server{telemetry: componenttest.NewTelemetry()}
	set := receivertest.NewNopSettings(otlpreceiver.NewFactory().Type())
	set.TelemetrySettings = s.telemetry.NewTelemetrySettings()
	var core zapcore.Core
	core, s.logs = observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	return s, set
}

// listen finds out the addresses that the server logged.
func (s *server) listen() {
	for _, entry := range s.logs.All() {
		endpoint, _ := entry.ContextMap()["endpoint"].(string)
		switch entry.Message {
		case "Starting GRPC server":
			s.grpc = endpoint
		case "Starting HTTP server":
			s.http = endpoint
		}
	}
}

func route(c *otlpdirect.Config, w which) {
	toStore := otlpdirect.Route{Storage: storageID, RetryAfter: time.Second}
	c.Route(pipeline.SignalTraces, toStore)
	if w == mixed {
		c.Route(pipeline.SignalLogs, otlpdirect.Route{BecauseOf: "processor batch"})
	} else {
		c.Route(pipeline.SignalLogs, toStore)
	}
}

// create creates the receivers of all signals with pipelines that are no more
// than the exporter to the store.
func create(t testing.TB, factory receiver.Factory, set receiver.Settings, cfg component.Config, h component.Host, next consumer.Metrics) (receivers []component.Component, stop func()) {
	t.Helper()
	ctx := context.Background()
	stores := heddlestore.NewFactory()
	exporterSettings := exportertest.NewNopSettings(heddlestore.Type)
	intoSpans, err1 := stores.CreateTraces(ctx, exporterSettings, stores.CreateDefaultConfig())
	intoLogs, err2 := stores.CreateLogs(ctx, exporterSettings, stores.CreateDefaultConfig())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, e := range []component.Component{intoSpans, intoLogs} {
		if err := e.Start(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	r1, err1 := factory.CreateTraces(ctx, set, cfg, intoSpans)
	r2, err2 := factory.CreateLogs(ctx, set, cfg, intoLogs)
	r3, err3 := factory.CreateMetrics(ctx, set, cfg, next)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return []component.Component{r1, r2, r3}, func() {
		if err := errors.Join(intoSpans.Shutdown(ctx), intoLogs.Shutdown(ctx)); err != nil {
			t.Error(err)
		}
	}
}

func newIngest(t testing.TB) component.Component {
	t.Helper()
	factory, err := ingestext.NewFactory(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	cfg := factory.CreateDefaultConfig().(*ingestext.Config)
	cfg.MaxRequestBytes = maxBytes
	x, err := factory.Create(t.Context(), extensiontest.NewNopSettings(ingestext.Type), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// count adds up a counter over both transports.
func (s *server) count(t testing.TB, name string) (total int64) {
	t.Helper()
	m, err := s.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		total += p.Value
	}
	return total
}
