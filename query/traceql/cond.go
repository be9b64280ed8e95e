package traceql

import (
	"regexp"
)

// cond is a condition on spans. narrow clears the positions of sel at which it
// does not hold. Conditions hold scratch and what they remember of a trace:
// one user at a time.
type cond interface{ narrow(v *view, sel bitmap) }

type (
	allCond  struct{}
	noneCond struct{}
	andCond  struct{ l, r cond }
	orCond   struct{ l, r cond }
	notCond  struct{ of cond }
)

func (allCond) narrow(*view, bitmap) {}

func (noneCond) narrow(_ *view, sel bitmap) { clear(sel) }

// narrow looks at the right side only where the left one holds.
func (c *andCond) narrow(v *view, sel bitmap) {
	c.l.narrow(v, sel)
	if !sel.empty() {
		c.r.narrow(v, sel)
	}
}

// narrow looks at the right side only where the left one does not hold.
func (c *orCond) narrow(v *view, sel bitmap) {
	left := v.takeCopy(sel)
	c.l.narrow(v, left)
	sel.andNot(left)
	if !sel.empty() {
		c.r.narrow(v, sel)
	}
	sel.or(left)
	v.give(left)
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
			return &andCond{compileCond(x.l), compileCond(x.r)}
		case opOr:
			return &orCond{compileCond(x.l), compileCond(x.r)}
		}
		return compileComparison(x)
	}
	return noneCond{}
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
