package sidecar

import (
	"encoding/binary"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// A histogram is stored as it is in memory, without the buckets that are
// empty: what is merged from it is what observing every value would give.
//
//	zero count, buckets that are not empty; if any: scale, index of the first,
//	then bits: its count, and the distance and count of every further one
//
// Most distances and counts are below four and take one or three bits.

// maxBuckets bounds what is accepted from a first to a last bucket. It is far
// above what storage.ExpHistogram keeps, so that files outlive its limits.
const maxBuckets = 4096

// Scales that a histogram of float64s may have, and the octaves they are in.
const (
	minScale, maxScale   = -11, 20
	minOctave, maxOctave = -1075, 1024
)

func appendHistogram(b []byte, h *storage.ExpHistogram) ([]byte, bool) {
	first, last, n := bucketsOf(h)
	b = binary.AppendUvarint(b, h.Zero)
	b = binary.AppendUvarint(b, uint64(n))
	if n == 0 {
		return b, true
	}
	if last-first >= maxBuckets || !bucketsExist(h.Scale, int64(h.Offset)+int64(first), int64(h.Offset)+int64(last)) {
		return b, false
	}
	b = binary.AppendVarint(b, int64(h.Scale))
	b = binary.AppendVarint(b, int64(h.Offset)+int64(first))
	w := bitWriter{b: b}
	before := first
	for i, count := range h.Counts {
		if count == 0 {
			continue
		}
		if i != first {
			w.gamma(uint64(i - before))
		}
		w.gamma(count)
		before = i
	}
	return w.b, true
}

// bucketsOf returns the first and the last bucket that are not empty and how
// many there are.
func bucketsOf(h *storage.ExpHistogram) (first, last, n int) {
	for i, count := range h.Counts {
		if count > 0 {
			if n == 0 {
				first = i
			}
			last = i
			n++
		}
	}
	return first, last, n
}

// bucketsExist is false for buckets that no float64 can be in.
func bucketsExist(scale int32, first, last int64) bool {
	if scale < minScale || scale > maxScale {
		return false
	}
	if scale < 0 {
		return first >= minOctave>>-scale-1 && last <= maxOctave>>-scale
	}
	return first >= minOctave<<scale-1 && last <= maxOctave<<scale
}

// decodeHistogram decodes the first size bytes of b into h, reusing its memory.
// What is behind them in b is only there to make reading bits fast.
func decodeHistogram(b []byte, size int, h *storage.ExpHistogram) bool {
	c := cursor{b: b[:size]}
	h.Zero, h.Scale, h.Offset, h.Counts = c.uvarint(), 0, 0, h.Counts[:0]
	n := c.uvarint()
	if n == 0 || n > maxBuckets {
		return n == 0 && c.done()
	}
	scale, offset := c.varint(), c.varint()
	if c.fail || scale < minScale || scale > maxScale {
		return false
	}
	h.Scale = int32(scale)
	r := bitReader{b: b, at: 8 * c.at}
	for i := range n {
		if i > 0 {
			gap, ok := r.gamma()
			if !ok || gap > maxBuckets || len(h.Counts)+int(gap) > maxBuckets {
				return false
			}
			if gap > 1 {
				old := len(h.Counts)
				h.Counts = slices.Grow(h.Counts, int(gap))[:old+int(gap)-1]
				clear(h.Counts[old:])
			}
		}
		count, ok := r.gamma()
		if !ok {
			return false
		}
		h.Counts = append(h.Counts, count)
	}
	if offset < minOctave<<maxScale-1 || offset > maxOctave<<maxScale {
		return false // adding to it might overflow
	}
	if !bucketsExist(h.Scale, offset, offset+int64(len(h.Counts))-1) {
		return false
	}
	h.Offset = int32(offset)
	return (r.at+7)/8 == size
}
