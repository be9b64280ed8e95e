package traceql

import (
	"regexp"
	"slices"
)

// cond is a condition on spans. narrow clears the positions of sel at which it
// does not hold. Conditions hold scratch and what they remember of a trace:
// one user at a time.
type cond interface{ narrow(v *view, sel bitmap) }

type (
	allCond  struct{}
	noneCond struct{}
	andCond  []cond
	orCond   []cond
	notCond  struct{ of cond }
)

func (allCond) narrow(*view, bitmap) {}

func (noneCond) narrow(_ *view, sel bitmap) { clear(sel) }

// narrow looks at every condition only where those before it hold.
func (c andCond) narrow(v *view, sel bitmap) {
	for _, one := range c {
		if sel.empty() {
			return
		}
		one.narrow(v, sel)
	}
}

// narrow looks at every condition only where none before it holds.
func (c orCond) narrow(v *view, sel bitmap) {
	left, holds := v.takeCopy(sel), v.take()
	for _, one := range c {
		if left.empty() {
			break
		}
		copy(holds, left)
		one.narrow(v, holds)
		left.andNot(holds)
	}
	sel.andNot(left)
	v.give(left)
	v.give(holds)
}

func (c *notCond) narrow(v *view, sel bitmap) {
	holds := v.takeCopy(sel)
	c.of.narrow(v, holds)
	sel.andNot(holds)
	v.give(holds)
}

// nilCond is true where a term has no value, or has one.
type nilCond struct {
	of   term
	want bool // nil is wanted
}

func (c *nilCond) narrow(v *view, sel bitmap) {
	sel.narrow(func(p int32) bool { return c.of.value(v, p).IsNil() == c.want })
}

// compareCond compares any two terms. Where they have several values, one
// pair that satisfies the comparison is enough.
type compareCond struct {
	op     operator
	l, r   term
	regexp *regexp.Regexp
	ls, rs []Value // scratch
}

func (c *compareCond) narrow(v *view, sel bitmap) {
	sel.narrow(func(p int32) bool {
		if c.rs = c.r.values(v, p, c.rs[:0]); len(c.rs) == 0 {
			return false
		}
		c.ls = c.l.values(v, p, c.ls[:0])
		for _, l := range c.ls {
			for _, r := range c.rs {
				if compare(c.op, l, r, c.regexp) {
					return true
				}
			}
		}
		return false
	})
}

// compileCond prepares a condition for evaluation.
func compileCond(x expr) cond {
	if x == nil {
		return allCond{}
	}
	if c, ok := constantOf(x); ok {
		if c.Bool() {
			return allCond{}
		}
		return noneCond{}
	}
	switch x := x.(type) {
	case *fieldExpr: // a boolean attribute
		return newLeaf(x.field, opEqual, Bool(true), nil)
	case *unaryOp:
		return &notCond{compileCond(x.x)}
	case *binaryOp:
		switch x.op {
		case opAnd:
			return andCond(compileChain(opAnd, x))
		case opOr:
			return orCond(compileChain(opOr, x))
		}
		return compileComparison(x)
	}
	return noneCond{}
}

// compileChain takes a chain of one operator apart, so that a long one is not
// evaluated by as deep a recursion.
func compileChain(op operator, x *binaryOp) []cond {
	list := []cond{compileCond(x.r)}
	l, ok := x.l.(*binaryOp)
	for ; ok && l.op == op; l, ok = x.l.(*binaryOp) {
		x = l
		list = append(list, compileCond(x.r))
	}
	list = append(list, compileCond(x.l))
	slices.Reverse(list)
	return list
}

func compileComparison(x *binaryOp) cond {
	switch {
	case isNilLiteral(x.l):
		return &nilCond{compileTerm(x.r), x.op == opEqual}
	case isNilLiteral(x.r):
		return &nilCond{compileTerm(x.l), x.op == opEqual}
	}
	if f, op, c, ok := fieldAndConstant(x); ok {
		return newLeaf(f, op, c, x.regexp)
	}
	return &compareCond{op: x.op, l: compileTerm(x.l), r: compileTerm(x.r), regexp: x.regexp}
}

// fieldAndConstant takes a comparison of a field with a constant apart; the
// field is on the left of op. An id is in its normal form.
func fieldAndConstant(x *binaryOp) (f field, op operator, c Value, ok bool) {
	l, r, op := x.l, x.r, x.op
	if _, isField := l.(*fieldExpr); !isField {
		l, r, op = r, l, flipped(op)
	}
	fe, isField := l.(*fieldExpr)
	if !isField || x.op != op && x.regexp != nil {
		return field{}, opNone, Value{}, false
	}
	if c, ok = constantOf(r); !ok {
		return field{}, opNone, Value{}, false
	}
	if id := intrinsics[fe.field.intrinsic].id; id > 0 && x.regexp == nil {
		if normal, ok := normalID(c.str, 2*id); ok {
			c = String(normal)
		}
	}
	return fe.field, op, c, true
}

// flipped is the operator with its sides exchanged.
func flipped(op operator) operator {
	switch op {
	case opLess:
		return opGreater
	case opLessEqual:
		return opGreaterEqual
	case opGreater:
		return opLess
	case opGreaterEqual:
		return opLessEqual
	}
	return op
}
