package parquet

import (
	"fmt"
	"slices"
	"sort"
)

// Buffer reads the bytes of several pages and dictionaries with few reads,
// before they are decoded. It is reused: Reset, Add for everything that will
// be wanted, Read, then ReadPage and ReadDict in any order. All chunks must be
// of one File. It must not be used by several goroutines at once. The zero
// value is ready for use.
type Buffer struct {
	file   *File
	wanted []span
	have   []segment // by offset
	data   []byte
}

// span is a range of the file.
type span struct{ from, end int64 }

// segment is a range of the file that was read to data[at:].
type segment struct {
	span
	at int
}

// Reset forgets what was added and read, and keeps the memory.
func (b *Buffer) Reset() {
	b.file, b.wanted, b.have, b.data = nil, b.wanted[:0], b.have[:0], b.data[:0]
}

// Add asks for pages from to end, end excluded, and for the dictionary if the
// chunk has one and dict is set.
func (b *Buffer) Add(c *Chunk, from, end int, dict bool) error {
	if b.file != nil && b.file != c.file {
		return fmt.Errorf("%w: a buffer is of one file", ErrInvalid)
	}
	g, err := c.file.groupPages(int(c.group))
	if err != nil {
		return err
	}
	b.file = c.file
	if dict && c.dictBytes > 0 {
		b.wanted = append(b.wanted, span{c.offset, c.offset + int64(c.dictBytes)})
	}
	if from < 0 || end > len(g.starts) || from > end {
		return c.noPage(end-1, g)
	}
	if from < end {
		first, _, _ := g.page(c, from)
		last, _, _ := g.page(c, end-1)
		b.wanted = append(b.wanted, span{first.offset, last.offset + int64(last.bytes)})
	}
	return nil
}

// Read reads all that was added. What is at most gap bytes apart is read
// together, in one read.
func (b *Buffer) Read(gap int) error {
	b.have = b.have[:0]
	slices.SortFunc(b.wanted, func(x, y span) int {
		switch {
		case x.from < y.from:
			return -1
		case x.from > y.from:
			return 1
		}
		return 0
	})
	total := int64(0)
	for _, w := range b.wanted {
		if n := len(b.have); n > 0 && w.from <= b.have[n-1].end+int64(gap) {
			last := &b.have[n-1]
			total += max(0, w.end-last.end)
			last.end = max(last.end, w.end)
			continue
		}
		b.have = append(b.have, segment{w, int(total)})
		total += w.end - w.from
	}
	b.data = sized(b.data, int(total))
	for i := range b.have {
		s := &b.have[i]
		if err := b.file.readAt(b.data[s.at:s.at+int(s.end-s.from)], s.from, b.file.damaged); err != nil {
			b.have = b.have[:0]
			return err
		}
	}
	return nil
}

// find returns a part of the file if it was read.
func (b *Buffer) find(f *File, p part) ([]byte, bool) {
	if f != b.file {
		return nil, false
	}
	i := sort.Search(len(b.have), func(i int) bool { return b.have[i].end > p.offset })
	if i == len(b.have) || b.have[i].from > p.offset || b.have[i].end < p.offset+int64(p.bytes) {
		return nil, false
	}
	at := b.have[i].at + int(p.offset-b.have[i].from)
	return b.data[at : at+int(p.bytes)], true
}

// ReadDict is Chunk.ReadDict from the buffer, or from the file when the
// dictionary was not added.
func (b *Buffer) ReadDict(c *Chunk, d *DecodedDict) error {
	if data, ok := b.find(c.file, part{c.offset, c.dictBytes}); ok && c.dictBytes > 0 {
		return c.decodeDict(data, d)
	}
	return c.ReadDict(d)
}

// ReadPage is Chunk.ReadPage from the buffer, or from the file when the page
// was not added.
func (b *Buffer) ReadPage(c *Chunk, i int, p *Page) error { return b.readRows(c, i, everything, p) }

// ReadRows is ReadPage for who wants only the values of the rows [from, to),
// counted from the page's first: those of other rows may be undefined, and only
// these are below CodeLimit. Pages of lists are decoded as a whole.
func (b *Buffer) ReadRows(c *Chunk, i, from, to int, p *Page) error {
	return b.readRows(c, i, wanted{from, to}, p)
}

func (b *Buffer) readRows(c *Chunk, i int, want wanted, p *Page) error {
	g, err := c.file.groupPages(int(c.group))
	if err != nil {
		return err
	}
	if i < 0 || i >= len(g.starts) {
		return c.noPage(i, g)
	}
	where, _, _ := g.page(c, i)
	if data, ok := b.find(c.file, where); ok {
		return c.decodePage(g, i, data, want, p)
	}
	return c.readRows(i, want, p)
}

// MemoryBytes is what the buffer holds.
func (b *Buffer) MemoryBytes() int { return cap(b.data) + 16*cap(b.wanted) + 24*cap(b.have) }
