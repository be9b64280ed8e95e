package parquet

import (
	"bytes"
	"hash/maphash"
)

// textDict makes the dictionary of a text chunk: the entries that are used, in
// order of first use, each once. Codes of the source are translated by a table
// that is never cleared: a translation is valid when its stamp is of this
// chunk, and has been counted for this page when it is of this page.
type textDict struct {
	slots  []textSlot // by source code
	stamp  uint32     // of the current page
	first  uint32     // stamp of the chunk's first page
	source []uint32   // source code of every entry
	prefix []uint64   // of every entry
	bytes  int        // text of all entries
	find   []uint64   // hash table: stamp of the chunk, code
	seed   maphash.Seed
}

type textSlot struct{ code, stamp uint32 }

// begin prepares for a chunk with that many pages and at most limit entries.
func (t *textDict) begin(d *Dict, pages, limit int) {
	if t.stamp == 0 {
		t.seed = maphash.MakeSeed()
	}
	if n := d.Len(); cap(t.slots) < n {
		t.slots = make([]textSlot, n+n/4)
	}
	t.slots = t.slots[:cap(t.slots)]
	size := 64
	for size < 2*min(limit+1, d.Len()) {
		size *= 2
	}
	if cap(t.find) < size {
		t.find = make([]uint64, size)
	}
	if t.stamp > 1<<32-1-uint32(pages)-1 {
		t.stamp = 0
		clear(t.slots)
		clear(t.find[:cap(t.find)])
	}
	t.find = t.find[:size]
	t.first = t.stamp + 1
	t.source, t.prefix, t.bytes = t.source[:0], t.prefix[:0], 0
}

// page translates the codes of a page and adds its bounds. It returns false
// when there are more than limit entries, or a code is not in d.
func (t *textDict) page(dst, codes []uint32, d *Dict, limit int, l *limits) bool {
	t.stamp++
	stamp, slots := t.stamp, t.slots[:d.Len()]
	dst = dst[:len(codes)]
	for i, c := range codes {
		if uint(c) >= uint(len(slots)) {
			return false
		}
		s := slots[c]
		if s.stamp != stamp {
			if s.stamp < t.first {
				s.code = t.entry(d, c)
				if len(t.source) > limit {
					return false
				}
			}
			s.stamp = stamp
			slots[c] = s
			l.prefix(t.prefix[s.code], d.At(t.source[s.code]))
		}
		dst[i] = s.code
	}
	return true
}

// entry returns the code of a source entry that is new in this chunk, but may
// be equal to one that is not.
func (t *textDict) entry(d *Dict, c uint32) uint32 {
	text := d.At(c)
	mask := uint64(len(t.find) - 1)
	h := maphash.Bytes(t.seed, text)
	at := h & mask
	for ; t.find[at]>>32 >= uint64(t.first); at = (at + 1) & mask {
		if code := uint32(t.find[at]); bytes.Equal(d.At(t.source[code]), text) {
			return code
		}
	}
	code := uint32(len(t.source))
	t.find[at] = uint64(t.first)<<32 | uint64(code)
	t.source = append(t.source, c)
	t.prefix = append(t.prefix, prefixOf(text))
	t.bytes += len(text)
	return code
}
