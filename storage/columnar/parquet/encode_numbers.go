package parquet

import (
	"fmt"
	"math"
	"slices"
)

// booleans copies the values; they are one bit each.
func (e *encoder) booleans(v *Values) error {
	e.encoding = encodingPlain
	e.codes = slices.Grow(e.codes[:0], e.values)[:e.values]
	all := uint64(0)
	for i, x := range v.Nums {
		e.codes[i] = uint32(x)
		all |= x
	}
	copy(e.codes, v.Codes)
	for _, x := range v.Codes {
		all |= uint64(x)
	}
	if all > 1 {
		return fmt.Errorf("%w: a Boolean that is neither 0 nor 1", ErrInvalid)
	}
	e.bitLimits()
	return nil
}

func (e *encoder) bitLimits() {
	for i := range e.pages {
		p := &e.pages[i]
		for _, x := range e.codes[p.from:p.end] {
			p.limits.number(uint64(x))
		}
		e.chunk.merge(&p.limits)
	}
}

// integers prepares a chunk of Int32, Int64 or Double.
func (e *encoder) integers(c *Column, v *Values, limit int) {
	e.nums = v.Nums
	if c.Kind == Int32 {
		e.nums = e.narrow(v.Nums, c.unsigned())
	}
	e.orderLimits(c)
	if e.coded(limit, func(limit int) bool { return e.numbers.codes(e.codes, e.nums, limit) }) {
		e.entries = len(e.numbers.entries)
	}
	e.encoding = chooseNumbers(c, e.nums, e.entries)
	if e.encoding != encodingDictionary {
		e.entries = 0
		return
	}
	for _, x := range e.numbers.entries {
		e.raw = appendPlain(e.raw, c.Kind, x)
	}
}

func (e *encoder) narrow(nums []uint64, unsigned bool) []uint64 {
	e.scratch = slices.Grow(e.scratch[:0], len(nums))[:len(nums)]
	for i, x := range nums {
		if unsigned {
			e.scratch[i] = uint64(uint32(x))
		} else {
			e.scratch[i] = uint64(int64(int32(x)))
		}
	}
	return e.scratch
}

// orderLimits sets the bounds of number pages. NaN has no place in an order:
// with one in the chunk there are no bounds.
func (e *encoder) orderLimits(c *Column) {
	for i := range e.pages {
		p := &e.pages[i]
		nums := e.nums[p.from:p.end]
		if len(nums) == 0 {
			continue
		}
		l := limits{any: true, min: math.MaxUint64}
		if c.Kind == Double {
			for _, x := range nums {
				if isNaN(x) {
					e.bounded = false
				}
				o := orderOf(c, x)
				l.min, l.max = min(l.min, o), max(l.max, o)
			}
		} else {
			flip := orderOf(c, 0)
			for _, x := range nums {
				l.min, l.max = min(l.min, x^flip), max(l.max, x^flip)
			}
		}
		p.limits = l
		e.chunk.merge(&l)
	}
}

// appendBits packs values of one bit.
func appendBits(dst []byte, codes []uint32) []byte {
	whole := len(codes) &^ 7
	dst = appendPacked(dst, codes[:whole], 1)
	if whole < len(codes) {
		var b byte
		for i, c := range codes[whole:] {
			b |= byte(c) << i
		}
		dst = append(dst, b)
	}
	return dst
}
