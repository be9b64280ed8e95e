package columnar

import (
	"math/bits"
	"slices"
)

// eachPage decodes the pages that have a place in sel and calls f with each
// and its part of sel. What f gets is good until it returns: pages of which few
// rows are wanted are not kept.
func (c *groupColumn) eachPage(sel bitmap, f func(sub bitmap, p *decodedPage)) {
	if c.list() {
		f(sel, c.whole())
		return
	}
	starts := c.g.pageStarts()
	for from := 0; from < len(starts); {
		sub := c.part(sel, from)
		if sub.empty() {
			from++
			continue
		}
		if c.few(sub, from) {
			c.streamPage(from, sub, f)
			from++
			continue
		}
		to := from + 1
		for to < len(starts) && !c.part(sel, to).empty() && !c.few(c.part(sel, to), to) {
			to++
		}
		c.decode(from, to)
		for ; from < to; from++ {
			f(c.part(sel, from), c.pages[from])
		}
	}
}

// few says whether a page is not decoded yet and so little of it is wanted that
// decoding it again, should somebody want the rest, costs less than the memory
// of all of it.
func (c *groupColumn) few(sub bitmap, page int) bool {
	return (c.pages == nil || c.pages[page] == nil) && sub.count() < 4*len(sub)
}

// streamPage calls f with a page of which the rows in sub are decoded.
func (c *groupColumn) streamPage(page int, sub bitmap, f func(sub bitmap, p *decodedPage)) {
	from, to := sub.bounds()
	first, _ := c.rowsOfPage(page)
	c.streamRows(between(first+from, first+to), func(p *decodedPage, _, _ int) { f(sub, p) })
}

// part is the part of sel that belongs to a page. Pages start at multiples of
// 64 rows.
func (c *groupColumn) part(sel bitmap, page int) bitmap {
	first, rows := c.rowsOfPage(page)
	return sel[first/64 : (first+rows+63)/64]
}

// eachRun decodes the pages that have one of the rows, which ascend, and calls
// f with each and the run of rows in it.
func (c *groupColumn) eachRun(rows []uint32, f func(from, to int, p *decodedPage)) {
	if len(rows) == 0 {
		return
	}
	if c.list() {
		f(0, len(rows), c.whole())
		return
	}
	starts := c.g.pageStarts()
	page := 0
	for from := 0; from < len(rows); {
		for page+1 < len(starts) && starts[page+1] <= rows[from] {
			page++
		}
		to := len(rows)
		if page+1 < len(starts) {
			for to = from; to < len(rows) && rows[to] < starts[page+1]; to++ {
			}
		}
		// Neighbours are decoded together when they will be needed, too.
		last := page + 1
		if to < len(rows) && last < len(starts) && rows[len(rows)-1] >= starts[last] {
			for last < len(starts) && starts[last] <= rows[len(rows)-1] && len(rows) > 2*len(starts) {
				last++
			}
		}
		c.decode(page, last)
		f(from, to, c.pages[page])
		from = to
	}
}

// keepPlaces removes from sel the places for whose value test is false, and
// those without a value. test gets the number of the value.
func (p *decodedPage) keepPlaces(sel bitmap, test func(i int) bool) {
	if p.Present == nil {
		sel.keep(func(place int) bool { return place < p.Places && test(place) })
		return
	}
	for w, word := range sel {
		if word == 0 {
			continue
		}
		if w >= len(p.Present) { // reading failed
			sel[w] = 0
			continue
		}
		present, keep := p.Present[w], uint64(0)
		for m := word & present; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros64(m)
			if test(int(p.ranks[w]) + bits.OnesCount64(present&(1<<bit-1))) {
				keep |= 1 << bit
			}
		}
		sel[w] = keep
	}
}

// pickInts is ints for rows that ascend, in the memory of to. A page that could not
// be read gives zeros.
func (c *groupColumn) pickInts(rows []uint32, to []int64) []int64 {
	to = resize(to, len(rows))
	if 64*len(rows) < c.g.n {
		i := 0
		c.stream(runsOf(rows), func(p *decodedPage, from, end int) {
			for place := from; place < end; place++ {
				to[i] = int64(p.num(place))
				i++
			}
		})
		return to
	}
	c.eachRun(rows, func(from, end int, p *decodedPage) {
		for i := from; i < end; i++ {
			to[i] = int64(p.num(int(rows[i]) - p.first))
		}
	})
	return to
}

func (p *decodedPage) num(place int) uint64 {
	if i, ok := p.index(place); ok && int(i) < len(p.Nums) {
		return p.Nums[i]
	}
	return 0
}

