package traceql

import (
	"math"
	"time"
)

// evalScalarFilter compares scalars of a spanset.
type evalScalarFilter struct {
	op   operator
	l, r evalScalar
	// whole says that the spanset is the whole trace and the comparison has no
	// aggregate of it: then it keeps what its pipelines selected, so that
	// ({a} | count()) > 2 finds the same spans as {a} | count() > 2.
	whole bool
}

func compileScalarFilter(s *scalarFilter, first bool) *evalScalarFilter {
	return &evalScalarFilter{
		op: s.op, l: compileScalar(s.l, first), r: compileScalar(s.r, first),
		whole: first && !aggregatesInput(s.l) && !aggregatesInput(s.r),
	}
}

// aggregatesInput says whether a scalar looks at the spanset itself, not only
// at what pipelines select of it.
func aggregatesInput(s scalar) bool {
	switch s := s.(type) {
	case *aggregate:
		return true
	case *scalarOp:
		return s.l != nil && aggregatesInput(s.l) || aggregatesInput(s.r)
	}
	return false
}

// test says whether the comparison is true of a spanset, which it may replace
// by a part of it.
func (f *evalScalarFilter) test(v *view, set *spans) (bool, []Attribute, error) {
	r := scalarRun{v: v, positions: set.positions}
	left, right := f.l.eval(&r), f.r.eval(&r)
	if r.err != nil || !compare(f.op, left, right, nil) {
		return false, nil, r.err
	}
	if f.whole && len(r.selected) > 0 {
		set.positions = unite(v, r.selected)
	}
	return true, r.notes, nil
}

// scalarRun is one evaluation of scalars on a spanset.
type scalarRun struct {
	v         *view
	positions []int32
	selected  []spans // what pipelines selected
	notes     []Attribute
	err       error
}

// evalScalar is a compiled scalar; its value is nil where it has none.
type evalScalar interface{ eval(r *scalarRun) Value }

type evalAggregate struct {
	fn   string
	name string
	arg  term
}

type evalScalarOp struct {
	op   operator
	l, r evalScalar
}

type evalScalarPipe struct {
	stages []evalStage
	value  evalScalar
}

func (c constant) eval(*scalarRun) Value { return c.x }

func (o *evalScalarOp) eval(r *scalarRun) Value {
	if o.l == nil {
		return negate(o.r.eval(r))
	}
	return arithmetic(o.op, o.l.eval(r), o.r.eval(r))
}

func (p *evalScalarPipe) eval(r *scalarRun) Value {
	if r.err != nil {
		return Value{}
	}
	input := append([]int32(nil), r.positions...) // stages reuse their input
	sets, err := runStages(r.v, p.stages, []spans{{positions: input}})
	if err != nil {
		r.err = err
		return Value{}
	}
	inner := scalarRun{v: r.v}
	if len(sets) > 0 {
		inner.positions = unite(r.v, sets)
		r.selected = append(r.selected, spans{positions: inner.positions})
	}
	x := p.value.eval(&inner)
	r.selected = append(r.selected, inner.selected...)
	r.err = inner.err
	return x
}

func (a *evalAggregate) eval(r *scalarRun) Value {
	x := Int(int64(len(r.positions)))
	if a.arg != nil {
		var n numbers
		for _, p := range r.positions {
			n.add(a.arg.value(r.v, p))
		}
		x = n.result(a.fn)
	}
	r.notes = append(r.notes, Attribute{Name: a.name, Value: x})
	return x
}

func compileScalar(s scalar, first bool) evalScalar {
	switch s := s.(type) {
	case *scalarLiteral:
		return constant{s.value}
	case *aggregate:
		var b printer
		b.scalar(s, 0)
		a := &evalAggregate{fn: s.fn, name: b.String()}
		if s.arg != nil {
			a.arg = compileTerm(s.arg)
		}
		return a
	case *scalarOp:
		o := &evalScalarOp{op: s.op, r: compileScalar(s.r, first)}
		if s.l != nil {
			o.l = compileScalar(s.l, first)
		}
		return o
	case *scalarPipe:
		return &evalScalarPipe{stages: compileStages(s.stages, first), value: compileScalar(s.value, false)}
	}
	return constant{}
}

// numbers aggregates values; what is no number, and NaN, is left out.
type numbers struct {
	count    int
	sum      float64
	ints     int64 // the sum, while all are ints or durations and it fits
	inexact  bool  // a float, or a sum that does not fit
	duration bool  // all are durations
	min, max Value
}

func (n *numbers) add(x Value) {
	f, ok := x.Number()
	if !ok || math.IsNaN(f) {
		return
	}
	if n.count == 0 {
		n.min, n.max, n.duration = x, x, true
	}
	n.count++
	n.sum += f
	n.duration = n.duration && x.typ == TypeDuration
	if x.typ == TypeFloat {
		n.inexact = true
	} else if sum, ok := intArithmetic(opAdd, n.ints, x.Int()); ok {
		n.ints = sum
	} else {
		n.inexact = true
	}
	if storageCompare(opLess, x, n.min) {
		n.min = x
	}
	if storageCompare(opGreater, x, n.max) {
		n.max = x
	}
}

func (n *numbers) result(fn string) Value {
	if n.count == 0 {
		return Value{}
	}
	switch fn {
	case "min":
		return n.min
	case "max":
		return n.max
	case "avg":
		mean := n.sum / float64(n.count)
		if !n.inexact {
			mean = float64(n.ints) / float64(n.count)
		}
		if n.duration {
			return Duration(time.Duration(math.Round(mean)))
		}
		return Float(mean)
	}
	switch {
	case n.inexact:
		return Float(n.sum)
	case n.duration:
		return Duration(time.Duration(n.ints))
	}
	return Int(n.ints)
}
