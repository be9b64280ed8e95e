package columnar

import (
	"cmp"
	"context"
	"slices"

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
// the newest arrivals first, and calls emit until it returns false.
func scan[T table](ctx context.Context, tables []T, w storage.Window, where storage.Predicate, keys []storage.Key, emit func(*scanStep[T]) bool) error {
	tables = slices.DeleteFunc(tables, func(t T) bool { return !overlaps(t, w) })
	slices.SortStableFunc(tables, func(a, b T) int { return cmp.Compare(newest(b, w), newest(a, w)) })
	s := scanStep[T]{columns: make([]storage.Column, len(keys))}
	columns := make([]gathered, len(keys))
	var rows []uint32
	var times []int64
	for i, t := range tables {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := int64(storage.NoneLeft) // in the tables that follow, which are sorted
		if i+1 < len(tables) {
			left = newest(tables[i+1], w)
		}
		sel := selectRows(t, w, where)
		rows = sel.rowsIn(rows)
		times = t.timesOf(rows, times)
		vectors := make([]vector, len(keys))
		for k, key := range keys {
			vectors[k] = t.vector(key)
		}
		bounds := newestBelow(times, left)
		s.table, s.scanned = t, t.len()
		for n := len(bounds) - 1; n >= 0; n-- {
			if err := ctx.Err(); err != nil {
				return err
			}
			from, to := min(n*batchRows, len(rows)), min((n+1)*batchRows, len(rows))
			s.rows, s.times, s.newestLeftNs = rows[from:to], times[from:to], bounds[n]
			for k := range keys {
				vectors[k].gather(s.rows, &columns[k])
				s.columns[k] = columns[k].column()
			}
			if err := t.err(); err != nil {
				return err
			}
			if !emit(&s) {
				return t.err()
			}
			s.scanned = 0
		}
	}
	return nil
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
