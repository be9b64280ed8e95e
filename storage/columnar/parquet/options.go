package parquet

import "fmt"

// Bounds of what is written, so that a reader may bound what it allocates. The
// writer returns an error that wraps ErrTooLarge for more, the reader
// ErrCorrupt.
const (
	// MaxColumns is the largest number of leaves in a file.
	MaxColumns = 1 << 16
	// MaxLength is the largest Column.Length.
	MaxLength = 1 << 10
	// MaxPageRows is the largest number of rows in a page.
	MaxPageRows = 1 << 16
	// MaxPageElements is the largest number of places in a page of a column of
	// a list, where a row without elements has one place too.
	MaxPageElements = 1 << 22
	// MaxPageBytes is the largest size of a page or a dictionary before
	// compression.
	MaxPageBytes = 1 << 30
)

// Options are what a writer may choose. The zero value means the defaults,
// which DESIGN.md derives.
type Options struct {
	// PageRows is the number of rows of every page but the last of a row
	// group, the same for all columns: a multiple of 64, at most MaxPageRows.
	// 0: DefaultPageRows.
	PageRows int
	// Level is the effort of zstd: 1 fastest, 2 default, 3 better, 4 best. 0: 1.
	Level int
	// DictEntries is the number of distinct values in a row group above which a
	// column gets no dictionary; it bounds what one must decode to read one
	// page. 0: DefaultDictEntries.
	DictEntries int
	// CreatedBy names the writing program in the footer. "": heddle.
	CreatedBy string
}

const (
	DefaultPageRows    = 4096
	DefaultDictEntries = 4096
)

// complete sets the defaults and reports what is out of range.
func (o *Options) complete() error {
	if o.PageRows == 0 {
		o.PageRows = DefaultPageRows
	}
	if o.Level == 0 {
		o.Level = 1
	}
	if o.DictEntries == 0 {
		o.DictEntries = DefaultDictEntries
	}
	if o.CreatedBy == "" {
		o.CreatedBy = "heddle"
	}
	switch {
	case o.PageRows < 64 || o.PageRows > MaxPageRows || o.PageRows%64 != 0:
		return fmt.Errorf("%w: pages of %d rows, there must be a multiple of 64 up to %d", ErrInvalid, o.PageRows, MaxPageRows)
	case o.Level < 1 || o.Level > 4:
		return fmt.Errorf("%w: level %d, there are 1 to 4", ErrInvalid, o.Level)
	case o.DictEntries < 1 || o.DictEntries > 1<<16:
		return fmt.Errorf("%w: dictionaries of %d entries, there must be 1 to %d", ErrInvalid, o.DictEntries, 1<<16)
	}
	return nil
}
