package parquet

import (
	"encoding/binary"
	"fmt"
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

// encoderWindow is how far back zstd looks for what it saw before. Nearly all
// pages are smaller; an encoder keeps as much memory for ever.
const encoderWindow = 1 << 20

func newEncoder(level int) (*encoder, error) {
	if e, ok := encoders[level].Get().(*encoder); ok {
		return e, nil
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevel(level)), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(encoderWindow))
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

// coded asks fill for codes, at most as many as are worth it.
func (e *encoder) coded(limit int, fill func(limit int) bool) bool {
	e.codes = slices.Grow(e.codes[:0], e.values)[:e.values]
	return fill(worthwhile(limit, e.values))
}
