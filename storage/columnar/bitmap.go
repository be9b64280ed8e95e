package columnar

import (
	"math/bits"
	"slices"
)

// bitmap is a set of rows. It has a whole number of words; bits at and above
// the number of rows are zero.
type bitmap []uint64

func newBitmap(rows int) bitmap { return make(bitmap, (rows+63)/64) }

func fullBitmap(rows int) bitmap {
	b := newBitmap(rows)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if tail := rows & 63; tail != 0 {
		b[len(b)-1] = 1<<tail - 1
	}
	return b
}

func (b bitmap) has(row int) bool { return b[row>>6]>>(row&63)&1 != 0 }
func (b bitmap) set(row int)      { b[row>>6] |= 1 << (row & 63) }

func (b bitmap) andNot(o bitmap) {
	for i, w := range o {
		b[i] &^= w
	}
}

func (b bitmap) and(o bitmap) {
	for i, w := range o {
		b[i] &= w
	}
}

func (b bitmap) or(o bitmap) {
	for i, w := range o {
		b[i] |= w
	}
}

func (b bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// bounds are the first member and what follows the last; there is one.
func (b bitmap) bounds() (from, to int) {
	i, last := 0, len(b)-1
	for b[i] == 0 {
		i++
	}
	for b[last] == 0 {
		last--
	}
	return i<<6 + bits.TrailingZeros64(b[i]), last<<6 + bits.Len64(b[last])
}

func (b bitmap) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

func (b bitmap) clone() bitmap { return append(bitmap(nil), b...) }

// rows lists the members in ascending order.
func (b bitmap) rows() []uint32 { return b.rowsIn(nil) }

// rowsIn is rows in the memory of a list that is not needed any more.
func (b bitmap) rowsIn(rows []uint32) []uint32 {
	n := b.count()
	rows = slices.Grow(rows[:0], n)[:n]
	n = 0
	for i, w := range b {
		if w == ^uint64(0) {
			for bit := range uint32(64) {
				rows[n] = uint32(i<<6) + bit
				n++
			}
			continue
		}
		for ; w != 0; w &= w - 1 {
			rows[n] = uint32(i<<6 + bits.TrailingZeros64(w))
			n++
		}
	}
	return rows
}

// keep removes the members for which test is false.
func (b bitmap) keep(test func(row int) bool) {
	for i, w := range b {
		for m := w; m != 0; m &= m - 1 {
			if bit := bits.TrailingZeros64(m); !test(i<<6 + bit) {
				w &^= 1 << bit
			}
		}
		b[i] = w
	}
}
