package tempo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/query/traceql"
)

// getSearch answers GET /api/search.
func (h *Handler) getSearch(w http.ResponseWriter, r *http.Request) error {
	s, err := parseSearch(r.URL.Query())
	if err != nil {
		return err
	}
	var all tempopb.SearchResponse
	size := 0
	err = h.search(r.Context(), s, func(step *tempopb.SearchResponse) error {
		all.Metrics, all.Status, all.Message = step.Metrics, step.Status, step.Message
		for _, t := range step.Traces {
			if size += proto.Size(t); size > maxAnswerBytes {
				return errFull
			}
			all.Traces = append(all.Traces, t)
		}
		return nil
	})
	switch {
	case errors.Is(err, errFull):
		all.Status = tempopb.PartialStatus_PARTIAL
		all.Message = fmt.Sprintf("the %d newest traces are shown, more do not fit into %d bytes: lower limit or spss, or search a shorter time", len(all.Traces), maxAnswerBytes)
	case err != nil:
		return err
	}
	return writeMessage(w, r, &all, "traces")
}

// maxAnswerBytes bounds what is held in memory for one answer over HTTP.
const maxAnswerBytes = 32 << 20

var errFull = errors.New("the answer is full")

// search sends traces as soon as they are certain to be in the answer, in its
// order. The last message has all of the metrics, the status and maybe no trace.
func (a *api) search(ctx context.Context, s searchQuery, send func(*tempopb.SearchResponse) error) error {
	o := traceql.SearchOptions{Window: s.window, Limit: s.limit, SpansPerSpanset: s.spansPerSpanset, Budget: a.budget(ctx)}
	if s.min > 0 || s.max > 0 {
		o.Wanted = func(t *trace.Trace) bool { return s.holds(t.DurationNs()) }
	}
	last := new(tempopb.SearchResponse)
	for step, err := range traceql.Stream(ctx, a.Spans, s.query, o) {
		if err != nil {
			return err
		}
		m := &tempopb.SearchResponse{Metrics: searchMetrics(step.Stats)}
		for _, t := range step.Traces {
			m.Traces = append(m.Traces, traceMetadata(t))
		}
		last.Metrics, last.Message = m.Metrics, step.Stats.Partial
		if len(m.Traces) > 0 || step.More { // those who wait see that it goes on
			if err := send(m); err != nil {
				return err
			}
		}
	}
	last.Metrics.CompletedJobs = 1
	if last.Message != "" {
		last.Status = tempopb.PartialStatus_PARTIAL
	}
	return send(last)
}

func searchMetrics(s traceql.Stats) *tempopb.SearchMetrics {
	return &tempopb.SearchMetrics{
		InspectedTraces: clamp32(int64(s.TracesInspected)),
		InspectedSpans:  uint64(max(s.SpansInspected, s.SpansScanned)),
		InspectedBytes:  uint64(s.BytesInspected),
		TotalJobs:       1,
	}
}

func traceMetadata(t traceql.TraceResult) *tempopb.TraceSearchMetadata {
	m := &tempopb.TraceSearchMetadata{
		TraceID:           shortTraceID(t.ID),
		RootServiceName:   valid(t.RootService),
		RootTraceName:     valid(t.RootName),
		StartTimeUnixNano: clamp64(t.StartNs),
		DurationMs:        clamp32(t.DurationNs / int64(time.Millisecond)),
		ServiceStats:      make(map[string]*tempopb.ServiceStats, len(t.Services)),
	}
	for _, s := range t.Services {
		m.ServiceStats[valid(s.Name)] = &tempopb.ServiceStats{SpanCount: uint32(s.Spans), ErrorCount: uint32(s.Errors)}
	}
	for _, set := range t.Spansets {
		m.SpanSets = append(m.SpanSets, spanset(set))
	}
	m.SpanSet = m.SpanSets[0] // there is one: package traceql promises it
	return m
}

func spanset(set traceql.Spanset) *tempopb.SpanSet {
	m := &tempopb.SpanSet{Matched: uint32(set.Matched)}
	for _, a := range set.Attributes {
		m.Attributes = append(m.Attributes, &tempopb.KeyValue{Key: valid(a.Name), Value: anyValue(a.Value)})
	}
	for _, s := range set.Spans {
		span := &tempopb.Span{
			SpanID: hex.EncodeToString(s.SpanID[:]), Name: valid(s.Name),
			StartTimeUnixNano: clamp64(s.StartNs), DurationNanos: clamp64(s.DurationNs),
		}
		for _, a := range s.Attributes {
			// Clients look for the name without its scope.
			key := a.Key
			if key == "" {
				key = a.Name
			}
			span.Attributes = append(span.Attributes, &tempopb.KeyValue{Key: valid(key), Value: anyValue(a.Value)})
		}
		m.Spans = append(m.Spans, span)
	}
	return m
}

func clamp64(n int64) uint64 { return uint64(max(n, 0)) }

func clamp32(n int64) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }
