package traceql

import (
	"fmt"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// maxGroups bounds the spansets into which by(…) splits one trace.
const maxGroups = 10_000

// spans is a set of spans in the making: positions, ascending, and what stages
// said about them.
type spans struct {
	positions []int32
	notes     []Attribute
}

// engine evaluates the stages of one query on one trace after the other. It
// is not safe for concurrent use; every goroutine compiles its own.
type engine struct {
	v      view
	stages []evalStage
	all    []int32 // every position; stages reuse it
}

func newEngine(stages []stage) *engine {
	return &engine{stages: compileStages(stages, true)}
}

// evaluate returns the spansets of a trace, none when it does not match. They
// are valid until the next call.
func (e *engine) evaluate(t *trace.Trace) ([]spans, error) {
	e.v.reset(t)
	e.all = resize(e.all, e.v.n)
	for p := range e.all {
		e.all[p] = int32(p)
	}
	return runStages(&e.v, e.stages, []spans{{positions: e.all}})
}

// evalStage is a compiled stage. It may reuse the memory of sets.
type evalStage interface {
	run(v *view, sets []spans) ([]spans, error)
}

func runStages(v *view, stages []evalStage, sets []spans) (_ []spans, err error) {
	for _, s := range stages {
		if len(sets) == 0 {
			return nil, nil
		}
		if sets, err = s.run(v, sets); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// compileStages prepares stages. first says that the first one sees the whole
// trace.
func compileStages(stages []stage, first bool) []evalStage {
	var list []evalStage
	for _, s := range stages {
		switch s := s.(type) {
		case *scalarFilter:
			list = append(list, &scalarStage{compileScalarFilter(s, first)})
		case spanset:
			list = append(list, &setStage{of: compileSet(s, first)})
		case *group:
			g := &groupStage{}
			for _, x := range s.by {
				var b printer
				b.expr(x, 0)
				g.by = append(g.by, compileTerm(x))
				g.names = append(g.names, "by("+b.String()+")")
			}
			list = append(list, g)
		case *coalesce:
			list = append(list, coalesceStage{})
		}
		first = false
	}
	return list
}

// setStage replaces every spanset by what a spanset expression selects of it.
type setStage struct{ of setNode }

func (s *setStage) run(v *view, sets []spans) ([]spans, error) {
	out := sets[:0]
	for _, set := range sets {
		in := v.take()
		clear(in)
		for _, p := range set.positions {
			in.set(p)
		}
		err := s.of.eval(v, in)
		if err != nil {
			return nil, err
		}
		if set.positions = in.appendTo(set.positions[:0]); len(set.positions) > 0 {
			out = append(out, set)
		}
		v.give(in)
	}
	return out, nil
}

// scalarStage keeps the spansets for which a comparison is true and notes the
// numbers that it looked at.
type scalarStage struct{ *evalScalarFilter }

func (s *scalarStage) run(v *view, sets []spans) ([]spans, error) {
	out := sets[:0]
	for _, set := range sets {
		ok, notes, err := s.test(v, &set)
		if err != nil {
			return nil, err
		}
		if ok {
			set.notes = append(set.notes[:len(set.notes):len(set.notes)], notes...)
			out = append(out, set)
		}
	}
	return out, nil
}

// groupStage splits every spanset by the values of terms, nil included.
type groupStage struct {
	by    []term
	names []string
}

func (g *groupStage) run(v *view, sets []spans) ([]spans, error) {
	for i, by := range g.by {
		var out []spans
		for _, set := range sets {
			index := map[Value]int{}
			from := len(out)
			for _, p := range set.positions {
				x := by.value(v, p)
				at, ok := index[x]
				if !ok {
					if len(out) == maxGroups {
						return nil, fmt.Errorf("traceql: %s splits a trace into more than %d spansets, group by less: %w", g.names[i], maxGroups, storage.ErrTooLarge)
					}
					at = len(out) - from
					index[x] = at
					note := Attribute{Name: g.names[i], Value: x}
					out = append(out, spans{notes: append(set.notes[:len(set.notes):len(set.notes)], note)})
				}
				out[from+at].positions = append(out[from+at].positions, p)
			}
		}
		sets = out
	}
	return sets, nil
}

// coalesceStage joins all spansets into one.
type coalesceStage struct{}

func (coalesceStage) run(v *view, sets []spans) ([]spans, error) {
	return []spans{{positions: unite(v, sets)}}, nil
}

// unite returns the positions of all sets.
func unite(v *view, sets []spans) []int32 {
	if len(sets) == 1 {
		return sets[0].positions
	}
	all := v.take()
	clear(all)
	for _, set := range sets {
		for _, p := range set.positions {
			all.set(p)
		}
	}
	list := all.appendTo(nil)
	v.give(all)
	return list
}

// setNode is a compiled spanset expression. eval replaces in by what it
// selects of it.
type setNode interface {
	eval(v *view, in bitmap) error
}

type filterNode struct{ cond }

func (f filterNode) eval(v *view, in bitmap) error {
	f.narrow(v, in)
	return nil
}

type opNode struct {
	op   operator
	mode mode
	l, r setNode
}

func (o *opNode) eval(v *view, in bitmap) error {
	left := v.takeCopy(in)
	defer v.give(left)
	if err := o.l.eval(v, left); err != nil {
		return err
	}
	if left.empty() && o.op != opOr && o.mode != negated {
		clear(in)
		return nil
	}
	if err := o.r.eval(v, in); err != nil {
		return err
	}
	switch {
	case o.op == opOr:
		in.or(left)
	case o.op == opAnd:
		if !in.empty() {
			in.or(left)
		}
	default:
		v.combine(o.op, o.mode, left, in)
	}
	return nil
}

// pipeNode is a pipeline as an operand: the union of what it lets through.
type pipeNode struct{ stages []evalStage }

func (n *pipeNode) eval(v *view, in bitmap) error {
	list := in.appendTo(nil)
	if len(list) == 0 {
		return nil
	}
	sets, err := runStages(v, n.stages, []spans{{positions: list}})
	if err != nil {
		return err
	}
	clear(in)
	for _, set := range sets {
		for _, p := range set.positions {
			in.set(p)
		}
	}
	return nil
}

// scalarSetNode is a comparison of scalars as an operand.
type scalarSetNode struct{ *evalScalarFilter }

func (n *scalarSetNode) eval(v *view, in bitmap) error {
	set := spans{positions: in.appendTo(nil)}
	ok := false
	if len(set.positions) > 0 {
		var err error
		if ok, _, err = n.test(v, &set); err != nil {
			return err
		}
	}
	clear(in)
	if ok {
		for _, p := range set.positions {
			in.set(p)
		}
	}
	return nil
}

func compileSet(s spanset, first bool) setNode {
	switch s := s.(type) {
	case *filter:
		return filterNode{compileCond(s.where)}
	case *setOp:
		return &opNode{op: s.op, mode: s.mode, l: compileSet(s.l, first), r: compileSet(s.r, first)}
	case *pipeline:
		return &pipeNode{stages: compileStages(s.stages, first)}
	case *scalarFilter:
		return &scalarSetNode{compileScalarFilter(s, first)}
	}
	return filterNode{noneCond{}}
}
