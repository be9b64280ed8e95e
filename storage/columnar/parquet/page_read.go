package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// ReadDict reads the dictionary of a chunk that has one, with one read.
func (c *Chunk) ReadDict(d *DecodedDict) error {
	d.raw = sized(d.raw, int(c.dictBytes))
	damaged := func(offset int64, reason string) error { return c.damaged(dictPage, offset, reason) }
	if err := c.file.readAt(d.raw, c.offset, damaged); err != nil {
		return err
	}
	return c.decodeDict(d.raw, d)
}

func (c *Chunk) decodeDict(data []byte, d *DecodedDict) error {
	d.Len, d.Nums, d.Text, d.Ends, d.Fixed = 0, d.Nums[:0], nil, d.Ends[:0], nil
	if c.dictBytes == 0 {
		return fmt.Errorf("%w: column %q has no dictionary in row group %d", ErrInvalid, c.description().path(), c.group)
	}
	h, reason, err := d.open(data)
	switch {
	case err != nil:
		return err
	case reason == "" && (h.kind != pageDictionary || h.encoding != encodingPlain):
		reason = "it is no dictionary in plain encoding"
	case reason == "" && !d.entries(c.description(), int(h.values)):
		reason = "the entries are not readable"
	}
	if reason != "" {
		return c.damaged(dictPage, c.offset, reason)
	}
	return nil
}

// entries decodes plain to n entries.
func (d *DecodedDict) entries(c *Column, n int) (ok bool) {
	d.Len = n
	switch c.Kind {
	case ByteArray:
		if n > len(d.plain)/4 {
			return false
		}
		d.Ends = sized(d.Ends, n)
		d.Text, ok = plainText(d.Ends, d.plain)
		return ok
	case Fixed:
		d.Fixed = d.plain
		return n == len(d.plain)/c.Length && n*c.Length == len(d.plain)
	case Boolean:
		return false
	}
	d.Nums, ok = plainNums(d.Nums, 0, n, d.plain, c, n)
	return ok
}

// plainText decodes strings with their lengths before them. The text moves to
// the front of src.
func plainText(ends []uint32, src []byte) (text []byte, ok bool) {
	text = src
	at := 0
	for i := range ends {
		if len(src) < 4 {
			return nil, false
		}
		n := uint64(binary.LittleEndian.Uint32(src))
		src = src[4:]
		if n > uint64(len(src)) {
			return nil, false
		}
		copy(text[at:], src[:n])
		at += int(n)
		ends[i] = uint32(at)
		src = src[n:]
	}
	return text[:at], len(src) == 0
}

// plainNums decodes the values [from, to) of n to their places in dst.
func plainNums(dst []uint64, from, to int, src []byte, c *Column, n int) ([]uint64, bool) {
	size := 8
	if c.Kind == Int32 {
		size = 4
	}
	if len(src)/size != n || len(src)%size != 0 {
		return dst, false
	}
	dst = sized(dst, n)
	for i := from; i < to; i++ {
		if size == 4 {
			dst[i] = extendTo(c, binary.LittleEndian.Uint32(src[4*i:]))
		} else {
			dst[i] = binary.LittleEndian.Uint64(src[8*i:])
		}
	}
	return dst, true
}

// ReadPage reads one page: with one read, and on the first call for the row
// group one more for the page locations.
func (c *Chunk) ReadPage(i int, p *Page) error { return c.readRows(i, everything, p) }

func (c *Chunk) readRows(i int, want wanted, p *Page) error {
	g, err := c.file.groupPages(int(c.group))
	if err != nil {
		return err
	}
	if i < 0 || i >= len(g.starts) {
		return c.noPage(i, g)
	}
	where, _, _ := g.page(c, i)
	p.raw = sized(p.raw, int(where.bytes))
	damaged := func(offset int64, reason string) error { return c.damaged(i, offset, reason) }
	if err := c.file.readAt(p.raw, where.offset, damaged); err != nil {
		return err
	}
	return c.decodePage(g, i, p.raw, want, p)
}

func (c *Chunk) noPage(i int, g *groupPages) error {
	return fmt.Errorf("%w: page %d of row group %d, which has %d", ErrInvalid, i, c.group, len(g.starts))
}

// wanted are the rows of a page, counted from its first, of which the values
// are wanted.
type wanted struct{ from, to int }

var everything = wanted{0, math.MaxInt}

// values are the numbers of the values wanted, once it is known which are present.
func (w wanted) values(p *Page) (from, to int) {
	if w.from <= 0 && w.to >= p.Places {
		return 0, p.Len
	}
	return p.before(w.from), p.before(w.to)
}

// before is the number of values before a place.
func (p *Page) before(place int) (n int) {
	place = max(min(place, p.Places), 0)
	if p.Present == nil {
		return place
	}
	for _, w := range p.Present[:place>>6] {
		n += bits.OnesCount64(w)
	}
	if tail := place & 63; tail != 0 {
		n += bits.OnesCount64(p.Present[place>>6] & (1<<tail - 1))
	}
	return n
}

