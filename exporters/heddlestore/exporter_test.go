package heddlestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// fakeStore answers every write with the same outcome and error.
type fakeStore struct {
	storage.Store
	can     storage.Capabilities
	outcome storage.Outcome
	err     error
}

func (f *fakeStore) Spans() storage.SpanStore           { return spans{f: f} }
func (f *fakeStore) Logs() storage.LogStore             { return logs{f: f} }
func (f *fakeStore) Metrics() storage.MetricStore       { return metrics{f: f} }
func (f *fakeStore) Capabilities() storage.Capabilities { return f.can }

type spans struct {
	storage.SpanReader
	f *fakeStore
}
type logs struct {
	storage.LogReader
	f *fakeStore
}
type metrics struct {
	storage.MetricReader
	f *fakeStore
}

func (w spans) WriteSpans(context.Context, ptrace.Traces) (storage.Outcome, error) {
	return w.f.outcome, w.f.err
}
func (w logs) WriteLogs(context.Context, plog.Logs) (storage.Outcome, error) {
	return w.f.outcome, w.f.err
}
func (w metrics) WriteMetrics(context.Context, pmetric.Metrics) (storage.Outcome, error) {
	return w.f.outcome, w.f.err
}

// host has one extension, heddle_storage.
type host struct{ extension component.Component }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("heddle_storage"): h.extension}
}

type storageExtension struct {
	component.StartFunc
	component.ShutdownFunc
	store storage.Store
}

func (e *storageExtension) Store() storage.Store { return e.store }

func newTraces(t *testing.T, store *fakeStore) func(context.Context, ptrace.Traces) error {
	t.Helper()
	e, err := NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(Type), createDefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), host{&storageExtension{store: store}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Shutdown(context.Background()) })
	return e.ConsumeTraces
}

func oneSpan() ptrace.Traces {
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	return td
}

func TestRejectionsReachTheRequest(t *testing.T) {
	store := &fakeStore{}
	store.outcome.Reject(storage.ReasonNoSpanID, "span \"a\" has no span id\xff")
	store.outcome.Reject(storage.ReasonNoSpanID, "second")
	store.outcome.Reject(storage.ReasonTooLarge, "")
	push := newTraces(t, store)
	ctx, outcome := WithOutcome(t.Context())
	for range 2 { // as when a request reaches two pipelines
		if err := push(ctx, oneSpan()); err != nil {
			t.Fatal(err)
		}
	}
	count, signal, message := outcome.Rejected()
	if want := "4 empty_span_id, for example: span \"a\" has no span id\uFFFD; 2 too_large"; count != 6 || signal != SignalTraces || message != want {
		t.Errorf("%d %s %q, want %q", count, signal, message, want)
	}
	if err := push(t.Context(), oneSpan()); err != nil {
		t.Error("without anybody who asks:", err)
	}
}

func TestErrors(t *testing.T) {
	store := &fakeStore{}
	push := newTraces(t, store)

	t.Run("overloaded", func(t *testing.T) {
		store.err = fmt.Errorf("memory: %w", storage.ErrOverloaded)
		err := push(t.Context(), oneSpan())
		s, ok := status.FromError(err)
		if !ok || s.Code() != codes.ResourceExhausted || consumererror.IsPermanent(err) || !errors.Is(err, storage.ErrOverloaded) {
			t.Fatalf("%v", err)
		}
		details := s.Details()
		if len(details) != 1 || details[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration() != time.Second {
			t.Errorf("details: %v", details)
		}
		ctx, outcome := WithOutcome(t.Context())
		if _, _, ok := outcome.Overloaded(); ok {
			t.Error("overloaded before the request was written")
		}
		_ = push(ctx, oneSpan())
		if message, after, ok := outcome.Overloaded(); !ok || after != time.Second || message != store.err.Error() {
			t.Errorf("%q %v %v", message, after, ok)
		}
	})
	t.Run("closed", func(t *testing.T) {
		store.err = storage.ErrClosed
		if err := push(t.Context(), oneSpan()); err == nil || consumererror.IsPermanent(err) {
			t.Errorf("%v", err)
		}
	})
	t.Run("another", func(t *testing.T) {
		store.err = errors.New("disk on fire")
		if err := push(t.Context(), oneSpan()); !consumererror.IsPermanent(err) {
			t.Errorf("%v", err)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	set, cfg := exportertest.NewNopSettings(Type), createDefaultConfig()
	create := map[string]func() (component.Component, error){
		"traces":  func() (component.Component, error) { return NewFactory().CreateTraces(t.Context(), set, cfg) },
		"logs":    func() (component.Component, error) { return NewFactory().CreateLogs(t.Context(), set, cfg) },
		"metrics": func() (component.Component, error) { return NewFactory().CreateMetrics(t.Context(), set, cfg) },
	}
	for _, c := range []struct {
		signal string
		host   component.Host
		want   string
	}{
		{"traces", componenttest.NewNopHost(), `there is no extension "heddle_storage"`},
		{"traces", host{&struct {
			component.StartFunc
			component.ShutdownFunc
		}{}}, `"heddle_storage" holds no store`},
		{"traces", host{&storageExtension{store: &fakeStore{}}}, ""},
		{"logs", host{&storageExtension{store: &fakeStore{}}}, "the store does not keep logs"},
		{"logs", host{&storageExtension{store: &fakeStore{can: storage.Capabilities{Logs: true}}}}, ""},
		{"metrics", host{&storageExtension{store: &fakeStore{}}}, "the store does not keep metrics"},
		{"metrics", host{&storageExtension{store: &fakeStore{can: storage.Capabilities{Metrics: true}}}}, ""},
	} {
		e, err := create[c.signal]()
		if err != nil {
			t.Fatal(err)
		}
		err = e.Start(t.Context(), c.host)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.signal, err, c.want)
		}
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestLogsAndMetrics(t *testing.T) {
	store := &fakeStore{can: storage.Capabilities{Logs: true, Metrics: true}}
	store.outcome.Reject(storage.ReasonTooLarge, "")
	set, h := exportertest.NewNopSettings(Type), host{&storageExtension{store: store}}

	l, err := NewFactory().CreateLogs(t.Context(), set, createDefaultConfig())
	if err != nil || l.Start(t.Context(), h) != nil {
		t.Fatal(err)
	}
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	ctx, outcome := WithOutcome(t.Context())
	if err := l.ConsumeLogs(ctx, ld); err != nil {
		t.Error(err)
	}
	if count, signal, _ := outcome.Rejected(); count != 1 || signal != SignalLogs {
		t.Errorf("%d %s", count, signal)
	}

	m, err := NewFactory().CreateMetrics(t.Context(), set, createDefaultConfig())
	if err != nil || m.Start(t.Context(), h) != nil {
		t.Fatal(err)
	}
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	ctx, outcome = WithOutcome(t.Context())
	if err := m.ConsumeMetrics(ctx, md); err != nil {
		t.Error(err)
	}
	if count, signal, _ := outcome.Rejected(); count != 1 || signal != SignalMetrics {
		t.Errorf("%d %s", count, signal)
	}
}
