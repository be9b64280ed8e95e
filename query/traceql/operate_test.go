package traceql

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

func TestArithmetic(t *testing.T) {
	ms := func(n int) Value { return Duration(time.Duration(n) * time.Millisecond) }
	for _, c := range []struct {
		a    Value
		op   operator
		b    Value
		want Value
	}{
		{Int(2), opAdd, Int(3), Int(5)},
		{Int(2), opSub, Int(3), Int(-1)},
		{Int(2), opMul, Int(-3), Int(-6)},
		{Int(6), opDiv, Int(3), Float(2)},
		{Int(1), opDiv, Int(2), Float(0.5)},
		{Int(1), opDiv, Int(0), Float(math.Inf(1))},
		{Int(7), opMod, Int(4), Int(3)},
		{Int(7), opMod, Int(0), Value{}},
		{Int(-7), opMod, Int(-1), Int(0)},
		{Int(2), opPow, Int(10), Float(1024)},
		{Float(7.5), opMod, Int(2), Float(1.5)},
		{Float(7.5), opMod, Int(0), Value{}},
		{Int(7), opMod, Float(0), Value{}},
		{ms(4), opMod, Float(0), Value{}},
		{Int(math.MaxInt64), opAdd, Int(1), Float(1 << 63)},
		{Int(math.MinInt64), opSub, Int(1), Float(-1 << 63)},
		{Int(math.MaxInt64), opMul, Int(2), Float(1 << 64)},
		{Int(math.MinInt64), opDiv, Int(-1), Float(1 << 63)},
		{Int(1), opAdd, Float(0.5), Float(1.5)},
		{ms(2), opAdd, ms(3), ms(5)},
		{ms(2), opSub, ms(3), ms(-1)},
		{ms(2), opMul, Int(3), ms(6)},
		{ms(3), opMul, Float(0.5), Duration(1500 * time.Microsecond)},
		{ms(3), opDiv, Int(2), Duration(1500 * time.Microsecond)},
		{ms(3), opDiv, ms(2), Float(1.5)},
		{ms(4), opDiv, ms(2), Float(2)},
		{ms(4), opMod, ms(3), ms(1)},
		{String("1"), opAdd, Int(1), Value{}},
		{Value{}, opAdd, Int(1), Value{}},
		{Bool(true), opAdd, Int(1), Value{}},
	} {
		if got := arithmetic(c.op, c.a, c.b); got != c.want {
			t.Errorf("%v %v %v is %v, want %v", c.a, c.op, c.b, got, c.want)
		}
	}
	for x, want := range map[Value]Value{Int(3): Int(-3), Float(2): Float(-2), ms(1): ms(-1), Int(math.MinInt64): Float(1 << 63), String("a"): {}, {}: {}} {
		if got := negate(x); got != want {
			t.Errorf("-%v is %v, want %v", x, got, want)
		}
	}
}

// Ranges of ints say what comparing says.
func TestIntRange(t *testing.T) {
	constants := []Value{
		{}, Int(0), Int(5), Int(-1), Int(math.MaxInt64), Int(math.MinInt64), Duration(5), Kind(2), String("5"), Bool(true),
		Float(0), Float(5), Float(4.5), Float(-0.5), Float(1e30), Float(-1e30), Float(1 << 63), Float(-1 << 63), Float(math.NaN()), Float(math.Inf(1)), Float(math.Inf(-1)),
	}
	for _, op := range []operator{opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual} {
		for _, c := range constants {
			r := intRangeOf(op, c)
			for _, i := range []int64{0, 4, 5, 6, -1, -2, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1} {
				if got, want := r.holds(i), compare(op, Int(i), c, nil); got != want {
					t.Errorf("%d %v %v: %v, want %v", i, op, c, got, want)
				}
			}
		}
	}
}

