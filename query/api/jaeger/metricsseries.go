package jaeger

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// series holds the cells of one service, or of one operation of it.
type series struct {
	service, operation string
	all, failed        []storage.Cell // failed is nil unless asked for, or when nothing failed
}

// seriesList finds series by service and operation.
type seriesList struct {
	q     metricsParams
	byKey map[seriesKey]*series
}

type seriesKey struct{ service, operation string }

// of is the series of a group.
func (l *seriesList) of(g storage.Group) *series {
	k := seriesKey{service: shownService(g.Values[0].Text())}
	if l.q.byOperation {
		k.operation = g.Values[1].Text()
	}
	s := l.byKey[k]
	if s == nil {
		if l.byKey == nil {
			l.byKey = map[seriesKey]*series{}
		}
		s = &series{service: k.service, operation: k.operation}
		l.byKey[k] = s
	}
	return s
}

// sorted are those with calls, by service and operation. Spans arrive between
// the questions, so that one may have failures and no calls.
func (l *seriesList) sorted() []*series {
	var list []*series
	for _, s := range l.byKey {
		if s.all != nil {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.operation, b.operation))
	})
	return list
}

// addCells adds the counts and histograms of more, which it may keep only
// parts of that it does not change.
func addCells(sum, more []storage.Cell) []storage.Cell {
	if sum == nil {
		return slices.Clone(more)
	}
	for i := range sum {
		sum[i].Count += more[i].Count
		sum[i].Histogram = merged(sum[i].Histogram, more[i].Histogram)
	}
	return sum
}

// merged is the sum of two histograms, either of which may be nil; both are
// left as they are.
func merged(a, b *storage.ExpHistogram) *storage.ExpHistogram {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	sum := &storage.ExpHistogram{}
	sum.Merge(a)
	sum.Merge(b)
	return sum
}

// perPoint and perStep are how many cells a point covers, and how many lie
// between one point's first cell and the next one's.
func (q *metricsParams) perPoint() int { return int(q.ratePer / q.cellNs) }
func (q *metricsParams) perStep() int  { return int(q.stepNs / q.cellNs) }

// slideCounts counts the spans of every point. No cells count as empty ones.
func (q *metricsParams) slideCounts(cells []storage.Cell) []float64 {
	upTo := make([]uint64, len(cells)+1)
	for i, c := range cells {
		upTo[i+1] = upTo[i] + c.Count
	}
	counts := make([]float64, q.points())
	if cells == nil {
		return counts
	}
	for i := range counts {
		from := i * q.perStep()
		counts[i] = float64(upTo[from+q.perPoint()] - upTo[from])
	}
	return counts
}

// slideHistograms gives visit the histogram of every point; it is only lent.
//
// Histograms cannot be subtracted, and merging all cells of every point costs
// cells times points. Instead cells are cut into blocks as long as a point's
// window. A window then is the end of one block and the beginning of the next,
// and both come from sums that are carried along once: van Herk's algorithm.
func (q *metricsParams) slideHistograms(cells []storage.Cell, visit func(point int, h *storage.ExpHistogram)) {
	n := q.perPoint()
	toEnd := make([]*storage.ExpHistogram, len(cells)) // from this cell to the end of its block
	for i := len(cells) - 1; i >= 0; i-- {
		toEnd[i] = cells[i].Histogram
		if i+1 < len(cells) && (i+1)%n != 0 {
			toEnd[i] = merged(toEnd[i], toEnd[i+1])
		}
	}
	fromStart := make([]*storage.ExpHistogram, len(cells)) // from the start of its block to this cell
	for i := range cells {
		fromStart[i] = cells[i].Histogram
		if i%n != 0 {
			fromStart[i] = merged(fromStart[i-1], fromStart[i])
		}
	}
	empty := &storage.ExpHistogram{}
	for point := range q.points() {
		first := point * q.perStep()
		h := toEnd[first]
		if first%n != 0 {
			h = merged(h, fromStart[first+n-1])
		}
		if h == nil {
			h = empty
		}
		visit(point, h)
	}
}
