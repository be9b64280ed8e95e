package parquet

import "errors"

// Chunk is a column in one row group. It belongs to its File and may be used
// by several goroutines.
type Chunk struct{}

// Bounds are the limits of a number of values.
type Bounds struct {
	// Known is false when there is no value, when they were not recorded, or
	// when a Double is NaN.
	Known bool
	// Min and Max of numbers, as in Values.Nums: an Int32 that is signed is
	// sign-extended.
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
	// elements without a value and rows without elements.
	Nulls  int
	Bounds Bounds
	Offset int64 // of the page header in the file
	Bytes  int   // header included
}

// Column is the description of the column.
func (c *Chunk) Column() Column { return Column{} }

// Rows is the number of rows of the row group.
func (c *Chunk) Rows() int { return 0 }

// Nulls counts places without a value, as in PageInfo.
func (c *Chunk) Nulls() int { return 0 }

// Places are the rows, or for a column of a list the elements and the rows
// without elements.
func (c *Chunk) Places() int { return 0 }

// Bounds are those of the whole chunk; they come from the footer.
func (c *Chunk) Bounds() Bounds { return Bounds{} }

// DictionaryEncoded says that the chunk has a dictionary and its pages codes.
func (c *Chunk) DictionaryEncoded() bool { return false }

// CompressedBytes is the size of the chunk in the file, page headers included.
func (c *Chunk) CompressedBytes() int64 { return 0 }

// UncompressedBytes is the size of the chunk before compression, page headers
// included.
func (c *Chunk) UncompressedBytes() int64 { return 0 }

// DictBytes is the size of the dictionary in the file, 0 without one.
func (c *Chunk) DictBytes() int { return 0 }

// Pages describes every page, with bounds. It reads the column index of the
// chunk each time (and on the first call for the row group the page
// locations): whoever asks often keeps the answer.
func (c *Chunk) Pages() ([]PageInfo, error) { return nil, errors.ErrUnsupported }

// ReadDict reads the dictionary of a chunk that has one.
func (c *Chunk) ReadDict(d *DecodedDict) error { return errors.ErrUnsupported }

// ReadPage reads one page: with one read, and on the first call for the row
// group one more for the page locations.
func (c *Chunk) ReadPage(i int, p *Page) error { return errors.ErrUnsupported }
