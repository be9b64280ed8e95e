package traceql

import (
	"math"
	"math/bits"
	"regexp"
	"time"

	"github.com/heddle-io/heddle/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// compare is the definition of the comparisons: whether "a op b" is true.
//
//   - nil compares with nothing but the literal nil, which is tested apart:
//     a comparison with a missing value is false, != and !~ included.
//   - Ints, floats and durations compare as numbers, durations by their
//     nanoseconds; ints are not rounded. NaN compares with nothing but is
//     unequal to everything.
//   - An array stands for its elements: = and =~ and the orderings are true
//     when they are of any element, != and !~ when they are of all. An empty
//     array has no element and satisfies != and !~ only.
//   - Values of other types that differ are not equal and have no order: only
//     != is true of them.
func compare(op operator, a, b Value, re *regexp.Regexp) bool {
	switch {
	case a.typ == TypeNil || b.typ == TypeNil:
		return false
	case a.typ == TypeArray:
		return compareArray(op, a, func(item Value) bool { return compare(op, item, b, re) })
	case b.typ == TypeArray:
		return compareArray(op, b, func(item Value) bool { return compare(op, a, item, re) })
	case op == opMatch || op == opNotMatch:
		return a.typ == TypeString && re.MatchString(a.str) == (op == opMatch)
	}
	return storageCompare(op, a, b)
}

// storageCompare leaves the comparison to the store's definition, so that it
// is the same on both sides.
func storageCompare(op operator, a, b Value) bool {
	return storage.Compare{Op: storageOps[op], Value: b.Storage()}.Holds(a.Storage())
}

var storageOps = [...]storage.Op{
	opEqual: storage.Equal, opNotEqual: storage.NotEqual, opLess: storage.Less, opLessEqual: storage.LessEqual,
	opGreater: storage.Greater, opGreaterEqual: storage.GreaterEqual, opMatch: storage.Match, opNotMatch: storage.NotMatch,
}

func compareArray(op operator, array Value, holds func(Value) bool) bool {
	all := op == opNotEqual || op == opNotMatch
	for _, item := range arrayItems(array) {
		if holds(item) != all {
			return !all
		}
	}
	return all
}

// arrayItems decodes an array. What is damaged has no elements.
func arrayItems(array Value) []Value {
	v := pcommon.NewValueEmpty()
	if storage.DecodeAnyValue([]byte(array.str), v) != nil || v.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	var items []Value
	for _, item := range v.Slice().All() {
		if x := ValueOf(storage.ValueOf(item)); x.typ != TypeArray { // arrays in arrays have no comparison
			items = append(items, x)
		}
	}
	return items
}

// arithmetic is the definition of the arithmetic operators. It is nil where an
// operand is no number, and for a remainder of division by zero.
//
// Ints stay ints, except under / and ^ and where they overflow: those give a
// float. A duration stays a duration, except when divided by a duration and
// under ^.
func arithmetic(op operator, a, b Value) Value {
	x, ok := a.Number()
	y, ok2 := b.Number()
	if !ok || !ok2 {
		return Value{}
	}
	typ := arithmeticType(op, a.typ, b.typ)
	if a.typ != TypeFloat && b.typ != TypeFloat && (op != opDiv || b.Int() != 0 && a.Int()%b.Int() == 0) && op != opPow {
		if i, ok := intArithmetic(op, a.Int(), b.Int()); ok {
			if typ == TypeFloat {
				return Float(float64(i))
			}
			return Value{typ: typ, bits: uint64(i)}
		}
		if op == opMod {
			return Value{}
		}
	}
	f := math.NaN()
	switch op {
	case opAdd:
		f = x + y
	case opSub:
		f = x - y
	case opMul:
		f = x * y
	case opDiv:
		f = x / y
	case opMod:
		if y == 0 {
			return Value{}
		}
		f = math.Mod(x, y)
	case opPow:
		f = math.Pow(x, y)
	}
	if typ == TypeDuration && f > math.MinInt64 && f < math.MaxInt64 {
		return Duration(time.Duration(math.Round(f)))
	}
	return Float(f)
}

// intArithmetic is exact; ok is false where the result does not fit.
func intArithmetic(op operator, a, b int64) (r int64, ok bool) {
	switch op {
	case opAdd:
		r = a + b
		return r, (r > a) == (b > 0)
	case opSub:
		r = a - b
		return r, (r < a) == (b > 0)
	case opMul:
		hi, lo := bits.Mul64(magnitude(a), magnitude(b))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		return a * b, true
	case opDiv:
		return a / b, !(a == math.MinInt64 && b == -1)
	case opMod:
		if b == 0 || b == -1 {
			return 0, b == -1
		}
		return a % b, true
	}
	return 0, false
}

func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

// negate is -x, nil where x is no number.
func negate(x Value) Value {
	if x.typ == TypeFloat {
		return Float(-x.Float())
	}
	if !x.typ.numeric() {
		return Value{}
	}
	if x.Int() == math.MinInt64 {
		return Float(1 << 63)
	}
	return Value{typ: x.typ, bits: -x.bits}
}
