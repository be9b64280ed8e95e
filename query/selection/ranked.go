package selection

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
)

// Order is an order of whole traces; of equal ones the one with the least id
// comes first.
type Order uint8

const (
	Longest Order = iota
	Shortest
	MostSpans
	MostErrors
)

// value is what an order compares, ascending.
func (o Order) value(s trace.Summary) int64 {
	switch o {
	case Longest:
		return -s.DurationNs
	case Shortest:
		return s.DurationNs
	case MostSpans:
		return -int64(s.Spans)
	default:
		return -int64(s.Errors)
	}
}

// Ranked is a trace in an order. It shares no memory with the store beyond
// text.
type Ranked struct {
	trace.Summary
	Matched  int   // selected spans
	NewestNs int64 // start of the newest of them
	Cursor   Cursor
}

// Ranking is the answer of Search.Ranked.
type Ranking struct {
	Traces []Ranked
	More   bool
	Total  Total // of the whole selection, not only what follows the cursor
}

// Ranked returns the first limit traces in an order, of those after the cursor
// if it is not nil. The order is that of the whole selection, unless
// Stats.Partial says that it is that of the traces that were read. Where the
// store can decide what is selected, the columns that the order goes by are read
// of all traces, and whole traces only of those that are returned.
func (s *Search) Ranked(ctx context.Context, order Order, after *Cursor, limit int) (Ranking, error) {
	if limit <= 0 {
		return Ranking{}, fmt.Errorf("selection: limit %d: must be positive", limit)
	}
	_, exact, err := s.Exact(ctx)
	if err != nil {
		return Ranking{}, err
	}
	if exact {
		return s.rankColumns(ctx, order, after, limit)
	}
	var r Ranking
	best := worstFirst{}
	for m, err := range s.Each(ctx) {
		if err != nil {
			return Ranking{}, err
		}
		r.Total.Traces++
		r.Total.Spans += len(m.Spans)
		summary := m.Trace.Summarize()
		c := Cursor{order.value(summary), summary.ID}
		if after != nil && compareCursors(c, *after) <= 0 {
			continue
		}
		if len(best) == limit {
			r.More = true
			if compareCursors(c, best[0].Cursor) > 0 {
				continue
			}
			heap.Pop(&best)
		}
		heap.Push(&best, Ranked{summary, len(m.Spans), m.NewestNs, c})
	}
	r.Traces = best
	slices.SortFunc(r.Traces, func(a, b Ranked) int { return compareCursors(a.Cursor, b.Cursor) })
	return r, nil
}

func compareCursors(a, b Cursor) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), slices.Compare(a.ID[:], b.ID[:]))
}

// worstFirst is a heap with the last trace of the order on top.
type worstFirst []Ranked

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return compareCursors(h[i].Cursor, h[j].Cursor) > 0 }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(x any)        { *h = append(*h, x.(Ranked)) }
func (h *worstFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