// Of several values under one key the first counts, as in the store.
func TestRepeatedKeys(t *testing.T) {
	b := storage.NewSpansBuilder(1)
	resource := b.AddResource(storage.Resource{Attributes: b.AddAttrs(b.Attr("r", storage.Int(1)), b.Attr("r", storage.Int(2)))})
	scope := b.AddScope(storage.InstrumentationScope{})
	b.AddSpan(storage.SpanFields{TraceID: storage.TraceID{1}, SpanID: storage.SpanID{1}, Resource: resource, Scope: scope})
	b.SetAttributes(b.Attr("a", storage.String("x")), b.Attr("a", storage.String("y")), b.Attr("e", storage.Empty()), b.Attr("e", storage.Int(1)))
	tr := trace.Build(b.Spans())[0]
	for text, want := range map[string]bool{
		"{ .a = `x` }": true, "{ .a = `y` }": false, "{ .a != `x` }": false, "{ resource.r = 1 }": true, "{ .r > 1 }": false, "{ .e = nil }": true, "{ .e = 1 }": false,
	} {
		at, err := Select(mustParse(t, text), tr)
		if err != nil || (len(at) == 1) != want {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
}

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want []Value
	}{
		{Value{}, nil}, {ValueOf(storage.Bytes([]byte("a"))), nil}, {ValueOf(storage.Map("")), nil},
		{Int(5), []Value{Int(5)}}, {Status(2), []Value{Status(2)}}, {String(""), []Value{String("")}},
		{ValueOf(arrayOf("1", "a", "1")), []Value{Int(1), String("a")}},
		{ValueOf(arrayOf()), nil},
		{ValueOf(storage.Array("damaged")), nil},
	} {
		got := c.v.Literals()
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.v, got, c.want)
		}
		for _, x := range got {
			if !compare(opEqual, c.v, x, nil) {
				t.Errorf("%v does not equal %v", c.v, x)
			}
		}
	}
}

func TestValueText(t *testing.T) {
	for _, c := range []struct {
		v             Value
		text, literal string
	}{
		{Value{}, "nil", "nil"},
		{String(`a"b`), `a"b`, `"a\"b"`},
		{Int(5), "5", "5"},
		{Int(math.MinInt64), "-9223372036854775808", "minInt"},
		{Float(5), "5", "5.0"},
		{Float(1e21), "1e+21", "1e+21"},
		{Bool(true), "true", "true"},
		{Duration(90 * time.Second), "1m30s", "1m30s"},
		{Status(2), "error", "error"},
		{Status(9), "9", "9"},
		{Kind(5), "consumer", "consumer"},
		{ValueOf(storage.Bytes([]byte("a"))), "YQ==", "YQ=="},
		{ValueOf(arrayOf("1", "a")), `[1,"a"]`, `[1,"a"]`},
	} {
		if c.v.Text() != c.text || c.v.String() != c.literal {
			t.Errorf("%#v: %s and %s, want %s and %s", c.v, c.v.Text(), c.v, c.text, c.literal)
		}
		if again := ValueOf(c.v.Storage()); c.v.typ != TypeDuration && c.v.typ != TypeStatus && c.v.typ != TypeKind && again != c.v {
			t.Errorf("%v comes back from storage as %v", c.v, again)
		}
	}
}

// Structural operators on random trees are what the definition says.
func TestStructuralAgainstReference(t *testing.T) {
	for seed := range seeds(300) {
		g := newGenerator(seed + 40_000)
		s := g.spans(1)
		tr := trace.Build(s)[0]
		ref := newRefTrace(tr)
		var v view
		v.reset(tr)
		a, b := v.take(), v.take()
		for _, op := range []operator{opChild, opDescendant, opParent, opAncestor, opSibling} {
			clear(a)
			clear(b)
			rng := rand.New(rand.NewPCG(seed, uint64(op)))
			for p := range int32(v.n) {
				if rng.IntN(2) == 0 {
					a.set(p)
				}
				if rng.IntN(2) == 0 {
					b.set(p)
				}
			}
			want := v.takeCopy(b)
			want.narrow(func(j int32) bool {
				for i := range int32(v.n) {
					if a.has(i) && ref.related(op, int(i), int(j)) {
						return true
					}
				}
				return false
			})
			v.related(op, a, b)
			for i := range b {
				if b[i] != want[i] {
					t.Fatalf("seed %d, %v: %b, want %b", seed, op, b, want)
				}
			}
			v.give(want)
		}
	}
}
