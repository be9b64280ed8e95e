package traceql

import (
	"errors"
	"fmt"
	"strings"

	"github.com/heddle-io/heddle/query/re2"
)

// binaryExpr checks the types of both sides and builds the expression.
func (p *parser) binaryExpr(op operator, opAt, rightAt int, l, r expr) expr {
	b := &binaryOp{op: op, l: l, r: r}
	p.countOperator()
	if p.err != nil {
		return b
	}
	lt, rt := typeOf(l), typeOf(r)
	switch {
	case op == opAnd || op == opOr:
		for _, x := range []expr{l, r} {
			if t := typeOf(x); t != TypeBool && !isAttribute(x) {
				p.failAt(opAt, fmt.Sprintf("%s needs a condition on both sides, not %s", op, typeText(t)), conditionRemedy(x))
			}
		}
	case op == opMatch || op == opNotMatch:
		p.checkMatch(b, opAt, rightAt)
	case op.comparison():
		p.checkComparison(b, opAt, rightAt)
	case op.arithmetic():
		for _, t := range []Type{lt, rt} {
			if !t.numeric() && t != typeAny {
				p.failAt(opAt, fmt.Sprintf("%s needs numbers on both sides, not %s", op, typeText(t)), "")
			}
		}
	}
	return b
}

func conditionRemedy(x expr) string {
	if f, ok := x.(*fieldExpr); ok {
		return fmt.Sprintf("compare it: %s = …", f.field)
	}
	return ""
}

func (p *parser) checkMatch(b *binaryOp, opAt, rightAt int) {
	if t := typeOf(b.l); t != TypeString && t != typeAny {
		p.failAt(opAt, fmt.Sprintf("%s matches text, not %s", b.op, typeText(t)), "compare with = or !=")
		return
	}
	pattern, ok := b.r.(*literal)
	if !ok || pattern.value.typ != TypeString {
		p.failAt(rightAt, fmt.Sprintf("%s needs a regular expression in quotes on its right", b.op), "")
		return
	}
	re, err := p.patterns.Compile("^(?:", pattern.value.str, ")$")
	switch {
	case errors.Is(err, re2.ErrTooLarge):
		p.failAt(rightAt, err.Error(), "repeat less: .{0,100} or .* in place of .{0,1000}")
		return
	case err != nil:
		why := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		p.failAt(rightAt, "the regular expression is wrong: "+why, "its syntax is that of Go, RE2")
		return
	}
	b.regexp = re
}

func (p *parser) checkComparison(b *binaryOp, opAt, rightAt int) {
	lt, rt := typeOf(b.l), typeOf(b.r)
	fail := func(msg, remedy string) { p.failAt(opAt, msg, remedy) }
	if lt == TypeNil || rt == TypeNil {
		if b.op.ordering() {
			fail(fmt.Sprintf("nil has no order, so %s is not possible", b.op), "use = nil or != nil")
		}
		return
	}
	if b.op.ordering() {
		for _, t := range []Type{lt, rt} {
			if !t.numeric() && t != TypeString && t != typeAny {
				fail(fmt.Sprintf("%s has no order, so %s is not possible", typeText(t), b.op), "use = or !=")
				return
			}
		}
	}
	if !comparable(lt, rt) {
		fail(fmt.Sprintf("%s cannot be compared with %s", typeText(lt), typeText(rt)), comparisonRemedy(b))
		return
	}
	if isID(b.l) || isID(b.r) {
		p.checkID(b, opAt, rightAt)
	}
}

// comparable says whether values of two static types can be equal. Attributes
// have none of the types that only intrinsics have.
func comparable(a, b Type) bool {
	if a == typeAny {
		a, b = b, a
	}
	switch {
	case b == typeAny:
		return a != TypeStatus && a != TypeKind
	case a.numeric() && b.numeric():
		return true
	}
	return a == b
}

// comparisonRemedy guesses what was meant by a comparison of types that do not
// fit: mostly quotes that are missing or too many.
func comparisonRemedy(b *binaryOp) string {
	for _, side := range [][2]expr{{b.l, b.r}, {b.r, b.l}} {
		lit, ok := side[1].(*literal)
		if !ok {
			continue
		}
		switch t := typeOf(side[0]); {
		case lit.value.typ == TypeString && (t == TypeStatus || t == TypeKind):
			if v, ok := literalWords[strings.ToLower(lit.value.str)]; ok && v.typ == t {
				return fmt.Sprintf("write %s without quotes", v)
			}
			if t == TypeStatus {
				return "statuses are " + words(statusNames)
			}
			return "kinds are " + words(kindNames)
		case t == TypeString || t == typeAny:
			return fmt.Sprintf("text needs quotes: %q", lit.value.Text())
		case t == TypeDuration:
			return "durations have a unit and no quotes: 100ms"
		}
	}
	return ""
}

// checkID checks the digits that an id is compared with.
func (p *parser) checkID(b *binaryOp, opAt, rightAt int) {
	if b.op.ordering() {
		p.failAt(opAt, fmt.Sprintf("ids have no order, so %s is not possible", b.op), "use = or !=")
		return
	}
	for _, side := range [][2]expr{{b.l, b.r}, {b.r, b.l}} {
		lit, ok := side[1].(*literal)
		if !ok || !isID(side[0]) {
			continue
		}
		digits := 2 * intrinsics[side[0].(*fieldExpr).field.intrinsic].id
		if _, ok := normalID(lit.value.str, digits); !ok {
			p.failAt(rightAt, fmt.Sprintf("%s is not an id", lit.value), fmt.Sprintf("ids are 1 to %d hex digits", digits))
			return
		}
	}
}

// normalID is an id as fields of ids have it: lower case, all digits.
func normalID(id string, digits int) (string, bool) {
	if id == "" || len(id) > digits {
		return "", false
	}
	for _, c := range id {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return "", false
		}
	}
	return strings.Repeat("0", digits-len(id)) + strings.ToLower(id), true
}

func isID(x expr) bool {
	f, ok := x.(*fieldExpr)
	return ok && intrinsics[f.field.intrinsic].id > 0
}

// isAttribute says whether x is an attribute alone, which as a condition means
// that it is true.
func isAttribute(x expr) bool {
	f, ok := x.(*fieldExpr)
	return ok && f.field.intrinsic == notIntrinsic
}

// typeOf is the static type of an expression.
func typeOf(x expr) Type {
	switch x := x.(type) {
	case *literal:
		return x.value.typ
	case *fieldExpr:
		return x.field.typ()
	case *unaryOp:
		if x.op == opNot {
			return TypeBool
		}
		return typeOf(x.x)
	case *binaryOp:
		if !x.op.arithmetic() {
			return TypeBool
		}
		return arithmeticType(x.op, typeOf(x.l), typeOf(x.r))
	}
	return TypeNil
}

// arithmeticType is the static type of a result: durations stay durations
// unless divided by each other.
func arithmeticType(op operator, l, r Type) Type {
	switch {
	case l == TypeDuration && r == TypeDuration && op == opDiv, op == opPow:
		return TypeFloat
	case l == TypeDuration || r == TypeDuration:
		return TypeDuration
	case l == typeAny || r == typeAny:
		return typeAny
	case l == TypeInt && r == TypeInt && op != opDiv:
		return TypeInt
	}
	return TypeFloat
}

// typeText names a type with its article.
func typeText(t Type) string {
	switch t {
	case typeAny:
		return "an attribute"
	case TypeInt:
		return "an int"
	case TypeNil:
		return "nil"
	}
	return "a " + t.String()
}
