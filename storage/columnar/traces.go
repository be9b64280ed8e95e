package columnar

import (
	"context"
	"iter"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// traceChunk is the most spans in one chunk of Traces.
const traceChunk = 8192

// Traces copies what it returns: chunks share no memory with the store.
func (r spanStore) Traces(ctx context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) {
		tables, open, done, err := r.s.traceTables(ctx, ids)
		if err != nil {
			yield(nil, err)
			return
		}
		defer done()
		for _, t := range tables {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			rows := open
			if open = nil; rows == nil {
				rows = t.rowsOf(ids, &t.index)
			}
			slices.Sort(rows)
			rows = slices.Compact(rows) // an id may have been asked for twice
			for chunk := range slices.Chunk(rows, traceChunk) {
				if err := ctx.Err(); err != nil {
					yield(nil, err)
					return
				}
				if !yield(t.spans(chunk), nil) {
					return
				}
			}
		}
	}
}

// traceTables is spanTables with the rows of the traces in the first table,
// when that is a snapshot of the builder: its index must be read together
// with the taking of the snapshot.
func (s *Store) traceTables(ctx context.Context, ids []storage.TraceID) (tables []*spanTable, open []uint32, done func(), err error) {
	if err := s.enter(); err != nil {
		return nil, nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		s.calls.Done()
		return nil, nil, nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	tables = s.spans.view()
	if s.spans.open.len() > 0 {
		open = tables[0].rowsOf(ids, &s.spans.open.t.index)
		if open == nil {
			open = []uint32{}
		}
	}
	return tables, open, s.calls.Done, nil
}

// rowsOf lists the rows of traces.
func (t *spanTable) rowsOf(ids []storage.TraceID, x *traceIndex) (rows []uint32) {
	for _, id := range ids {
		for row := x.last(t.traceIDs, id); row != noRow; row = t.prev[row] {
			rows = append(rows, row)
		}
	}
	return rows
}
