package sidecar

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	tracesPerBlock = 256
	maxTraces      = 1 << 26     // their blocks are below 2 GB at 20 bytes each
	traceBlockHead = 1 + 4 + 3*4 // entries-1, widths, smallest group, first row and rows
)

// traceContinues marks a block that begins with the fingerprint with which the
// one before ends.
const traceContinues = 1 << 31

func compareTraces(a, b Trace) int {
	return cmp.Or(cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Group, b.Group), cmp.Compare(a.FirstRow, b.FirstRow))
}

// encodeTraces sorts and packs runs.
func encodeTraces(traces []Trace) encoded {
	if !slices.IsSortedFunc(traces, compareTraces) {
		traces = slices.Clone(traces)
		slices.SortFunc(traces, compareTraces)
	}
	var e encoded
	blocks := (len(traces) + tracesPerBlock - 1) / tracesPerBlock
	e.head = binary.LittleEndian.AppendUint32(e.head, uint32(len(traces)))
	for i := range blocks {
		block := traces[i*tracesPerBlock : min(len(traces), (i+1)*tracesPerBlock)]
		from := len(e.body)
		e.body = appendTraceBlock(e.body, block)
		e.body = appendCRC(e.body, from)
		size := uint32(len(e.body) - from)
		if i > 0 && traces[i*tracesPerBlock-1].Fingerprint == block[0].Fingerprint {
			size |= traceContinues
		}
		e.head = binary.LittleEndian.AppendUint64(e.head, block[0].Fingerprint)
		e.head = binary.LittleEndian.AppendUint32(e.head, size)
	}
	return e
}

// appendTraceBlock packs up to 256 runs into four columns: the distances
// between fingerprints, groups, first rows, rows. The first fingerprint is in
// the head of the section.
func appendTraceBlock(b []byte, block []Trace) []byte {
	low := block[0].Run
	for _, t := range block {
		low.Group, low.FirstRow, low.Rows = min(low.Group, t.Group), min(low.FirstRow, t.FirstRow), min(low.Rows, t.Rows)
	}
	columns := [4]func(int) uint64{
		func(i int) uint64 { return block[i].Fingerprint - block[max(i-1, 0)].Fingerprint },
		func(i int) uint64 { return uint64(block[i].Group - low.Group) },
		func(i int) uint64 { return uint64(block[i].FirstRow - low.FirstRow) },
		func(i int) uint64 { return uint64(block[i].Rows - low.Rows) },
	}
	var widths [4]uint
	for c, column := range columns {
		for i := range block {
			widths[c] = max(widths[c], uint(bits.Len64(column(i))))
		}
	}
	b = append(b, byte(len(block)-1))
	for _, width := range widths {
		b = append(b, byte(width))
	}
	b = binary.LittleEndian.AppendUint32(b, low.Group)
	b = binary.LittleEndian.AppendUint32(b, low.FirstRow)
	b = binary.LittleEndian.AppendUint32(b, low.Rows)
	w := bitWriter{b: b}
	for c, column := range columns {
		for i := range block {
			w.put(column(i), widths[c])
		}
		w.align()
	}
	return w.b
}
