package jaeger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	translator "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/translator/jaeger"
	"go.opentelemetry.io/collector/pdata/ptrace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

var rpcFailures = []struct {
	err  error
	want codes.Code
}{
	{errors.New("disk on fire"), codes.Internal},
	{fmt.Errorf("wrapped: %w", context.Canceled), codes.Canceled},
	{context.DeadlineExceeded, codes.DeadlineExceeded},
	{storage.ErrOverloaded, codes.Unavailable},
	{storage.ErrClosed, codes.Unavailable},
	{storage.ErrTooLarge, codes.ResourceExhausted},
	{errors.ErrUnsupported, codes.Unimplemented},
}

// TestLargeTracesAreStreamed: a trace that takes more than the 4 MiB which
// clients take a message arrives whole, in chunks of about a mebibyte, from every
// API.
func TestLargeTracesAreStreamed(t *testing.T) {
	const n = 15_000
	h := NewHandler(Options{Spans: stores(t, wide(n))["columnar"]})
	c := newClients(serve(t, h))
	check := func(api string, sizes []int, spans int) {
		t.Helper()
		total := 0
		for _, size := range sizes {
			total += size
		}
		if most := slices.Max(sizes); spans != n || total < 4<<20 || most > chunkBytes+chunkBytes/8 || len(sizes) > 2+total*2/chunkBytes {
			t.Errorf("%s: %d spans in %d chunks of at most %d bytes, %d in all", api, spans, len(sizes), most, total)
		}
	}
	otlp := func(api string, chunks []*tracev1.TracesData, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var sizes []int
		spans := 0
		for _, chunk := range chunks {
			sizes = append(sizes, proto.Size(chunk))
			for _, rs := range chunk.GetResourceSpans() {
				for _, ss := range rs.GetScopeSpans() {
					spans += len(ss.GetSpans())
				}
			}
		}
		check(api, sizes, spans)
	}
	chunks, err := received(c.v3.GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: checkoutID}))
	otlp("v3", chunks, err)
	id := storage.TraceID{7: 1, 15: 1}
	chunks, err = received(c.remote.GetTraces(t.Context(), &storagev2.GetTracesRequest{Query: []*storagev2.GetTraceParams{{TraceId: id[:]}}}))
	otlp("remote", chunks, err)

	v2, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: model.NewTraceID(1, 1)}, gogo))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	spans := 0
	for _, chunk := range v2 {
		sizes = append(sizes, chunk.Size())
		spans += len(chunk.Spans)
	}
	check("v2", sizes, spans)
	if got := v3OverHTTP(t, h, "/api/v3/traces/"+checkoutID).SpanCount(); got != n {
		t.Errorf("over HTTP: %d spans", got)
	}

	// A client that has seen enough leaves.
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := c.v3.GetTrace(ctx, &apiv3.GetTraceRequest{TraceId: checkoutID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	wantCode(t, "cancelled in the middle", err, codes.Canceled)
}

// TestHugeSpansTravelAlone: spans larger than a chunk are not put together.
func TestHugeSpansTravelAlone(t *testing.T) {
	td := ptrace.NewTraces()
	spans := service(td, "a", nil)
	for i := range 5 {
		s := add(spans, fields{trace: traceID(0, 1), id: spanID(byte(i)), name: "huge", to: time.Second})
		s.Attributes().PutStr("text", string(make([]byte, 900<<10)))
		s.Attributes().PutStr("more", string(make([]byte, 900<<10)))
	}
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, td)["columnar"]})))
	v3, err := received(c.v3.GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: "1"}))
	if err != nil || len(v3) != 5 {
		t.Error(len(v3), err)
	}
	v2, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: model.NewTraceID(0, 1)}, gogo))
	if err != nil || len(v2) != 5 {
		t.Error(len(v2), err)
	}
}

// TestV2LikeUpstream compares raw traces in api_v2's model with the Collector's
// translation, which Jaeger uses, with the exclusions of TestLikeUpstream.
func TestV2LikeUpstream(t *testing.T) {
	store := memoryOf(ptrace.NewTraces())
	c := newClients(serve(t, NewHandler(Options{Spans: store})))
	for seed := range uint64(60) {
		td := randomTraces(rand.New(rand.NewPCG(seed, 2)))
		store.spans = storage.SpansFromPdata(td)
		want := map[model.TraceID][]string{}
		for _, batch := range translator.ProtoFromTraces(td) {
			for _, span := range batch.Spans {
				span.Process, span.Duration = batch.Process, max(0, span.Duration)
				want[span.TraceID] = append(want[span.TraceID], v2Line(span))
			}
		}
		for id, want := range want {
			chunks, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: id, RawTraces: true}, gogo))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, chunk := range chunks {
				for i := range chunk.Spans {
					got = append(got, v2Line(&chunk.Spans[i]))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			wantLines(t, fmt.Sprint("seed ", seed), got, want)
		}
	}
}

