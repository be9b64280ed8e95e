package tempo

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
)

// RegisterGRPC registers the service tempopb.StreamingQuerier.
//
// Answers come in messages of about a mebibyte, of four at most. A search sends
// traces as soon as they are certain to be in the answer, newest match first,
// none twice: clients append. Of series every message has other ones, whole.
// While nothing is found, messages without any tell how far it is.
func (h *Handler) RegisterGRPC(r grpc.ServiceRegistrar) {
	tempopb.RegisterStreamingQuerierServer(r, &service{api: h.api})
}

type service struct {
	tempopb.UnimplementedStreamingQuerierServer
	*api
}

// messageBytes is the size from which on the rest goes into another message;
// clients refuse those of more than four mebibytes.
const messageBytes = 1 << 20

// progressEvery is how often a long query says that it is still at work.
const progressEvery = 500 * time.Millisecond

func (s *service) Search(r *tempopb.SearchRequest, stream grpc.ServerStreamingServer[tempopb.SearchResponse]) error {
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	q, err := searchOf(r)
	if err != nil {
		return grpcError(err)
	}
	cut := ""
	return grpcError(s.search(ctx, q, func(m *tempopb.SearchResponse) error {
		for _, t := range m.Traces {
			if shrink(t) {
				cut = "spans of trace " + t.TraceID + " were left out, which do not fit into a message: ask for fewer spans or attributes, or over HTTP"
			}
		}
		if m.Message == "" && cut != "" {
			m.Message, m.Status = cut, tempopb.PartialStatus_PARTIAL
		}
		for head := range parts(m.Traces) {
			part := &tempopb.SearchResponse{Traces: head, Metrics: m.Metrics, Status: m.Status, Message: m.Message}
			if err := stream.Send(part); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s *service) SearchTags(r *tempopb.SearchTagsRequest, stream grpc.ServerStreamingServer[tempopb.SearchTagsResponse]) error {
	q, err := tagsOf(r)
	return answer(s, stream, q, err, s.tags)
}

func (s *service) SearchTagsV2(r *tempopb.SearchTagsRequest, stream grpc.ServerStreamingServer[tempopb.SearchTagsV2Response]) error {
	q, err := tagsOf(r)
	return answer(s, stream, q, err, s.tagsV2)
}

func (s *service) SearchTagValues(r *tempopb.SearchTagValuesRequest, stream grpc.ServerStreamingServer[tempopb.SearchTagValuesResponse]) error {
	q, err := valuesOf(r)
	return answer(s, stream, q, err, s.tagValues)
}

func (s *service) SearchTagValuesV2(r *tempopb.SearchTagValuesRequest, stream grpc.ServerStreamingServer[tempopb.SearchTagValuesV2Response]) error {
	q, err := valuesOf(r)
	return answer(s, stream, q, err, s.tagValuesV2)
}

func (s *service) MetricsQueryInstant(r *tempopb.QueryInstantRequest, stream grpc.ServerStreamingServer[tempopb.QueryInstantResponse]) error {
	q, err := s.instantOf(r)
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	if err != nil {
		return grpcError(err)
	}
	m, err := s.instant(ctx, q)
	if err != nil {
		return grpcError(err)
	}
	for series := range parts(m.Series) {
		part := &tempopb.QueryInstantResponse{Series: series, Metrics: m.Metrics, Status: m.Status, Message: m.Message}
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) MetricsQueryRange(r *tempopb.QueryRangeRequest, stream grpc.ServerStreamingServer[tempopb.QueryRangeResponse]) error {
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	q, err := s.rangeOf(r)
	if err != nil {
		return grpcError(err)
	}
	o := s.rangeOptions(ctx, q)
	last := time.Now()
	o.Progress = func(stats traceql.Stats) {
		if time.Since(last) >= progressEvery {
			last = time.Now()
			// A client that has gone cancels ctx, too.
			_ = stream.Send(&tempopb.QueryRangeResponse{Metrics: searchMetrics(stats)})
		}
	}
	m, err := traceql.Range(ctx, s.Spans, q.query, o)
	if err != nil {
		return grpcError(err)
	}
	end := rangeEnd(m.Stats)
	var series []*tempopb.TimeSeries
	size := 0
	for i := range m.Series {
		t := timeSeries(q, &m, i)
		n := proto.Size(t)
		if size > 0 && size+n > messageBytes {
			if err := stream.Send(&tempopb.QueryRangeResponse{Series: series, Metrics: end.Metrics}); err != nil {
				return err
			}
			series, size = nil, 0
		}
		series, size = append(series, t), size+n
	}
	end.Series = series
	return stream.Send(end)
}

// answer sends what answers a query as one message.
func answer[Q any, M any](s *service, stream grpc.ServerStreamingServer[M], q Q, err error, do func(context.Context, Q) (*M, error)) error {
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	if err != nil {
		return grpcError(err)
	}
	m, err := do(ctx, q)
	if err != nil {
		return grpcError(err)
	}
	return stream.Send(m)
}

// parts cuts a list into pieces of about messageBytes; of an empty list there
// is one.
func parts[M proto.Message](list []M) func(yield func([]M) bool) {
	return func(yield func([]M) bool) {
		from, size := 0, 0
		for i, m := range list {
			n := proto.Size(m)
			if size > 0 && size+n > messageBytes {
				if !yield(list[from:i]) {
					return
				}
				from, size = i, 0
			}
			size += n
		}
		yield(list[from:])
	}
}

// maxTraceBytes is the most that a trace of a search result has in a message.
const maxTraceBytes = 2 << 20

// shrink leaves out spans, and then attributes, of a trace that would not fit
// into a message: values may have any length. It says whether it did.
func shrink(t *tempopb.TraceSearchMetadata) (cut bool) {
	for ; proto.Size(t) > maxTraceBytes; cut = true {
		most := 0
		for _, set := range t.SpanSets {
			most = max(most, len(set.Spans))
		}
		for _, set := range t.SpanSets {
			if most > 1 {
				set.Spans = set.Spans[:min(len(set.Spans), most/2)]
				continue
			}
			set.Attributes = set.Attributes[:len(set.Attributes)/2]
			for _, s := range set.Spans {
				s.Attributes = s.Attributes[:len(s.Attributes)/2]
			}
		}
		if most <= 1 && len(t.SpanSets) > 1 {
			t.SpanSets = t.SpanSets[:(len(t.SpanSets)+1)/2]
		} else if most <= 1 && len(t.SpanSets[0].Attributes) == 0 && (most == 0 || len(t.SpanSets[0].Spans[0].Attributes) == 0) {
			return true // what is left are names
		}
	}
	return cut
}

// grpcError gives an error the code that its HTTP status stands for.
func grpcError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	code := codes.Internal
	switch statusOf(err) {
	case http.StatusBadRequest:
		code = codes.InvalidArgument
	case statusClientClosed:
		code = codes.Canceled
	case http.StatusGatewayTimeout:
		code = codes.DeadlineExceeded
	case http.StatusServiceUnavailable:
		code = codes.Unavailable
	case http.StatusNotImplemented:
		code = codes.Unimplemented
	}
	return status.Error(code, err.Error())
}
