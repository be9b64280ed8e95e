package jaeger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/grpcwire"
	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
)

// serve serves a handler's gRPC services on a socket, and connects to it.
func serve(t testing.TB, h *Handler) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(grpcwire.Codec{}))
	h.RegisterGRPC(server)
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// The generated clients of gogo's messages need the codec, too.
var gogo = grpc.ForceCodecV2(grpcwire.Codec{})

// received reads a stream to its end.
func received[T any](stream interface{ Recv() (T, error) }, err error) (list []T, _ error) {
	for err == nil {
		var next T
		if next, err = stream.Recv(); err == nil {
			list = append(list, next)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

func wantCode(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// otlpOf puts the chunks of a stream together.
func otlpOf(t *testing.T, chunks []*tracev1.TracesData) ptrace.Traces {
	t.Helper()
	all := ptrace.NewTraces()
	for _, chunk := range chunks {
		if len(chunk.GetResourceSpans()) == 0 {
			t.Error("a chunk is empty")
		}
		b, err := proto.Marshal(chunk)
		if err != nil {
			t.Fatal(err)
		}
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					ids[s.TraceID().String()] = true
				}
			}
		}
		if len(ids) != 1 {
			t.Errorf("a chunk has spans of %d traces", len(ids))
		}
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return all
}

// lines are the spans of td, one text each, in an order of their own.
func lines(td ptrace.Traces) (list []string) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				one := ptrace.NewTraces()
				to := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(to.Resource())
				scope := to.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(scope.Scope())
				s.CopyTo(scope.Spans().AppendEmpty())
				b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(one)
				if err != nil {
					panic(err)
				}
				list = append(list, string(b))
			}
		}
	}
	slices.Sort(list)
	return list
}

func wantLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s: %d spans, want %d; the first that differs:\n got %s\nwant %s", what, len(got), len(want), at1(got, i), at1(want, i))
			return
		}
	}
}

func at1(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// stored is td as a store gives it back: text that was not UTF-8 was repaired.
func stored(t *testing.T, td ptrace.Traces) ptrace.Traces {
	t.Helper()
	store := stores(t, td)["columnar"]
	all := ptrace.NewTraces()
	for id := range traceIDs(td) {
		for chunk, err := range store.Traces(context.Background(), []storageTraceID{id}) {
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]int, chunk.Len())
			for i := range rows {
				rows[i] = i
			}
			part, err := chunk.ToPdata(rows)
			if err != nil {
				t.Fatal(err)
			}
			part.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
		}
	}
	return all
}

func everything() ptrace.Traces {
	all := ptrace.NewTraces()
	shop().ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	broken().ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	return all
}

// clients are the generated ones for everything that is served.
type clients struct {
	v2           api_v2.QueryServiceClient
	v3           apiv3.QueryServiceClient
	remote       storagev2.TraceReaderClient
	dependencies storagev2.DependencyReaderClient
}

func newClients(conn *grpc.ClientConn) clients {
	return clients{
		api_v2.NewQueryServiceClient(conn), apiv3.NewQueryServiceClient(conn),
		storagev2.NewTraceReaderClient(conn), storagev2.NewDependencyReaderClient(conn),
	}
}

var (
	dayPB     = timestamppb.New(day)
	hourPB    = timestamppb.New(day.Add(hour))
	longAgoPB = timestamppb.New(day.Add(-hour))
)

// TestRemoteStorageIsWhatWasWritten: a Jaeger in front gets every span as it is
// stored, conflicts, orphans and cycles included.
func TestRemoteStorageIsWhatWasWritten(t *testing.T) {
	all := everything()
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, all)["columnar"]})))
	want := lines(stored(t, all))

	in := &storagev2.GetTracesRequest{}
	for id := range traceIDs(all) {
		in.Query = append(in.Query, &storagev2.GetTraceParams{TraceId: slices.Clone(id[:]), StartTime: dayPB, EndTime: hourPB})
	}
	in.Query = append(in.Query, &storagev2.GetTraceParams{TraceId: make([]byte, 16)}, in.Query[0]) // not there; twice
	got, err := received(c.remote.GetTraces(t.Context(), in))
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, "GetTraces", lines(otlpOf(t, got)), want)

	query := &storagev2.TraceQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB}
	if got, err = received(c.remote.FindTraces(t.Context(), &storagev2.FindTracesRequest{Query: query})); err != nil {
		t.Fatal(err)
	}
	wantLines(t, "FindTraces", lines(otlpOf(t, got)), want)

	got, err = received(c.remote.GetTraces(t.Context(), &storagev2.GetTracesRequest{Query: []*storagev2.GetTraceParams{{TraceId: make([]byte, 16)}}}))
	if err != nil || len(got) > 0 {
		t.Errorf("of a trace that is not there: %v, %v", got, err)
	}
}

