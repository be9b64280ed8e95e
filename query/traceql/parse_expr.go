package traceql

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

var exprOperators = map[string]operator{
	"||": opOr, "&&": opAnd, "=": opEqual, "!=": opNotEqual, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
	"=~": opMatch, "!~": opNotMatch, "+": opAdd, "-": opSub, "*": opMul, "/": opDiv, "%": opMod, "^": opPow,
}

// expr reads an expression over one span whose operators bind at least as
// tight as power.
func (p *parser) expr(power int) expr {
	defer p.leave()
	if !p.enter() {
		return &literal{}
	}
	l := p.signed()
	for p.tok.kind == tokenOp {
		op, ok := exprOperators[p.tok.text]
		if !ok || op.power() < power {
			break
		}
		opTok := p.tok
		p.advance()
		if p.isOp("=") { // == comes as two tokens
			p.failAt(opTok.offset, fmt.Sprintf("%s= is not an operator", opTok.text), "equality is written =")
		}
		rightPower := op.power() + 1
		if op == opPow {
			rightPower = op.power() // right-associative
		}
		rightAt := p.tok.offset
		r := p.expr(rightPower)
		l = p.binaryExpr(op, opTok.offset, rightAt, l, r)
	}
	return l
}

// signed reads an operand with ! and - before it.
func (p *parser) signed() expr {
	at := p.tok.offset
	switch {
	case p.accept("!"):
		x := p.prefixed()
		if t := typeOf(x); t != TypeBool && !isAttribute(x) {
			p.failAt(at, fmt.Sprintf("! needs a condition, not %s", typeText(t)), "put the condition in parentheses: !(…)")
		}
		return &unaryOp{op: opNot, x: x}
	case p.accept("-"):
		if p.tok.kind == tokenNumber {
			return p.number(true)
		}
		x := p.prefixed()
		if t := typeOf(x); !t.numeric() && t != typeAny {
			p.failAt(at, fmt.Sprintf("- needs a number, not %s", typeText(t)), "")
		}
		return &unaryOp{op: opSub, x: x}
	}
	return p.operand()
}

// prefixed reads what ! or - apply to: an operand with its power.
func (p *parser) prefixed() expr {
	defer p.leave()
	if !p.enter() {
		return &literal{}
	}
	l := p.signed()
	if p.isOp("^") {
		opTok := p.tok
		p.advance()
		rightAt := p.tok.offset
		return p.binaryExpr(opPow, opTok.offset, rightAt, l, p.expr(powerPow))
	}
	return l
}

// number reads a number; negative says that a minus stood before it.
func (p *parser) number(negative bool) expr {
	t := p.tok
	p.advance()
	v := t.value
	switch {
	case !negative && t.tooLarge:
		p.failAt(t.offset, fmt.Sprintf("%s does not fit in 64 bits", t.text), "maxInt is the largest int")
	case !negative, v.typ == TypeInt && t.tooLarge: // the smallest int is its own negative
	case v.typ == TypeFloat:
		v = Float(-v.Float())
	default:
		v.bits = -v.bits
	}
	return &literal{v}
}

func (p *parser) operand() expr {
	t := p.tok
	switch t.kind {
	case tokenNumber:
		return p.number(false)
	case tokenString:
		p.advance()
		return &literal{t.value}
	case tokenField:
		p.advance()
		return &fieldExpr{t.field}
	case tokenWord:
		if v, ok := literalWords[t.text]; ok {
			p.advance()
			return &literal{v}
		}
		return &fieldExpr{p.field()}
	case tokenOp:
		if t.text == "(" {
			p.advance()
			x := p.expr(powerOr)
			p.expect(")")
			return x
		}
		if t.text == "=" {
			p.failHere("unexpected =", "equality is written with one =")
		}
	}
	p.unexpected("a field, a value or (")
	return &literal{}
}

// literalWords are the words that stand for values.
var literalWords = func() map[string]Value {
	m := map[string]Value{"true": Bool(true), "false": Bool(false), "nil": {}, "minInt": Int(math.MinInt64), "maxInt": Int(math.MaxInt64)}
	for i, name := range statusNames {
		m[name] = Status(uint8(i))
	}
	for i, name := range kindNames {
		m[name] = Kind(uint8(i))
	}
	return m
}()

// field reads the name of a field.
func (p *parser) field() field {
	t := p.tok
	switch t.kind {
	case tokenField:
		p.advance()
		return t.field
	case tokenWord:
		if in, ok := intrinsicByName[t.text]; ok {
			p.advance()
			return field{intrinsic: in}
		}
		p.failHere(fmt.Sprintf("there is no field %s", t.text), fieldRemedy(t.text))
		return field{intrinsic: inName}
	}
	p.unexpected("a field such as .name, span.name, resource.service.name or duration")
	return field{intrinsic: inName}
}

func fieldRemedy(word string) string {
	switch strings.ToLower(word) {
	case "and":
		return "and is written &&"
	case "or":
		return "or is written ||"
	case "not":
		return "not is written !"
	case "null":
		return "did you mean nil?"
	case "service":
		return "did you mean resource.service.name?"
	}
	known := slices.Collect(maps.Keys(literalWords))
	for _, name := range Intrinsics() {
		if !strings.Contains(name, ":") {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	if remedy := didYouMean(word, known); remedy != "" {
		return remedy
	}
	return fmt.Sprintf(`an attribute begins with its scope or a point, as in .%s; text needs quotes, as in "%s"`, word, word)
}
