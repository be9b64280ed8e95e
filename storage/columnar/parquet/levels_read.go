package parquet

import (
	"encoding/binary"
	"math/bits"
)

// splitLevels cuts levels off src.
func splitLevels(src []byte) (levels, rest []byte, ok bool) {
	if len(src) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(src)
	if src = src[4:]; uint64(n) > uint64(len(src)) {
		return nil, nil, false
	}
	return src[:n], src[n:], true
}

// presence decodes definition levels of width 1 into Present.
func (p *Page) presence(src []byte, n int) (rest []byte, ok bool) {
	levels, rest, ok := splitLevels(src)
	if !ok {
		return nil, false
	}
	run, after, ok := nextRun(levels, 1, n)
	if ok && run.packed == nil && run.n == n && len(after) == 0 && run.v == 1 {
		return rest, true // all are present
	}
	p.words = sized(p.words, (n+63)/64)
	set, ok := decodeBits(p.words, levels, n)
	if !ok {
		return nil, false
	}
	if p.Len = set; set < n {
		p.Present = p.words
	}
	return rest, true
}

// decodeBits decodes n levels of width 1 into words and counts the ones.
func decodeBits(words []uint64, src []byte, n int) (set int, ok bool) {
	clear(words)
	for at := 0; at < n; {
		var run hybridRun
		if run, src, ok = nextRun(src, 1, n-at); !ok {
			return 0, false
		}
		switch {
		case run.packed != nil:
			orBits(words, at, run.packed)
		case run.v != 0:
			setBits(words, at, at+run.n)
		}
		at += run.n
	}
	if tail := n & 63; tail != 0 {
		words[len(words)-1] &= 1<<tail - 1
	}
	for _, w := range words {
		set += bits.OnesCount64(w)
	}
	return set, len(src) == 0
}

// orBits sets the bits of packed in words from bit at on. Bits beyond the last
// word are dropped.
func orBits(words []uint64, at int, packed []byte) {
	i, shift := at>>6, uint(at&63)
	for len(packed) >= 8 && i+1 < len(words) {
		x := binary.LittleEndian.Uint64(packed)
		words[i] |= x << shift
		words[i+1] |= x >> (64 - shift)
		packed = packed[8:]
		i++
	}
	for k, b := range packed {
		bit := i<<6 + int(shift) + 8*k
		if bit>>6 >= len(words) {
			return
		}
		words[bit>>6] |= uint64(b) << (bit & 63)
		if bit&63 > 56 && bit>>6+1 < len(words) {
			words[bit>>6+1] |= uint64(b) >> (64 - bit&63)
		}
	}
}

// setBits sets the bits from from to end; there is at least one.
func setBits(words []uint64, from, end int) {
	first, last := from>>6, (end-1)>>6
	head := ^uint64(0) << (from & 63)
	tail := ^uint64(0) >> (63 - (end-1)&63)
	if first == last {
		words[first] |= head & tail
		return
	}
	words[first] |= head
	for i := first + 1; i < last; i++ {
		words[i] = ^uint64(0)
	}
	words[last] |= tail
}

// listLevels decodes the levels of a page of a list into Counts, Places and
// Present.
func (p *Page) listLevels(d *Column, src []byte, places int) (rest []byte, ok bool) {
	reps, src, ok := splitLevels(src)
	if !ok {
		return nil, false
	}
	defs, rest, ok := splitLevels(src)
	if !ok {
		return nil, false
	}
	width := 1
	if d.Optional {
		width = 2
	}
	p.Counts = sized(p.Counts, p.Rows)
	if repeated, after, ok := nextRun(reps, 1, places); ok && len(after) == 0 && repeated.packed == nil && repeated.v == 0 && repeated.n == p.Rows {
		defined, after, ok := nextRun(defs, width, places)
		if ok && len(after) == 0 && defined.packed == nil && defined.v == 0 && defined.n == p.Rows {
			clear(p.Counts) // no row has an element
			p.Places, p.Len = 0, 0
			return rest, true
		}
	}
	p.reps, p.defs = sized(p.reps, places), sized(p.defs, places)
	if left, ok := decodeHybrid(p.reps, 0, places, reps, 1); !ok || len(left) > 0 {
		return nil, false
	}
	if left, ok := decodeHybrid(p.defs, 0, places, defs, width); !ok || len(left) > 0 {
		return nil, false
	}
	return rest, p.assemble(d.maxDef())
}

// assemble turns the levels of every place into counts and presence.
func (p *Page) assemble(present int) bool {
	p.words = sized(p.words, (len(p.reps)+63)/64)
	clear(p.words)
	row, elements, values := -1, 0, 0
	for i, rep := range p.reps {
		def := p.defs[i]
		if rep == 0 {
			if row++; row == p.Rows {
				return false
			}
			p.Counts[row] = 0
		}
		switch {
		case def > uint32(present) || row < 0:
			return false
		case def == 0:
			// A row without elements has no other place.
			if rep != 0 || i+1 < len(p.reps) && p.reps[i+1] != 0 {
				return false
			}
			continue
		case def == uint32(present):
			p.words[elements>>6] |= 1 << (elements & 63)
			values++
		}
		p.Counts[row]++
		elements++
	}
	p.Places, p.Len = elements, values
	if values < elements {
		p.Present = p.words[:(elements+63)/64]
	}
	return row == p.Rows-1
}
