package parquet

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// fixeds prepares a chunk of Fixed.
func (e *encoder) fixeds(c *Column, v *Values, limit int) {
	for i := range e.pages {
		p := &e.pages[i]
		for at := p.from; at < p.end; at++ {
			p.limits.whole(v.Fixed[at*c.Length : (at+1)*c.Length])
		}
		if p.limits.any {
			e.chunk.whole(p.limits.minText)
			e.chunk.whole(p.limits.maxText)
		}
	}
	e.encoding = encodingPlain
	if e.coded(limit, func(limit int) bool { return e.fixed.codes(e.codes, v.Fixed, c.Length, limit) }) {
		e.encoding, e.entries = encodingDictionary, len(e.fixed.entries)/c.Length
		e.raw = append(e.raw, e.fixed.entries...)
	}
}

// texts prepares a chunk of ByteArray.
func (e *encoder) texts(c *Column, v *Values, limit int) error {
	if err := checkDict(&v.Dict); err != nil {
		return err
	}
	e.encoding = encodingDictionary
	e.codes = slices.Grow(e.codes[:0], e.values)[:e.values]
	limit = worthwhile(limit, e.values)
	e.text.begin(&v.Dict, len(e.pages), limit)
	for i := range e.pages {
		p := &e.pages[i]
		if !e.text.page(e.codes[p.from:p.end], v.Codes[p.from:p.end], &v.Dict, limit, &p.limits) {
			return e.plainTexts(v)
		}
	}
	e.entries = len(e.text.source)
	if !dictionaryPays(e.text.bytes, e.entries, e.values) {
		return e.plainTexts(v)
	}
	for _, s := range e.text.source {
		t := v.Dict.At(s)
		e.chunk.whole(t)
		e.raw = binary.LittleEndian.AppendUint32(e.raw, uint32(len(t)))
		e.raw = append(e.raw, t...)
	}
	return nil
}

// plainTexts prepares a chunk without a dictionary.
func (e *encoder) plainTexts(v *Values) error {
	e.encoding, e.entries = encodingDeltaText, 0
	for i := range e.pages {
		p := &e.pages[i]
		p.limits = limits{}
		for _, c := range v.Codes[p.from:p.end] {
			if uint(c) >= uint(v.Dict.Len()) {
				return fmt.Errorf("%w: code %d in a dictionary of %d entries", ErrInvalid, c, v.Dict.Len())
			}
			t := v.Dict.At(c)
			p.limits.prefix(prefixOf(t), t)
		}
		e.chunk.merge(&p.limits)
	}
	return nil
}

// textPage appends lengths and then the text.
func (e *encoder) textPage(v *Values, p *pageSpan) {
	codes := v.Codes[p.from:p.end]
	e.scratch = slices.Grow(e.scratch[:0], len(codes))[:len(codes)]
	total := 0
	for i, c := range codes {
		n := len(v.Dict.At(c))
		e.scratch[i] = uint64(n)
		total += n
	}
	e.raw = appendDelta(e.raw, e.scratch, true)
	e.raw = slices.Grow(e.raw, total)
	for _, c := range codes {
		e.raw = append(e.raw, v.Dict.At(c)...)
	}
}
