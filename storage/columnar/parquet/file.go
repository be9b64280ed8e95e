package parquet

import (
	"errors"
	"io"
)

// File is an open file: its footer in compact form, and the page locations of
// the row groups that were asked for. It may be used by several goroutines.
// It holds no resource but memory; whoever opened r closes it.
type File struct{}

// RowGroup is one row group of a file.
type RowGroup struct {
	FirstRow int // in the file
	Rows     int
}

// Open reads the footer of a file of size bytes, with one or two reads.
func Open(r io.ReaderAt, size int64) (*File, error) { return nil, errors.ErrUnsupported }

// Columns are the leaves in file order. The slice must not be changed.
func (f *File) Columns() []Column { return nil }

// Column finds a leaf by the name of its list, "" for none, and its own.
func (f *File) Column(list, name string) (int, bool) { return 0, false }

// Rows is the number of rows in the file.
func (f *File) Rows() int { return 0 }

// RowGroups are the row groups in file order. The slice must not be changed.
func (f *File) RowGroups() []RowGroup { return nil }

// Meta is the value of a key of the file's metadata.
func (f *File) Meta(key string) (string, bool) { return "", false }

// MetaPairs are all entries of the file's metadata in file order. The slice
// must not be changed.
func (f *File) MetaPairs() []KeyValue { return nil }

// CreatedBy names the program that wrote the file.
func (f *File) CreatedBy() string { return "" }

// MemoryBytes is what the File holds now.
func (f *File) MemoryBytes() int { return 0 }

// Chunk is the part of a column that is in a row group. Both numbers must be
// in range.
func (f *File) Chunk(group, column int) *Chunk { return nil }

// PageStarts are the rows, counted from the start of the row group, at which
// its pages start: the same for all columns. The first call for a row group
// reads the page locations of all its columns with one read. The slice must
// not be changed.
func (f *File) PageStarts(group int) ([]uint32, error) { return nil, errors.ErrUnsupported }
