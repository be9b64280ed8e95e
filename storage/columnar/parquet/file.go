package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"
)

// File is an open file: its footer in compact form, and the page locations of
// the row groups that were asked for. It may be used by several goroutines.
// It holds no resource but memory; whoever opened r closes it.
type File struct {
	r         io.ReaderAt
	size      int64
	columns   []Column
	sorted    []uint32 // columns by list and name
	rows      int
	groups    []RowGroup
	chunks    []Chunk  // of all groups
	bounds    []byte   // of all chunks
	pages     []pageOf // of each group
	meta      []KeyValue
	createdBy string
	footer    int64 // where the footer starts
	lazyBytes atomic.Int64
}

type pageOf = atomic.Pointer[groupPages]

// RowGroup is one row group of a file.
type RowGroup struct {
	FirstRow int // in the file
	Rows     int
}

// tailBytes is what Open reads first; most footers are smaller.
const tailBytes = 64 << 10

// Open reads the footer of a file of size bytes, with one or two reads.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	if size < int64(2*len(magic)+4) {
		return nil, f.damaged(0, fmt.Sprintf("a file of %d bytes has no footer", size))
	}
	tail := make([]byte, min(size, tailBytes))
	if err := f.readAt(tail, size-int64(len(tail)), f.damaged); err != nil {
		return nil, err
	}
	end := len(tail) - len(magic) - 4
	if !bytes.Equal(tail[end+4:], []byte(magic)) {
		return nil, f.damaged(size-int64(len(magic)), "the magic number at the end is missing")
	}
	length := int64(binary.LittleEndian.Uint32(tail[end:]))
	f.footer = size - int64(len(magic)) - 4 - length
	if f.footer < int64(len(magic)) {
		return nil, f.damaged(size-8, fmt.Sprintf("a footer of %d bytes does not fit", length))
	}
	if length > int64(end) {
		tail, end = make([]byte, length), int(length)
		if err := f.readAt(tail, f.footer, f.damaged); err != nil {
			return nil, err
		}
	}
	if reason := f.parse(tail[end-int(length) : end]); reason != "" {
		return nil, f.damaged(f.footer, reason)
	}
	return f, nil
}

func (f *File) damaged(offset int64, reason string) error {
	return &CorruptError{Group: -1, Page: noPage, Offset: offset, Reason: reason}
}

// readAt fills b. A file that ends too early is damaged; any other error is
// that of the reader.
func (f *File) readAt(b []byte, offset int64, damaged func(int64, string) error) error {
	n, err := f.r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged(offset, fmt.Sprintf("%d bytes are missing at the end", len(b)-n))
	}
	return fmt.Errorf("parquet: reading %d bytes at offset %d: %w", len(b), offset, err)
}

// Columns are the leaves in file order. The slice must not be changed.
func (f *File) Columns() []Column { return f.columns }

// Column finds a leaf by the name of its list, "" for none, and its own.
func (f *File) Column(list, name string) (int, bool) {
	i, ok := slices.BinarySearchFunc(f.sorted, Column{List: list, Name: name}, func(i uint32, want Column) int {
		return compareNames(&f.columns[i], &want)
	})
	if !ok {
		return 0, false
	}
	return int(f.sorted[i]), true
}

func compareNames(a, b *Column) int {
	return cmp.Or(strings.Compare(a.List, b.List), strings.Compare(a.Name, b.Name))
}

// Rows is the number of rows in the file.
func (f *File) Rows() int { return f.rows }

// RowGroups are the row groups in file order. The slice must not be changed.
func (f *File) RowGroups() []RowGroup { return f.groups }

// Meta is the value of a key of the file's metadata.
func (f *File) Meta(key string) (string, bool) {
	for _, kv := range f.meta {
		if kv.Key == key {
			return kv.Value, true
		}
	}
	return "", false
}

// MetaPairs are all entries of the file's metadata in file order. The slice
// must not be changed.
func (f *File) MetaPairs() []KeyValue { return f.meta }

// CreatedBy names the program that wrote the file.
func (f *File) CreatedBy() string { return f.createdBy }

// MemoryBytes is what the File holds now.
func (f *File) MemoryBytes() int {
	n := int(unsafe.Sizeof(*f)) + cap(f.columns)*int(unsafe.Sizeof(Column{})) + 4*cap(f.sorted) + cap(f.bounds) +
		cap(f.groups)*int(unsafe.Sizeof(RowGroup{})) + cap(f.chunks)*int(unsafe.Sizeof(Chunk{})) + 8*cap(f.pages) +
		int(f.lazyBytes.Load())
	list := ""
	for i := range f.columns {
		n += len(f.columns[i].Name)
		if f.columns[i].List != list {
			list = f.columns[i].List
			n += len(list)
		}
	}
	for _, kv := range f.meta {
		n += int(unsafe.Sizeof(kv)) + len(kv.Key) + len(kv.Value)
	}
	return n
}

// Chunk is the part of a column that is in a row group. Both numbers must be
// in range.
func (f *File) Chunk(group, column int) *Chunk {
	return &f.chunks[group*len(f.columns)+column]
}

// PageStarts are the rows, counted from the start of the row group, at which
// its pages start: the same for all columns. The first call for a row group
// reads the page locations of all its columns with one read. The slice must
// not be changed.
func (f *File) PageStarts(group int) ([]uint32, error) {
	g, err := f.groupPages(group)
	if err != nil {
		return nil, err
	}
	return g.starts, nil
}
