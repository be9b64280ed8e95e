package traceql

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the query in its canonical form: equal queries have one
// spelling of fields, operators, literals and white space, and only the
// parentheses that they need. Parsing it gives the same query.
func (q *Query) String() string {
	var b printer
	if q.metrics != nil {
		b.series(q.metrics, 0)
	} else {
		b.stages(q.spans.stages)
	}
	for i, h := range q.hints.list {
		b.text(map[bool]string{true: " with(", false: ", "}[i == 0])
		b.text(h.name + "=" + h.value.String())
	}
	if len(q.hints.list) > 0 {
		b.text(")")
	}
	return b.String()
}

type printer struct{ strings.Builder }

func (b *printer) text(s string) { b.WriteString(s) }

// parens writes what f writes, in parentheses where needed.
func (b *printer) parens(needed bool, f func()) {
	if needed {
		b.text("(")
	}
	f()
	if needed {
		b.text(")")
	}
}

func (b *printer) stages(stages []stage) {
	for i, s := range stages {
		if i > 0 {
			b.text(" | ")
		}
		switch s := s.(type) {
		case spanset:
			b.spanset(s, 0)
		case *group:
			b.text("by(")
			for i, x := range s.by {
				b.comma(i)
				b.expr(x, 0)
			}
			b.text(")")
		case *coalesce:
			b.text("coalesce()")
		case *selection:
			b.text("select(")
			b.fields(s.fields)
			b.text(")")
		}
	}
}

func (b *printer) comma(i int) {
	if i > 0 {
		b.text(", ")
	}
}

func (b *printer) fields(fields []field) {
	for i, f := range fields {
		b.comma(i)
		b.text(f.String())
	}
}

// spanset writes an operand of an operator with the given power; 0 is none.
func (b *printer) spanset(s spanset, power int) {
	switch s := s.(type) {
	case *filter:
		b.filter(s)
	case *pipeline:
		b.parens(true, func() { b.stages(s.stages) })
	case *setOp:
		own := s.op.power()
		b.parens(own < power, func() {
			b.spanset(s.l, own)
			b.text(" " + [...]string{plain: "", negated: "!", union: "&"}[s.mode] + s.op.String() + " ")
			b.spanset(s.r, own+1)
		})
	case *scalarFilter:
		b.parens(power > 0, func() {
			b.scalar(s.l, powerAdd)
			b.text(" " + s.op.String() + " ")
			b.scalar(s.r, powerAdd)
		})
	}
}

func (b *printer) filter(f *filter) {
	if f.where == nil {
		b.text("{ }")
		return
	}
	b.text("{ ")
	b.expr(f.where, 0)
	b.text(" }")
}

func (b *printer) scalar(s scalar, power int) {
	switch s := s.(type) {
	case *scalarLiteral:
		b.text(s.value.String())
	case *aggregate:
		b.text(s.fn + "(")
		if s.arg != nil {
			b.expr(s.arg, 0)
		}
		b.text(")")
	case *scalarPipe:
		b.text("(")
		b.stages(s.stages)
		b.text(" | ")
		b.scalar(s.value, 0)
		b.text(")")
	case *scalarOp:
		if s.l == nil {
			b.text("-")
			_, simple := s.r.(*aggregate)
			b.parens(!simple, func() { b.scalar(s.r, 0) })
			return
		}
		left, right := sidePowers(s.op)
		b.parens(s.op.power() < power, func() {
			b.scalar(s.l, left)
			b.text(" " + s.op.String() + " ")
			b.scalar(s.r, right)
		})
	}
}

// sidePowers are the powers below which the operands of op need parentheses.
func sidePowers(op operator) (left, right int) {
	if op == opPow {
		return powerPow + 1, powerPow
	}
	return op.power(), op.power() + 1
}

func (b *printer) series(x series, power int) {
	switch x := x.(type) {
	case *scalarLiteral:
		b.text(x.value.String())
	case *metric:
		b.parens(power > 0, func() {
			b.stages(x.source)
			b.text(" | ")
			b.metric(x)
		})
	case *rank:
		b.parens(power > 0, func() {
			b.series(x.x, 0)
			b.text(fmt.Sprintf(" | %s(%d)", map[bool]string{true: "bottomk", false: "topk"}[x.bottom], x.k))
		})
	case *threshold:
		b.parens(power > 0, func() {
			_, computed := x.x.(*seriesOp)
			b.series(x.x, map[bool]int{true: powerCompare, false: 0}[computed])
			b.text(" " + x.op.String() + " " + x.value.String())
		})
	case *seriesOp:
		left, right := sidePowers(x.op)
		b.parens(x.op.power() < power, func() {
			b.series(x.l, left)
			b.text(" " + x.op.String() + " ")
			b.series(x.r, right)
		})
	}
}

func (b *printer) metric(m *metric) {
	b.text(m.fn + "(")
	if m.arg != nil {
		b.expr(m.arg, 0)
	}
	for _, q := range m.quantiles {
		b.text(", " + strconv.FormatFloat(q, 'g', -1, 64))
	}
	if c := m.compare; c != nil {
		b.filter(c.selection)
		if c.topN != defaultTopN || c.window != nil {
			b.text(fmt.Sprintf(", %d", c.topN))
		}
		if c.window != nil {
			b.text(fmt.Sprintf(", %d, %d", c.window[0], c.window[1]))
		}
	}
	b.text(")")
	if len(m.by) > 0 {
		b.text(" by(")
		b.fields(m.by)
		b.text(")")
	}
}

// expr writes an operand of an operator with the given power; 0 is none.
func (b *printer) expr(x expr, power int) {
	switch x := x.(type) {
	case *literal:
		b.text(x.value.String())
	case *fieldExpr:
		b.text(x.field.String())
	case *unaryOp:
		b.parens(power > powerSign, func() {
			b.text(x.op.String())
			_, simple := x.x.(*fieldExpr)
			b.parens(!simple, func() { b.expr(x.x, 0) })
		})
	case *binaryOp:
		left, right := sidePowers(x.op)
		b.parens(x.op.power() < power, func() {
			b.expr(x.l, left)
			b.text(" " + x.op.String() + " ")
			b.expr(x.r, right)
		})
	}
}
