package traceql

import (
	"cmp"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Labels that metrics functions add.
const (
	labelQuantile = "p"
	labelBucket   = "__bucket"
)

// series makes the series of every group.
func (g *groups) series() ([]Series, error) {
	if len(g.m.by) == 0 && g.m.arg == nil {
		// What counts all spans has a series even when there are none: a rate of
		// zero is an answer.
		if _, err := g.group(nil); err != nil {
			return nil, err
		}
	}
	var list []Series
	first := make([]int, len(g.cells)+1) // of the series of a group in list
	for i := range g.cells {
		first[i] = len(list)
		list = append(list, g.seriesOf(i)...)
	}
	first[len(g.cells)] = len(list)
	for _, s := range list { // of what was not read nobody knows that there is nothing
		for cell := range g.e.from {
			s.Values[cell] = math.NaN()
		}
	}
	if g.exemplars != nil {
		slices.SortStableFunc(g.exemplars.list, func(a, b foundExemplar) int { return cmp.Compare(a.TimeNs, b.TimeNs) })
		for _, x := range g.exemplars.list {
			if x.cell < g.e.from {
				continue
			}
			g.attach(list[first[x.group]:first[x.group+1]], x)
		}
	}
	return withPoints(list), nil
}

func (g *groups) labels(group int, more ...Label) []Label {
	labels := make([]Label, 0, len(g.m.by)+len(more))
	for i, f := range g.m.by {
		labels = append(labels, Label{f.String(), g.values[group][i]})
	}
	return append(labels, more...)
}

func (g *groups) seriesOf(group int) []Series {
	cells := g.cells[group]
	switch g.m.fn {
	case "quantile_over_time":
		var list []Series
		for _, q := range g.m.quantiles {
			values := g.each(group, func(i int) float64 {
				return g.unit(min(max(g.quantile(group, i, q), cells[i].Min), cells[i].Max))
			})
			list = append(list, Series{Labels: g.labels(group, Label{labelQuantile, Float(q)}), Values: values})
		}
		return list
	case "histogram_over_time":
		return g.buckets(group)
	}
	values := make([]float64, len(cells))
	switch g.m.fn {
	case "rate":
		for i := range cells {
			values[i] = g.tally(group, i).spans / g.e.secondsOf(i)
		}
	case "count_over_time":
		for i := range cells {
			values[i] = g.tally(group, i).spans
		}
	case "sum_over_time":
		values = g.each(group, func(i int) float64 { return g.unit(g.tally(group, i).sum) })
	case "min_over_time":
		values = g.each(group, func(i int) float64 { return g.unit(cells[i].Min) })
	case "max_over_time":
		values = g.each(group, func(i int) float64 { return g.unit(cells[i].Max) })
	case "avg_over_time": // of nothing but spans that count for none there is none: NaN
		values = g.each(group, func(i int) float64 {
			t := g.tally(group, i)
			return g.unit(t.sum / t.measured)
		})
	}
	return []Series{{Labels: g.labels(group), Values: values}}
}

// each computes a value of every cell in which something was measured.
func (g *groups) each(group int, f func(cell int) float64) []float64 {
	values := make([]float64, g.e.cells)
	for i := range values {
		values[i] = math.NaN()
		if g.cells[group][i].Measured > 0 {
			values[i] = f(i)
		}
	}
	return values
}

// quantile is that of a cell in which something was measured; NaN where that
// counts for nothing.
func (g *groups) quantile(group, cell int, q float64) float64 {
	if g.weighed == nil {
		return g.cells[group][cell].Histogram.Quantile(q)
	}
	if h := g.weighed[group][cell].histogram; h != nil {
		return h.Quantile(q)
	}
	return math.NaN()
}

// unit converts a measure to the unit of series: durations to seconds.
func (g *groups) unit(x float64) float64 {
	if g.duration {
		return x / 1e9
	}
	return x
}

// buckets makes a series for every power of two: it counts the values up to
// it, above the one before. What is not positive is counted under 0.
func (g *groups) buckets(group int) []Series {
	at := map[float64]int{}
	var list []Series
	cell := 0
	count := func(bound, n float64) {
		i, ok := at[bound]
		if !ok {
			i = len(list)
			at[bound] = i
			label := Label{labelBucket, Float(g.unit(bound))}
			list = append(list, Series{Labels: g.labels(group, label), Values: make([]float64, g.e.cells)})
		}
		list[i].Values[cell] += n
	}
	for ; cell < g.e.cells; cell++ {
		eachBucket(g.cells[group][cell].Histogram, count)
		if g.weighed != nil {
			eachBucket(g.weighed[group][cell].histogram, count)
		}
	}
	return list
}

// eachBucket calls f with the buckets that are not empty, 0 for what is not
// positive; nil has none.
func eachBucket[N uint64 | float64](h *storage.ExpHistogramOf[N], f func(bound, n float64)) {
	if h == nil {
		return
	}
	if h.Zero > 0 {
		f(0, float64(h.Zero))
	}
	for i, n := range h.Counts {
		if n > 0 {
			f(bucketBound(h.Scale, h.Offset+int32(i)), float64(n))
		}
	}
}

// bucketBound is the smallest power of two that is not below bucket i.
func bucketBound(scale, i int32) float64 {
	if scale >= 0 {
		return math.Ldexp(1, int(i>>scale)+1)
	}
	return math.Ldexp(1, (int(i)+1)<<-scale)
}

// attach gives an exemplar to one of the series of its group: the one whose
// quantile or bucket it is in.
func (g *groups) attach(list []Series, x foundExemplar) {
	value, ok := x.measure.Number()
	value = g.unit(value)
	for i := range list {
		s := &list[i]
		point := s.Values[x.cell]
		last := Value{}
		if n := len(s.Labels); n > 0 {
			last = s.Labels[n-1].Value
		}
		switch g.m.fn {
		case "rate", "count_over_time":
			value = point
		case "quantile_over_time":
			if !ok || value > point && i < len(list)-1 {
				continue
			}
		case "histogram_over_time":
			if bound := last.Float(); !ok || value > bound || value > 0 && value <= bound/2 || value <= 0 && bound != 0 {
				continue
			}
		default:
			if !ok {
				return
			}
		}
		x.Value = value
		s.Exemplars = append(s.Exemplars, x.Exemplar)
		return
	}
}

// withPoints leaves out series without a point, and exemplars where there is
// none.
func withPoints(list []Series) []Series {
	return slices.DeleteFunc(list, func(s Series) bool {
		return !slices.ContainsFunc(s.Values, func(v float64) bool { return !math.IsNaN(v) })
	})
}

// sortSeries orders series by their labels.
func sortSeries(list []Series) {
	slices.SortStableFunc(list, func(a, b Series) int { return slices.CompareFunc(a.Labels, b.Labels, compareLabels) })
}

func compareLabels(a, b Label) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), compareValues(a.Value, b.Value))
}

// compareValues is an order for display: numbers by size, all others by type
// and text.
func compareValues(a, b Value) int {
	x, xok := a.Number()
	y, yok := b.Number()
	if xok && yok {
		if c := compareFloats(x, y); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.typ, b.typ), cmp.Compare(a.str, b.str), cmp.Compare(a.bits, b.bits))
}

func compareFloats(a, b float64) int { return cmp.Compare(a, b) }
