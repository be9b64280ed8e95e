package traceql

import "math"

// intRange is true of lo <= i <= hi, or of the opposite: what ints satisfy a
// comparison with a constant.
type intRange struct {
	lo, hi int64
	not    bool
}

func (r intRange) holds(i int64) bool { return (r.lo <= i && i <= r.hi) != r.not }

var (
	noInt  = intRange{lo: 1, hi: 0}
	anyInt = intRange{lo: 1, hi: 0, not: true}
)

// intRangeOf says for which ints "i op c" is true, as compare defines it.
func intRangeOf(op operator, c Value) intRange {
	switch {
	case c.typ == TypeNil || op == opMatch || op == opNotMatch:
		return noInt
	case c.typ == TypeFloat:
		return floatRange(op, c.Float())
	case c.typ == TypeString || c.typ == TypeBool:
		if op == opNotEqual {
			return anyInt
		}
		return noInt
	}
	i := c.Int() // an int, duration, status or kind
	switch op {
	case opEqual:
		return intRange{lo: i, hi: i}
	case opNotEqual:
		return intRange{lo: i, hi: i, not: true}
	case opLess:
		return intRange{lo: i, hi: math.MaxInt64, not: true}
	case opLessEqual:
		return intRange{lo: math.MinInt64, hi: i}
	case opGreater:
		return intRange{lo: math.MinInt64, hi: i, not: true}
	}
	return intRange{lo: i, hi: math.MaxInt64}
}

func floatRange(op operator, f float64) intRange {
	switch {
	case math.IsNaN(f):
		if op == opNotEqual {
			return anyInt
		}
		return noInt
	case f >= 1<<63: // above every int
		if op == opLess || op == opLessEqual || op == opNotEqual {
			return anyInt
		}
		return noInt
	case f < -1<<63: // below every int
		if op == opGreater || op == opGreaterEqual || op == opNotEqual {
			return anyInt
		}
		return noInt
	}
	down := int64(math.Floor(f))
	if float64(down) == f && math.Trunc(f) == f {
		return intRangeOf(op, Int(down))
	}
	switch op { // between down and down+1
	case opEqual:
		return noInt
	case opNotEqual:
		return anyInt
	case opLess, opLessEqual:
		return intRange{lo: math.MinInt64, hi: down}
	}
	return intRange{lo: math.MinInt64, hi: down, not: true}
}
