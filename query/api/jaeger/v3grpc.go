package jaeger

import (
	"context"
	"fmt"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// queryV3 serves jaeger.api_v3.QueryService.
type queryV3 struct {
	apiv3.UnimplementedQueryServiceServer
	*Handler
}

func (q *queryV3) GetTrace(in *apiv3.GetTraceRequest, out grpc.ServerStreamingServer[tracev1.TracesData]) error {
	id, err := parseTraceID(in.GetTraceId())
	if err != nil {
		return rpcError(badRequestError{fmt.Errorf("malformed parameter trace_id: %w", err)})
	}
	return sendOne(inOrder(out.Context(), []storage.TraceID{id}, q.fetch), otlpSender(out, in.GetRawTraces()))
}

func (q *queryV3) FindTraces(in *apiv3.FindTracesRequest, out grpc.ServerStreamingServer[tracev1.TracesData]) error {
	if in.GetQuery().GetPagination() != nil {
		return rpcError(badRequestError{errNotPaginated})
	}
	s, err := searchV3(in.GetQuery())
	if err != nil {
		return rpcError(err)
	}
	_, err = sendAll(q.find(s).traces(out.Context()), otlpSender(out, s.raw))
	return err
}

func (q *queryV3) FindSpans(in *apiv3.FindSpansRequest, out grpc.ServerStreamingServer[apiv3.FindSpansResponse]) error {
	p := in.GetQuery()
	if p == nil {
		return rpcError(badRequestError{errNoQuery})
	}
	var s spanSearch
	var err error
	if s.window, err = requiredWindow("start_time_min", p.GetStartTimeMin(), "start_time_max", p.GetStartTimeMax()); err != nil {
		return rpcError(err)
	}
	if err := s.set(p.GetFilter(), sortTerms(p.GetOrderBy()), p.GetPagination()); err != nil {
		return rpcError(err)
	}
	f, found := q.findSpans(out.Context(), s)
	return rpcError(sendSpans(f, found, out))
}

func (q *queryV3) FindTraceSummaries(in *apiv3.FindTraceSummariesRequest, out grpc.ServerStreamingServer[apiv3.FindTraceSummariesResponse]) error {
	s, err := searchV3(in.GetQuery())
	if err != nil {
		return rpcError(err)
	}
	return rpcError(q.find(s).sendSummaries(out.Context(), func(list []trace.Summary, next string) error {
		chunk := &apiv3.FindTraceSummariesResponse{NextPageToken: next}
		for _, t := range list {
			shown := &apiv3.TraceSummary{
				TraceId: t.ID.String(), RootServiceName: t.RootService, RootOperationName: t.RootName,
				MinStartTimeUnixNano: uint64(t.StartNs), MaxEndTimeUnixNano: uint64(t.StartNs + t.DurationNs),
				SpanCount: int32(t.Spans), ErrorSpanCount: int32(t.Errors), OrphanSpanCount: int32(t.Orphans),
			}
			for _, c := range t.Services {
				shown.Services = append(shown.Services, &apiv3.ServiceSummary{Name: c.Name, SpanCount: int32(c.Spans), ErrorSpanCount: int32(c.Errors)})
			}
			chunk.Summaries = append(chunk.Summaries, shown)
		}
		return out.Send(chunk)
	}))
}

func (q *queryV3) GetServices(ctx context.Context, _ *apiv3.GetServicesRequest) (*apiv3.GetServicesResponse, error) {
	names, err := q.serviceNames(ctx)
	return &apiv3.GetServicesResponse{Services: names}, rpcError(err)
}

func (q *queryV3) GetOperations(ctx context.Context, in *apiv3.GetOperationsRequest) (*apiv3.GetOperationsResponse, error) {
	found, err := q.operationsOf(ctx, in.GetService(), in.GetSpanKind())
	out := &apiv3.GetOperationsResponse{}
	for _, o := range found {
		out.Operations = append(out.Operations, &apiv3.Operation{Name: o.name, SpanKind: kindV3(o.kind)})
	}
	return out, rpcError(err)
}

// kindV3 is never empty: api_v3 calls internal what names no kind.
func kindV3(kind int64) string {
	if tag := kindTag(kind); tag != "" {
		return tag
	}
	return kindTags[kindInternal]
}

func (q *queryV3) GetDependencies(ctx context.Context, in *apiv3.GetDependenciesRequest) (*apiv3.DependenciesResponse, error) {
	w, err := requiredWindow("start_time", in.GetStartTime(), "end_time", in.GetEndTime())
	if err != nil {
		return nil, rpcError(err)
	}
	edges, err := q.edges(ctx, w)
	out := &apiv3.DependenciesResponse{}
	for _, e := range edges {
		out.Dependencies = append(out.Dependencies, &apiv3.Dependency{Parent: e.Caller, Child: e.Callee, CallCount: e.Calls})
	}
	return out, rpcError(err)
}

// searchV3 reads the query of a call.
func searchV3(p *apiv3.TraceQueryParameters) (s search, err error) {
	if p == nil {
		return s, badRequestError{errNoQuery}
	}
	s = search{service: p.GetServiceName(), operation: p.GetOperationName(), tags: p.GetAttributes(), depth: int(p.GetSearchDepth()), raw: p.GetRawTraces()}
	if p.GetPagination() != nil {
		if err := s.setPage(p.GetPagination(), p.GetSearchDepth()); err != nil {
			return s, err
		}
	}
	if s.window, err = requiredWindow("start_time_min", p.GetStartTimeMin(), "start_time_max", p.GetStartTimeMax()); err != nil {
		return s, err
	}
	if s.min, err = durationField("duration_min", p.GetDurationMin()); err != nil {
		return s, err
	}
	if s.max, err = durationField("duration_max", p.GetDurationMax()); err != nil {
		return s, err
	}
	return s, s.setCall(p.GetFilter())
}

// capabilitiesV3 serves jaeger.api_v3.Capabilities.
type capabilitiesV3 struct {
	apiv3.UnimplementedCapabilitiesServer
}

func (capabilitiesV3) GetCapabilities(context.Context, *apiv3.GetCapabilitiesRequest) (*apiv3.GetCapabilitiesResponse, error) {
	return &apiv3.GetCapabilitiesResponse{Search: &apiv3.SearchCapabilities{
		WithoutServiceName: true, SameSpanConjunction: true, Paginated: true, SpanSearch: true, SpanSorting: true,
		Filter: &apiv3.FilterCapabilities{Levels: filter.Levels(), Operators: filter.Operators()},
	}}, nil
}
