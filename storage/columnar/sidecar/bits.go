package sidecar

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter appends bits, the lowest of a byte first.
type bitWriter struct {
	b    []byte
	used uint // bits of the last byte; 0: it is full
}

func (w *bitWriter) put(v uint64, width uint) {
	for width > 0 {
		if w.used == 0 {
			w.b = append(w.b, 0)
		}
		take := min(8-w.used, width)
		w.b[len(w.b)-1] |= byte(v&(1<<take-1)) << w.used
		w.used = (w.used + take) & 7
		v >>= take
		width -= take
	}
}

// align makes the next bit the first of a byte.
func (w *bitWriter) align() { w.used = 0 }

// gamma appends a number above zero in Elias' gamma code: as many zeros as it
// has bits below the highest, a one, those bits. It takes 1 bit for 1, 3 for 2
// and 3, 5 up to 7.
func (w *bitWriter) gamma(v uint64) {
	z := uint(bits.Len64(v) - 1)
	w.put(0, z)
	w.put(1, 1)
	w.put(v, z)
}

// bitReader reads what a bitWriter wrote. Behind the end it reads zeros:
// callers compare at with the end when they have read everything.
type bitReader struct {
	b  []byte
	at int // bits
}

// gamma is false when there is no code of a number up to maxGamma.
func (r *bitReader) gamma() (uint64, bool) {
	w := window(r.b, r.at)
	z := bits.TrailingZeros64(w)
	if z <= 28 { // all of it is in the window
		r.at += 2*z + 1
		return 1<<z | w>>(z+1)&(1<<z-1), true
	}
	if z > 56 {
		return 0, false
	}
	w = window(r.b, r.at+z+1)
	r.at += 2*z + 1
	return 1<<z | w&(1<<z-1), true
}

// gammas reads two numbers, nearly always from one window.
func (r *bitReader) gammas() (first, second uint64, ok bool) {
	w := window(r.b, r.at)
	y := bits.TrailingZeros64(w)
	rest := w >> (y + 1) >> y
	z := bits.TrailingZeros64(rest)
	if y+z > 27 { // 2y+1 + 2z+1 bits are not all in the window
		if first, ok = r.gamma(); ok {
			second, ok = r.gamma()
		}
		return first, second, ok
	}
	r.at += 2*y + 2*z + 2
	return 1<<y | w>>(y+1)&(1<<y-1), 1<<z | rest>>(z+1)&(1<<z-1), true
}

// window returns at least the 57 bits that begin at a bit.
func window(b []byte, at int) uint64 {
	p := at >> 3
	if p+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[p:]) >> (at & 7)
	}
	if p >= len(b) {
		return 0
	}
	var tail [8]byte
	copy(tail[:], b[p:])
	return binary.LittleEndian.Uint64(tail[:]) >> (at & 7)
}

// packed is a column of numbers of width bits each, at most 64.
type packed struct {
	b     []byte
	width uint
}

func packedSize(n int, width uint) int { return (n*int(width) + 7) / 8 }

func (p packed) at(i int) uint64 {
	if p.width == 0 {
		return 0
	}
	bit := i * int(p.width)
	v := window(p.b, bit)
	if shift := uint(bit & 7); shift+p.width > 64 {
		v |= uint64(p.b[bit>>3+8]) << (64 - shift)
	}
	return v & (^uint64(0) >> (64 - p.width))
}
