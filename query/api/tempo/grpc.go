package tempo

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
)

// RegisterGRPC registers the service tempopb.StreamingQuerier.
//
// Answers come in messages of about a mebibyte, of four at most. A search sends
// traces as soon as they are certain to be in the answer, newest match first,
// none twice: clients append. A range sends the points of its steps as soon as
// they are final, from the newest to the oldest, none twice; Grafana joins them
// by series and time. An instant sends all of its series again as they grow: the
// last message is the answer. While nothing is found, messages without any tell
// how far it is.
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

// maxMessageBytes is the size of what cannot go into several messages.
const maxMessageBytes = 4<<20 - 1<<10

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

// MetricsQueryInstant sends every message as the whole answer so far: Grafana
// shows the last one. An answer that does not fit into one message is cut.
func (s *service) MetricsQueryInstant(r *tempopb.QueryInstantRequest, stream grpc.ServerStreamingServer[tempopb.QueryInstantResponse]) error {
	q, err := s.instantOf(r)
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	if err != nil {
		return grpcError(err)
	}
	for m, err := range traceql.StreamInstant(ctx, s.Spans, q.query, s.rangeOptions(ctx, q)) {
		if err != nil {
			return grpcError(err)
		}
		whole := instantResponse(q, m)
		if proto.Size(whole) <= maxMessageBytes && (len(whole.Series) > 0 || !m.More) {
			err = stream.Send(whole)
		} else if !m.More {
			for series := range parts(whole.Series) {
				part := &tempopb.QueryInstantResponse{Series: series, Metrics: whole.Metrics, Status: whole.Status, Message: whole.Message}
				if err = stream.Send(part); err != nil {
					break
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// MetricsQueryRange sends points as soon as they are final, each once.
func (s *service) MetricsQueryRange(r *tempopb.QueryRangeRequest, stream grpc.ServerStreamingServer[tempopb.QueryRangeResponse]) error {
	ctx, cancel := s.bounded(stream.Context())
	defer cancel()
	q, err := s.rangeOf(r)
	if err != nil {
		return grpcError(err)
	}
	for m, err := range traceql.StreamRange(ctx, s.Spans, q.query, s.rangeOptions(ctx, q)) {
		if err != nil {
			return grpcError(err)
		}
		if err := sendStep(q, &m, stream.Send); err != nil {
			return err
		}
	}
	return nil
}

// sendStep sends a step of a range in messages that are not too large. Only the
// last message of the last step says that it is.
func sendStep(q metricsQuery, m *traceql.Matrix, send func(*tempopb.QueryRangeResponse) error) error {
	last := metricsEnd(m)
	size := 0
	for i := range m.Series {
		t := timeSeries(q, m, i)
		n := proto.Size(t)
		if size > 0 && size+n > messageBytes {
			if err := send(&tempopb.QueryRangeResponse{Series: last.Series, Metrics: searchMetrics(m.Stats)}); err != nil {
				return err
			}
			last.Series, size = nil, 0
		}
		last.Series, size = append(last.Series, t), size+n
		m.Series[i] = traceql.Series{} // its memory is free
	}
	return send(last)
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
	return status.Error(failure.Code(statusOf(err)), messageOf(err))
}
