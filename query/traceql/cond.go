package traceql

import (
	"regexp"

	"github.com/heddle-io/heddle/storage"
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

// leaf compares a field with a constant, fast: numbers without building
// values, text once per distinct text, resources once each.
type leaf struct {
	access
	op       operator
	constant Value
	regexp   *regexp.Regexp
	ints     intRange
	seen     int // generation that the memos are of
	strings  memo
	arrays   memo
	tables   memo // per resource or instrumentation scope
}

// memo has an entry per index: 0 unknown, 1 no, 2 yes.
type memo []uint8

func newLeaf(f field, op operator, constant Value, re *regexp.Regexp) cond {
	return &leaf{access: access{field: f}, op: op, constant: constant, regexp: re, ints: intRangeOf(op, constant)}
}

func (c *leaf) holds(x Value) bool { return compare(c.op, x, c.constant, c.regexp) }

func (c *leaf) narrow(v *view, sel bitmap) {
	if c.seen != v.generation {
		c.seen = v.generation
		c.strings, c.arrays, c.tables = c.strings[:0], c.arrays[:0], c.tables[:0]
	}
	info := &intrinsics[c.field.intrinsic]
	switch {
	case c.field.intrinsic == notIntrinsic:
		c.narrowAttribute(v, sel)
	case info.trace:
		if !c.holds(v.intrinsic(c.field.intrinsic, 0)) {
			clear(sel)
		}
	case info.multi:
		sel.narrow(func(p int32) bool { return c.any(v, p) })
	default:
		c.narrowIntrinsic(v, sel)
	}
}

// any says whether one of several values satisfies the comparison.
func (c *leaf) any(v *view, p int32) (holds bool) {
	p, ok := c.at(v, p)
	if !ok {
		return false
	}
	c.eachMulti(v, v.row(p), func(x Value) bool { holds = c.holds(x); return !holds })
	return holds
}

func (c *leaf) narrowIntrinsic(v *view, sel bitmap) {
	s := v.s
	var number func(p int32) int64
	var text []uint32
	switch c.field.intrinsic {
	case inDuration:
		number = func(p int32) int64 { return s.DurationsNs[v.row(p)] }
	case inStatus:
		number = func(p int32) int64 { return int64(s.Statuses[v.row(p)]) }
	case inKind:
		number = func(p int32) int64 { return int64(s.Kinds[v.row(p)]) }
	case inNestedSetParent:
		number = v.nestedSetParent
	case inChildCount:
		v.countChildren()
		number = func(p int32) int64 { return int64(v.children[p]) }
	case inNestedSetLeft:
		v.number()
		number = func(p int32) int64 { return int64(v.left[p]) }
	case inNestedSetRight:
		v.number()
		number = func(p int32) int64 { return int64(v.right[p]) }
	case inName:
		text = s.Names
	case inStatusMessage:
		text = s.StatusMessages
	}
	switch {
	case number != nil:
		sel.narrow(func(p int32) bool {
			p, ok := c.at(v, p)
			return ok && c.ints.holds(number(p))
		})
	case text != nil:
		sel.narrow(func(p int32) bool {
			p, ok := c.at(v, p)
			return ok && c.text(s, text[v.row(p)])
		})
	default:
		sel.narrow(func(p int32) bool { return c.holds(c.value(v, p)) })
	}
}

func (c *leaf) narrowAttribute(v *view, sel bitmap) {
	c.look(v)
	if !c.known {
		clear(sel)
		return
	}
	s := v.s
	sel.narrow(func(p int32) bool {
		p, ok := c.at(v, p)
		if !ok {
			return false
		}
		row := v.row(p)
		switch c.field.scope {
		case scopeSpan:
			attr, ok := first(s.List(s.Attributes[row]), c.key)
			return ok && c.attribute(s, attr)
		case scopeResource:
			return c.table(s, s.Resources[row], len(s.ResourceTable), s.ResourceTable[s.Resources[row]].Attributes)
		case scopeInstrumentation:
			return c.table(s, s.Scopes[row], len(s.ScopeTable), s.ScopeTable[s.Scopes[row]].Attributes)
		}
		holds := false
		c.eachAttribute(v, row, func(attr storage.Attr) bool {
			holds = c.attribute(s, attr)
			return !holds
		})
		return holds
	})
}

// table tests the attributes of an entry of a table, once each.
func (c *leaf) table(s *storage.Spans, i uint32, size int, attrs storage.Range) bool {
	known := c.tables.entry(i, size)
	if *known == 0 {
		attr, ok := first(s.List(attrs), c.key)
		*known = yesNo(ok && c.attribute(s, attr))
	}
	return *known == 2
}

func (c *leaf) attribute(s *storage.Spans, attr storage.Attr) bool {
	switch attr.Type {
	case storage.TypeString:
		return c.text(s, uint32(attr.Bits))
	case storage.TypeInt:
		return c.ints.holds(int64(attr.Bits))
	case storage.TypeArray:
		known := c.arrays.entry(uint32(attr.Bits), len(s.Strings))
		if *known == 0 {
			*known = yesNo(c.holds(ValueOf(s.Value(attr))))
		}
		return *known == 2
	}
	return c.holds(ValueOf(s.Value(attr)))
}

func (c *leaf) text(s *storage.Spans, i uint32) bool {
	known := c.strings.entry(i, len(s.Strings))
	if *known == 0 {
		*known = yesNo(c.holds(String(s.Strings[i])))
	}
	return *known == 2
}

func (m *memo) entry(i uint32, size int) *uint8 {
	if len(*m) == 0 {
		if cap(*m) < size {
			*m = make(memo, size)
		} else {
			*m = (*m)[:size]
			clear(*m)
		}
	}
	return &(*m)[i]
}

func yesNo(b bool) uint8 {
	if b {
		return 2
	}
	return 1
}
