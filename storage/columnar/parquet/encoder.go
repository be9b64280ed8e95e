package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// encoder turns the values of a chunk into raw pages: levels and values before
// compression. It is all the memory that writing needs, and is used again for
// other columns and files.
type encoder struct {
	zstd  *zstd.Encoder
	pages []pageSpan
	list  listLevels

	encoding int32 // of the values
	values   int   // in the chunk
	entries  int   // of the dictionary
	aligned  bool  // codes are whole bytes
	codes    []uint32
	nums     []uint64 // borrowed from the caller, or scratch
	scratch  []uint64
	text     textDict
	numbers  numDict
	fixed    fixedDict
	chunk    limits // bounds of the chunk
	bounded  bool   // the bounds are known

	raw   []byte // the dictionary, if there is one, and the pages
	ends  []int  // in raw; the first is that of the dictionary, 0 without one
	out   []byte // the chunk as it is in the file
	trial []byte
	pack  [][]byte
	head  thriftWriter
}

var encoders [5]sync.Pool // by level

func newEncoder(level int) (*encoder, error) {
	if e, ok := encoders[level].Get().(*encoder); ok {
		return e, nil
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevel(level)), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("parquet: starting zstd: %w", err)
	}
	return &encoder{zstd: z}, nil
}

// encode makes the raw pages of a chunk; pages must be split.
func (e *encoder) encode(c *Column, v *Values, limit int) error {
	e.raw, e.ends = e.raw[:0], e.ends[:0]
	e.entries, e.chunk, e.bounded = 0, limits{}, true
	var err error
	switch {
	case e.values == 0:
		e.encoding = encodingPlain
	case c.Kind == Boolean:
		err = e.booleans(v)
	case c.Kind == ByteArray:
		err = e.texts(c, v, limit)
	case c.Kind == Fixed:
		e.fixeds(c, v, limit)
	default:
		e.integers(c, v, limit)
	}
	if err != nil {
		return err
	}
	e.ends = append(e.ends, len(e.raw))
	e.aligned = e.entries > 1 && e.align()
	place := 0
	for i := range e.pages {
		p := &e.pages[i]
		e.levels(c, v, i, place)
		place += p.places
		e.page(c, v, p)
		if size := len(e.raw) - e.ends[i]; size > MaxPageBytes {
			return fmt.Errorf("%w: page %d has %d bytes", ErrTooLarge, i, size)
		}
		e.ends = append(e.ends, len(e.raw))
	}
	return nil
}

func (e *encoder) levels(c *Column, v *Values, page, place int) {
	if c.List != "" {
		p := &e.list.pages[page]
		e.raw = append(e.raw, e.list.rep[p.repFrom:p.repEnd]...)
		e.raw = e.list.define(e.raw, p, c.Optional, v.Present)
		return
	}
	if c.Optional {
		words := v.Present
		if e.pages[page].nulls == 0 {
			words = nil
		} else {
			words = words[place/64:]
		}
		e.raw = appendPresence(e.raw, words, e.pages[page].places)
	}
}

// page appends the values of a page.
func (e *encoder) page(c *Column, v *Values, p *pageSpan) {
	switch {
	case e.values == 0: // in the whole chunk
	case e.encoding == encodingDictionary:
		e.dictionaryPage(e.codes[p.from:p.end])
	case e.encoding == encodingDelta:
		e.raw = appendDelta(e.raw, e.nums[p.from:p.end], c.Kind == Int32)
	case e.encoding == encodingDeltaText:
		e.textPage(v, p)
	case c.Kind == Fixed:
		e.raw = append(e.raw, v.Fixed[p.from*c.Length:p.end*c.Length]...)
	case c.Kind == Boolean:
		e.raw = appendBits(e.raw, e.codes[p.from:p.end])
	case c.Kind == Int32:
		e.raw = slices.Grow(e.raw, 4*(p.end-p.from))
		for _, x := range e.nums[p.from:p.end] {
			e.raw = binary.LittleEndian.AppendUint32(e.raw, uint32(x))
		}
	default:
		e.raw = slices.Grow(e.raw, 8*(p.end-p.from))
		for _, x := range e.nums[p.from:p.end] {
			e.raw = binary.LittleEndian.AppendUint64(e.raw, x)
		}
	}
}