func TestArchiveOverGRPC(t *testing.T) {
	archive := memoryOf(ptrace.NewTraces())
	c := newClients(serve(t, NewHandler(Options{Spans: memoryOf(shop()), Archive: archive})))
	if _, err := c.v2.ArchiveTrace(t.Context(), &api_v2.ArchiveTraceRequest{TraceID: model.NewTraceID(0, 2)}, gogo); err != nil {
		t.Fatal(err)
	}
	if archive.spans.Len() != 1 {
		t.Errorf("%d spans are archived", archive.spans.Len())
	}
	// What is archived alone is found by its id, not by searches.
	c = newClients(serve(t, NewHandler(Options{Spans: memoryOf(ptrace.NewTraces()), Archive: archive})))
	if got, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: model.NewTraceID(0, 2)}, gogo)); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if got, err := received(c.v2.FindTraces(t.Context(), &api_v2.FindTracesRequest{Query: &api_v2.TraceQueryParameters{}}, gogo)); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}

// TestRemoteStorageTakesWrites: Jaeger writes to the address it reads from.
func TestRemoteStorageTakesWrites(t *testing.T) {
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for name, writer := range map[string]storage.SpanWriter{
		"as bytes": store.Spans(),
		"as pdata": struct{ storage.SpanWriter }{store.Spans()},
	} {
		conn := serve(t, NewHandler(Options{Spans: store.Spans(), Writer: writer}))
		spans := []*tracev1.Span{
			{TraceId: make([]byte, 16), SpanId: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Name: "no trace id"},
			{TraceId: append(make([]byte, 15), 5), SpanId: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Name: "good", StartTimeUnixNano: uint64(day.UnixNano()), EndTimeUnixNano: uint64(day.UnixNano())},
		}
		request := &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracev1.ResourceSpans{{ScopeSpans: []*tracev1.ScopeSpans{{Spans: spans}}}}}
		got, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), request)
		if err != nil || got.GetPartialSuccess().GetRejectedSpans() != 1 || got.GetPartialSuccess().GetErrorMessage() == "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		read, err := received(newClients(conn).v3.GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: "5", RawTraces: true}))
		if err != nil || len(read) != 1 {
			t.Errorf("%s: %v, %v", name, read, err)
		}
		request.ResourceSpans[0].ScopeSpans[0].Spans = spans[1:]
		if got, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), request); err != nil || got.GetPartialSuccess().GetRejectedSpans() != 0 || got.GetPartialSuccess().GetErrorMessage() != "" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		// A message that is no export request: its first field is a number.
		err = conn.Invoke(t.Context(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &storagev2.Pagination{PageSize: 1}, &coltrace.ExportTraceServiceResponse{})
		wantCode(t, name, err, codes.InvalidArgument)
	}
}

func TestRemoteStorageRefusesWrites(t *testing.T) {
	for _, f := range []struct {
		err   error
		want  codes.Code
		retry bool
	}{
		{storage.ErrOverloaded, codes.ResourceExhausted, true},
		{storage.ErrClosed, codes.Unavailable, false},
		{context.DeadlineExceeded, codes.DeadlineExceeded, false},
	} {
		conn := serve(t, NewHandler(Options{Spans: &memory{}, Writer: &memory{err: f.err}}))
		_, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), &coltrace.ExportTraceServiceRequest{})
		wantCode(t, f.err.Error(), err, f.want)
		retry := false
		for _, d := range status.Convert(err).Details() {
			_, ok := d.(*errdetails.RetryInfo)
			retry = retry || ok
		}
		if retry != f.retry {
			t.Errorf("%v: retry info %v", f.err, retry)
		}
	}
	conn := serve(t, NewHandler(Options{Spans: &memory{}}))
	_, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), &coltrace.ExportTraceServiceRequest{})
	wantCode(t, "without a writer", err, codes.Unimplemented)
}

// failing fails from its second call of Traces on.
type failing struct {
	*memory
	calls int
}

func (f *failing) Traces(ctx context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	if f.calls++; f.calls > 1 {
		return (&memory{err: errors.New("disk on fire")}).Traces(ctx, ids)
	}
	return f.memory.Traces(ctx, ids)
}

// many are n traces of one span.
func many(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := service(td, "a", nil)
	for i := range n {
		add(spans, fields{trace: traceID(byte(i>>8), byte(i)), id: spanID(1), name: "op", from: time.Duration(i), to: time.Second})
	}
	return td
}

// TestSearchThatFailsInTheMiddleSaysSo: no client takes a part for the whole.
func TestSearchThatFailsInTheMiddleSaysSo(t *testing.T) {
	td := many(3 * fetchedAtOnce)
	window := "query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z&query.searchDepth=120"
	server := httptest.NewServer(NewHandler(Options{Spans: &failing{memory: memoryOf(td)}}))
	defer server.Close()
	resp, err := http.Get(server.URL + "/api/v3/traces?" + window)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the reply ends as if it were whole")
	}
	if w := get(NewHandler(Options{Spans: &failing{memory: memoryOf(td)}}), "/api/v3/trace-summaries?"+window); w.Code != http.StatusInternalServerError {
		t.Error(w.Code, w.Body)
	}
	c := newClients(serve(t, NewHandler(Options{Spans: &failing{memory: memoryOf(td)}})))
	got, err := received(c.remote.FindTraces(t.Context(), &storagev2.FindTracesRequest{Query: &storagev2.TraceQueryParameters{SearchDepth: 120}}))
	if len(got) != fetchedAtOnce {
		t.Errorf("%d chunks", len(got))
	}
	wantCode(t, "remote", err, codes.Internal)
}
