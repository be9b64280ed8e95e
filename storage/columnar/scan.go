package columnar

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
)

// batchRows is the most rows in a batch: enough to spread what a batch costs,
// little enough to stay in the cache while it is consumed.
const batchRows = 4096

// scanStep is one step of a scan, reused for the next.
type scanStep[T table] struct {
	table        T
	rows         []uint32 // ascending
	times        []int64  // of rows
	columns      []storage.Column
	newestLeftNs int64
	scanned      int
}

// scan runs over the tables, those with the newest records first and in each
// the newest arrivals first, and calls emit until it returns false. The next
// tables are searched while emit works.
func scan[T table](ctx context.Context, tables []T, w storage.Window, where storage.Predicate, keys []storage.Key, emit func(*scanStep[T]) bool) error {
	tables = slices.DeleteFunc(tables, func(t T) bool { return !overlaps(t, w) })
	slices.SortStableFunc(tables, func(a, b T) int { return cmp.Compare(newest(b, w), newest(a, w)) })
	s := scanStep[T]{columns: make([]storage.Column, len(keys))}
	columns := make([]gathered, len(keys))
	pool := sync.Pool{New: func() any { return new(found) }}
	var fail error
	err := inOrder(ctx, len(tables), func(i int) *found {
		f := pool.Get().(*found)
		f.search(tables[i], w, where, keys)
		return f
	}, func(i int, f *found) bool {
		left := int64(storage.NoneLeft) // in the tables that follow, which are sorted
		if i+1 < len(tables) {
			left = newest(tables[i+1], w)
		}
		var more bool
		more, fail = emitFound(ctx, &s, columns, tables[i], f, left, emit)
		pool.Put(f)
		return more && fail == nil
	})
	if fail != nil {
		return fail
	}
	return err
}

// found is what a scan found in a table.
type found struct {
	rows    []uint32
	times   []int64
	vectors []vector
}

func (f *found) search(t table, w storage.Window, where storage.Predicate, keys []storage.Key) {
	sel := selectRows(t, w, where)
	f.rows = sel.rowsIn(f.rows)
	f.times = t.timesOf(f.rows, f.times)
	f.vectors = f.vectors[:0]
	if len(f.rows) > 0 {
		for _, key := range keys {
			f.vectors = append(f.vectors, t.vector(key))
		}
	}
}

// emitFound emits the rows found in a table in batches; more is false when
// emit did not want any more.
func emitFound[T table](ctx context.Context, s *scanStep[T], columns []gathered, t T, f *found, left int64, emit func(*scanStep[T]) bool) (more bool, err error) {
	bounds := newestBelow(f.times, left)
	s.table, s.scanned = t, t.len()
	for n := len(bounds) - 1; n >= 0; n-- {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		from, to := min(n*batchRows, len(f.rows)), min((n+1)*batchRows, len(f.rows))
		s.rows, s.times, s.newestLeftNs = f.rows[from:to], f.times[from:to], bounds[n]
		for k := range s.columns {
			if from == to {
				columns[k].reset(0)
			} else {
				f.vectors[k].gather(s.rows, &columns[k])
			}
			s.columns[k] = columns[k].column()
		}
		if err := t.err(); err != nil {
			return false, err
		}
		if !emit(s) {
			return false, t.err()
		}
		s.scanned = 0
	}
	return true, nil
}

// newestBelow returns for every batch of rows with these times, of which there
// is at least one, the newest time among the batches below it and left.
func newestBelow(times []int64, left int64) []int64 {
	bounds := make([]int64, max(1, (len(times)+batchRows-1)/batchRows))
	bounds[0] = left
	for n := 1; n < len(bounds); n++ {
		left = bounds[n-1]
		for _, t := range times[(n-1)*batchRows : n*batchRows] {
			left = max(left, t)
		}
		bounds[n] = left
	}
	return bounds
}
