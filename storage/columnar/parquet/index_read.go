package parquet

import (
	"fmt"
	"unsafe"
)

// groupPages says where the pages of all columns of a row group are. All
// columns have the same rows in page i, so there is one list of starts.
type groupPages struct {
	starts []uint32 // first row of every page
	ends   []uint32 // of page i of column c at c*len(starts)+i: its end, from the start of the column's first page
}

// minLocation is the size of the shortest PageLocation.
const minLocation = 7

// groupPages returns the page locations, reading them when they are not there.
// Two goroutines may both read them; that does no harm.
func (f *File) groupPages(group int) (*groupPages, error) {
	if g := f.pages[group].Load(); g != nil {
		return g, nil
	}
	chunks := f.chunks[group*len(f.columns) : (group+1)*len(f.columns)]
	from := chunks[0].locations.offset
	total := int64(0)
	for i := range chunks {
		c := &chunks[i]
		if c.locations.bytes == 0 || c.locations.offset != from+total {
			return nil, c.damaged(noPage, c.locations.offset, "the offset index is missing or not beside that of the column before")
		}
		total += int64(c.locations.bytes)
	}
	if !f.inside(from, total) {
		return nil, chunks[0].damaged(noPage, from, "the offset indexes are not inside the file")
	}
	b := make([]byte, total)
	if err := f.readAt(b, from, func(offset int64, reason string) error {
		return chunks[0].damaged(noPage, offset, reason)
	}); err != nil {
		return nil, err
	}
	g := &groupPages{}
	for i := range chunks {
		c := &chunks[i]
		if reason := g.add(c, b[:c.locations.bytes], int(total)); reason != "" {
			return nil, c.damaged(noPage, c.locations.offset, reason)
		}
		b = b[c.locations.bytes:]
	}
	if f.pages[group].CompareAndSwap(nil, g) {
		f.lazyBytes.Add(int64(int(unsafe.Sizeof(*g)) + 4*cap(g.starts) + 4*cap(g.ends)))
	}
	return f.pages[group].Load(), nil
}

// add reads the offset index of the next column. It returns "" or what is
// wrong.
func (g *groupPages) add(c *Chunk, b []byte, total int) string {
	r := &thriftReader{b: b}
	first := g.ends == nil
	rows, end, reason := c.Rows(), c.offset+int64(c.dictBytes), ""
	pages := 0
	r.fields(func(id int) bool {
		if id != 1 {
			return false
		}
		n := r.list(thriftStruct)
		if first {
			if n*len(c.file.columns)*minLocation > total {
				r.fail()
				return true
			}
			g.starts = make([]uint32, 0, n)
			g.ends = make([]uint32, 0, n*len(c.file.columns))
		}
		for ; n > 0 && !r.bad; n-- {
			offset, size, row := r.location()
			switch {
			case r.bad:
			case offset != end || size < 1 || int64(size) > c.offset+c.bytes-end:
				reason = fmt.Sprintf("page %d is not behind the one before", pages)
			case first && !g.follows(row, rows), !first && (pages >= len(g.starts) || int64(g.starts[pages]) != row):
				reason = fmt.Sprintf("page %d does not start at the right row", pages)
			}
			if reason != "" {
				r.fail()
				break
			}
			if first {
				g.starts = append(g.starts, uint32(row))
			}
			end += int64(size)
			g.ends = append(g.ends, uint32(end-c.offset-int64(c.dictBytes)))
			pages++
		}
		return true
	})
	switch {
	case reason != "":
		return reason
	case r.bad || len(r.b) > 0 || pages == 0 || pages != len(g.starts) || end != c.offset+c.bytes:
		return "the offset index is not readable, or does not have all pages"
	case rows-int(g.starts[pages-1]) > MaxPageRows:
		return "the last page has too many rows"
	}
	return ""
}

// follows says whether a page may start at row, given those before.
func (g *groupPages) follows(row int64, rows int) bool {
	if len(g.starts) == 0 {
		return row == 0
	}
	last := int64(g.starts[len(g.starts)-1])
	return row > last && row-last <= MaxPageRows && row < int64(rows)
}

func (r *thriftReader) location() (offset int64, size int32, row int64) {
	row = -1
	r.fields(func(id int) bool {
		switch id {
		case 1:
			offset = r.i64()
		case 2:
			size = r.i32()
		case 3:
			row = r.i64()
		default:
			return false
		}
		return true
	})
	return offset, size, row
}

// page is where page i is: in the file, and its rows.
func (g *groupPages) page(c *Chunk, i int) (where part, firstRow, rows int) {
	from := uint32(0)
	at := int(c.column)*len(g.starts) + i
	if i > 0 {
		from = g.ends[at-1]
	}
	firstRow, rows = int(g.starts[i]), c.Rows()
	if i+1 < len(g.starts) {
		rows = int(g.starts[i+1])
	}
	return part{c.offset + int64(c.dictBytes) + int64(from), g.ends[at] - from}, firstRow, rows - firstRow
}

// Pages describes every page, with bounds. It reads the column index of the
// chunk each time (and on the first call for the row group the page
// locations): whoever asks often keeps the answer.
func (c *Chunk) Pages() ([]PageInfo, error) {
	g, err := c.file.groupPages(int(c.group))
	if err != nil {
		return nil, err
	}
	pages := make([]PageInfo, len(g.starts))
	for i := range pages {
		where, firstRow, rows := g.page(c, i)
		pages[i] = PageInfo{FirstRow: firstRow, Rows: rows, Nulls: -1, Offset: where.offset, Bytes: int(where.bytes)}
	}
	if c.nulls == 0 {
		for i := range pages {
			pages[i].Nulls = 0
		}
	}
	if c.index.bytes == 0 {
		return pages, nil
	}
	b := make([]byte, c.index.bytes)
	damaged := func(offset int64, reason string) error { return c.damaged(noPage, offset, reason) }
	if err := c.file.readAt(b, c.index.offset, damaged); err != nil {
		return nil, err
	}
	if !c.columnIndex(b, pages) {
		return nil, damaged(c.index.offset, "the column index is not readable")
	}
	return pages, nil
}

// columnIndex fills in null counts and bounds.
func (c *Chunk) columnIndex(b []byte, pages []PageInfo) bool {
	r := &thriftReader{b: b}
	empty := make([]bool, len(pages))
	low, high := make([][]byte, len(pages)), make([][]byte, len(pages))
	r.fields(func(id int) bool {
		switch id {
		case 1:
			if r.list(thriftTrue) != len(pages) {
				r.fail()
			}
			for i := range empty {
				empty[i] = r.byte() == 1
			}
		case 2, 3:
			if r.list(thriftBinary) != len(pages) {
				r.fail()
			}
			bounds := low
			if id == 3 {
				bounds = high
			}
			for i := range bounds {
				r.kind = thriftBinary
				bounds[i] = r.binary()
			}
		case 5:
			if r.list(thriftI64) != len(pages) {
				r.fail()
			}
			for i := range pages {
				nulls := r.varint()
				if nulls < 0 || nulls > c.places {
					r.fail()
				}
				pages[i].Nulls = int(nulls)
			}
		default:
			return false
		}
		return true
	})
	if r.bad || len(r.b) > 0 {
		return false
	}
	for i := range pages {
		if empty[i] || low[i] == nil || high[i] == nil {
			continue
		}
		var ok bool
		if pages[i].Bounds, ok = boundsOf(c.description(), low[i], high[i]); !ok {
			return false
		}
	}
	return true
}
