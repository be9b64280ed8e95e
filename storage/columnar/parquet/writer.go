package parquet

import (
	"errors"
	"io"
)

// KeyValue is one entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// Writer writes one file: NewWriter, then for each row group StartRowGroup,
// Write once for every column in order, EndRowGroup, and at last Close. It
// never seeks, and holds the encoded pages of one column at a time. It must
// not be used by several goroutines at once.
//
// After an error of the underlying writer every further call returns it; the
// file is useless then.
type Writer struct{}

// NewWriter starts a file. Columns that break a rule of Column, and Options
// out of range, are reported by the first call that returns an error.
func NewWriter(out io.Writer, columns []Column, options Options) *Writer { return &Writer{} }

// StartRowGroup begins a group of that many rows, at least one.
func (w *Writer) StartRowGroup(rows int) error { return errors.ErrUnsupported }

// Write encodes and writes the values of one column of the row group.
func (w *Writer) Write(column int, v Values) error { return errors.ErrUnsupported }

// EndRowGroup ends the group, of which every column must have been written.
func (w *Writer) EndRowGroup() error { return errors.ErrUnsupported }

// Close writes the indexes and the footer with meta in the given order. It
// does not close the underlying writer. The Writer cannot be used afterwards.
func (w *Writer) Close(meta []KeyValue) error { return errors.ErrUnsupported }

// BytesWritten is the size of the file so far.
func (w *Writer) BytesWritten() int64 { return 0 }
