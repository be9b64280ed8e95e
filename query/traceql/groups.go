package traceql

import (
	"fmt"
	"math"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// groups collects the spans of one metric by the values of its labels.
type groups struct {
	m         *metric
	e         *metricsEngine
	index     labelIndex
	values    [][]Value        // per group, parallel to m.by
	cells     [][]storage.Cell // per group
	weighed   [][]tally        // per group, parallel to cells, where spans count for others too
	text      int              // bytes of values
	exemplars *exemplars       // nil: not wanted
	duration  bool             // the measure is a duration
}

func newGroups(m *metric, e *metricsEngine) *groups {
	g := &groups{m: m, e: e, duration: m.arg != nil && typeOf(m.arg) == TypeDuration}
	g.index.init(len(m.by))
	if e.o.Exemplars > 0 {
		g.exemplars = newExemplars(e.o.Exemplars, e.cells, m.arg != nil)
	}
	return g
}

func (m *metric) histogram() bool {
	return m.fn == "quantile_over_time" || m.fn == "histogram_over_time"
}

// group returns the number of the group with these label values, which are
// copied when it is new.
func (g *groups) group(values []Value) (int, error) {
	n, isNew := g.index.number(values)
	if isNew {
		if len(g.cells) >= maxHeldSeries || (len(g.cells)+1)*g.e.cells > maxHeldCells {
			return 0, g.e.tooManySeries()
		}
		own := make([]Value, len(values))
		for i, x := range values {
			if g.text += len(x.str); g.text > maxHeldText {
				return 0, g.e.tooManySeries()
			}
			x.str = strings.Clone(x.str)
			own[i] = x
		}
		g.values = append(g.values, own)
		g.cells = append(g.cells, make([]storage.Cell, g.e.cells))
		if g.e.extrapolate {
			g.weighed = append(g.weighed, make([]tally, g.e.cells))
		}
	}
	return n, nil
}

// tooManySeries is the error of a query with more series than fit into memory.
func (e *metricsEngine) tooManySeries() error {
	return fmt.Errorf("traceql: by(…) makes more series than fit into memory, which are %d of %d steps with %d MiB of labels: group by less, narrow the query or make the steps longer: %w",
		min(maxHeldSeries, maxHeldCells/e.cells), e.cells, maxHeldText>>20, storage.ErrTooLarge)
}

// tally is what the spans of a cell count for together. Where each counts once
// a storage.Cell says the same.
type tally struct {
	spans     float64
	measured  float64 // of those with a number
	sum       float64 // of the numbers
	histogram *storage.WeightedHistogram
}

// tally is that of a cell, without the histogram where each span counts once.
func (g *groups) tally(group, cell int) tally {
	if g.weighed != nil {
		return g.weighed[group][cell]
	}
	c := &g.cells[group][cell]
	return tally{spans: float64(c.Count), measured: float64(c.Measured), sum: c.Sum}
}

// observe counts a span in a group, as many times as its weight says. x is its
// measure, if the metric has one.
func (g *groups) observe(group, cell int, x Value, weight float64) {
	c := &g.cells[group][cell]
	c.Count++
	f, ok := x.Number()
	ok = ok && !math.IsNaN(f)
	if g.weighed != nil {
		g.weighed[group][cell].observe(g.m, f, ok, weight)
	}
	if !ok {
		return
	}
	if c.Measured == 0 {
		c.Min, c.Max = f, f
		if g.m.histogram() && g.weighed == nil {
			c.Histogram = new(storage.ExpHistogram)
		}
	}
	c.Measured++
	c.Sum += f
	c.Min, c.Max = min(c.Min, f), max(c.Max, f)
	if c.Histogram != nil {
		c.Histogram.Observe(f)
	}
}

func (t *tally) observe(m *metric, measure float64, measured bool, weight float64) {
	t.spans += weight
	if !measured || weight == 0 {
		return
	}
	t.measured += weight
	t.sum += measure * weight
	if m.histogram() {
		if t.histogram == nil {
			t.histogram = new(storage.WeightedHistogram)
		}
		t.histogram.ObserveTimes(measure, weight)
	}
}

// labelIndex numbers combinations of values without an allocation for those it
// knows: every value of a label has a number, and every pair of the number of
// a combination so far and the next value's.
type labelIndex struct {
	byValue []map[Value]uint32
	byPair  map[[3]uint32]uint32 // label, combination, value -> combination
	groups  map[uint32]int       // combination -> group
}

func (x *labelIndex) init(labels int) {
	x.byPair, x.groups = map[[3]uint32]uint32{}, map[uint32]int{}
	for range labels {
		x.byValue = append(x.byValue, map[Value]uint32{})
	}
}

func (x *labelIndex) number(values []Value) (group int, isNew bool) {
	combination := uint32(0)
	for i, v := range values {
		n, ok := x.byValue[i][v]
		if !ok {
			n = uint32(len(x.byValue[i]))
			v.str = strings.Clone(v.str)
			x.byValue[i][v] = n
		}
		pair := [3]uint32{uint32(i), combination, n}
		next, ok := x.byPair[pair]
		if !ok {
			next = uint32(len(x.byPair)) + 1
			x.byPair[pair] = next
		}
		combination = next
	}
	group, ok := x.groups[combination]
	if !ok {
		group = len(x.groups)
		x.groups[combination] = group
	}
	return group, !ok
}
