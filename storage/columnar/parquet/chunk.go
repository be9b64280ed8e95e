package parquet

import "encoding/binary"

// Chunk is a column in one row group. It belongs to its File and may be used
// by several goroutines.
type Chunk struct {
	file                *File
	offset              int64 // of the dictionary or else the first page
	bytes, uncompressed int64
	places, nulls       int64
	locations, index    part // offset index and column index
	group, column       uint32
	dictBytes           uint32
	low                 uint32 // in File.bounds; the upper bound follows
	lowLen, highLen     uint16
	bounded             bool
}

// part is a range of the file.
type part struct {
	offset int64
	bytes  uint32
}

// Bounds are the limits of a number of values.
type Bounds struct {
	// Known is false when there is no value, when they were not recorded, or
	// when a Double is NaN.
	Known bool
	// Min and Max of numbers, as in Page.Nums.
	Min, Max uint64
	// MinText and MaxText of ByteArray and Fixed, compared bytewise. They may
	// be shorter than the values: MinText is then below the least value and
	// MaxText above the greatest. They must not be changed.
	MinText, MaxText []byte
}

// PageInfo describes one page.
type PageInfo struct {
	FirstRow int // in the row group
	Rows     int
	// Nulls are the places without a value: rows, or for a column of a list
	// elements without a value and rows without elements. -1: not known, as in
	// a chunk with nulls that has no bounds.
	Nulls  int
	Bounds Bounds
	Offset int64 // of the page header in the file
	Bytes  int   // header included
}

// Column is the description of the column.
func (c *Chunk) Column() Column { return *c.description() }

func (c *Chunk) description() *Column { return &c.file.columns[c.column] }

// Rows is the number of rows of the row group.
func (c *Chunk) Rows() int { return c.file.groups[c.group].Rows }

// Nulls counts places without a value, as in PageInfo.
func (c *Chunk) Nulls() int { return int(c.nulls) }

// Places are the rows, or for a column of a list the elements and the rows
// without elements.
func (c *Chunk) Places() int { return int(c.places) }

// Bounds are those of the whole chunk; they come from the footer.
func (c *Chunk) Bounds() Bounds {
	if !c.bounded {
		return Bounds{}
	}
	high := c.low + uint32(c.lowLen)
	b, _ := boundsOf(c.description(), c.file.bounds[c.low:high:high], c.file.bounds[high:high+uint32(c.highLen):high+uint32(c.highLen)])
	return b
}

// setBounds keeps bounds from the footer; what is not usable is left out.
func (c *Chunk) setBounds(low, high []byte) {
	const most = MaxLength
	if low == nil || high == nil || len(low) > most || len(high) > most {
		return
	}
	if _, ok := boundsOf(c.description(), low, high); !ok {
		return
	}
	f := c.file
	c.low, c.lowLen, c.highLen, c.bounded = uint32(len(f.bounds)), uint16(len(low)), uint16(len(high)), true
	f.bounds = append(append(f.bounds, low...), high...)
}

// boundsOf decodes bounds as the format has them; ok is false when they are of
// the wrong size.
func boundsOf(c *Column, low, high []byte) (b Bounds, ok bool) {
	b.Known = true
	switch c.Kind {
	case ByteArray:
		b.MinText, b.MaxText = low, high
		return b, true
	case Fixed:
		b.MinText, b.MaxText = low, high
		return b, len(low) <= c.Length && len(high) <= c.Length
	}
	var ok2 bool
	b.Min, ok = numberOf(c, low)
	b.Max, ok2 = numberOf(c, high)
	return b, ok && ok2
}

func numberOf(c *Column, b []byte) (uint64, bool) {
	switch {
	case c.Kind == Boolean && len(b) == 1:
		return uint64(b[0] & 1), true
	case c.Kind == Int32 && len(b) == 4:
		return extendTo(c, binary.LittleEndian.Uint32(b)), true
	case (c.Kind == Int64 || c.Kind == Double) && len(b) == 8:
		return binary.LittleEndian.Uint64(b), true
	}
	return 0, false
}

// extendTo is how an Int32 is in Nums.
func extendTo(c *Column, v uint32) uint64 {
	if c.unsigned() {
		return uint64(v)
	}
	return uint64(int64(int32(v)))
}

// DictionaryEncoded says that the chunk has a dictionary and its pages codes.
func (c *Chunk) DictionaryEncoded() bool { return c.dictBytes > 0 }

// CompressedBytes is the size of the chunk in the file, page headers included.
func (c *Chunk) CompressedBytes() int64 { return c.bytes }

// UncompressedBytes is the size of the chunk before compression, page headers
// included.
func (c *Chunk) UncompressedBytes() int64 { return c.uncompressed }

// DictBytes is the size of the dictionary in the file, 0 without one.
func (c *Chunk) DictBytes() int { return int(c.dictBytes) }

// damaged makes the error for a part of the chunk.
func (c *Chunk) damaged(page int, offset int64, reason string) error {
	return &CorruptError{Group: int(c.group), Column: c.description().path(), Page: page, Offset: offset, Reason: reason}
}
