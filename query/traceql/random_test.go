package traceql

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// generator makes random queries and spans from one small vocabulary, so that
// conditions hit.
type generator struct {
	*rand.Rand
	traceStates []string // of the spans
}

func newGenerator(seed uint64) generator {
	return generator{rand.New(rand.NewPCG(seed, 2)), someTraceStates}
}

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

var (
	someNames = []string{"a", "b", "c d", "GET /x", ""}
	someKeys  = []string{"k", "k2", "http.code", "x y", "name"}
	someTexts = []string{"a", "b", "500", "", "é\n", `q"\`}
	// Sums of the weights of these are exact in whatever order they are added: what
	// is read in another order must not be ranked otherwise.
	someTraceStates = []string{
		"", "", "ot=th:0", "ot=th:8", "ot=th:c", "ot=th:fff", "vendor=1 , ot=rv:6e6d1a75832a2f;th:e", "ot=p:3", "ot=p:63", "ot=p:3;r:2",
		"ot=th:g", "ot=th:", "ot=th:800000000000000", "not=th:8", "t@ot=th:8", "ot", "ot=",
	}
	moreTraceStates = append([]string{"ot=th:4", "ot=th:e666", "ot=p:62", "ot=th:ffffffffffffff", "ot=th:00000000000001"}, someTraceStates...)
	somePatterns    = []string{"a", "a|b", ".*", "[0-9]+", "(?i)GET.*", "", `\d`}
)

func (g generator) attribute() field {
	f := field{scope: pick(g, scopeAny, scopeAny, scopeSpan, scopeSpan, scopeResource, scopeInstrumentation, scopeEvent, scopeLink), name: pick(g, someKeys...)}
	f.parent = g.IntN(8) == 0
	return f
}

// intrinsicOf is a field of a type.
func (g generator) intrinsicOf(t Type) field {
	for {
		in := intrinsic(1 + g.IntN(int(intrinsicCount)-1))
		info := intrinsics[in]
		if info.typ != t || info.id > 0 {
			continue
		}
		f := field{intrinsic: in}
		if !info.trace && !info.multi && in != inScopeName && in != inScopeVersion {
			f.parent = g.IntN(6) == 0
		}
		return f
	}
}

func (g generator) number(depth int) expr {
	if depth > 0 && g.IntN(3) == 0 {
		if g.IntN(5) == 0 {
			return &unaryOp{op: opSub, x: g.number(depth - 1)}
		}
		return &binaryOp{op: pick(g, opAdd, opSub, opMul, opDiv, opMod, opPow), l: g.number(depth - 1), r: g.number(depth - 1)}
	}
	switch g.IntN(6) {
	case 0:
		return &fieldExpr{g.attribute()}
	case 1:
		return &fieldExpr{g.intrinsicOf(TypeDuration)}
	case 2:
		return &fieldExpr{g.intrinsicOf(TypeInt)}
	}
	return &literal{g.numberValue()}
}

func (g generator) numberValue() Value {
	switch g.IntN(8) {
	case 0:
		return Float(pick(g, 1.5, 500, -0.25, 1e300, 2))
	case 1:
		return Duration(time.Duration(pick(g, 5e6, 1, 3e6, -2e6, 1e9)))
	case 2:
		return Int(pick[int64](g, math.MaxInt64, math.MinInt64))
	}
	return Int(pick[int64](g, 0, 1, 2, 3, -1, 500))
}

func (g generator) text() expr {
	switch g.IntN(4) {
	case 0:
		return &fieldExpr{g.attribute()}
	case 1:
		return &fieldExpr{g.intrinsicOf(TypeString)}
	}
	return &literal{String(pick(g, append(someTexts, someNames...)...))}
}

var comparisons = []operator{opEqual, opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual}

func (g generator) condition(depth int) expr {
	if depth > 0 {
		switch g.IntN(8) {
		case 0, 1:
			return &binaryOp{op: opAnd, l: g.condition(depth - 1), r: g.condition(depth - 1)}
		case 2:
			return &binaryOp{op: opOr, l: g.condition(depth - 1), r: g.condition(depth - 1)}
		case 3:
			return &unaryOp{op: opNot, x: g.condition(depth - 1)}
		case 4:
			if g.IntN(6) == 0 {
				return &binaryOp{op: pick(g, opEqual, opNotEqual), l: g.comparisonExpr(depth - 1), r: g.comparisonExpr(depth - 1)}
			}
		}
	}
	switch g.IntN(12) {
	case 0:
		return &fieldExpr{g.attribute()}
	case 1:
		return &literal{Bool(g.IntN(2) == 0)}
	}
	return g.comparisonExpr(depth)
}

func (g generator) comparisonExpr(depth int) expr {
	simple := func(f field, v Value) expr {
		b := &binaryOp{op: pick(g, comparisons...), l: &fieldExpr{f}, r: &literal{v}}
		if g.IntN(8) == 0 {
			b.l, b.r = b.r, b.l
		}
		return b
	}
	eq := pick(g, opEqual, opNotEqual)
	switch g.IntN(14) {
	case 0, 1:
		return simple(g.attribute(), g.numberValue())
	case 2, 3:
		return simple(g.attribute(), String(pick(g, someTexts...)))
	case 4:
		return simple(g.intrinsicOf(TypeString), String(pick(g, someNames...)))
	case 5:
		return simple(g.intrinsicOf(TypeDuration), Duration(time.Duration(g.IntN(8))*time.Millisecond))
	case 6:
		return simple(g.intrinsicOf(TypeInt), Int(int64(g.IntN(12)-2)))
	case 7:
		pattern := pick(g, somePatterns...)
		f := pick(g, g.attribute(), g.intrinsicOf(TypeString), field{intrinsic: inSpanID})
		return &binaryOp{op: pick(g, opMatch, opNotMatch), l: &fieldExpr{f}, r: &literal{String(pattern)}, regexp: regexp.MustCompile("^(?:" + pattern + ")$")}
	case 8:
		return &binaryOp{op: eq, l: &fieldExpr{g.intrinsicOf(TypeStatus)}, r: &literal{Status(uint8(g.IntN(3)))}}
	case 9:
		return &binaryOp{op: eq, l: &fieldExpr{g.intrinsicOf(TypeKind)}, r: &literal{Kind(uint8(g.IntN(6)))}}
	case 10:
		f := pick(g, g.attribute(), g.attribute(), g.intrinsicOf(TypeString), field{intrinsic: inParentID}, field{intrinsic: inLinkSpanID})
		return &binaryOp{op: eq, l: &fieldExpr{f}, r: &literal{}}
	case 11:
		f := field{intrinsic: pick(g, inSpanID, inParentID, inLinkSpanID, inLinkTraceID, inTraceID)}
		return &binaryOp{op: eq, l: &fieldExpr{f}, r: &literal{String(fmt.Sprintf("%x", 1+g.IntN(9)))}}
	case 12:
		return &binaryOp{op: pick(g, comparisons...), l: g.number(min(depth, 2)), r: g.number(min(depth, 2))}
	}
	return &binaryOp{op: pick(g, comparisons...), l: g.text(), r: g.text()}
}

func (g generator) filter(depth int) *filter {
	if g.IntN(5) == 0 {
		return &filter{}
	}
	return &filter{where: g.condition(depth)}
}

func (g generator) set(depth int) spanset {
	if depth == 0 || g.IntN(3) == 0 {
		return g.filter(2)
	}
	switch g.IntN(10) {
	case 0:
		return g.scalarFilter(depth - 1)
	case 1:
		return &pipeline{stages: g.stages(depth-1, 2)}
	case 2:
		return &setOp{op: opAnd, l: g.set(depth - 1), r: g.set(depth - 1)}
	case 3:
		return &setOp{op: opOr, l: g.set(depth - 1), r: g.set(depth - 1)}
	}
	return &setOp{
		op:   pick(g, opChild, opDescendant, opParent, opAncestor, opSibling),
		mode: pick(g, plain, plain, negated, union), l: g.set(depth - 1), r: g.set(depth - 1),
	}
}

func (g generator) stages(depth, least int) []stage {
	var list []stage
	for n := least + g.IntN(3); len(list) < max(n, 1); {
		switch g.IntN(8) {
		case 0:
			if len(list) > 0 {
				list = append(list, &coalesce{})
			}
		case 1, 2:
			by := []expr{&fieldExpr{pick(g, g.attribute(), field{intrinsic: inStatus}, field{intrinsic: inName})}}
			if g.IntN(3) == 0 {
				by = append(by, &fieldExpr{g.attribute()})
			}
			list = append(list, &group{by: by})
		case 3:
			if len(list) > 0 {
				list = append(list, &selection{fields: []field{g.attribute()}})
			}
		case 4, 5:
			list = append(list, g.scalarFilter(max(depth-1, 0)))
		default:
			s := g.set(depth)
			if pipe, ok := s.(*pipeline); ok { // the parser splices it
				list = append(list, pipe.stages...)
			} else {
				list = append(list, s.(stage))
			}
		}
	}
	return list
}

func (g generator) scalarFilter(depth int) *scalarFilter {
	f := &scalarFilter{op: pick(g, comparisons...), l: g.scalar(depth), r: &scalarLiteral{g.numberValue()}}
	for !aggregating(f.l) {
		f.l = g.scalar(depth)
	}
	if g.IntN(4) == 0 {
		f.r = g.scalar(depth)
	}
	if g.IntN(6) == 0 {
		f.l, f.r = f.r, f.l
	}
	return f
}

func (g generator) scalar(depth int) scalar {
	if depth > 0 {
		switch g.IntN(4) {
		case 0:
			return &scalarOp{op: pick(g, opAdd, opSub, opMul, opDiv, opMod, opPow), l: g.scalar(depth - 1), r: g.scalar(depth - 1)}
		case 1:
			stages := g.stages(depth-1, 1)
			if !grouped(stages) {
				return &scalarPipe{stages: stages, value: &aggregate{fn: "count"}}
			}
		case 2:
			return &scalarOp{op: opSub, r: g.scalar(depth - 1)}
		}
	}
	switch g.IntN(4) {
	case 0:
		return &scalarLiteral{g.numberValue()}
	case 1:
		x := g.number(1)
		for !hasField(x) {
			x = g.number(1)
		}
		return &aggregate{fn: pick(g, "min", "max", "avg", "sum"), arg: x}
	}
	return &aggregate{fn: "count"}
}

func (g generator) metric() series {
	m := &metric{source: g.stages(1, 1), fn: pick(g, metricFunctions[:8]...)}
	if g.IntN(2) == 0 {
		m.source = []stage{g.filter(2)}
	}
	if m.fn != "rate" && m.fn != "count_over_time" {
		m.arg = &fieldExpr{pick(g, field{intrinsic: inDuration}, g.attribute(), g.attribute())}
		if g.IntN(4) == 0 {
			for m.arg = g.number(1); !hasField(m.arg); {
				m.arg = g.number(1)
			}
		}
	}
	if m.fn == "quantile_over_time" {
		m.quantiles = []float64{0.5, 0.99}
	}
	for range g.IntN(3) {
		f := pick(g, g.attribute(), g.attribute(), field{intrinsic: inStatus}, field{intrinsic: inName}, field{intrinsic: inParentID}, field{intrinsic: inChildCount})
		if len(m.by) == 0 || m.by[0] != f {
			m.by = append(m.by, f)
		}
	}
	return m
}

func (g generator) query() *Query {
	q := g.queryWithoutHints()
	if q.IsMetrics() && g.IntN(3) == 0 {
		q.hints.Extrapolate = g.IntN(5) > 0
		q.hints.list = []hint{{"extrapolate", Bool(q.hints.Extrapolate)}}
	}
	return q
}

func (g generator) queryWithoutHints() *Query {
	switch g.IntN(4) {
	case 0:
		return &Query{metrics: g.metric()}
	case 1:
		x := g.metric()
		for range g.IntN(4) {
			switch g.IntN(4) {
			case 0:
				x = &rank{x: x, bottom: g.IntN(2) == 0, k: 1 + g.IntN(5)}
			case 1:
				x = &threshold{op: pick(g, comparisons...), x: x, value: g.numberValue()}
			case 2:
				x = &seriesOp{op: pick(g, opAdd, opSub, opMul, opDiv), l: x, r: g.metric()}
			case 3:
				x = &seriesOp{op: pick(g, opAdd, opSub, opMul, opDiv), l: &scalarLiteral{g.numberValue()}, r: x}
			}
		}
		return &Query{metrics: x}
	}
	return &Query{spans: &pipeline{stages: g.stages(2, 1)}}
}

// Every tree has a text that parses to the same tree.
func TestPrintAndParse(t *testing.T) {
	for seed := range uint64(20_000) {
		q := newGenerator(seed).query()
		again, err := Parse(q.String())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, q)
		}
		if !reflect.DeepEqual(again, q) {
			t.Fatalf("seed %d: parses to another query:\n%s\n%s", seed, q, again)
		}
	}
}

// spans makes traces with everything that is awkward: orphans, shared and
// reused ids, loops, keys in several scopes and with several types.
func (g generator) spans(traces int) *storage.Spans {
	b := storage.NewSpansBuilder(traces * 8)
	attrs := func(most int) []storage.Attr {
		var list []storage.Attr
		for range g.IntN(most + 1) {
			list = append(list, b.Attr(pick(g, someKeys...), g.storedValue()))
		}
		return list
	}
	var resources, scopes []uint32
	for range 4 {
		r := attrs(2)
		if g.IntN(4) > 0 {
			r = append(r, b.Attr("service.name", storage.String(pick(g, someNames...))))
		}
		resources = append(resources, b.AddResource(storage.Resource{Attributes: b.AddAttrs(r...)}))
		scopes = append(scopes, b.AddScope(storage.InstrumentationScope{
			Name: b.Intern(pick(g, someNames...)), Version: b.Intern(pick(g, "", "1")), Attributes: b.AddAttrs(attrs(1)...),
		}))
	}
	for n := range traces {
		at := epoch + int64(g.IntN(1000))*1e6
		for i := range 1 + g.IntN(9) {
			f := storage.SpanFields{
				TraceID: storage.TraceID{15: byte(n + 1)}, SpanID: storage.SpanID{7: byte(i + 1)}, Name: pick(g, someNames...), StatusMessage: pick(g, "", "a"),
				StartNs: at + int64(g.IntN(200))*1e6 + int64(i), DurationNs: int64(g.IntN(7)) * 1e6, Kind: uint8(g.IntN(6)), Status: uint8(g.IntN(3)),
				Resource: pick(g, resources...), Scope: pick(g, scopes...), TraceState: pick(g, g.traceStates...),
			}
			if i > 0 {
				f.ParentID = storage.SpanID{7: byte(1 + g.IntN(i))}
			}
			switch g.IntN(14) {
			case 0:
				f.ParentID = storage.SpanID{7: byte(200 + g.IntN(2))} // not stored
			case 1:
				f.SpanID = storage.SpanID{7: byte(1 + g.IntN(i+1))}
			case 2:
				f.ParentID = storage.SpanID{7: byte(1 + g.IntN(9))}
			case 3:
				f.ParentID = storage.SpanID{}
			case 4:
				f.DurationNs = -f.DurationNs
			}
			b.AddSpan(f)
			b.SetAttributes(attrs(4)...)
			for range g.IntN(3) {
				b.AddEvent(f.StartNs+int64(g.IntN(5)-1)*1e6, pick(g, someNames...), 0, attrs(2)...)
			}
			if g.IntN(4) == 0 {
				b.AddLink(storage.Link{TraceID: storage.TraceID{15: byte(1 + g.IntN(9))}, SpanID: storage.SpanID{7: byte(1 + g.IntN(9))}}, attrs(1)...)
			}
		}
	}
	// pdata keeps the last of several values under a key, and so does the store
	// that is filled through it.
	s := b.Spans()
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	td, err := s.ToPdata(rows)
	if err != nil {
		panic(err)
	}
	return storage.SpansFromPdata(td)
}

func (g generator) storedValue() storage.Value {
	switch g.IntN(10) {
	case 0:
		return storage.Float(pick(g, 1.5, 500, -0.25, math.NaN(), math.Inf(1)))
	case 1:
		return storage.Bool(g.IntN(2) == 0)
	case 2:
		return arrayOf(pick(g, []string{}, []string{"a"}, []string{"a", "500", "b"}, []string{"1", "2"}, []string{"true"})...)
	case 3:
		return pick(g, storage.Empty(), storage.Bytes([]byte("a")), storage.Int(math.MaxInt64))
	case 4, 5, 6:
		return storage.Int(pick[int64](g, 0, 1, 2, 3, 500))
	}
	return storage.String(pick(g, someTexts...))
}
