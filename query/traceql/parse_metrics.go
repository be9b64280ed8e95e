package traceql

import (
	"fmt"
	"math"
	"slices"
)

var metricFunctions = []string{
	"rate", "count_over_time", "sum_over_time", "min_over_time", "max_over_time", "avg_over_time",
	"quantile_over_time", "histogram_over_time", "compare",
}

const (
	defaultTopN = 10
	maxTopN     = 1000
)

// metric reads a metrics function with what follows it.
func (p *parser) metric() *metric {
	m := &metric{fn: p.tok.text}
	p.advance()
	p.expect("(")
	switch m.fn {
	case "rate", "count_over_time":
		if !p.isOp(")") {
			p.failHere(fmt.Sprintf("%s() takes no argument", m.fn), "its interval is the step of the request")
		}
	case "compare":
		m.compare = p.comparison()
	default:
		m.arg = p.measure(m.fn)
	}
	if m.fn == "quantile_over_time" {
		m.quantiles = p.quantiles()
	}
	if m.fn != "compare" && p.isOp(",") {
		p.failHere(fmt.Sprintf("%s takes one argument", m.fn), "")
	}
	p.expect(")")
	if p.tok.kind == tokenWord && p.tok.text == "by" {
		if m.fn == "compare" {
			p.failHere("compare cannot be grouped", "it has a series for every attribute and value already")
		}
		at := p.tok.offset
		p.advance()
		p.expect("(")
		m.by = p.fields()
		p.expect(")")
		for i, f := range m.by {
			if slices.Contains(m.by[:i], f) {
				p.failAt(at, fmt.Sprintf("by(…) has %s twice", f), "")
			}
		}
	}
	return m
}

func (p *parser) quantiles() []float64 {
	var list []float64
	for p.accept(",") {
		at := p.tok.offset
		q := math.NaN()
		if p.tok.kind == tokenNumber {
			v := p.number(false).(*literal).value
			if v.typ != TypeDuration {
				q, _ = v.Number()
			}
		}
		if !(q >= 0 && q <= 1) {
			p.failAt(at, "a quantile is a number from 0 to 1", "the 99th percentile is .99")
			break
		}
		if slices.Contains(list, q) {
			p.failAt(at, fmt.Sprintf("the quantile %v is given twice", q), "")
		}
		list = append(list, q)
	}
	if len(list) == 0 {
		p.failHere("quantile_over_time needs a quantile", "write quantile_over_time(duration, .99)")
	}
	return list
}

func (p *parser) comparison() *comparison {
	c := &comparison{selection: &filter{}, topN: defaultTopN}
	if !p.accept("{") {
		p.unexpected("the selection, such as { status = error }")
		return c
	}
	if f, ok := p.filter().(*filter); ok {
		c.selection = f
	}
	if !p.accept(",") {
		return c
	}
	c.topN = int(p.integer("the number of values to return", 1, maxTopN))
	if !p.accept(",") {
		return c
	}
	at := p.tok.offset
	from := p.integer("the start of the selection in Unix nanoseconds", 0, math.MaxInt64)
	p.expect(",")
	to := p.integer("the end of the selection in Unix nanoseconds", 0, math.MaxInt64)
	if p.err == nil && from >= to {
		p.failAt(at, "the selection ends before it starts", "")
	}
	c.window = &[2]int64{from, to}
	return c
}

func (p *parser) integer(what string, least, most int64) int64 {
	at := p.tok.offset
	if p.tok.kind == tokenNumber && p.tok.value.typ == TypeInt {
		if n := p.number(false).(*literal).value.Int(); n >= least && n <= most {
			return n
		}
	}
	p.failAt(at, fmt.Sprintf("expected %s, an int from %d to %d", what, least, most), "")
	return least
}

// thresholds reads the comparisons that follow a stage with series.
func (p *parser) thresholds(x series) series {
	for p.tok.kind == tokenOp {
		o, ok := nodeOperators[p.tok.text]
		switch {
		case !ok:
			return x
		case o.op.arithmetic():
			p.failHere(fmt.Sprintf("%s needs parentheses around a metrics query", p.tok.text), "write ({ … } | rate()) / ({ … } | rate())")
			return x
		case !o.op.comparison() || o.mode != plain:
			return x
		}
		opTok := p.tok
		p.advance()
		lit, ok := p.term().(*scalarLiteral)
		if !ok {
			p.failAt(opTok.offset, "series can be compared with a number only", "write { … } | rate() > 10")
			return x
		}
		x = p.binarySeries(o.op, opTok, x, lit)
	}
	return x
}

// seriesStages reads the stages that follow series.
func (p *parser) seriesStages(x series) series {
	for p.accept("|") {
		word := p.tok.text
		if p.tok.kind != tokenWord || word != "topk" && word != "bottomk" {
			remedy := ""
			if p.tok.kind == tokenWord {
				remedy = didYouMean(word, []string{"topk", "bottomk"})
			}
			p.failHere("after a metrics function only topk, bottomk and comparisons can follow", remedy)
			return x
		}
		p.advance()
		p.expect("(")
		k := p.integer("how many series to keep", 1, math.MaxInt32)
		p.expect(")")
		x = p.thresholds(&rank{x: x, bottom: word == "bottomk", k: int(k)})
	}
	return x
}

// binarySeries builds an operator of which at least one side is no constant.
func (p *parser) binarySeries(op operator, opTok token, l, r series) series {
	if op.comparison() {
		lit, ok := r.(*scalarLiteral)
		if !ok || isScalarLiteral(l) {
			p.failAt(opTok.offset, "series can be compared with a number on the right only", "write ({ … } | rate()) > 10")
			return l
		}
		return &threshold{op: op, x: l, value: lit.value}
	}
	if op == opMod || op == opPow {
		p.failAt(opTok.offset, fmt.Sprintf("%s is not defined for series", op), "+, -, * and / are")
	}
	for _, side := range []series{l, r} {
		if comparesSpans(side) {
			p.failAt(opTok.offset, "compare has a series for every attribute, which cannot be computed with", "")
		}
	}
	return &seriesOp{op: op, l: l, r: r}
}

func comparesSpans(x series) bool {
	switch x := x.(type) {
	case *metric:
		return x.compare != nil
	case *rank:
		return comparesSpans(x.x)
	case *threshold:
		return comparesSpans(x.x)
	case *seriesOp:
		return comparesSpans(x.l) || comparesSpans(x.r)
	}
	return false
}
