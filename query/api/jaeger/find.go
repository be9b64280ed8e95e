package jaeger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// search is what api_v2, api_v3 and the remote storage ask for. An empty
// service means any.
type search struct {
	service, operation string
	tags               map[string]string
	window             storage.Window
	min, max           time.Duration // 0: no bound
	depth              int           // most traces; 0: 100
	raw                bool
}

// query checks a search. Its errors are badRequestError.
func (h *Handler) query(s search) (trace.Query, error) {
	if s.depth == 0 {
		s.depth = defaultSearchLimit
	}
	var problem error
	switch {
	case s.depth < 0:
		problem = errors.New("search depth must be greater than 0")
	case s.depth > h.MaxTraces:
		problem = fmt.Errorf("search depth must be at most %d", h.MaxTraces)
	case s.window.Empty():
		problem = errors.New("start time must be before end time")
	case s.min != 0 && s.max != 0 && s.max < s.min:
		problem = errors.New("maximum duration must not be less than minimum duration")
	}
	if problem != nil {
		return trace.Query{}, badRequestError{fmt.Errorf("invalid parameter: %w", problem)}
	}
	return trace.Query{Window: s.window, Where: whereSearch(s.service, s.operation, s.tags, s.min, s.max), Limit: s.depth}, nil
}

// fetchedAtOnce bounds how many traces of a search are in memory.
const fetchedAtOnce = 50

// find yields the traces of a search, those with the newest matches first. An
// error is the last element.
func (h *Handler) find(ctx context.Context, s search) iter.Seq2[*trace.Trace, error] {
	return func(yield func(*trace.Trace, error) bool) {
		q, err := h.query(s)
		if err != nil {
			yield(nil, err)
			return
		}
		ids, _, err := trace.FindIDs(ctx, h.Spans, q)
		if err != nil {
			yield(nil, err)
			return
		}
		for t, err := range inOrder(ctx, ids, h.fetchStored) { // what is archived alone is not searched
			if !yield(t, err) {
				return
			}
		}
	}
}

// fetchStored returns the traces that are stored, whether archived or not.
func (h *Handler) fetchStored(ctx context.Context, ids []storage.TraceID) (map[storage.TraceID]*trace.Trace, error) {
	byID := make(map[storage.TraceID]*trace.Trace, len(ids))
	return byID, fetchInto(ctx, byID, h.Spans, ids)
}

// inOrder yields what fetch returns of the traces, in the order of ids, which
// must differ. What is not there is left out.
func inOrder(ctx context.Context, ids []storage.TraceID, fetch func(context.Context, []storage.TraceID) (map[storage.TraceID]*trace.Trace, error)) iter.Seq2[*trace.Trace, error] {
	return func(yield func(*trace.Trace, error) bool) {
		for some := range slices.Chunk(ids, fetchedAtOnce) {
			found, err := fetch(ctx, some)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, id := range some {
				if t := found[id]; t != nil && !yield(t, nil) {
					return
				}
			}
		}
	}
}
