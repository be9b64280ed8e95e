package columnar

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// sealOrder sorts the rows of a sealed table by trace, start and span: what a
// part is sorted by.
func sealOrder(t *spanTable) *arrangement {
	type traceRow struct {
		id   storage.TraceID
		last uint32
	}
	traces := make([]traceRow, 0, t.index.used)
	for _, slot := range t.index.slots {
		if slot != 0 {
			traces = append(traces, traceRow{t.traceIDs[slot-1], slot - 1})
		}
	}
	slices.SortFunc(traces, func(a, b traceRow) int { return bytes.Compare(a.id[:], b.id[:]) })
	to := make([]int32, t.n)
	var rows []uint32
	next := int32(0)
	for _, trace := range traces {
		rows = rows[:0]
		for row := trace.last; row != noRow; row = t.prev[row] {
			rows = append(rows, row)
		}
		slices.Reverse(rows) // the order of arrival is nearly that of starts
		slices.SortStableFunc(rows, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(t.times[a], t.times[b]), bytes.Compare(t.spanIDs[a][:], t.spanIDs[b][:]))
		})
		for _, row := range rows {
			to[row] = next
			next++
		}
	}
	return &arrangement{n: t.n, to: [][]int32{to}}
}

// logOrder sorts log records by stream, which is their resource, and time.
func logOrder(t *logTable) *arrangement {
	order := make([]uint32, t.n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.origins.pairs[t.origin[a]].resource, t.origins.pairs[t.origin[b]].resource), cmp.Compare(t.times[a], t.times[b]))
	})
	to := make([]int32, t.n)
	for i, row := range order {
		to[row] = int32(i)
	}
	return &arrangement{n: t.n, to: [][]int32{to}}
}
