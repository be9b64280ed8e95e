package traceql

// term computes the value of an expression per span. Terms hold scratch and
// what they remember of a trace: one user at a time.
type term interface {
	value(v *view, p int32) Value
	// values appends every value that is not nil: a field of events or links
	// may have several.
	values(v *view, p int32, list []Value) []Value
}

type constant struct{ x Value }

func (c constant) value(*view, int32) Value { return c.x }

func (c constant) values(_ *view, _ int32, list []Value) []Value {
	if c.x.IsNil() {
		return list
	}
	return append(list, c.x)
}

// calculation is arithmetic; l is nil for a sign. It takes the first value of
// a field that has several.
type calculation struct {
	op   operator
	l, r term
}

func (c *calculation) value(v *view, p int32) Value {
	if c.l == nil {
		return negate(c.r.value(v, p))
	}
	return arithmetic(c.op, c.l.value(v, p), c.r.value(v, p))
}

func (c *calculation) values(v *view, p int32, list []Value) []Value {
	if x := c.value(v, p); !x.IsNil() {
		list = append(list, x)
	}
	return list
}

// truth is a condition as a value.
type truth struct{ of cond }

func (c *truth) value(v *view, p int32) Value {
	one := v.take()
	clear(one)
	one.set(p)
	c.of.narrow(v, one)
	holds := one.has(p)
	v.give(one)
	return Bool(holds)
}

func (c *truth) values(v *view, p int32, list []Value) []Value { return append(list, c.value(v, p)) }

// compileTerm prepares an expression for evaluation. What has no field in it
// is computed now.
func compileTerm(x expr) term {
	if c, ok := constantOf(x); ok {
		return constant{c}
	}
	switch x := x.(type) {
	case *fieldExpr:
		return &access{field: x.field}
	case *unaryOp:
		if x.op == opSub {
			return &calculation{op: opSub, r: compileTerm(x.x)}
		}
	case *binaryOp:
		if x.op.arithmetic() {
			return &calculation{op: x.op, l: compileTerm(x.l), r: compileTerm(x.r)}
		}
	}
	return &truth{of: compileCond(x)}
}

// constantOf computes an expression without fields.
func constantOf(x expr) (Value, bool) {
	switch x := x.(type) {
	case *literal:
		return x.value, true
	case *unaryOp:
		c, ok := constantOf(x.x)
		if !ok {
			return Value{}, false
		}
		if x.op == opNot {
			return Bool(!c.Bool()), true
		}
		return negate(c), true
	case *binaryOp:
		l, ok := constantOf(x.l)
		r, ok2 := constantOf(x.r)
		switch {
		case !ok || !ok2:
			return Value{}, false
		case x.op == opAnd:
			return Bool(l.Bool() && r.Bool()), true
		case x.op == opOr:
			return Bool(l.Bool() || r.Bool()), true
		case x.op.arithmetic():
			return arithmetic(x.op, l, r), true
		case isNilLiteral(x.l) || isNilLiteral(x.r):
			return Bool((l.IsNil() && r.IsNil()) == (x.op == opEqual)), true
		}
		return Bool(compare(x.op, l, r, x.regexp)), true
	}
	return Value{}, false
}

func isNilLiteral(x expr) bool {
	l, ok := x.(*literal)
	return ok && l.value.IsNil()
}
