package parquet

import "encoding/binary"

// indexes holds, encoded, what is written once the row groups are: statistics,
// column indexes and offset indexes of all chunks. Extents in chunkMeta say
// what belongs to whom.
type indexes struct {
	statistics, columns, offsets []byte

	w         thriftWriter
	low, high []byte
}

// begin starts the offset index of a chunk.
func (x *indexes) begin(pages int, meta *chunkMeta) {
	meta.offsetIndex.from = len(x.offsets)
	x.w = thriftWriter{b: x.offsets, outer: x.w.outer[:0]}
	x.w.open(0)
	x.w.list(1, thriftStruct, pages)
}

func (x *indexes) page(offset int64, size, firstRow int) {
	x.w.open(0)
	x.w.i64(1, offset)
	x.w.i32(2, int32(size))
	x.w.i64(3, int64(firstRow))
	x.w.close()
}

// end finishes the offset index and adds column index and statistics.
func (x *indexes) end(c *Column, e *encoder, meta *chunkMeta) {
	x.w.close()
	x.offsets = x.w.b
	meta.offsetIndex.end = len(x.offsets)

	meta.columnIndex.from = len(x.columns)
	if e.bounded {
		x.w = thriftWriter{b: x.columns, outer: x.w.outer[:0]}
		if x.columnIndex(c, e) {
			x.columns = x.w.b
		}
	}
	meta.columnIndex.end = len(x.columns)

	meta.statistics.from = len(x.statistics)
	x.w = thriftWriter{b: x.statistics, outer: x.w.outer[:0]}
	x.chunkStatistics(c, e)
	x.statistics = x.w.b
	meta.statistics.end = len(x.statistics)
}

// columnIndex writes null counts and bounds of every page. It returns false
// when a page has no bounds, because then there can be no index.
func (x *indexes) columnIndex(c *Column, e *encoder) bool {
	w := &x.w
	n := len(e.pages)
	w.open(0)
	w.list(1, thriftTrue, n)
	for i := range e.pages {
		if e.pages[i].limits.any {
			w.b = append(w.b, 2)
		} else {
			w.b = append(w.b, 1) // only nulls
		}
	}
	for id := 2; id <= 3; id++ {
		w.list(id, thriftBinary, n)
		for i := range e.pages {
			l := &e.pages[i].limits
			if !l.any {
				w.b = append(w.b, 0)
				continue
			}
			if !x.bounds(c, l) {
				return false
			}
			bound := x.low
			if id == 3 {
				bound = x.high
			}
			w.b = binary.AppendUvarint(w.b, uint64(len(bound)))
			w.b = append(w.b, bound...)
		}
	}
	w.i32(4, orderUnordered)
	w.list(5, thriftI64, n)
	for i := range e.pages {
		w.b = binary.AppendVarint(w.b, int64(e.pages[i].nulls))
	}
	w.close()
	return true
}

// bounds sets low and high to those of a page.
func (x *indexes) bounds(c *Column, l *limits) (ok bool) {
	x.low, x.high, ok = x.low[:0], x.high[:0], true
	switch c.Kind {
	case ByteArray:
		x.low, x.high, ok = l.prefixBounds(x.low, x.high, c.utf8())
	case Fixed:
		x.low, x.high = append(x.low, l.minText...), append(x.high, l.maxText...)
	default:
		x.low, x.high = l.numberBounds(c, x.low, x.high)
	}
	return ok
}

func (x *indexes) chunkStatistics(c *Column, e *encoder) {
	nulls := 0
	for i := range e.pages {
		nulls += e.pages[i].nulls
	}
	w := &x.w
	w.open(0)
	w.i64(3, int64(nulls))
	if l := &e.chunk; l.any && e.bounded {
		lowExact, highExact, ok := true, true, true
		if c.Kind == ByteArray && l.minText != nil {
			x.low, x.high, lowExact, highExact, ok = l.wholeBounds(x.low[:0], x.high[:0], c.utf8())
		} else if ok = x.bounds(c, l); c.Kind == ByteArray {
			lowExact, highExact = false, false
		}
		if ok {
			w.binary(5, x.high)
			w.binary(6, x.low)
			w.bool(7, highExact)
			w.bool(8, lowExact)
		}
	}
	w.close()
}
