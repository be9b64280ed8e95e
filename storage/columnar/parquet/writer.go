package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// KeyValue is one entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// Writer writes one file: NewWriter, then for each row group StartRowGroup,
// Write once for every column in order, EndRowGroup, and at last Close. It
// never seeks, and holds the encoded pages of one column at a time. It must
// not be used by several goroutines at once.
//
// After an error every further call returns it; the file is useless then.
type Writer struct {
	out     io.Writer
	columns []Column
	options Options
	err     error
	offset  int64
	enc     *encoder // nil once closed

	rows   int // of the open group, 0: none is open
	next   int // column that is to be written
	groups []groupMeta
	chunks []chunkMeta
	index  indexes
}

// groupMeta and chunkMeta are what the footer will say.
type groupMeta struct {
	rows   int
	offset int64 // of its first chunk
}

type chunkMeta struct {
	offset                   int64 // of the chunk
	data                     int64 // of its first data page
	compressed, uncompressed int64
	places                   int64
	encoding                 int32
	statistics               extent // in indexes.statistics
	columnIndex, offsetIndex extent
}

type extent struct{ from, end int }

func (x extent) len() int { return x.end - x.from }

var errClosed = fmt.Errorf("%w: the writer is closed", ErrInvalid)

// NewWriter starts a file. Columns that break a rule of Column, and Options
// out of range, are reported by the first call that returns an error.
func NewWriter(out io.Writer, columns []Column, options Options) *Writer {
	w := &Writer{out: out, columns: columns, options: options}
	if w.err = w.options.complete(); w.err != nil {
		return w
	}
	if w.err = checkColumns(columns); w.err != nil {
		return w
	}
	if w.enc, w.err = newEncoder(w.options.Level); w.err == nil {
		w.write([]byte(magic))
	}
	return w
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(b)
	w.offset += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = w.fail(fmt.Errorf("parquet: writing at offset %d: %w", w.offset, err))
	}
}

// fail makes err the answer to every further call.
func (w *Writer) fail(err error) error {
	w.err = err
	w.release()
	return err
}

func (w *Writer) release() {
	if w.enc != nil {
		encoders[w.options.Level].Put(w.enc)
		w.enc = nil
	}
}

// StartRowGroup begins a group of that many rows, at least one.
func (w *Writer) StartRowGroup(rows int) error {
	switch {
	case w.err != nil:
		return w.err
	case w.rows > 0:
		return w.fail(fmt.Errorf("%w: a row group is open", ErrInvalid))
	case rows < 1 || rows > math.MaxInt32:
		return w.fail(fmt.Errorf("%w: a row group of %d rows", ErrInvalid, rows))
	}
	w.rows, w.next = rows, 0
	w.groups = append(w.groups, groupMeta{rows, w.offset})
	return nil
}

// Write encodes and writes the values of one column of the row group.
func (w *Writer) Write(column int, v Values) error {
	switch {
	case w.err != nil:
		return w.err
	case w.rows == 0:
		return w.fail(fmt.Errorf("%w: no row group is open", ErrInvalid))
	case column != w.next || column >= len(w.columns):
		return w.fail(fmt.Errorf("%w: column %d was written, column %d is next of %d", ErrInvalid, column, w.next, len(w.columns)))
	}
	if err := w.chunk(&w.columns[column], &v); err != nil {
		return w.fail(fmt.Errorf("column %q: %w", w.columns[column].path(), err))
	}
	w.next++
	return w.err
}

func (w *Writer) chunk(c *Column, v *Values) error {
	e := w.enc
	if c.List != "" {
		if err := w.setList(c, v); err != nil {
			return err
		}
	}
	if err := e.split(c, v, w.rows, w.options.PageRows); err != nil {
		return err
	}
	defer e.forget()
	if err := e.encode(c, v, w.options.DictEntries); err != nil {
		return err
	}
	meta := chunkMeta{offset: w.offset, data: w.offset, encoding: e.encoding}
	e.compress()
	e.out = e.out[:0]
	if e.entries > 0 {
		e.emit(0)
		meta.data += int64(len(e.out))
	}
	w.index.begin(len(e.pages), &meta)
	for i := range e.pages {
		from := len(e.out)
		e.emit(i + 1)
		w.index.page(w.offset+int64(from), len(e.out)-from, i*w.options.PageRows)
		meta.places += int64(e.pages[i].places)
		if len(e.out) > math.MaxInt32 {
			return fmt.Errorf("%w: the column has more than %d bytes", ErrTooLarge, math.MaxInt32)
		}
	}
	meta.compressed = int64(len(e.out))
	meta.uncompressed = meta.compressed
	for i := range e.ends {
		meta.uncompressed += int64(len(e.section(i)) - len(e.pack[i]))
	}
	w.index.end(c, e, &meta)
	w.chunks = append(w.chunks, meta)
	w.write(e.out)
	return nil
}

// setList takes the counts of a list's first column over and compares those of
// the others with them.
func (w *Writer) setList(c *Column, v *Values) error {
	if len(v.Counts) != w.rows {
		return fmt.Errorf("%w: %d counts, the row group has %d rows", ErrInvalid, len(v.Counts), w.rows)
	}
	if w.next == 0 || w.columns[w.next-1].List != c.List {
		return w.enc.list.set(v.Counts, w.options.PageRows)
	}
	if !w.enc.list.same(v.Counts) {
		return fmt.Errorf("%w: the counts are not those of the list's first column", ErrInvalid)
	}
	return nil
}

// EndRowGroup ends the group, of which every column must have been written.
func (w *Writer) EndRowGroup() error {
	switch {
	case w.err != nil:
		return w.err
	case w.rows == 0:
		return w.fail(fmt.Errorf("%w: no row group is open", ErrInvalid))
	case w.next < len(w.columns):
		return w.fail(fmt.Errorf("%w: %d of %d columns were written", ErrInvalid, w.next, len(w.columns)))
	}
	w.rows = 0
	return nil
}

// Close writes the indexes and the footer with meta in the given order. It
// does not close the underlying writer. The Writer cannot be used afterwards.
func (w *Writer) Close(meta []KeyValue) error {
	switch {
	case w.err != nil:
		w.release()
		if errors.Is(w.err, errClosed) {
			return nil
		}
		return w.err
	case w.rows > 0:
		return w.fail(fmt.Errorf("%w: a row group is open", ErrInvalid))
	}
	w.write(w.footer(meta))
	w.release()
	if w.err == nil {
		w.err = errClosed
		return nil
	}
	return w.err
}

// BytesWritten is the size of the file so far.
func (w *Writer) BytesWritten() int64 { return w.offset }
