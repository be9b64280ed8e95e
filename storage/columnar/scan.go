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
	columns      []storage.Column
	newestLeftNs int64
	scanned      int
}

// scan runs over the tables, those with the newest records first and in each
// the newest arrivals first, and calls emit until it returns false.
func scan[T table](ctx context.Context, tables []T, w storage.Window, where storage.Predicate, keys []storage.Key, emit func(*scanStep[T]) bool) error {
	tables = slices.DeleteFunc(tables, func(t T) bool { return !t.base().overlaps(w) })
	slices.SortStableFunc(tables, func(a, b T) int { return cmp.Compare(b.base().newest(w), a.base().newest(w)) })
	s := scanStep[T]{columns: make([]storage.Column, len(keys))}
	columns := make([]gathered, len(keys))
	var rows []uint32
	for i, t := range tables {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := int64(storage.NoneLeft) // in the tables that follow, which are sorted
		if i+1 < len(tables) {
			left = tables[i+1].base().newest(w)
		}
		base := t.base()
		sel := base.inWindow(w)
		filter(t, where, sel)
		rows = sel.rowsIn(rows)
		vectors := make([]vector, len(keys))
		for k, key := range keys {
			vectors[k] = t.vector(key)
		}
		bounds := newestBelow(base.times, rows, left)
		s.table, s.scanned = t, base.n
		for n := len(bounds) - 1; n >= 0; n-- {
			if err := ctx.Err(); err != nil {
				return err
			}
			s.rows, s.newestLeftNs = rows[min(n*batchRows, len(rows)):min((n+1)*batchRows, len(rows))], bounds[n]
			for k := range keys {
				vectors[k].gather(s.rows, &columns[k])
				s.columns[k] = columns[k].column()
			}
			if !emit(&s) {
				return nil
			}
			s.scanned = 0
		}
	}
	return nil
}

// newestBelow returns for every batch of rows, of which there is at least
// one, the newest time among the batches below it and left.
func newestBelow(times []int64, rows []uint32, left int64) []int64 {
	bounds := make([]int64, max(1, (len(rows)+batchRows-1)/batchRows))
	bounds[0] = left
	for n := 1; n < len(bounds); n++ {
		left = bounds[n-1]
		for _, row := range rows[(n-1)*batchRows : n*batchRows] {
			left = max(left, times[row])
		}
		bounds[n] = left
	}
	return bounds
}
