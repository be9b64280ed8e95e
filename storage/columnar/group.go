package columnar

import (
	"fmt"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// rowGroup is a row group of a part, opened by one query. Columns are decoded
// page by page when they are asked for, and kept until the query ends.
type rowGroup struct {
	part    *partFile
	number  int
	n       int
	zone    zone
	starts  []uint32 // first row of each page
	columns map[int]*groupColumn
	scratch *scratch           // while something is read
	counts  map[int][][]uint32 // see listCounts
	failed  error
}

// scratch is what reading needs. It is large, as pages are, so that those who are
// done leave it to others.
type scratch struct {
	buffer parquet.Buffer
	page   decodedPage // see stream
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// borrow takes scratch memory, until giveBack.
func (g *rowGroup) borrow() *scratch {
	g.scratch = scratches.Get().(*scratch)
	g.scratch.buffer.Reset()
	return g.scratch
}

func (g *rowGroup) giveBack() {
	if g.scratch.page.MemoryBytes()+g.scratch.buffer.MemoryBytes() <= maxScratch {
		scratches.Put(g.scratch)
	}
	g.scratch = nil
}

// dictScratches are for reading dictionaries, which are kept without what that
// needs.
var dictScratches = sync.Pool{New: func() any { return new(parquet.DecodedDict) }}

// exactly copies a slice into memory of its length.
func exactly[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return append(make([]T, 0, len(s)), s...)
}

// maxScratch is what is kept for others; nearly all pages need less.
const maxScratch = 4 << 20

func (p *partFile) group(number int) *rowGroup {
	info := p.file.RowGroups()[number]
	return &rowGroup{part: p, number: number, n: info.Rows, zone: p.zones[number], columns: map[int]*groupColumn{}}
}

func (g *rowGroup) len() int     { return g.n }
func (g *rowGroup) bounds() zone { return g.zone }
func (g *rowGroup) err() error   { return g.failed }

// fail keeps the first error.
func (g *rowGroup) fail(err error) {
	if g.failed == nil && err != nil {
		g.failed = fmt.Errorf("columnar: part %s: %w", g.part.name, err)
	}
}

// pageStarts are the first rows of the pages.
func (g *rowGroup) pageStarts() []uint32 {
	if g.starts == nil {
		starts, err := g.part.file.PageStarts(g.number)
		g.fail(err)
		if err != nil || !wholeWords(starts) {
			g.fail(errPart)
			starts = []uint32{0}
		}
		g.starts = starts
	}
	return g.starts
}

// wholeWords says whether pages start where words of a bitmap do.
func wholeWords(starts []uint32) bool {
	for _, s := range starts {
		if s%64 != 0 {
			return false
		}
	}
	return len(starts) > 0 && starts[0] == 0
}

// groupColumn is a column of a row group. A place is a row or, in a column of
// a list, an element.
type groupColumn struct {
	g     *rowGroup
	id    int
	chunk *parquet.Chunk
	pages []*decodedPage // nil where it was not decoded; one for a column of a list
	dict  dict           // of text, once hasDict
	read  bool           // the dictionary, where there is one, was read
	nums  []uint64       // dictionary of numbers
	fixed []byte         // dictionary of ids
}

// decodedPage is a page whose numbers and ids are no codes any more.
type decodedPage struct {
	parquet.Page
	first int      // place
	ranks []uint32 // of Present; nil when that is
	text  dict     // of text without a dictionary: entry i is value i
	ids   []byte   // memory of Fixed, where there is a dictionary
}

// index is the number of the value at a place, counted from the page's first
// place; ok says whether there is one. In a column of a list that could not be
// read there are fewer places than in the others.
func (p *decodedPage) index(place int) (i uint32, ok bool) {
	if place >= p.Places {
		return 0, false
	}
	if p.Present == nil {
		return uint32(place), true
	}
	return bitmap(p.Present).rank(p.ranks, place), bitmap(p.Present).has(place)
}

// column opens a column. id is a number of the file.
func (g *rowGroup) column(id int) *groupColumn {
	c := g.columns[id]
	if c == nil {
		c = &groupColumn{g: g, id: id, chunk: g.part.file.Chunk(g.number, id)}
		g.columns[id] = c
	}
	return c
}

func (c *groupColumn) list() bool { return c.chunk.Column().List != "" }

// dictionary reads the dictionary; false: there is none.
func (c *groupColumn) dictionary() bool {
	if !c.chunk.DictionaryEncoded() {
		return false
	}
	if !c.read {
		c.read = true
		e, err := c.g.part.dicts.get(dictKey{c.g.part, c.g.number, c.id}, func() (*dictEntry, error) {
			d := dictScratches.Get().(*parquet.DecodedDict)
			err := c.chunk.ReadDict(d)
			e := &dictEntry{dict{text: exactly(d.Text), ends: exactly(d.Ends)}, exactly(d.Nums), exactly(d.Fixed)}
			if d.MemoryBytes() <= maxScratch {
				dictScratches.Put(d)
			}
			return e, err
		})
		if err != nil {
			c.g.fail(err)
			return true
		}
		c.dict, c.nums, c.fixed = e.text, e.nums, e.fixed
	}
	return true
}

// constant says whether all rows have the same value, the only entry of the
// dictionary. Its pages need not be read.
func (c *groupColumn) constant() bool {
	return !c.list() && c.chunk.Nulls() == 0 && c.dictionary() && c.entries() == 1
}

// entries is the number of entries of the dictionary, once that was read.
func (c *groupColumn) entries() int {
	switch column := c.chunk.Column(); column.Kind {
	case parquet.ByteArray:
		return c.dict.len()
	case parquet.Fixed:
		return len(c.fixed) / column.Length
	}
	return len(c.nums)
}

// maxGap is how far apart two pages may be that are read together: reading
// what lies between costs less than another call.
const maxGap = 32 << 10

// decode decodes the pages in [from, to) that were not yet.
func (c *groupColumn) decode(from, to int) {
	if c.pages == nil {
		c.pages = make([]*decodedPage, len(c.g.pageStarts()))
	}
	c.dictionary()
	b := &c.g.borrow().buffer
	defer c.g.giveBack()
	missing := 0
	for i := from; i < to; i++ {
		if c.pages[i] == nil {
			c.g.fail(b.Add(c.chunk, i, i+1, false))
			missing++
		}
	}
	if missing == 0 {
		return
	}
	c.g.fail(b.Read(maxGap))
	for i := from; i < to; i++ {
		if c.pages[i] == nil {
			c.pages[i] = c.readPage(i)
		}
	}
}

func (c *groupColumn) rowsOfPage(i int) (first, rows int) {
	starts := c.g.pageStarts()
	end := c.g.n
	if i+1 < len(starts) {
		end = int(starts[i+1])
	}
	return int(starts[i]), end - int(starts[i])
}

// readPage decodes a page. When that fails no place of it has a value.
func (c *groupColumn) readPage(i int) *decodedPage {
	p := &decodedPage{}
	c.readPageInto(i, p, 0, c.g.n)
	return p
}

// readPageInto decodes a page of which only the rows [from, to), counted from
// its first, will be used.
func (c *groupColumn) readPageInto(i int, p *decodedPage, from, to int) {
	first, rows := c.rowsOfPage(i)
	err := c.g.failed
	if err == nil {
		err = c.g.scratch.buffer.ReadRows(c.chunk, i, from, to, &p.Page)
	}
	if err == nil && (p.FirstRow != first || p.Rows != rows || p.Dictionary != c.chunk.DictionaryEncoded() && p.Len > 0) {
		err = fmt.Errorf("%w: page %d of column %d", errPart, i, c.id)
	}
	if err == nil && c.list() && !c.g.sameCounts(c, i, p.Counts) {
		err = fmt.Errorf("%w: column %d has other list lengths than the rest of its list", errPart, c.id)
	}
	if err == nil && p.Present != nil {
		p.ranks = bitmap(p.Present).ranks(p.ranks)
	}
	if err == nil && p.Dictionary {
		begin, end := 0, p.Len
		if !c.list() {
			begin, end = p.before(from), p.before(min(to, rows))
		}
		err = c.resolve(p, begin, end)
	}
	if err != nil {
		c.g.fail(err)
		*p = decodedPage{Page: parquet.Page{FirstRow: first, Rows: rows, Places: rows, Present: newBitmap(rows)}}
		if c.list() {
			p.Counts = slices.Clone(c.g.listCounts(c, i))
			p.Places = elementsBefore(p.Counts, rows)
			p.Present = newBitmap(p.Places)
		}
		p.ranks = bitmap(p.Present).ranks(p.ranks)
	}
	p.first = first
	p.text = dict{text: p.Text, ends: p.Ends, repeated: true}
}

// listCounts are the list lengths of the rows of a page, as the first column of
// the list has them. That all columns of a list have the same is relied on
// wherever elements are read, even after reading one of them failed.
func (g *rowGroup) listCounts(c *groupColumn, page int) []uint32 {
	known, first := g.knownCounts(c, page)
	if *known == nil {
		var p parquet.Page
		_, rows := c.rowsOfPage(page)
		if err := g.part.file.Chunk(g.number, first).ReadPage(page, &p); err != nil || len(p.Counts) != rows {
			g.fail(err)
			g.fail(errPart)
			p.Counts = make([]uint32, rows)
		}
		*known = p.Counts
	}
	return *known
}

// sameCounts says whether counts are those that the list has in a page.
func (g *rowGroup) sameCounts(c *groupColumn, page int, counts []uint32) bool {
	if known, first := g.knownCounts(c, page); *known == nil && first == c.id {
		*known = slices.Clone(counts)
		return true
	}
	return slices.Equal(counts, g.listCounts(c, page))
}

// knownCounts is where listCounts remembers its answer, nil before, and the
// first column of the list.
func (g *rowGroup) knownCounts(c *groupColumn, page int) (known *[]uint32, first int) {
	first = c.id
	for columns := g.part.file.Columns(); first > 0 && columns[first-1].List == columns[c.id].List; {
		first--
	}
	if g.counts == nil {
		g.counts = map[int][][]uint32{}
	}
	if g.counts[first] == nil {
		g.counts[first] = make([][]uint32, len(g.pageStarts()))
	}
	return &g.counts[first][page], first
}

// resolve checks the codes of a page, and replaces those of numbers and ids by
// what they stand for: the values [from, to), others are zero or of a page
// before.
func (c *groupColumn) resolve(p *decodedPage, from, to int) error {
	column := c.chunk.Column()
	if entries := c.entries(); int(p.CodeLimit) > entries {
		return fmt.Errorf("%w: column %q has code %d of %d", errPart, column.Name, p.CodeLimit-1, entries)
	}
	switch column.Kind {
	case parquet.ByteArray:
	case parquet.Fixed:
		n := column.Length
		p.ids = resize(p.ids, len(p.Codes)*n)
		p.Fixed = p.ids
		for i := from; i < to; i++ {
			code := int(p.Codes[i])
			copy(p.Fixed[i*n:(i+1)*n], c.fixed[code*n:(code+1)*n])
		}
	default:
		p.Nums = resize(p.Nums, len(p.Codes))
		for i := from; i < to; i++ {
			p.Nums[i] = c.nums[p.Codes[i]]
		}
	}
	return nil
}

// whole decodes a column of a list as one page, because its pages begin at
// rows and not at a fixed number of elements.
func (c *groupColumn) whole() *decodedPage {
	if len(c.pages) == 1 && c.pages[0] != nil {
		return c.pages[0]
	}
	c.decode(0, len(c.g.pageStarts()))
	all := &decodedPage{Page: parquet.Page{Rows: c.g.n}, text: dict{repeated: true}}
	partial := false
	for _, p := range c.pages {
		all.Places += p.Places
		partial = partial || p.Present != nil
	}
	if partial {
		all.Present = newBitmap(all.Places)
	}
	at := 0
	for _, p := range c.pages {
		all.Counts = append(all.Counts, p.Counts...)
		for i := range p.Places {
			if partial && (p.Present == nil || bitmap(p.Present).has(i)) {
				bitmap(all.Present).set(at + i)
			}
		}
		at += p.Places
		all.appendValues(p, 0, p.Len)
		all.Len += p.Len
	}
	if partial {
		all.ranks = bitmap(all.Present).ranks(nil)
	}
	c.pages = []*decodedPage{all}
	return all
}

// appendValues appends the values [from, to) of p.
func (p *decodedPage) appendValues(o *decodedPage, from, to int) {
	if from >= to {
		return
	}
	switch {
	case o.Nums != nil:
		p.Nums = append(p.Nums, o.Nums[from:to]...)
	case o.Fixed != nil:
		n := len(o.Fixed) / o.Len
		p.Fixed = append(p.Fixed, o.Fixed[from*n:to*n]...)
	case o.Dictionary:
		p.Dictionary = true
		p.Codes = append(p.Codes, o.Codes[from:to]...)
	default:
		p.text.appendEntries(&o.text, from, to)
	}
}

// appendEntries appends the entries [from, to) of o.
func (d *dict) appendEntries(o *dict, from, to int) {
	if from == to {
		return
	}
	begin := uint32(0)
	if from > 0 {
		begin = o.ends[from-1]
	}
	shift := uint32(len(d.text)) - begin
	d.text = append(d.text, o.text[begin:o.ends[to-1]]...)
	for _, end := range o.ends[from:to] {
		d.ends = append(d.ends, end+shift)
	}
}

// all are the rows of the row group.
func (g *rowGroup) all() runs { return between(0, g.n) }

func (g *rowGroup) times() *groupColumn { return g.column(g.part.fixed.time) }

func (g *rowGroup) inWindow(w storage.Window) bitmap {
	if w.FromNs <= g.zone.minNs && g.zone.maxNs < w.ToNs {
		return fullBitmap(g.n)
	}
	return timesInWindow(ints[int64](g.times(), g.all()), w)
}

func (g *rowGroup) timesOf(rows []uint32, to []int64) []int64 { return g.times().pickInts(rows, to) }
