package traceql

import (
	"fmt"
	"slices"
)

// nodeOperators are the operators between spansets, scalars and series. What >
// and < are depends on their operands.
var nodeOperators = map[string]struct {
	op   operator
	mode mode
}{
	"||": {opOr, plain}, "&&": {opAnd, plain},
	"=": {opEqual, plain}, "!=": {opNotEqual, plain}, "<": {opLess, plain}, "<=": {opLessEqual, plain},
	">": {opGreater, plain}, ">=": {opGreaterEqual, plain},
	">>": {opDescendant, plain}, "<<": {opAncestor, plain}, "~": {opSibling, plain},
	"!>": {opChild, negated}, "!>>": {opDescendant, negated}, "!<": {opParent, negated}, "!<<": {opAncestor, negated}, "!~": {opSibling, negated},
	"&>": {opChild, union}, "&>>": {opDescendant, union}, "&<": {opParent, union}, "&<<": {opAncestor, union}, "&~": {opSibling, union},
	"+": {opAdd, plain}, "-": {opSub, plain}, "*": {opMul, plain}, "/": {opDiv, plain}, "%": {opMod, plain}, "^": {opPow, plain},
}

// pipeline reads stages up to the end of the query or a closing parenthesis.
// It returns a spanset, a scalar or a series.
func (p *parser) pipeline() any {
	defer p.leave()
	if !p.enter() {
		return &filter{}
	}
	var stages []stage
	for {
		at := p.tok.offset
		n := p.stage(stages)
		if s, ok := n.(series); ok && !isScalarLiteral(n) {
			return p.seriesStages(s)
		}
		switch n := n.(type) {
		case *pipeline:
			stages = append(stages, n.stages...)
		case stage:
			stages = append(stages, n)
		case scalar:
			if p.isOp("|") {
				p.failAt(at, "a stage in the middle of a pipeline cannot be a number", "compare it: count() > 0")
			}
			if len(stages) == 0 {
				return n
			}
			if grouped(stages) {
				p.failAt(at, "after by(…) there is one number for each group", "put the comparison inside of the parentheses, or | coalesce() before")
			}
			return &scalarPipe{stages: stages, value: n}
		}
		if !p.accept("|") {
			break
		}
	}
	if len(stages) == 1 {
		if s, ok := stages[0].(spanset); ok {
			return s
		}
	}
	return &pipeline{stages: stages}
}

func isScalarLiteral(n any) bool {
	_, ok := n.(*scalarLiteral)
	return ok
}

// grouped says whether spansets are still split after the stages.
func grouped(stages []stage) (split bool) {
	for _, s := range stages {
		switch s.(type) {
		case *group:
			split = true
		case *coalesce:
			split = false
		}
	}
	return split
}

// stage reads one stage. before are the stages so far.
func (p *parser) stage(before []stage) any {
	if p.tok.kind != tokenWord {
		return p.node(powerOr)
	}
	at, word := p.tok.offset, p.tok.text
	first := len(before) == 0
	switch {
	case word == "by":
		p.advance()
		return &group{by: p.groupKeys()}
	case word == "select", word == "coalesce":
		if first {
			p.failHere(fmt.Sprintf("%s(…) needs spans before it", word), "begin with a spanset such as { }")
		}
		p.advance()
		p.expect("(")
		if word == "coalesce" {
			p.expect(")")
			return &coalesce{}
		}
		fields := p.fields()
		p.expect(")")
		return &selection{fields: fields}
	case slices.Contains(metricFunctions, word):
		if first {
			p.failAt(at, fmt.Sprintf("%s needs spans to count or measure", word), fmt.Sprintf("write { } | %s(…)", word))
		}
		m := p.metric()
		m.source = before
		return p.thresholds(m)
	case word == "topk", word == "bottomk":
		p.failAt(at, fmt.Sprintf("%s chooses among series", word), "put a metrics function before it: { } | rate() by(name) | "+word+"(10)")
	}
	return p.node(powerOr)
}

