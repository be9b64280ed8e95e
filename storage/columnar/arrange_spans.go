package columnar

import (
	"bytes"
	"cmp"
	"slices"
)

// sealOrder sorts the rows of a sealed table as a part has them: the spans of a
// trace together, by start, and traces by their first start. That makes the
// rows of a page neighbours in time, so that a window needs few pages, and the
// differences between starts small.
func sealOrder(t *spanTable) *arrangement {
	type traceRow struct {
		firstNs int64
		last    uint32
	}
	traces := make([]traceRow, 0, t.index.used)
	for _, slot := range t.index.slots {
		if slot == 0 {
			continue
		}
		trace := traceRow{t.times[slot-1], slot - 1}
		for row := trace.last; row != noRow; row = t.prev[row] {
			trace.firstNs = min(trace.firstNs, t.times[row])
		}
		traces = append(traces, trace)
	}
	slices.SortFunc(traces, func(a, b traceRow) int {
		return cmp.Or(cmp.Compare(a.firstNs, b.firstNs), bytes.Compare(t.traceIDs[a.last][:], t.traceIDs[b.last][:]))
	})
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