// ints decodes a column of numbers for some rows, or for the elements of
// these rows in a column of a list.
func ints[T int64 | uint32 | uint8](c *groupColumn, rows runs) []T { return intsIn[T](c, rows, nil) }

// intsIn is ints in the memory of a slice that is not needed any more.
func intsIn[T int64 | uint32 | uint8](c *groupColumn, rows runs, out []T) []T {
	out = slices.Grow(out[:0], rows.len())
	if c.constant() {
		out = out[:rows.len()]
		for i := range out {
			out[i] = T(c.nums[0])
		}
		return out
	}
	c.stream(rows, func(p *decodedPage, from, to int) {
		if p.Present == nil && to <= len(p.Nums) {
			for _, n := range p.Nums[from:to] {
				out = append(out, T(n))
			}
			return
		}
		for place := from; place < to; place++ {
			out = append(out, T(p.num(place)))
		}
	})
	return out
}

// ids is ints for ids; absent ones are zero.
func ids[T ~[8]byte | ~[16]byte](c *groupColumn, rows runs) []T {
	out := make([]T, 0, rows.len())
	c.stream(rows, func(p *decodedPage, from, to int) {
		for place := from; place < to; place++ {
			out = append(out, idAt[T](p, place))
		}
	})
	return out
}

func idAt[T ~[8]byte | ~[16]byte](p *decodedPage, place int) (id T) {
	if i, ok := p.index(place); ok && (int(i)+1)*len(id) <= len(p.Fixed) {
		for k := range len(id) {
			id[k] = p.Fixed[int(i)*len(id)+k]
		}
	}
	return id
}

// stream calls f with the pages that have some of the rows and, run by run, the
// places of these rows in each. What f gets is good until it returns: for what
// is copied anyway, no page is kept.
func (c *groupColumn) stream(rows runs, f func(p *decodedPage, from, to int)) {
	if !c.list() {
		c.streamRows(rows, f)
		return
	}
	first, row, place := -1, 0, 0 // of the page, and a row of it with its place
	before := func(p *decodedPage, to int) int {
		if p.first != first {
			first, row, place = p.first, 0, 0
		}
		for _, n := range p.Counts[row:to] {
			place += int(n)
		}
		row = to
		return place
	}
	c.streamRows(rows, func(p *decodedPage, from, to int) {
		at := before(p, from)
		f(p, at, before(p, to))
	})
}

// streamRows is stream with rows of the page in place of places.
func (c *groupColumn) streamRows(rows runs, f func(p *decodedPage, from, to int)) {
	if len(rows) == 0 {
		return
	}
	c.dictionary()
	b := &c.g.borrow().buffer
	defer c.g.giveBack()
	pages := c.g.pagesOf(rows)
	for _, one := range pages {
		c.g.fail(b.Add(c.chunk, one.from, one.to, false))
	}
	c.g.fail(b.Read(maxGap))
	for _, one := range pages {
		for i := one.from; i < one.to; i++ {
			first, n := c.rowsOfPage(i)
			last := rows
			for len(last) > 1 && last[1].from < first+n {
				last = last[1:]
			}
			p := c.pageToStream(i, max(rows[0].from-first, 0), min(last[0].to-first, n))
			for _, r := range rows {
				if r.from >= first+n {
					break
				}
				f(p, max(r.from-first, 0), min(r.to-first, n))
			}
			rows = rows.begin(first + n)
		}
	}
}

// pageToStream returns a page that is good until the next call, of which the rows
// [from, to), counted from its first, are used.
func (c *groupColumn) pageToStream(i, from, to int) *decodedPage {
	if len(c.pages) == len(c.g.pageStarts()) && c.pages[i] != nil {
		return c.pages[i]
	}
	p := &c.g.scratch.page
	c.readPageInto(i, p, from, to)
	return p
}

func elementsBefore(counts []uint32, row int) (n int) {
	for _, c := range counts[:row] {
		n += int(c)
	}
	return n
}

// pagesOf returns the pages that have some of the rows, as runs of pages.
func (g *rowGroup) pagesOf(rows runs) (pages runs) {
	starts := g.pageStarts()
	page := 0
	for _, one := range rows {
		for page+1 < len(starts) && int(starts[page+1]) <= one.from {
			page++
		}
		end := page + 1
		for end < len(starts) && int(starts[end]) < one.to {
			end++
		}
		if n := len(pages); n > 0 && pages[n-1].to >= page {
			pages[n-1].to = end
			continue
		}
		pages = append(pages, run{page, end})
	}
	return pages
}
