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
		only := *h
		only.Archive = nil // what is archived alone is not searched
		for t, err := range only.fetchEach(ctx, ids) {
			if !yield(t, err) {
				return
			}
		}
	}
}

// fetchEach yields the traces that are stored or archived, in the order of
// ids, and leaves out what is neither.
func (h *Handler) fetchEach(ctx context.Context, ids []storage.TraceID) iter.Seq2[*trace.Trace, error] {
	return func(yield func(*trace.Trace, error) bool) {
		for some := range slices.Chunk(ids, fetchedAtOnce) {
			stored, err := h.fetch(ctx, some)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, id := range some {
				if t := stored[id]; t != nil && !yield(t, nil) {
					return
				}
				delete(stored, id) // an id that was given twice is shown once
			}
		}
	}
}
