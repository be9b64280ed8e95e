package sidecar

import (
	"encoding/binary"
	"iter"
	"slices"
)

// traceIndex says which block of the section has a fingerprint.
type traceIndex struct {
	traces  int
	first   []uint64 // fingerprint per block
	offsets []uint32 // of the blocks in the body, and of its end
	goesOn  []bool   // per block: it begins with the last fingerprint of the one before
}

// Lookup returns the runs whose trace has a fingerprint, by group and row. It
// reads one block of some 2.5 KB, or as many as the fingerprint reaches over.
// It allocates only what it returns.
func (x *Index) Lookup(fingerprint uint64) ([]Run, error) {
	ti, err := x.traceIndex()
	if err != nil {
		return nil, err
	}
	i := ti.find(fingerprint)
	if i < 0 {
		return nil, nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var runs []Run
	for ; i < len(ti.first) && ti.first[i] <= fingerprint; i++ {
		b, err := x.traceBlock(ti, i, buf)
		if err != nil {
			return nil, err
		}
		if runs = b.find(runs, fingerprint); b.damaged {
			return nil, x.corruptBlock(ti, i)
		}
	}
	return runs, nil
}

// find returns the first block that may have a fingerprint, or -1.
func (ti *traceIndex) find(fingerprint uint64) int {
	i, found := slices.BinarySearch(ti.first, fingerprint)
	if !found || ti.goesOn[i] {
		i--
	}
	return i
}

// TraceBlocks reads the runs from a fingerprint on, by (fingerprint, group,
// first row), some at a time; the first block may have some below it too. A
// block is valid until the next one is asked for. It ends after the first error.
func (x *Index) TraceBlocks(from uint64) iter.Seq2[[]Trace, error] {
	return func(yield func([]Trace, error) bool) {
		ti, err := x.traceIndex()
		if err != nil {
			yield(nil, err)
			return
		}
		traces := make([]Trace, 0, tracesPerBlock)
		var buf []byte
		for i := max(ti.find(from), 0); i < len(ti.first); i++ {
			b, err := x.traceBlock(ti, i, &buf)
			if err == nil {
				if traces = b.all(traces[:0]); b.damaged || i > 0 && ti.first[i] < ti.first[i-1] {
					err = x.corruptBlock(ti, i)
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(traces, nil) {
				return
			}
		}
	}
}

// Traces is how many runs TraceBlocks yields.
func (x *Index) Traces() (int, error) {
	ti, err := x.traceIndex()
	if err != nil {
		return 0, err
	}
	return ti.traces, nil
}

func (x *Index) traceIndex() (*traceIndex, error) {
	return x.traces.get(func() (*traceIndex, error) {
		b, err := x.head(sectionTraces)
		if err != nil {
			return nil, err
		}
		s := x.sections[sectionTraces]
		ti, ok := decodeTraceIndex(b, s.length-s.head)
		if !ok {
			return nil, x.corruptHead(sectionTraces, 0)
		}
		return ti, nil
	})
}

func decodeTraceIndex(b []byte, body int64) (*traceIndex, bool) {
	c := cursor{b: b}
	ti := &traceIndex{traces: int(c.u32())}
	n := c.left() / 12
	if n != (ti.traces+tracesPerBlock-1)/tracesPerBlock || n*12 != c.left() {
		return nil, false
	}
	ti.first, ti.goesOn, ti.offsets = make([]uint64, n), make([]bool, n), make([]uint32, 1, n+1)
	end := int64(0)
	for i := range n {
		ti.first[i] = c.u64()
		size := c.u32()
		ti.goesOn[i] = size&traceContinues != 0
		end += int64(size &^ traceContinues)
		if i > 0 && ti.first[i] < ti.first[i-1] || i == 0 && ti.goesOn[0] || end > body || end >= traceContinues {
			return nil, false
		}
		ti.offsets = append(ti.offsets, uint32(end))
	}
	return ti, c.done() && end == body
}

func (x *Index) traceBlock(ti *traceIndex, i int, buf *[]byte) (traceBlock, error) {
	at := x.sections[sectionTraces].body() + int64(ti.offsets[i])
	raw, err := x.read(sectionTraces, sized(buf, int(ti.offsets[i+1]-ti.offsets[i])), at)
	if err != nil {
		return traceBlock{}, err
	}
	n := min(ti.traces-i*tracesPerBlock, tracesPerBlock)
	b, ok := openTraceBlock(raw, n, ti.first[i])
	if !ok {
		return traceBlock{}, x.corruptBlock(ti, i)
	}
	return b, nil
}

func (x *Index) corruptBlock(ti *traceIndex, i int) error {
	return x.corruptHead(sectionTraces, int(x.sections[sectionTraces].head)+int(ti.offsets[i]))
}

// traceBlock is a block with its columns found.
type traceBlock struct {
	n       int
	first   uint64
	low     Run
	columns [4]packed // distances, groups, first rows, rows
	damaged bool      // fingerprints overflow
}

func openTraceBlock(raw []byte, n int, first uint64) (traceBlock, bool) {
	b := traceBlock{n: n, first: first}
	if len(raw) < traceBlockHead || int(raw[0])+1 != n {
		return b, false
	}
	b.low = Run{binary.LittleEndian.Uint32(raw[5:]), binary.LittleEndian.Uint32(raw[9:]), binary.LittleEndian.Uint32(raw[13:])}
	rest := raw[traceBlockHead:]
	for c := range b.columns {
		width := uint(raw[1+c])
		if width > 64 || c > 0 && width > 32 || packedSize(n, width) > len(rest) {
			return b, false
		}
		size := packedSize(n, width)
		b.columns[c], rest = packed{rest[:size], width}, rest[size:]
	}
	return b, len(rest) == 0
}

func (b *traceBlock) run(i int) Run {
	return Run{
		b.low.Group + uint32(b.columns[1].at(i)),
		b.low.FirstRow + uint32(b.columns[2].at(i)),
		b.low.Rows + uint32(b.columns[3].at(i)),
	}
}

// find appends the runs of a fingerprint.
func (b *traceBlock) find(runs []Run, fingerprint uint64) []Run {
	at := b.first
	for i := range b.n {
		next := at + b.columns[0].at(i)
		if next < at {
			b.damaged = true
			return runs
		}
		if at = next; at >= fingerprint {
			if at > fingerprint {
				break
			}
			runs = append(runs, b.run(i))
		}
	}
	return runs
}

// all appends all runs.
func (b *traceBlock) all(traces []Trace) []Trace {
	at := b.first
	for i := range b.n {
		next := at + b.columns[0].at(i)
		b.damaged = b.damaged || next < at
		at = next
		traces = append(traces, Trace{at, b.run(i)})
	}
	return traces
}