func (e *encoder) dictionaryPage(codes []uint32) {
	if e.entries == 1 {
		e.raw = append(e.raw, 0)
		if len(codes) > 0 {
			e.raw = appendRun(e.raw, 0, len(codes), 0)
		}
		return
	}
	top := uint32(0)
	for _, c := range codes {
		top = max(top, c)
	}
	width := codeWidth(top, e.aligned)
	e.raw = append(e.raw, byte(width))
	e.raw = appendHybrid(e.raw, codes, width)
}

// booleans copies the values; they are one bit each.
func (e *encoder) booleans(v *Values) error {
	e.encoding = encodingPlain
	e.codes = slices.Grow(e.codes[:0], e.values)[:e.values]
	all := uint64(0)
	for i, x := range v.Nums {
		e.codes[i] = uint32(x)
		all |= x
	}
	copy(e.codes, v.Codes)
	for _, x := range v.Codes {
		all |= uint64(x)
	}
	if all > 1 {
		return fmt.Errorf("%w: a Boolean that is neither 0 nor 1", ErrInvalid)
	}
	e.numberLimits(e.codes)
	return nil
}

func (e *encoder) numberLimits(codes []uint32) {
	for i := range e.pages {
		p := &e.pages[i]
		for _, x := range codes[p.from:p.end] {
			p.limits.number(uint64(x))
		}
		e.chunk.merge(&p.limits)
	}
}

// integers prepares a chunk of Int32, Int64 or Double.
func (e *encoder) integers(c *Column, v *Values, limit int) {
	e.nums = v.Nums
	if c.Kind == Int32 {
		e.nums = e.narrow(v.Nums, c.unsigned())
	}
	e.orderLimits(c)
	if e.coded(limit, func(limit int) bool { return e.numbers.codes(e.codes, e.nums, limit) }) {
		e.entries = len(e.numbers.entries)
	}
	e.encoding = chooseNumbers(c, e.nums, e.entries)
	if e.encoding != encodingDictionary {
		e.entries = 0
		return
	}
	for _, x := range e.numbers.entries {
		e.raw = appendPlain(e.raw, c.Kind, x)
	}
}

// coded asks make for codes, at most as many as are worth it.
func (e *encoder) coded(limit int, make func(limit int) bool) bool {
	e.codes = slices.Grow(e.codes[:0], e.values)[:e.values]
	return make(worthwhile(limit, e.values))
}

func (e *encoder) narrow(nums []uint64, unsigned bool) []uint64 {
	e.scratch = slices.Grow(e.scratch[:0], len(nums))[:len(nums)]
	for i, x := range nums {
		if unsigned {
			e.scratch[i] = uint64(uint32(x))
		} else {
			e.scratch[i] = uint64(int64(int32(x)))
		}
	}
	return e.scratch
}

// orderLimits sets the bounds of number pages. NaN has no place in an order:
// with one in the chunk there are no bounds.
func (e *encoder) orderLimits(c *Column) {
	for i := range e.pages {
		p := &e.pages[i]
		nums := e.nums[p.from:p.end]
		if len(nums) == 0 {
			continue
		}
		l := limits{any: true, min: math.MaxUint64}
		if c.Kind == Double {
			for _, x := range nums {
				if isNaN(x) {
					e.bounded = false
				}
				o := orderOf(c, x)
				l.min, l.max = min(l.min, o), max(l.max, o)
			}
		} else {
			flip := orderOf(c, 0)
			for _, x := range nums {
				l.min, l.max = min(l.min, x^flip), max(l.max, x^flip)
			}
		}
		p.limits = l
		e.chunk.merge(&l)
	}
}

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

// appendBits packs values of one bit.
func appendBits(dst []byte, codes []uint32) []byte {
	whole := len(codes) &^ 7
	dst = appendPacked(dst, codes[:whole], 1)
	if whole < len(codes) {
		var b byte
		for i, c := range codes[whole:] {
			b |= byte(c) << i
		}
		dst = append(dst, b)
	}
	return dst
}
