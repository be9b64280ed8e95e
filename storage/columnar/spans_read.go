package columnar

import (
	"context"
	"errors"
	"iter"

	"github.com/heddle-io/heddle/storage"
)

// spanSource is a table of spans, in memory or on disk.
type spanSource interface {
	table
	// fill sets the columns of b that every batch has, but for the starts.
	fill(b *storage.Batch, rows []uint32)
	// countKeys counts the attributes of the spans in sel.
	countKeys(k *keyCounter, sel bitmap)
	// joinable returns what finding calls takes of some rows. Nobody changes it.
	joinable(rows runs) *joinColumns
	// durationsIn returns the durations of some rows, under the same terms.
	durationsIn(rows runs) []int64
	// spans copies whole spans. rows ascend.
	spans(rows []uint32) *storage.Spans
}

// spanTables starts a reading call: it returns what is stored at this moment
// and may be in the window. Unless it fails, the call must end with done.
func (s *Store) spanTables(ctx context.Context, w storage.Window) (tables []spanSource, done func(), err error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range snap.spans {
		tables = append(tables, &spanView{memoryView[spanSource](t.table, snap.covering(storage.SignalSpans, t.maxLSN))})
	}
	groups, err := snap.groups(w, storage.SignalSpans)
	if err != nil {
		snap.done()
		return nil, nil, err
	}
	for _, g := range groups {
		tables = append(tables, snap.spanView(g))
	}
	return tables, snap.done, nil
}

func (s *snapshot) spanView(g groupRef) *spanView {
	v := &spanView{groupView[spanSource](s, g)}
	v.open = func() (spanSource, error) {
		f, err := g.part.open()
		if err != nil {
			return nil, err
		}
		return f.spanRows(g.number), nil
	}
	return v
}

func (r spanStore) Scan(ctx context.Context, q storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		tables, done, err := r.s.spanTables(ctx, q.Window)
		if err != nil {
			yield(nil, err)
			return
		}
		defer done()
		if err := checkPredicate(q.Where, checkSpanKey); err != nil {
			yield(nil, err)
			return
		}
		if err := checkKeys(q.Columns, checkSpanKey); err != nil {
			yield(nil, err)
			return
		}
		var b storage.Batch
		stopped := false
		err = scan(ctx, tables, q.Window, q.Where, q.Columns, func(s *scanStep[spanSource]) bool {
			s.table.fill(&b, s.rows)
			b.StartsNs = append(b.StartsNs[:0], s.times...)
			b.Columns, b.NewestLeftNs, b.Scanned = s.columns, s.newestLeftNs, s.scanned
			if s.table.err() != nil {
				return false // scan returns it
			}
			stopped = !yield(&b, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

func (t *spanTable) fill(b *storage.Batch, rows []uint32) {
	b.TraceIDs, b.SpanIDs = pickRows(b.TraceIDs, t.traceIDs, rows), pickRows(b.SpanIDs, t.spanIDs, rows)
	b.DurationsNs = pickRows(b.DurationsNs, t.durations, rows)
}

// pickRows sets to to the elements of from at rows, reusing its memory.
func pickRows[T any](to, from []T, rows []uint32) []T {
	if cap(to) < len(rows) {
		to = make([]T, max(batchRows, len(rows)))
	}
	to = to[:len(rows)]
	for i, row := range rows {
		to[i] = from[row]
	}
	return to
}

func (r spanStore) Aggregate(ctx context.Context, q storage.Aggregation) ([]storage.Group, error) {
	tables, done, err := r.s.spanTables(ctx, q.Window)
	if err != nil {
		return nil, err
	}
	defer done()
	return aggregateItems(ctx, spanItems(tables, q), q, checkSpanKey)
}

func (r spanStore) Values(ctx context.Context, q storage.ValuesQuery) (storage.Values, error) {
	tables, done, err := r.s.spanTables(ctx, q.Window)
	if err != nil {
		return storage.Values{}, err
	}
	defer done()
	if counts, ok, err := redValues(ctx, tables, q); ok || err != nil {
		return rank(counts, q), err
	}
	return values(ctx, tables, q, checkSpanKey)
}

// redValues counts the values of a key from indexes; ok is false when they do
// not have it.
func redValues(ctx context.Context, tables []spanSource, q storage.ValuesQuery) (counts map[storage.Value]uint64, ok bool, err error) {
	a := storage.Aggregation{Window: q.Window, Where: q.Where, By: []storage.Key{q.Key}, MaxGroups: maxCells}
	if q.Limit < 0 || newREDQuery(a) == nil {
		return nil, false, nil
	}
	groups, err := aggregateItems(ctx, spanItems(tables, a), a, checkSpanKey)
	if errors.Is(err, storage.ErrTooLarge) {
		return nil, false, nil
	}
	counts = make(map[storage.Value]uint64, len(groups))
	for _, g := range groups {
		if g.Values[0].Type() != storage.TypeAbsent {
			counts[g.Values[0]] = g.Cells[0].Count
		}
	}
	return counts, true, err
}

func (r spanStore) Keys(ctx context.Context, w storage.Window) ([]storage.KeyInfo, error) {
	tables, done, err := r.s.spanTables(ctx, w)
	if err != nil {
		return nil, err
	}
	defer done()
	k := newKeyCounter()
	asked := map[*livePart]bool{}
	for _, t := range tables {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if v := t.(*spanView); v.keysFromIndex(w) {
			if !asked[v.part] {
				asked[v.part] = true
				if err := v.part.countKeys(k); err != nil {
					return nil, err
				}
			}
			continue
		}
		if overlaps(t, w) {
			t.countKeys(k, t.inWindow(w))
			if err := t.err(); err != nil {
				return nil, err
			}
		}
	}
	return k.list(), nil
}

func (t *spanTable) countKeys(k *keyCounter, sel bitmap) {
	k.addRows(&t.rows, storage.ScopeSpan, sel)
	k.addChildren(&t.events.children, storage.ScopeEvent, sel)
	k.addChildren(&t.links.children, storage.ScopeLink, sel)
}

func (r spanStore) Edges(ctx context.Context, w storage.Window) ([]storage.Edge, error) {
	snap, err := r.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.done()
	return snap.edges(ctx, w)
}
