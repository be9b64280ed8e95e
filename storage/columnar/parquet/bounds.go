package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// pagePrefix is the number of bytes of text that page bounds keep, so that
// they compare as one integer; chunkPrefix is that of chunk bounds.
const (
	pagePrefix  = 8
	chunkPrefix = 32
)

// limits collects the bounds of the values of a page or a chunk. Numbers are
// kept in an order-preserving form (see orderOf), text by its first bytes or
// whole.
type limits struct {
	any      bool
	min, max uint64
	// maxMore: a text with prefix max goes on after it.
	maxMore bool
	// minText and maxText share the memory of the values.
	minText, maxText []byte
}

func (l *limits) number(v uint64) {
	if !l.any {
		*l = limits{any: true, min: v, max: v}
		return
	}
	l.min, l.max = min(l.min, v), max(l.max, v)
}

// merge takes over number bounds or prefixes.
func (l *limits) merge(o *limits) {
	if !o.any {
		return
	}
	if !l.any {
		*l = *o
		return
	}
	l.min = min(l.min, o.min)
	if o.max > l.max {
		l.max, l.maxMore = o.max, o.maxMore
	} else if o.max == l.max {
		l.maxMore = l.maxMore || o.maxMore
	}
}

// prefixOf is the first bytes of t as a number that compares like them.
func prefixOf(t []byte) uint64 {
	if len(t) >= 8 {
		return binary.BigEndian.Uint64(t)
	}
	var v uint64
	for i, b := range t {
		v |= uint64(b) << (56 - 8*i)
	}
	return v
}

// prefix adds a text by its prefix.
func (l *limits) prefix(v uint64, t []byte) {
	// Zeros at the end of a short text cannot be told from padding.
	more := len(t) > pagePrefix || len(t) > 0 && t[len(t)-1] == 0
	if !l.any {
		*l = limits{any: true, min: v, max: v, maxMore: more}
		return
	}
	l.min = min(l.min, v)
	if v > l.max {
		l.max, l.maxMore = v, more
	} else if v == l.max && more {
		l.maxMore = true
	}
}

// whole adds a text with all its bytes.
func (l *limits) whole(t []byte) {
	if !l.any {
		*l = limits{any: true, minText: t, maxText: t}
		return
	}
	if bytes.Compare(t, l.minText) < 0 {
		l.minText = t
	}
	if bytes.Compare(t, l.maxText) > 0 {
		l.maxText = t
	}
}

// prefixBounds are bounds of the texts whose prefixes were added. ok is false
// when nothing short is above them all.
func (l *limits) prefixBounds(low, high []byte, utf bool) (_, _ []byte, ok bool) {
	low = binary.BigEndian.AppendUint64(low, l.min)
	low = shorten(bytes.TrimRight(low, "\x00"), utf)
	high = binary.BigEndian.AppendUint64(high, l.max)
	high = bytes.TrimRight(high, "\x00")
	if !l.maxMore {
		return low, high, true
	}
	high, ok = successor(shorten(high, utf), utf)
	return low, high, ok
}

// wholeBounds are bounds of at most chunkPrefix bytes, and whether they are
// the least and the greatest value.
func (l *limits) wholeBounds(low, high []byte, utf bool) (_, _ []byte, lowExact, highExact, ok bool) {
	low, high = append(low, l.minText...), append(high, l.maxText...)
	lowExact, highExact, ok = true, true, true
	if len(low) > chunkPrefix {
		low, lowExact = shorten(low[:chunkPrefix], utf), false
	}
	if len(high) > chunkPrefix {
		high, ok = successor(shorten(high[:chunkPrefix], utf), utf)
		highExact = false
	}
	return low, high, lowExact, highExact, ok
}

// shorten cuts off a rune at the end that is not whole.
func shorten(t []byte, utf bool) []byte {
	if !utf {
		return t
	}
	for i := len(t) - 1; i >= 0 && i >= len(t)-utf8.UTFMax; i-- {
		if utf8.RuneStart(t[i]) {
			if !utf8.FullRune(t[i:]) {
				return t[:i]
			}
			break
		}
	}
	return t
}

// successor changes t into a text above everything that starts with t.
func successor(t []byte, utf bool) ([]byte, bool) {
	for len(t) > 0 {
		if !utf {
			if last := len(t) - 1; t[last] < 0xff {
				t[last]++
				return t, true
			}
			t = t[:len(t)-1]
			continue
		}
		r, size := utf8.DecodeLastRune(t)
		t = t[:len(t)-size]
		if r == utf8.RuneError && size <= 1 {
			return nil, false // not UTF-8: no bound is better than a wrong one
		}
		if r++; r == 0xd800 { // surrogates are no runes
			r = 0xe000
		}
		if r <= utf8.MaxRune {
			return utf8.AppendRune(t, r), true
		}
	}
	return nil, false
}

// orderOf maps a value to a number that compares, unsigned, like the value.
func orderOf(c *Column, v uint64) uint64 {
	switch {
	case c.Kind == Double:
		if v>>63 != 0 {
			return ^v
		}
		return v | 1<<63
	case c.Kind == Boolean || c.unsigned():
		return v
	}
	return v ^ 1<<63
}

// valueOf is the inverse of orderOf.
func valueOf(c *Column, o uint64) uint64 {
	switch {
	case c.Kind == Double:
		if o>>63 != 0 {
			return o &^ (1 << 63)
		}
		return ^o
	case c.Kind == Boolean || c.unsigned():
		return o
	}
	return o ^ 1<<63
}

// numberBounds appends the bounds as the format has them. Zero is -0 below and
// +0 above, so that both zeros are inside.
func (l *limits) numberBounds(c *Column, low, high []byte) (_, _ []byte) {
	least, greatest := valueOf(c, l.min), valueOf(c, l.max)
	if c.Kind == Double {
		if least == 0 {
			least = 1 << 63
		}
		if greatest == 1<<63 {
			greatest = 0
		}
	}
	return appendPlain(low, c.Kind, least), appendPlain(high, c.Kind, greatest)
}

func appendPlain(dst []byte, kind Kind, v uint64) []byte {
	switch kind {
	case Boolean:
		return append(dst, byte(v))
	case Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(dst, v)
}

func isNaN(bits uint64) bool { return bits&^(1<<63) > math.Float64bits(math.Inf(1)) }
