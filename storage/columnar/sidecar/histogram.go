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

// decodeHistogram decodes the first size bytes of b into h, reusing its memory,
// and returns how many values it counts. What is behind them in b is only there
// to make reading bits fast.
func decodeHistogram(b []byte, size int, h *storage.ExpHistogram) (values uint64, ok bool) {
	c := cursor{b: b[:size]}
	h.Zero, h.Scale, h.Offset, h.Counts = c.uvarint(), 0, 0, h.Counts[:0]
	n := c.uvarint()
	if n == 0 || n > maxBuckets {
		return h.Zero, n == 0 && c.done()
	}
	scale, offset := c.varint(), c.varint()
	if c.fail || scale < minScale || scale > maxScale {
		return 0, false
	}
	r := bitReader{b: b, at: 8 * c.at}
	count, ok := r.gamma()
	counts := append(h.Counts, count)
	for range n - 1 {
		if !ok {
			return 0, false
		}
		var gap uint64
		values += count
		if gap, count, ok = r.gammas(); gap != 1 {
			if gap > maxBuckets || len(counts)+int(gap) > maxBuckets {
				return 0, false
			}
			old := len(counts)
			counts = slices.Grow(counts, int(gap))[:max(old, old+int(gap)-1)]
			clear(counts[old:])
		}
		counts = append(counts, count)
	}
	h.Counts = counts
	if !ok || (r.at+7)/8 != size || offset < minOctave<<maxScale-1 || offset > maxOctave<<maxScale ||
		!bucketsExist(int32(scale), offset, offset+int64(len(counts))-1) {
		return 0, false
	}
	h.Scale, h.Offset = int32(scale), int32(offset)
	return values + count + h.Zero, true
}
