package columnar

import (
	"math"
	"strconv"

	"github.com/heddle-io/heddle/storage"
)

// condition is Exists or Compare without its key, in the forms that columns
// can evaluate fast.
type condition struct {
	exists  bool // Exists: any value will do
	compare storage.Compare
	ints    intRange // what ints satisfy compare, where isRange
	isRange bool
}

// intRange is true of lo <= i <= hi, or of the opposite.
type intRange struct {
	lo, hi int64
	not    bool
}

func (r intRange) holds(i int64) bool { return (r.lo <= i && i <= r.hi) != r.not }

func existsCondition() *condition { return &condition{exists: true} }

func compareCondition(c storage.Compare) *condition {
	r, ok := intRangeOf(c)
	return &condition{compare: c, ints: r, isRange: ok}
}

// holds is the definition; everything else here only makes it faster.
func (c *condition) holds(v storage.Value) bool {
	if c.exists {
		return v.Type() != storage.TypeAbsent
	}
	return c.compare.Holds(v)
}

func (c *condition) holdsInt(i int64) bool {
	if c.isRange {
		return c.ints.holds(i)
	}
	return c.holds(storage.Int(i))
}

// wanted is the only content of type t that satisfies the condition, if the
// condition is such that there is at most one.
func (c *condition) wanted(t storage.Type) (content string, ok bool) {
	if c.exists || c.compare.Op != storage.Equal || c.compare.AsText || c.compare.Value.Type() != t {
		if !c.exists && c.compare.Op == storage.Equal && c.compare.AsText && t == storage.TypeString {
			return c.compare.Value.Text(), true
		}
		return "", false
	}
	return c.compare.Value.Str(), true
}

// noInt is satisfied by no int.
var noInt = intRange{lo: 1, hi: 0}

func intRangeOf(c storage.Compare) (r intRange, ok bool) {
	if c.Op > storage.GreaterEqual {
		return intRange{}, false
	}
	v := c.Value
	if c.AsText {
		i, err := strconv.ParseInt(v.Text(), 10, 64)
		if err != nil || strconv.FormatInt(i, 10) != v.Text() {
			return intRange{lo: 1, hi: 0, not: c.Op == storage.NotEqual}, true
		}
		v = storage.Int(i)
	}
	if v.Type() != storage.TypeInt {
		return intRange{}, false
	}
	i := v.Int()
	switch c.Op {
	case storage.Equal:
		return intRange{lo: i, hi: i}, true
	case storage.NotEqual:
		return intRange{lo: i, hi: i, not: true}, true
	case storage.Less:
		if i == math.MinInt64 {
			return noInt, true
		}
		return intRange{lo: math.MinInt64, hi: i - 1}, true
	case storage.LessEqual:
		return intRange{lo: math.MinInt64, hi: i}, true
	case storage.Greater:
		if i == math.MaxInt64 {
			return noInt, true
		}
		return intRange{lo: i + 1, hi: math.MaxInt64}, true
	default:
		return intRange{lo: i, hi: math.MaxInt64}, true
	}
}

// memo remembers for the entries of a dictionary whether they satisfy a
// condition, so that each is tested at most once.
type memo struct {
	cond  *condition
	value func(code uint32) storage.Value
	known []uint8 // 0 unknown, 1 no, 2 yes
}

const (
	memoNo  = 1
	memoYes = 2
)

// newMemo returns nil when no entry can satisfy the condition.
func newMemo(c *condition, t storage.Type, d *dict) *memo {
	m := &memo{cond: c, known: make([]uint8, d.len()), value: func(code uint32) storage.Value { return textValue(t, d.at(code)) }}
	if want, ok := c.wanted(t); ok {
		codes := d.codesOf(want)
		if len(codes) == 0 {
			return nil
		}
		for i := range m.known {
			m.known[i] = memoNo
		}
		for _, code := range codes {
			m.known[code] = memoYes
		}
	}
	return m
}

func (m *memo) holds(code uint32) bool {
	if k := m.known[code]; k != 0 {
		return k == memoYes
	}
	if m.cond.holds(m.value(code)) {
		m.known[code] = memoYes
		return true
	}
	m.known[code] = memoNo
	return false
}
