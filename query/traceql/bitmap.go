package traceql

import "math/bits"

// bitmap is a set of positions of a trace.
type bitmap []uint64

func words64(n int) int { return (n + 63) / 64 }

func (b bitmap) set(i int32)      { b[i>>6] |= 1 << (i & 63) }
func (b bitmap) has(i int32) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bitmap) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

func (b bitmap) or(o bitmap) {
	for i, w := range o {
		b[i] |= w
	}
}

func (b bitmap) andNot(o bitmap) {
	for i, w := range o {
		b[i] &^= w
	}
}

// narrow clears the bits for which keep is false.
func (b bitmap) narrow(keep func(i int32) bool) {
	for w := range b {
		for left := b[w]; left != 0; left &= left - 1 {
			if i := bits.TrailingZeros64(left); !keep(int32(w<<6 + i)) {
				b[w] &^= 1 << i
			}
		}
	}
}

// each calls f with every bit that is set, ascending.
func (b bitmap) each(f func(i int32)) {
	for w, left := range b {
		for ; left != 0; left &= left - 1 {
			f(int32(w<<6 + bits.TrailingZeros64(left)))
		}
	}
}

// appendTo appends the bits that are set, ascending.
func (b bitmap) appendTo(list []int32) []int32 {
	for w, left := range b {
		for ; left != 0; left &= left - 1 {
			list = append(list, int32(w<<6+bits.TrailingZeros64(left)))
		}
	}
	return list
}
