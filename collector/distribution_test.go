package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/collector"
	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// fullStore is a store that has no room, or a bug.
type fullStore struct{ storage.Store }

func (fullStore) Spans() storage.SpanStore           { return fullSpans{} }
func (fullStore) Logs() storage.LogStore             { return storage.UnsupportedLogs{} }
func (fullStore) Capabilities() storage.Capabilities { return storage.Capabilities{Logs: true} }
func (fullStore) Stats() storage.Stats               { return storage.Stats{} }
func (fullStore) Close() error                       { return nil }

type fullSpans struct{ storage.SpanStore }

func (fullSpans) WriteSpans(_ context.Context, td ptrace.Traces) (storage.Outcome, error) {
	if td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Name() == "panic" {
		panic("a bug")
	}
	return storage.Outcome{}, fmt.Errorf("no room: %w", storage.ErrOverloaded)
}

// ReadTraces is what graphs are prepared with.
func (fullSpans) ReadTraces(context.Context, storage.TraceScan) (storage.TraceReading, error) {
	return nil, errors.New("there is nothing to read")
}

// fullRawStore is a fullStore that takes requests as they arrive.
type fullRawStore struct{ fullStore }

func (fullRawStore) Spans() storage.SpanStore { return fullRawSpans{} }

type fullRawSpans struct{ fullSpans }

func (s fullRawSpans) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	export := ptraceotlp.NewExportRequest()
	if err := export.UnmarshalProto(r.Body); err != nil {
		return storage.Outcome{}, fmt.Errorf("%w: %w", storage.ErrMalformed, err)
	}
	return s.WriteSpans(ctx, export.Traces())
}

// A distribution of one's own is the command line with other components, here
// with a store that is full.
func TestDistributionWithAStoreThatIsFull(t *testing.T) {
	t.Run("pdata", func(t *testing.T) { testFull(t, fullStore{}) })
	t.Run("raw requests", func(t *testing.T) { testFull(t, fullRawStore{}) })
}

func testFull(t *testing.T, store storage.Store) {
	components := func(p *collector.Process) (otelcol.Factories, error) {
		f, err := collector.Components(p)
		if err != nil {
			return f, err
		}
		f.Extensions[storageext.Type], err = storageext.NewFactory(storageext.Backend{
			InMemory: func(columnar.Options) (storage.Store, error) { return store, nil },
		}, "", prometheus.NewRegistry())
		return f, err
	}
	s := newServer(t, "--data-dir", filepath.Join(t.TempDir(), "data"), "--log-level", "error", "--set", "extensions.heddle_storage.directory=''", "--set", "service.pipelines.traces.processors=[]", "--set", "exporters.heddlestore.retry_after=3s")
	root := collector.NewCommand(components)
	root.SetArgs(s.cmd.Args[1:])
	root.SetOut(&s.stdout)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- root.ExecuteContext(ctx) }()
	defer func() {
		cancel()
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}()
	s.waitReady()

	t.Run("gRPC", func(t *testing.T) {
		_, err := coltrace.NewTraceServiceClient(dial(t, s.otlpGRPC)).Export(t.Context(), exportRequest(span(traceID(1), spanID(1))))
		details := status.Convert(err).Details()
		if status.Code(err) != codes.ResourceExhausted || len(details) != 1 {
			t.Fatalf("%v %v", err, details)
		}
		if delay := details[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration(); delay != 3*time.Second {
			t.Errorf("retry after %v", delay)
		}
	})
	t.Run("HTTP", func(t *testing.T) {
		resp, _ := post(t, "http://"+s.otlpHTTP+"/v1/traces", marshal(t, exportRequest(span(traceID(1), spanID(1)))), "Content-Type", protobuf)
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "3" {
			t.Errorf("%s %v", resp.Status, resp.Header)
		}
	})
	t.Run("panic", func(t *testing.T) {
		bad := span(traceID(1), spanID(1))
		bad.Name = "panic"
		_, err := coltrace.NewTraceServiceClient(dial(t, s.otlpGRPC)).Export(t.Context(), exportRequest(bad))
		if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "its log has the details") {
			t.Errorf("%v", err)
		}
		resp, _ := post(t, "http://"+s.otlpHTTP+"/v1/traces", marshal(t, exportRequest(bad)), "Content-Type", protobuf)
		if resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s", resp.Status)
		}
	})
	s.eventually("refusals are counted", func() bool {
		return s.metric(`heddle_receiver_rejected_requests_total{protocol="otlp_grpc",reason="overloaded"}`) == "1" &&
			s.metric(`heddle_receiver_rejected_requests_total{protocol="otlp_http",reason="overloaded"}`) == "1" &&
			s.metric(`heddle_receiver_rejected_requests_total{protocol="otlp_grpc",reason="internal"}`) == "1" &&
			s.metric(`heddle_receiver_rejected_requests_total{protocol="otlp_http",reason="internal"}`) == "1"
	})
	if refused := s.metric(`otelcol_receiver_refused_spans{receiver="otlp",transport="grpc"}`); refused == "" || refused == "0" {
		t.Errorf("refused spans: %q", refused)
	}
}
