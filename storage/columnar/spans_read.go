package columnar

import (
	"context"
	"iter"

	"github.com/heddle-io/heddle/storage"
)

// spanTables starts a reading call: it returns what is stored at this moment.
// Unless it fails, s.calls.Done must follow.
func (s *Store) spanTables(ctx context.Context) ([]*spanTable, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		s.calls.Done()
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.spans.view(), nil
}

func (r spanStore) Scan(ctx context.Context, q storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		tables, err := r.s.spanTables(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.s.calls.Done()
		if err := checkPredicate(q.Where, checkSpanKey); err != nil {
			yield(nil, err)
			return
		}
		if err := checkKeys(q.Columns, checkSpanKey); err != nil {
			yield(nil, err)
			return
		}
		var b storage.Batch
		err = scan(ctx, tables, q.Window, q.Where, q.Columns, func(s *scanStep[*spanTable]) bool {
			fillBatch(&b, s)
			return yield(&b, nil)
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// fillBatch copies the fixed columns of the rows of a step.
func fillBatch(b *storage.Batch, s *scanStep[*spanTable]) {
	t := s.table
	b.TraceIDs, b.SpanIDs = pickRows(b.TraceIDs, t.traceIDs, s.rows), pickRows(b.SpanIDs, t.spanIDs, s.rows)
	b.StartsNs, b.DurationsNs = pickRows(b.StartsNs, t.times, s.rows), pickRows(b.DurationsNs, t.durations, s.rows)
	b.Columns, b.NewestLeftNs, b.Scanned = s.columns, s.newestLeftNs, s.scanned
}

// pickRows sets to to the elements of from at rows, reusing its memory.
func pickRows[T any](to, from []T, rows []uint32) []T {
	if cap(to) < len(rows) {
		to = make([]T, batchRows)
	}
	to = to[:len(rows)]
	for i, row := range rows {
		to[i] = from[row]
	}
	return to
}

func (r spanStore) Aggregate(ctx context.Context, q storage.Aggregation) ([]storage.Group, error) {
	tables, err := r.s.spanTables(ctx)
	if err != nil {
		return nil, err
	}
	defer r.s.calls.Done()
	return aggregate(ctx, tables, q, checkSpanKey)
}

func (r spanStore) Values(ctx context.Context, q storage.ValuesQuery) (storage.Values, error) {
	tables, err := r.s.spanTables(ctx)
	if err != nil {
		return storage.Values{}, err
	}
	defer r.s.calls.Done()
	return values(ctx, tables, q, checkSpanKey)
}

func (r spanStore) Keys(ctx context.Context, w storage.Window) ([]storage.KeyInfo, error) {
	tables, err := r.s.spanTables(ctx)
	if err != nil {
		return nil, err
	}
	defer r.s.calls.Done()
	k := newKeyCounter()
	for _, t := range tables {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if t.overlaps(w) {
			sel := t.inWindow(w)
			k.addRows(&t.rows, storage.ScopeSpan, sel)
			k.addChildren(&t.events.children, storage.ScopeEvent, sel)
			k.addChildren(&t.links.children, storage.ScopeLink, sel)
		}
	}
	return k.list(), nil
}

func (r spanStore) Edges(ctx context.Context, w storage.Window) ([]storage.Edge, error) {
	tables, err := r.s.spanTables(ctx)
	if err != nil {
		return nil, err
	}
	defer r.s.calls.Done()
	return edges(ctx, tables, w)
}
