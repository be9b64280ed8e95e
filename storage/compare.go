package storage

import (
	"cmp"
	"math"
)

// compareValues orders two present values; ok is false where they have no
// order.
func compareValues(a, b Value) (order int, ok bool) {
	switch {
	case a.typ == TypeInt && b.typ == TypeInt:
		return cmp.Compare(a.Int(), b.Int()), true
	case a.typ == TypeFloat && b.typ == TypeFloat:
		return compareFloats(a.Float(), b.Float())
	case a.typ == TypeInt && b.typ == TypeFloat:
		return compareIntFloat(a.Int(), b.Float())
	case a.typ == TypeFloat && b.typ == TypeInt:
		order, ok = compareIntFloat(b.Int(), a.Float())
		return -order, ok
	case a.typ != b.typ:
		return 0, false
	case a.typ == TypeBool:
		return cmp.Compare(a.bits, b.bits), true
	}
	return cmp.Compare(a.str, b.str), true
}

func compareFloats(a, b float64) (int, bool) {
	if math.IsNaN(a) || math.IsNaN(b) {
		return 0, false
	}
	return cmp.Compare(a, b), true
}

// compareIntFloat compares without rounding the int: 1<<53+1 is not 1<<53.
func compareIntFloat(i int64, f float64) (int, bool) {
	switch {
	case math.IsNaN(f):
		return 0, false
	case f >= 1<<63:
		return -1, true
	case f < -1<<63:
		return 1, true
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c, true
	}
	return cmp.Compare(0, f-whole), true
}
