package traceql

import (
	"fmt"
	"slices"
	"strings"
)

// Hints are the wishes of a query in with(…). They change how an answer is
// found and what comes with it, not what it means, but for Extrapolate.
type Hints struct {
	// Exemplars is how many exemplars a metrics query wants: 0 where it does
	// not say, -1 for none.
	Exemplars int
	// Extrapolate is whether a metrics query estimates what there was before
	// sampling: every span counts for as many as its tracestate says that it
	// stands for.
	Extrapolate bool
	list        []hint // all of them, as given
}

type hint struct {
	name  string
	value Value
}

// defaultExemplars is what exemplars=true asks for.
const defaultExemplars = 100

// hintTypes are the hints that exist. All but exemplars and extrapolate ask for
// what every answer is anyway (the most recent traces) or permit what no answer
// needs (an estimate from a sample), or tune another engine.
var hintTypes = map[string][]Type{
	"exemplars":           {TypeBool, TypeInt},
	"extrapolate":         {TypeBool},
	"most_recent":         {TypeBool},
	"sample":              {TypeBool, TypeFloat, TypeInt},
	"span_sample":         {TypeFloat, TypeInt},
	"trace_sample":        {TypeFloat, TypeInt},
	"concurrent_blocks":   {TypeInt},
	"debug":               {TypeBool},
	"dedupe":              {TypeBool},
	"job_interval":        {TypeDuration},
	"job_size":            {TypeInt},
	"time_overlap_cutoff": {TypeFloat, TypeInt},
	"timeout":             {TypeDuration},
}

// hints reads with(…).
func (p *parser) hints(metrics bool) Hints {
	var h Hints
	p.advance()
	p.expect("(")
	for {
		t := p.tok
		if t.kind != tokenWord {
			p.unexpected("the name of a hint")
			return h
		}
		types, ok := hintTypes[t.text]
		switch {
		case !ok:
			var known []string
			for name := range hintTypes {
				known = append(known, name)
			}
			slices.Sort(known)
			p.failHere(fmt.Sprintf("there is no hint %s", t.text), didYouMean(t.text, known))
		case !metrics && (t.text == "exemplars" || t.text == "extrapolate"):
			p.failHere(fmt.Sprintf("%s is a hint for metrics queries", t.text), "")
		}
		for _, old := range h.list {
			if old.name == t.text {
				p.failHere(fmt.Sprintf("the hint %s is given twice", t.text), "")
			}
		}
		p.advance()
		p.expect("=")
		at := p.tok.offset
		lit, isLiteral := p.signed().(*literal)
		if p.err != nil {
			return h
		}
		if !isLiteral || !slices.Contains(types, lit.value.typ) {
			p.failAt(at, fmt.Sprintf("%s needs %s", t.text, typesText(types)), "")
			return h
		}
		p.checkHint(at, t.text, lit.value, &h)
		h.list = append(h.list, hint{t.text, lit.value})
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return h
}

func (p *parser) checkHint(at int, name string, v Value, h *Hints) {
	switch {
	case name == "extrapolate":
		h.Extrapolate = v.Bool()
	case name == "exemplars" && v.typ == TypeBool:
		h.Exemplars = -1
		if v.Bool() {
			h.Exemplars = defaultExemplars
		}
	case name == "exemplars":
		if n := v.Int(); n < 0 || n > 10_000 {
			p.failAt(at, "exemplars is a number from 0 to 10000", "")
		} else if h.Exemplars = int(n); n == 0 {
			h.Exemplars = -1
		}
	case strings.HasSuffix(name, "sample") && v.typ != TypeBool:
		if f, _ := v.Number(); !(f > 0 && f <= 1) {
			p.failAt(at, fmt.Sprintf("%s is a part of all, above 0 and up to 1", name), "a tenth is 0.1")
		}
	}
}

func typesText(types []Type) string {
	var list []string
	for _, t := range types {
		list = append(list, typeText(t))
	}
	return strings.Join(list, " or ")
}
