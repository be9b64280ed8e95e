package jaeger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// search is what api_v2, api_v3 and the remote storage ask for. An empty
// service means any.
type search struct {
	service, operation string
	tags               map[string]string
	min, max           time.Duration  // 0: no bound
	filter             *filter.Filter // instead of those above; nil: none
	window             storage.Window
	depth              int    // most traces; 0: 100
	paged              bool   // depth is the size of a page
	token              string // of the page; "": the first
	raw                bool
}

// setFilter puts a filter into a search that has no other conditions.
func (s *search) setFilter(f *filter.Filter) error {
	if s.service != "" || s.operation != "" || len(s.tags) > 0 || s.min != 0 || s.max != 0 {
		return badRequestError{errors.New("invalid parameter: filter excludes service_name, operation_name, attributes and durations; say them in the filter")}
	}
	s.filter = f
	return nil
}

// setCall is setFilter for a message; nil: there is none.
func (s *search) setCall(call *expressionv1.Call) error {
	if call == nil {
		return nil
	}
	f, err := filter.Parse("filter", call)
	if err != nil {
		return badRequestError{err}
	}
	return s.setFilter(f)
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
	q := trace.Query{Window: s.window, Limit: s.depth}
	if s.filter != nil {
		q.Where, _ = s.filter.Where()
	} else {
		q.Where = whereSearch(s.service, s.operation, s.tags, s.min, s.max)
	}
	return q, nil
}

// fetchedAtOnce bounds how many traces of a search are in memory.
const fetchedAtOnce = 50

// finding is a search under way.
type finding struct {
	h *Handler
	search
	// next is the token of the page that follows, "" where none does. It is known
	// when all traces were yielded.
	next string
}

func (h *Handler) find(s search) *finding { return &finding{h: h, search: s} }

// traces yields the traces of a search, those with the newest matches first. An
// error is the last element.
func (f *finding) traces(ctx context.Context) iter.Seq2[*trace.Trace, error] {
	return func(yield func(*trace.Trace, error) bool) {
		q, err := f.h.query(f.search)
		if err != nil {
			yield(nil, err)
			return
		}
		if !f.scanTells() {
			for t, err := range f.matching(ctx, q) {
				if !yield(t, err) {
					return
				}
			}
			return
		}
		ids, _, err := trace.FindIDs(ctx, f.h.Spans, q)
		if err != nil {
			yield(nil, err)
			return
		}
		for t, err := range inOrder(ctx, ids, f.h.fetchStored) { // what is archived alone is not searched
			if !yield(t, err) {
				return
			}
		}
	}
}

// ids are those of the traces.
func (f *finding) ids(ctx context.Context) ([]storage.TraceID, error) {
	q, err := f.h.query(f.search)
	if err != nil {
		return nil, err
	}
	if f.scanTells() {
		ids, _, err := trace.FindIDs(ctx, f.h.Spans, q)
		return ids, err
	}
	var ids []storage.TraceID
	for t, err := range f.matching(ctx, q) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, t.ID)
	}
	return ids, nil
}

// scanTells says whether a scan of the store finds the traces: it tests all of
// the condition, and there is no page to go on from.
func (f *finding) scanTells() bool {
	if f.filter != nil {
		if _, exact := f.filter.Where(); !exact {
			return false
		}
	}
	return !f.paged
}

// matching looks for the traces by reading those that may match.
func (f *finding) matching(ctx context.Context, q trace.Query) iter.Seq2[*trace.Trace, error] {
	return func(yield func(*trace.Trace, error) bool) {
		question := f.fingerprint()
		after, err := readPageToken[traceCursor](f.token, question)
		if err != nil {
			yield(nil, err)
			return
		}
		chosen := selection.Selection{Where: q.Where}
		if f.filter != nil {
			chosen.Filter = f.filter.Matches
		}
		found, err := selection.New(f.h.Spans, chosen, q.Window, selection.Budget{})
		if err != nil {
			yield(nil, err)
			return
		}
		n := 0
		var last traceCursor
		for m, err := range found.Newest(ctx, (*selection.Cursor)(after), min(q.Limit+1, fetchedAtOnce)) {
			if err != nil {
				yield(nil, err)
				return
			}
			if n == q.Limit {
				if f.paged {
					f.next = newPageToken(question, last)
				}
				return
			}
			n++
			last = traceCursor{Value: m.NewestNs, ID: m.Trace.ID}
			if !yield(m.Trace, nil) {
				return
			}
		}
		if why := found.Stats.Partial; why != "" {
			yield(nil, fmt.Errorf("%s: %w", why, storage.ErrTooLarge))
		}
	}
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
