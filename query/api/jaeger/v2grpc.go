package jaeger

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"google.golang.org/grpc"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// queryV2 serves jaeger.api_v2.QueryService.
type queryV2 struct{ *Handler }

func (q *queryV2) describe() *grpc.ServiceDesc {
	const service = "jaeger.api_v2.QueryService"
	return &grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Metadata:    "query.proto",
		Methods: []grpc.MethodDesc{
			unaryMethod(service, "ArchiveTrace", q.ArchiveTrace),
			unaryMethod(service, "GetServices", q.GetServices),
			unaryMethod(service, "GetOperations", q.GetOperations),
			unaryMethod(service, "GetDependencies", q.GetDependencies),
		},
		Streams: []grpc.StreamDesc{
			streamMethod("GetTrace", q.GetTrace),
			streamMethod("FindTraces", q.FindTraces),
		},
	}
}

func (q *queryV2) GetTrace(in *api_v2.GetTraceRequest, out grpc.ServerStream) error {
	id, err := storedTraceID(in.TraceID)
	if err != nil {
		return rpcError(err)
	}
	return sendOne(inOrder(out.Context(), []storage.TraceID{id}, q.fetch), q.sender(out, in.RawTraces))
}

func (q *queryV2) FindTraces(in *api_v2.FindTracesRequest, out grpc.ServerStream) error {
	p := in.Query
	if p == nil {
		return rpcError(badRequestError{errNoQuery})
	}
	_, err := sendAll(q.find(search{
		service: p.ServiceName, operation: p.OperationName, tags: p.Tags,
		// The last nanosecond is in the window, as with Jaeger's stores.
		window: storage.Window{FromNs: nsOf(p.StartTimeMin, math.MinInt64), ToNs: addNs(nsOf(p.StartTimeMax, math.MaxInt64), 1)},
		min:    p.DurationMin, max: p.DurationMax, depth: int(p.SearchDepth),
	}).traces(out.Context()), q.sender(out, p.RawTraces))
	return err
}

var errNoQuery = errors.New("invalid parameter: the query is missing")

// sender returns a function that sends a trace, no chunk longer than
// chunkBytes unless it is a single span. A chunk has spans of one trace.
func (q *queryV2) sender(out grpc.ServerStream, raw bool) func(*trace.Trace) error {
	var of tracesOf
	var m *modeler
	return func(t *trace.Trace) error {
		if m == nil || m.s != t.Spans {
			m, of = newModeler(t.Spans), tracesOf{}
		}
		v := of.view(t, raw)
		var spans []model.Span
		bytes := 0
		for p := range v.rows {
			span := m.span(&v, int32(p))
			size := span.Size() + 5 // tag and length
			if len(spans) > 0 && bytes+size > chunkBytes {
				if err := out.SendMsg(&api_v2.SpansResponseChunk{Spans: spans}); err != nil {
					return err
				}
				clear(spans)
				spans, bytes = spans[:0], 0
			}
			spans = append(spans, span)
			bytes += size
		}
		return out.SendMsg(&api_v2.SpansResponseChunk{Spans: spans})
	}
}

func (q *queryV2) ArchiveTrace(ctx context.Context, in *api_v2.ArchiveTraceRequest) (*api_v2.ArchiveTraceResponse, error) {
	id, err := storedTraceID(in.TraceID)
	if err == nil {
		err = q.archiveTrace(ctx, id)
	}
	return &api_v2.ArchiveTraceResponse{}, rpcError(err)
}

func (q *queryV2) GetServices(ctx context.Context, _ *api_v2.GetServicesRequest) (*api_v2.GetServicesResponse, error) {
	names, err := q.serviceNames(ctx)
	return &api_v2.GetServicesResponse{Services: names}, rpcError(err)
}

func (q *queryV2) GetOperations(ctx context.Context, in *api_v2.GetOperationsRequest) (*api_v2.GetOperationsResponse, error) {
	found, err := q.operationsOf(ctx, in.Service, in.SpanKind)
	out := &api_v2.GetOperationsResponse{}
	for i, o := range found {
		if i == 0 || found[i-1].name != o.name {
			out.OperationNames = append(out.OperationNames, o.name)
		}
		out.Operations = append(out.Operations, &api_v2.Operation{Name: o.name, SpanKind: kindTag(o.kind)})
	}
	return out, rpcError(err)
}

func (q *queryV2) GetDependencies(ctx context.Context, in *api_v2.GetDependenciesRequest) (*api_v2.GetDependenciesResponse, error) {
	edges, err := q.edges(ctx, storage.Window{FromNs: nsOf(in.StartTime, math.MinInt64), ToNs: addNs(nsOf(in.EndTime, math.MaxInt64), 1)})
	out := &api_v2.GetDependenciesResponse{}
	for _, e := range edges {
		out.Dependencies = append(out.Dependencies, model.DependencyLink{Parent: e.Caller, Child: e.Callee, CallCount: e.Calls})
	}
	return out, rpcError(err)
}

// edges are the calls between services under the names that are shown.
func (h *Handler) edges(ctx context.Context, w storage.Window) ([]storage.Edge, error) {
	edges, err := h.Spans.Edges(ctx, w)
	if err != nil {
		return nil, err
	}
	return shownEdges(edges, ""), nil
}

func storedTraceID(id model.TraceID) (stored storage.TraceID, err error) {
	binary.BigEndian.PutUint64(stored[:8], id.High)
	binary.BigEndian.PutUint64(stored[8:], id.Low)
	if stored.IsEmpty() {
		return stored, badRequestError{errors.New("invalid parameter: the trace id is missing")}
	}
	return stored, nil
}
