package selection

import (
	"container/heap"
	"context"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// rankColumns is Ranked for what the store can decide.
func (s *Search) rankColumns(ctx context.Context, order Order, after *Cursor, limit int) (Ranking, error) {
	rankers, err := s.readRanks(ctx, order, after, limit)
	if err != nil {
		return Ranking{}, err
	}
	all := newRanker(order, after, limit)
	for _, r := range rankers {
		if r != nil {
			all.merge(r)
		}
	}
	// Reconstruction folds identical spans, so that the columns do not tell what
	// these traces are worth.
	known := map[storage.TraceID]Ranked{}
	for m, err := range s.EachOf(ctx, all.unsure) {
		if err != nil {
			return Ranking{}, err
		}
		r := order.ranked(m)
		known[r.ID] = r
		all.total.Traces++
		all.offer(r.Cursor)
	}
	ranking := Ranking{More: all.eligible > limit, Total: all.total}
	best := []Cursor(all.best)
	slices.SortFunc(best, compareCursors)
	var ids []storage.TraceID
	for _, c := range best {
		if _, ok := known[c.ID]; !ok {
			ids = append(ids, c.ID)
		}
	}
	for m, err := range s.EachOf(ctx, ids) {
		if err != nil {
			return Ranking{}, err
		}
		known[m.Trace.ID] = order.ranked(m)
	}
	for _, c := range best {
		r, ok := known[c.ID]
		if !ok { // the store gave it up meanwhile
			continue
		}
		r.Cursor = c // by which it was ordered, though spans may have come since
		ranking.Traces = append(ranking.Traces, r)
	}
	return ranking, nil
}

func (o Order) ranked(m Match) Ranked {
	summary := m.Trace.Summarize()
	return Ranked{summary, len(m.Spans), m.NewestNs, Cursor{o.value(summary), summary.ID}}
}

// readRanks reads what the order goes by, on all cores.
func (s *Search) readRanks(ctx context.Context, order Order, after *Cursor, limit int) ([]*ranker, error) {
	var columns []storage.Key
	if order == MostErrors {
		columns = []storage.Key{storage.KeyError}
	}
	reading, err := s.ReadTraces(ctx, columns)
	if err != nil {
		return nil, err
	}
	defer reading.Close()
	rankers := make([]*ranker, reading.Workers())
	err = reading.Each(ctx, func(worker int, b *storage.TraceBatch) bool {
		r := rankers[worker]
		if r == nil {
			r = newRanker(order, after, limit)
			rankers[worker] = r
		}
		r.add(b)
		return len(r.unsure) <= maxCandidates
	})
	for _, r := range rankers {
		if r != nil && len(r.unsure) > maxCandidates {
			s.Stats.Partial = "too many traces have spans that came twice to read all of them; a shorter window or narrower conditions match fewer"
		}
	}
	return rankers, err
}

// ranker keeps the first traces of an order.
type ranker struct {
	order    Order
	after    *Cursor
	limit    int
	best     cursorsWorstFirst
	eligible int // traces after the cursor
	total    Total
	unsure   []storage.TraceID // their value is not known; not counted as traces

	values []int64  // scratch: by trace of a batch
	rows   []uint32 // scratch: the first of traces whose id is needed
	traces []int    // scratch: parallel to rows
	ids    []storage.TraceID
	failed storage.Column
}

func newRanker(order Order, after *Cursor, limit int) *ranker {
	return &ranker{order: order, after: after, limit: limit}
}

// add ranks the traces of a batch. Ids are read only of those that may be among
// the first.
func (r *ranker) add(b *storage.TraceBatch) {
	r.values = r.order.values(r.values[:0], b, &r.failed)
	r.rows, r.traces = r.rows[:0], r.traces[:0]
	from := uint32(0)
	for i, end := range b.Ends {
		rows := b.Rows[from:end]
		from = end
		r.total.Spans += selectedOf(b, rows)
		if b.Twins != nil && mayFold(b, rows) {
			r.need(rows, -1)
			continue
		}
		r.total.Traces++
		value := r.values[i]
		switch {
		case r.after != nil && value < r.after.Value:
		case len(r.best) == r.limit && value > r.best[0].Value && (r.after == nil || value > r.after.Value):
			r.eligible++ // and too far behind, whatever its id is
		default:
			r.need(rows, i)
		}
	}
	r.ids = b.Columns.TraceIDs(r.rows, r.ids[:0])
	for n, i := range r.traces {
		if i < 0 {
			r.unsure = append(r.unsure, r.ids[n])
			continue
		}
		r.offer(Cursor{r.values[i], r.ids[n]})
	}
}

func (r *ranker) need(rows []uint32, trace int) {
	r.rows, r.traces = append(r.rows, rows[0]), append(r.traces, trace)
}

// offer takes a trace, if it comes after the cursor and among the first.
func (r *ranker) offer(c Cursor) {
	if r.after != nil && compareCursors(c, *r.after) <= 0 {
		return
	}
	r.eligible++
	if len(r.best) == r.limit {
		if compareCursors(c, r.best[0]) > 0 {
			return
		}
		heap.Pop(&r.best)
	}
	heap.Push(&r.best, c)
}

// merge adds the traces of another ranker.
func (r *ranker) merge(o *ranker) {
	eligible := r.eligible + o.eligible
	for _, c := range o.best {
		r.offer(c)
	}
	r.eligible = eligible
	r.total.Traces += o.total.Traces
	r.total.Spans += o.total.Spans
	r.unsure = append(r.unsure, o.unsure...)
}

// values appends what the order compares, by trace. Where a span has the key
// error twice, its first value counts.
func (o Order) values(to []int64, b *storage.TraceBatch, failed *storage.Column) []int64 {
	from := uint32(0)
	switch o {
	case MostSpans:
		for _, end := range b.Ends {
			to = append(to, -int64(end-from))
			from = end
		}
	case MostErrors:
		statuses := b.Columns.Statuses()
		b.Columns.Column(0, b.Rows, failed)
		for _, end := range b.Ends {
			n := int64(0)
			for i := from; i < end; i++ {
				if statuses[b.Rows[i]] == statusError || len(failed.Types) > 0 && storage.IsErrorValue(failed, int(i)) {
					n++
				}
			}
			to = append(to, -n)
			from = end
		}
	default:
		starts, durations := b.Columns.StartsNs(), b.Columns.DurationsNs()
		for _, end := range b.Ends {
			row := b.Rows[from]
			first, last := starts[row], starts[row]
			for _, row := range b.Rows[from:end] {
				first, last = min(first, starts[row]), max(last, starts[row], starts[row]+durations[row])
			}
			from = end
			if o == Longest {
				to = append(to, first-last)
			} else {
				to = append(to, last-first)
			}
		}
	}
	return to
}

const statusError = 2 // OTLP StatusCode

func selectedOf(b *storage.TraceBatch, rows []uint32) (n int) {
	if b.Selected == nil {
		return len(rows)
	}
	for _, row := range rows {
		if b.Selected[row] {
			n++
		}
	}
	return n
}

// mayFold says whether two spans of a trace may be identical.
func mayFold(b *storage.TraceBatch, rows []uint32) bool {
	for _, row := range rows {
		for o := b.Twins[row]; o != int32(row); o = b.Twins[o] {
			if b.Columns.StartsNs()[o] == b.Columns.StartsNs()[row] && b.Columns.DurationsNs()[o] == b.Columns.DurationsNs()[row] &&
				b.Columns.Kinds()[o] == b.Columns.Kinds()[row] && b.Columns.Statuses()[o] == b.Columns.Statuses()[row] {
				return true
			}
		}
	}
	return false
}

// cursorsWorstFirst is a heap with the last trace of the order on top.
type cursorsWorstFirst []Cursor

func (h cursorsWorstFirst) Len() int           { return len(h) }
func (h cursorsWorstFirst) Less(i, j int) bool { return compareCursors(h[i], h[j]) > 0 }
func (h cursorsWorstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *cursorsWorstFirst) Push(x any)        { *h = append(*h, x.(Cursor)) }
func (h *cursorsWorstFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
