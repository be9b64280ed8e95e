package traceql

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// keepRanked keeps, at every point in time, the k largest or smallest values;
// of equal ones those whose labels come first.
func keepRanked(list []Series, k int, smallest bool) {
	if len(list) <= k {
		return
	}
	sortSeries(list)
	order := make([]int, 0, len(list))
	for cell := range list[0].Values {
		order = order[:0]
		for i := range list {
			if !math.IsNaN(list[i].Values[cell]) {
				order = append(order, i)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int {
			c := compareFloats(list[b].Values[cell], list[a].Values[cell])
			if smallest {
				return -c
			}
			return c
		})
		for _, i := range order[min(k, len(order)):] {
			list[i].Values[cell] = math.NaN()
		}
	}
}

// keepThreshold keeps the points that compare to a number. A duration counts
// in seconds, as series of durations do.
func keepThreshold(list []Series, op operator, value Value) {
	bound := pointOf(value)
	for _, s := range list {
		for i, v := range s.Values {
			if !storageCompare(op, Float(v), Float(bound)) || math.IsNaN(v) {
				s.Values[i] = math.NaN()
			}
		}
	}
}

// pointOf is a constant among series.
func pointOf(v Value) float64 {
	f, _ := v.Number()
	if v.typ == TypeDuration {
		return f / 1e9
	}
	return f
}

// evalOp computes with two sets of series, or one and a constant. Series with
// equal labels are computed with each other; a set of one series without
// labels is computed with every series of the other. Others are left out.
func (e *metricsEngine) evalOp(x *seriesOp) ([]Series, error) {
	l, err := e.operand(x.l)
	if err != nil {
		return nil, err
	}
	r, err := e.operand(x.r)
	if err != nil {
		return nil, err
	}
	var list []Series
	switch {
	case unlabeled(l) && !unlabeled(r):
		for _, s := range r {
			list = append(list, Series{Labels: s.Labels, Values: pointwise(x.op, l[0].Values, s.Values)})
		}
	case unlabeled(r) && !unlabeled(l):
		for _, s := range l {
			list = append(list, Series{Labels: s.Labels, Values: pointwise(x.op, s.Values, r[0].Values)})
		}
	default:
		right := map[string][]float64{}
		for _, s := range r {
			right[labelKey(s.Labels)] = s.Values
		}
		for _, s := range l {
			if values, ok := right[labelKey(s.Labels)]; ok {
				list = append(list, Series{Labels: s.Labels, Values: pointwise(x.op, s.Values, values)})
			}
		}
	}
	return withPoints(list), nil
}

// operand evaluates one side; a constant is a series without labels.
func (e *metricsEngine) operand(x series) ([]Series, error) {
	c, ok := x.(*scalarLiteral)
	if !ok {
		return e.eval(x)
	}
	values := make([]float64, e.cells)
	for i := range values {
		values[i] = pointOf(c.value)
	}
	return []Series{{Values: values}}, nil
}

func unlabeled(list []Series) bool { return len(list) == 1 && len(list[0].Labels) == 0 }

// pointwise computes as floats do: a division by zero is infinite or no point.
func pointwise(op operator, l, r []float64) []float64 {
	values := make([]float64, len(l))
	for i := range values {
		switch op {
		case opAdd:
			values[i] = l[i] + r[i]
		case opSub:
			values[i] = l[i] - r[i]
		case opMul:
			values[i] = l[i] * r[i]
		case opDiv:
			values[i] = l[i] / r[i]
		}
	}
	return values
}

// labelKey is equal for equal sets of labels.
func labelKey(labels []Label) string {
	parts := make([]string, len(labels))
	for i, l := range labels {
		parts[i] = fmt.Sprintf("%q=%d:%q", l.Name, l.Value.typ, l.Value.String())
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