func (c *Chunk) decodePage(g *groupPages, i int, data []byte, want wanted, p *Page) error {
	where, firstRow, rows := g.page(c, i)
	p.FirstRow, p.Rows = firstRow, rows
	p.Present, p.Counts, p.Codes, p.CodeLimit = nil, p.Counts[:0], p.Codes[:0], 0
	p.Nums, p.Text, p.Ends, p.Fixed = p.Nums[:0], nil, p.Ends[:0], nil
	h, reason, err := p.open(data)
	if err != nil {
		return err
	}
	if reason == "" {
		reason = c.decode(&h, want, p)
	}
	if reason != "" {
		return c.damaged(i, where.offset, reason)
	}
	return nil
}

// decode decodes p.plain. It returns "" or what is wrong.
func (c *Chunk) decode(h *pageHeader, want wanted, p *Page) string {
	d := c.description()
	if h.kind != pageData || h.definitions != encodingRLE || h.repetitions != encodingRLE {
		return "it is no page with levels in RLE encoding"
	}
	places := int(h.values)
	if d.List == "" && places != p.Rows || places < p.Rows || places > max(p.Rows, MaxPageElements) {
		return fmt.Sprintf("it has %d values for %d rows", places, p.Rows)
	}
	src := p.plain
	p.Places, p.Len = places, places
	ok := true
	switch {
	case d.List != "":
		src, ok = p.listLevels(d, src, places)
		want = everything // rows are not places
	case d.Optional:
		src, ok = p.presence(src, places)
	}
	if !ok {
		return "the levels are not readable"
	}
	if !p.values(d, h.encoding, src, want) {
		return fmt.Sprintf("%d values in encoding %d are not readable", p.Len, h.encoding)
	}
	return ""
}

// values decodes those of p.Len values that are wanted; all of them must be all
// of src, as far as is looked at it.
func (p *Page) values(d *Column, encoding int32, src []byte, want wanted) (ok bool) {
	p.Dictionary = encoding == encodingDictionary
	from, to := want.values(p)
	switch {
	case encoding == encodingDictionary && d.Kind != Boolean:
		return p.codes(src, from, to)
	case encoding == encodingDelta && (d.Kind == Int32 || d.Kind == Int64):
		p.Nums = sized(p.Nums, p.Len)
		src, ok = decodeDelta(p.Nums, to, src, d.Kind == Int32)
		if d.unsigned() && d.Kind == Int32 {
			for i, v := range p.Nums[:to] {
				p.Nums[i] = uint64(uint32(v))
			}
		}
		return ok && (to < p.Len || len(src) == 0)
	case encoding == encodingDeltaText && d.Kind == ByteArray:
		return p.texts(src)
	case encoding != encodingPlain:
		return false
	case d.Kind == ByteArray: // of a chunk without any value
		return p.Len == 0 && len(src) == 0
	case d.Kind == Fixed:
		p.Fixed = src
		return len(src) == p.Len*d.Length
	case d.Kind == Boolean:
		return p.booleans(src)
	}
	p.Nums, ok = plainNums(p.Nums, from, to, src, d, p.Len)
	return ok
}

// codes decodes a byte with the width and then the codes [from, to).
func (p *Page) codes(src []byte, from, to int) bool {
	if len(src) < 1 || src[0] > 32 {
		return false
	}
	width := int(src[0])
	p.Codes = sized(p.Codes, p.Len)
	rest, ok := decodeHybrid(p.Codes, from, to, src[1:], width)
	if !ok || to == p.Len && len(rest) > 0 {
		return false
	}
	top := uint32(0)
	for _, c := range p.Codes[from:to] {
		top = max(top, c)
	}
	if from < to {
		p.CodeLimit = min(top, 1<<32-2) + 1
	}
	return true
}

// texts decodes the lengths of all values and then their text.
func (p *Page) texts(src []byte) bool {
	p.nums = sized(p.nums, p.Len)
	src, ok := decodeDelta(p.nums, p.Len, src, true)
	if !ok {
		return false
	}
	p.Ends = sized(p.Ends, p.Len)
	end := uint64(0)
	for i, n := range p.nums {
		if end += n; n > MaxPageBytes || end > uint64(len(src)) {
			return false
		}
		p.Ends[i] = uint32(end)
	}
	p.Text = src
	return end == uint64(len(src))
}

func (p *Page) booleans(src []byte) bool {
	if len(src) != (p.Len+7)/8 {
		return false
	}
	p.Nums = sized(p.Nums, p.Len)
	for i := range p.Nums {
		p.Nums[i] = uint64(src[i>>3] >> (i & 7) & 1)
	}
	return true
}