// TestSameTracesInAll compares what v1, v2 and v3 show of one store, rebuilt
// and raw.
func TestSameTracesInAll(t *testing.T) {
	td := everything()
	reused := service(td, "a", nil)
	add(reused, fields{trace: traceID(0, 8), id: spanID(1), name: "before", to: time.Second})
	add(reused, fields{trace: traceID(0, 8), id: spanID(2), name: "much later", from: 50 * hour, to: 50*hour + 1})
	h := NewHandler(Options{Spans: stores(t, td)["columnar"], Now: now})
	c := newClients(serve(t, h))
	for _, raw := range []bool{false, true} {
		for _, id := range []string{"00000000000000010000000000000001", "2", "8", "9"} {
			v1 := decode(t, get(h, fmt.Sprintf("/api/traces/%s?raw=%v", id, raw)).Body.Bytes()).Data[0]
			want := v1Lines(v1)

			traceID, err := model.TraceIDFromString(id)
			if err != nil {
				t.Fatal(err)
			}
			v2, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: traceID, RawTraces: raw}, gogo))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, chunk := range v2 {
				for i := range chunk.Spans {
					got = append(got, v2Line(&chunk.Spans[i]))
				}
			}
			wantLines(t, "v2 "+id, got, want)

			v3, err := received(c.v3.GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: id, RawTraces: raw}))
			if err != nil {
				t.Fatal(err)
			}
			overGRPC := otlpOf(t, v3)
			wantLines(t, "v3 "+id, v3Outline(overGRPC), v1Outline(v1))
			wantLines(t, "v3 over HTTP "+id, lines(v3OverHTTP(t, h, fmt.Sprintf("/api/v3/traces/%s?rawTraces=%v", id, raw))), lines(overGRPC))
		}
	}
}

func TestServicesAndOperationsInAll(t *testing.T) {
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, everything())["columnar"]})))
	ctx := t.Context()
	const services = "[OTLPResourceNoServiceName a b cart frontend payment]"
	v2, err := c.v2.GetServices(ctx, &api_v2.GetServicesRequest{}, gogo)
	if fmt.Sprint(v2.GetServices()) != services {
		t.Error(v2, err)
	}
	v3, err := c.v3.GetServices(ctx, &apiv3.GetServicesRequest{})
	if fmt.Sprint(v3.GetServices()) != services {
		t.Error(v3, err)
	}
	remote, err := c.remote.GetServices(ctx, &storagev2.GetServicesRequest{})
	if fmt.Sprint(remote.GetServices()) != services {
		t.Error(remote, err)
	}

	o2, err := c.v2.GetOperations(ctx, &api_v2.GetOperationsRequest{Service: filter.NoServiceName}, gogo)
	if err != nil || fmt.Sprint(o2.OperationNames) != "[unnamed]" || len(o2.Operations) != 1 || o2.Operations[0].SpanKind != "" {
		t.Error(o2, err)
	}
	o3, err := c.v3.GetOperations(ctx, &apiv3.GetOperationsRequest{Service: filter.NoServiceName})
	if err != nil || len(o3.GetOperations()) != 1 || o3.Operations[0].GetSpanKind() != "internal" {
		t.Error(o3, err)
	}
	o4, err := c.remote.GetOperations(ctx, &storagev2.GetOperationsRequest{Service: "cart", SpanKind: "server"})
	if err != nil || len(o4.GetOperations()) != 1 || o4.Operations[0].GetName() != "cart.Get" || o4.Operations[0].GetSpanKind() != "server" {
		t.Error(o4, err)
	}

	d2, err := c.v2.GetDependencies(ctx, &api_v2.GetDependenciesRequest{StartTime: day, EndTime: day.Add(hour)}, gogo)
	if err != nil {
		t.Fatal(err)
	}
	d3, err := c.v3.GetDependencies(ctx, &apiv3.GetDependenciesRequest{StartTime: dayPB, EndTime: hourPB})
	if err != nil {
		t.Fatal(err)
	}
	dr, err := c.dependencies.GetDependencies(ctx, &storagev2.GetDependenciesRequest{StartTime: dayPB, EndTime: hourPB})
	if err != nil {
		t.Fatal(err)
	}
	if len(d2.Dependencies) == 0 || len(d2.Dependencies) != len(d3.GetDependencies()) || len(d2.Dependencies) != len(dr.GetDependencies()) {
		t.Fatal(d2, d3, dr)
	}
	for i, d := range d2.Dependencies {
		want := fmt.Sprint(d.Parent, d.Child, d.CallCount)
		if got := fmt.Sprint(d3.Dependencies[i].GetParent(), d3.Dependencies[i].GetChild(), d3.Dependencies[i].GetCallCount()); got != want {
			t.Error(got, want)
		}
		if got := fmt.Sprint(dr.Dependencies[i].GetParent(), dr.Dependencies[i].GetChild(), dr.Dependencies[i].GetCallCount()); got != want {
			t.Error(got, want)
		}
	}
}
