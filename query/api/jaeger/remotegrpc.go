package jaeger

import (
	"context"
	"fmt"
	"math"
	"slices"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/grpcwire"
	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// remoteTraces serves jaeger.storage.v2.TraceReader, through which a Jaeger
// uses heddle as its storage. Traces are as they are stored: that Jaeger
// rebuilds them by itself.
type remoteTraces struct {
	storagev2.UnimplementedTraceReaderServer
	*Handler
}

func (q *remoteTraces) GetTraces(in *storagev2.GetTracesRequest, out grpc.ServerStreamingServer[tracev1.TracesData]) error {
	if n := len(in.GetQuery()); n > q.MaxTraces {
		return rpcError(badRequestError{fmt.Errorf("invalid parameter: at most %d traces can be asked for, not %d", q.MaxTraces, n)})
	}
	ids := make([]storage.TraceID, 0, len(in.GetQuery()))
	seen := map[storage.TraceID]bool{}
	for _, p := range in.GetQuery() {
		if len(p.GetTraceId()) != 16 {
			return rpcError(badRequestError{fmt.Errorf("invalid parameter: a trace id has 16 bytes, not %d", len(p.GetTraceId()))})
		}
		if id := storage.TraceID(p.GetTraceId()); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	_, err := sendAll(inOrder(out.Context(), ids, q.fetch), otlpSender(out, true))
	return err
}

// otlpSender returns a function that sends a trace as TracesData, one message
// for each chunk, encoded once.
func otlpSender(out grpc.ServerStream, raw bool) func(*trace.Trace) error {
	chunks := chunksOf(raw)
	return func(t *trace.Trace) error {
		for td, err := range chunks(t) {
			if err != nil {
				return err
			}
			b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			if err != nil {
				return err
			}
			if err := out.SendMsg(grpcwire.Raw(b)); err != nil {
				return err
			}
		}
		return nil
	}
}

func (q *remoteTraces) FindTraces(in *storagev2.FindTracesRequest, out grpc.ServerStreamingServer[tracev1.TracesData]) error {
	if in.GetQuery().GetPagination() != nil {
		return rpcError(badRequestError{errNotPaginated})
	}
	s, err := remoteSearch(in.GetQuery())
	if err != nil {
		return rpcError(err)
	}
	_, err = sendAll(q.find(s).traces(out.Context()), otlpSender(out, true))
	return err
}

func (q *remoteTraces) FindSpans(in *storagev2.FindSpansRequest, out grpc.ServerStreamingServer[storagev2.FindSpansResponse]) error {
	p := in.GetQuery()
	if p == nil {
		return rpcError(badRequestError{errNoQuery})
	}
	var s spanSearch
	var err error
	if s.window.FromNs, err = timeField("start_time_min", p.GetStartTimeMin(), math.MinInt64); err != nil {
		return rpcError(err)
	}
	if s.window.ToNs, err = timeField("start_time_max", p.GetStartTimeMax(), math.MaxInt64); err != nil {
		return rpcError(err)
	}
	if err := s.set(p.GetFilter(), sortTerms(p.GetOrderBy()), p.GetPagination()); err != nil {
		return rpcError(err)
	}
	f, found := q.findSpans(out.Context(), s)
	return rpcError(sendSpans(f, found, out))
}

func (q *remoteTraces) FindTraceIDs(ctx context.Context, in *storagev2.FindTraceIDsRequest) (*storagev2.FindTraceIDsResponse, error) {
	s, err := remoteSearch(in.GetQuery())
	if err != nil {
		return nil, rpcError(err)
	}
	found := q.find(s)
	ids, err := found.ids(ctx)
	out := &storagev2.FindTraceIDsResponse{NextPageToken: found.next}
	for _, id := range ids {
		out.TraceIds = append(out.TraceIds, &storagev2.FoundTraceID{TraceId: slices.Clone(id[:])})
	}
	return out, rpcError(err)
}

func (q *remoteTraces) FindTraceSummaries(in *storagev2.FindTraceSummariesRequest, out grpc.ServerStreamingServer[storagev2.FindTraceSummariesResponse]) error {
	s, err := remoteSearch(in.GetQuery())
	if err != nil {
		return rpcError(err)
	}
	return rpcError(q.find(s).sendSummaries(out.Context(), func(list []trace.Summary, next string) error {
		chunk := &storagev2.FindTraceSummariesResponse{NextPageToken: next}
		for _, t := range list {
			shown := &storagev2.TraceSummary{
				TraceId: slices.Clone(t.ID[:]), RootServiceName: t.RootService, RootOperationName: t.RootName,
				MinStartTimeUnixNano: uint64(t.StartNs), MaxEndTimeUnixNano: uint64(t.StartNs + t.DurationNs),
				SpanCount: int32(t.Spans), ErrorSpanCount: int32(t.Errors), OrphanSpanCount: int32(t.Orphans),
			}
			for _, c := range t.Services {
				shown.Services = append(shown.Services, &storagev2.ServiceSummary{Name: c.Name, SpanCount: int32(c.Spans), ErrorSpanCount: int32(c.Errors)})
			}
			chunk.Summaries = append(chunk.Summaries, shown)
		}
		return out.Send(chunk)
	}))
}

func (q *remoteTraces) GetServices(ctx context.Context, _ *storagev2.GetServicesRequest) (*storagev2.GetServicesResponse, error) {
	names, err := q.serviceNames(ctx)
	return &storagev2.GetServicesResponse{Services: names}, rpcError(err)
}

func (q *remoteTraces) GetOperations(ctx context.Context, in *storagev2.GetOperationsRequest) (*storagev2.GetOperationsResponse, error) {
	found, err := q.operationsOf(ctx, in.GetService(), in.GetSpanKind())
	out := &storagev2.GetOperationsResponse{}
	for _, o := range found {
		out.Operations = append(out.Operations, &storagev2.Operation{Name: o.name, SpanKind: kindTag(o.kind)})
	}
	return out, rpcError(err)
}

// remoteDependencies serves jaeger.storage.v2.DependencyReader.
type remoteDependencies struct {
	storagev2.UnimplementedDependencyReaderServer
	*Handler
}

func (q *remoteDependencies) GetDependencies(ctx context.Context, in *storagev2.GetDependenciesRequest) (*storagev2.GetDependenciesResponse, error) {
	fromNs, err := timeField("start_time", in.GetStartTime(), math.MinInt64)
	if err != nil {
		return nil, rpcError(err)
	}
	toNs, err := timeField("end_time", in.GetEndTime(), math.MaxInt64)
	if err != nil {
		return nil, rpcError(err)
	}
	edges, err := q.edges(ctx, storage.Window{FromNs: fromNs, ToNs: toNs})
	out := &storagev2.GetDependenciesResponse{}
	for _, e := range edges {
		out.Dependencies = append(out.Dependencies, &storagev2.Dependency{Parent: e.Caller, Child: e.Callee, CallCount: e.Calls})
	}
	return out, rpcError(err)
}

// remoteCapabilities serves jaeger.storage.v2.Capabilities.
type remoteCapabilities struct {
	storagev2.UnimplementedCapabilitiesServer
}

func (remoteCapabilities) GetCapabilities(context.Context, *storagev2.GetCapabilitiesRequest) (*storagev2.GetCapabilitiesResponse, error) {
	return &storagev2.GetCapabilitiesResponse{Search: &storagev2.SearchCapabilities{
		WithoutServiceName: true, SameSpanConjunction: true, Paginated: true, SpanSearch: true, SpanSorting: true,
		Filter: &storagev2.FilterCapabilities{Levels: filter.Levels(), Operators: filter.Operators()},
	}}, nil
}

func remoteSearch(p *storagev2.TraceQueryParameters) (s search, err error) {
	if p == nil {
		return s, badRequestError{errNoQuery}
	}
	s = search{service: p.GetServiceName(), operation: p.GetOperationName(), tags: map[string]string{}, depth: int(p.GetSearchDepth()), raw: true}
	if p.GetPagination() != nil {
		if err := s.setPage(p.GetPagination(), p.GetSearchDepth()); err != nil {
			return s, err
		}
	}
	for _, a := range p.GetAttributes() {
		if s.tags[a.GetKey()], err = searchedText(a); err != nil {
			return s, err
		}
	}
	if s.window.FromNs, err = timeField("start_time_min", p.GetStartTimeMin(), math.MinInt64); err != nil {
		return s, err
	}
	if s.window.ToNs, err = timeField("start_time_max", p.GetStartTimeMax(), math.MaxInt64); err != nil {
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

// searchedText is the text that an attribute is searched by, whatever the type
// of what is stored: Jaeger's clients send text for everything.
func searchedText(a *storagev2.KeyValue) (string, error) {
	switch v := a.GetValue().GetValue().(type) {
	case *storagev2.AnyValue_StringValue:
		return v.StringValue, nil
	case *storagev2.AnyValue_BoolValue:
		return storage.Bool(v.BoolValue).Text(), nil
	case *storagev2.AnyValue_IntValue:
		return storage.Int(v.IntValue).Text(), nil
	case *storagev2.AnyValue_DoubleValue:
		return storage.Float(v.DoubleValue).Text(), nil
	case *storagev2.AnyValue_BytesValue:
		return storage.Bytes(v.BytesValue).Text(), nil
	case nil:
		return "", nil
	}
	return "", badRequestError{fmt.Errorf("invalid parameter: attribute %q: arrays and maps are searched for by their JSON as a string", a.GetKey())}
}