func (p *parser) groupKeys() []expr {
	p.expect("(")
	var keys []expr
	for {
		at := p.tok.offset
		x := p.expr(powerOr)
		if p.err == nil && !hasField(x) {
			p.failAt(at, "by(…) needs a field of the spans", "")
		}
		keys = append(keys, x)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return keys
}

func (p *parser) fields() []field {
	fields := []field{p.field()}
	for p.accept(",") {
		fields = append(fields, p.field())
	}
	return fields
}

// hasField says whether x depends on the span at all.
func hasField(x expr) bool {
	switch x := x.(type) {
	case *fieldExpr:
		return true
	case *unaryOp:
		return hasField(x.x)
	case *binaryOp:
		return hasField(x.l) || hasField(x.r)
	}
	return false
}

// node reads an expression of spansets, scalars or series whose operators bind
// at least as tight as power.
func (p *parser) node(power int) any {
	defer p.leave()
	if !p.enter() {
		return &filter{}
	}
	l := p.term()
	for p.tok.kind == tokenOp {
		o, ok := nodeOperators[p.tok.text]
		if !ok || o.op.power() < power {
			break
		}
		opTok := p.tok
		p.advance()
		if p.isOp("=") {
			p.failAt(opTok.offset, fmt.Sprintf("%s= is not an operator", opTok.text), "equality is written =")
		}
		rightPower := o.op.power() + 1
		if o.op == opPow {
			rightPower = powerPow
		}
		r := p.node(rightPower)
		l = p.binaryNode(o.op, o.mode, opTok, l, r)
	}
	return l
}

func (p *parser) term() any {
	defer p.leave()
	if !p.enter() {
		return &filter{}
	}
	t := p.tok
	switch {
	case p.accept("{"):
		return p.filter()
	case p.accept("("):
		n := p.pipeline()
		if p.tok.kind == tokenWord && p.tok.text == "with" {
			p.failHere("hints stand at the end of the query", "move with(…) behind the last parenthesis")
		}
		p.expect(")")
		return n
	case p.accept("-"):
		if p.tok.kind == tokenNumber {
			return &scalarLiteral{p.number(true).(*literal).value}
		}
		x, ok := p.term().(scalar)
		if !ok {
			p.failAt(t.offset, "- needs a number", "")
			return &scalarLiteral{}
		}
		return &scalarOp{op: opSub, r: x}
	case t.kind == tokenNumber:
		return &scalarLiteral{p.number(false).(*literal).value}
	case t.kind == tokenWord && literalWords[t.text].typ == TypeInt:
		p.advance()
		return &scalarLiteral{literalWords[t.text]}
	case t.kind == tokenWord && slices.Contains(aggregates, t.text):
		return p.aggregate()
	case t.kind == tokenWord && slices.Contains(metricFunctions, t.text):
		p.failHere(fmt.Sprintf("%s is a stage of a pipeline", t.text), fmt.Sprintf("write ({ } | %s(…))", t.text))
	case t.kind == tokenWord && slices.Contains(stageWords, t.text):
		p.failHere(fmt.Sprintf("%s is a stage and cannot be an operand", t.text), "stages are separated by |")
	case t.kind == tokenWord:
		known := slices.Concat(aggregates, metricFunctions, stageWords)
		remedy := didYouMean(t.text, known)
		if remedy == "" {
			remedy = "conditions on spans stand in braces: { name = \"…\" }; functions are " + words(known)
		}
		p.failHere(fmt.Sprintf("there is no function %s", t.text), remedy)
	case t.kind == tokenField:
		p.failHere("a field can stand only in braces or as an argument", fmt.Sprintf("write { %s = … }", t.text))
	default:
		p.unexpected("a spanset such as { }, a number, a function or (")
	}
	return &filter{}
}

var (
	aggregates = []string{"count", "min", "max", "avg", "sum"}
	stageWords = []string{"by", "select", "coalesce", "topk", "bottomk"}
)

// filter reads what follows an opening brace.
func (p *parser) filter() spanset {
	if p.accept("}") {
		return &filter{}
	}
	at := p.tok.offset
	x := p.expr(powerOr)
	if t := typeOf(x); p.err == nil && t != TypeBool && !isAttribute(x) {
		p.failAt(at, fmt.Sprintf("{…} needs a condition, not %s", typeText(t)), conditionRemedy(x))
	}
	if !p.accept("}") {
		switch {
		case p.isOp("|"):
			p.failHere("| cannot stand in braces", "or is written ||; close the braces before a |")
		case p.isOp(","):
			p.failHere("conditions are not separated by commas", "join them with && or ||")
		case p.tok.kind == tokenWord && (p.tok.text == "and" || p.tok.text == "AND"):
			p.failHere("and is written &&", "")
		case p.tok.kind == tokenWord && (p.tok.text == "or" || p.tok.text == "OR"):
			p.failHere("or is written ||", "")
		default:
			p.unexpected("an operator or }")
		}
	}
	return &filter{where: x}
}

func (p *parser) aggregate() scalar {
	a := &aggregate{fn: p.tok.text}
	p.advance()
	p.expect("(")
	if a.fn == "count" {
		if !p.isOp(")") {
			p.failHere("count() takes no argument", "filter the spans before: { … } | count()")
		}
	} else {
		a.arg = p.measure(a.fn)
	}
	p.expect(")")
	return a
}

// measure reads the numeric argument of a function.
func (p *parser) measure(fn string) expr {
	at := p.tok.offset
	if p.isOp(")") {
		p.failHere(fmt.Sprintf("%s needs what it should compute of", fn), fmt.Sprintf("write %s(duration)", fn))
	}
	x := p.expr(powerOr)
	if p.err != nil {
		return x
	}
	if t := typeOf(x); !t.numeric() && t != typeAny {
		p.failAt(at, fmt.Sprintf("%s needs a number, not %s", fn, typeText(t)), "")
	} else if !hasField(x) {
		p.failAt(at, fmt.Sprintf("%s needs a field of the spans", fn), fmt.Sprintf("write %s(duration)", fn))
	}
	return x
}

// binaryNode checks the kinds of both sides and builds the node.
func (p *parser) binaryNode(op operator, m mode, opTok token, l, r any) any {
	p.countOperator()
	if p.err != nil {
		return l
	}
	ls, lSpans := l.(spanset)
	rs, rSpans := r.(spanset)
	if lSpans && rSpans {
		switch op {
		case opGreater:
			op = opChild
		case opLess:
			op = opParent
		}
		if op.comparison() || op.arithmetic() {
			p.failAt(opTok.offset, fmt.Sprintf("%s cannot stand between spansets", opTok.text), "spansets are joined with &&, ||, >, >>, <, << and ~")
		}
		return &setOp{op: op, mode: m, l: ls, r: rs}
	}
	if op == opAnd || op == opOr || op >= opChild {
		p.failAt(opTok.offset, fmt.Sprintf("%s needs a spanset on both sides", opTok.text), "numbers must be compared first: count() > 0")
		return l
	}
	if lSpans || rSpans {
		p.failAt(opTok.offset, fmt.Sprintf("%s needs a number on both sides, not a spanset", opTok.text), "count its spans: ({ … } | count())")
		return l
	}
	lx, lSeries := l.(series)
	rx, rSeries := r.(series)
	if lSeries && rSeries && !(isScalarLiteral(l) && isScalarLiteral(r)) {
		return p.binarySeries(op, opTok, lx, rx)
	}
	lc, lScalar := l.(scalar)
	rc, rScalar := r.(scalar)
	if !lScalar || !rScalar {
		p.failAt(opTok.offset, fmt.Sprintf("%s cannot stand between a metric and a number about one trace", opTok.text), "")
		return l
	}
	if op.arithmetic() {
		return &scalarOp{op: op, l: lc, r: rc}
	}
	if !aggregating(lc) && !aggregating(rc) {
		p.failAt(opTok.offset, "a comparison of two constants says nothing about a trace", "")
	}
	return &scalarFilter{op: op, l: lc, r: rc}
}

// aggregating says whether a scalar depends on the trace.
func aggregating(s scalar) bool {
	switch s := s.(type) {
	case *scalarLiteral:
		return false
	case *scalarOp:
		return s.l != nil && aggregating(s.l) || aggregating(s.r)
	}
	return true
}
