package columnar

import (
	"context"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// text is ints for a column of text that every place has; n is the number of
// places.
func (c *groupColumn) text(rows runs, n int) (codes []uint32, d dict) {
	codes = make([]uint32, 0, n)
	if c.constant() {
		return codes[:n], c.dict
	}
	if c.dictionary() {
		d = c.dict
		c.stream(rows, func(p *decodedPage, from, to int) {
			for place := from; place < to; place++ {
				if i, ok := p.index(place); ok && int(i) < len(p.Codes) {
					codes = append(codes, p.Codes[i])
				}
			}
		})
	} else {
		d.repeated = true
		c.stream(rows, func(p *decodedPage, from, to int) {
			if to <= p.Len && p.Present == nil {
				d.appendEntries(&p.text, from, to)
			}
		})
		for i := range d.ends {
			codes = append(codes, uint32(i))
		}
	}
	if len(codes) == n {
		return codes, d
	}
	// Reading failed: the text that could not be read is empty.
	c.g.fail(errPart)
	return make([]uint32, n), dict{ends: []uint32{0}}
}

// loadAttrs decodes the attribute lists of some rows, or of the elements of
// these rows.
func (g *rowGroup) loadAttrs(l *listColumns, shape *groupColumn, rows runs) attrs {
	a := attrs{shapes: l.shapes, columns: make([]column, len(l.keys))}
	a.shapeOf = g.checked(ints[uint32](shape, rows), l.shapes.len())
	counts := make([]uint32, len(l.keys)) // values of each column
	over := uint32(0)
	for _, s := range a.shapeOf {
		for _, id := range l.shapes.at(s) {
			if id == overflowID {
				over++
			} else {
				counts[id]++
			}
		}
	}
	var some []int // columns that have values
	for i, key := range l.keys {
		a.columns[i] = column{key: key.key, typ: key.typ, count: counts[i]}
		if counts[i] > 0 {
			some = append(some, i)
		}
	}
	g.eachColumn(some, rows, func(g *rowGroup, i int) {
		g.column(l.columns[i]).load(&a.columns[i], rows)
		if a.columns[i].stored() != int(counts[i]) {
			g.fail(errPart)
		}
	})
	if over > 0 {
		g.loadOverflow(&a.overflow, g.column(l.overflow), rows)
		if len(a.overflow.keys) != int(over) {
			g.fail(errPart)
		}
	}
	if g.failed != nil {
		// The shapes promise values that are not there.
		return attrs{shapes: shapeList{ends: []uint32{0}}, shapeOf: make([]uint32, len(a.shapeOf))}.ranked()
	}
	return a.ranked()
}

// eachColumn calls load with every one of the columns. For few rows it does so
// on helpers as well, which get a row group of their own: somebody waits for a
// trace. For many rows, as merging reads them, that would take the cores away
// from those who wait.
func (g *rowGroup) eachColumn(columns []int, rows runs, load func(g *rowGroup, i int)) {
	if len(columns) < manyColumns || rows.len() > g.n/4 {
		for _, i := range columns {
			load(g, i)
		}
		return
	}
	groups := make([]*rowGroup, maxWorkers())
	groups[0] = g
	_ = inParallel(context.Background(), len(columns), func(worker, i int) error { // it ends soon, and without an error
		if groups[worker] == nil {
			groups[worker] = g.part.group(g.number)
		}
		load(groups[worker], columns[i])
		return nil
	})
	for _, helper := range groups[1:] {
		if helper != nil && g.failed == nil {
			g.failed = helper.failed
		}
	}
}

// manyColumns are worth a second goroutine.
const manyColumns = 16

// stored is the number of values that can be read.
func (c *column) stored() int {
	switch {
	case c.typ == storage.TypeEmpty:
		return int(c.count)
	case c.nums != nil:
		return len(c.nums)
	}
	return len(c.codes)
}

// load decodes the values that some rows, or their elements, have. to.count is
// set.
func (c *groupColumn) load(to *column, rows runs) {
	text := textual(to.typ)
	dictionary := text && c.dictionary()
	if dictionary {
		to.dict = c.dict
	} else {
		to.dict.repeated = text
	}
	if c.dictionary() && c.entries() == 1 && c.g.failed == nil { // how many there are is known
		switch {
		case text:
			to.codes = make([]uint32, to.count)
		case to.typ == storage.TypeBool:
			to.codes = slices.Repeat([]uint32{uint32(c.nums[0])}, int(to.count))
		case to.typ != storage.TypeEmpty:
			to.nums = slices.Repeat(c.nums, int(to.count))
		}
		return
	}
	c.stream(rows, func(p *decodedPage, from, end int) {
		first, last := p.before(from), p.before(end)
		switch {
		case first >= last:
		case dictionary:
			to.codes = append(to.codes, p.Codes[first:last]...)
		case text:
			n := uint32(len(to.dict.ends))
			to.dict.appendEntries(&p.text, first, last)
			for i := range uint32(last - first) {
				to.codes = append(to.codes, n+i)
			}
		case to.typ == storage.TypeBool:
			for _, v := range p.Nums[first:last] {
				to.codes = append(to.codes, uint32(v))
			}
		case to.typ != storage.TypeEmpty:
			to.nums = append(to.nums, p.Nums[first:last]...)
		}
	})
}

// before is the number of values before a place, which may be the end.
func (p *decodedPage) before(place int) int {
	switch {
	case p.Present == nil:
		return min(place, p.Len)
	case place >= p.Places:
		return p.Len
	}
	return int(bitmap(p.Present).rank(p.ranks, place))
}

func (g *rowGroup) loadOverflow(o *overflow, c *groupColumn, rows runs) {
	var keys, values dictBuilder
	c.stream(rows, func(p *decodedPage, from, to int) {
		for i := p.before(from); i < p.before(to); i++ {
			g.fail(storage.EachKeyValue(c.textOf(p, uint32(i)), func(key string, v storage.Value) {
				code, _ := keys.code(key, false)
				bits := uint64(0)
				switch t := v.Type(); {
				case textual(t):
					content, _ := values.code(v.Str(), false)
					bits = uint64(content)
				case t == storage.TypeInt:
					bits = uint64(v.Int())
				case t == storage.TypeFloat:
					bits = floatBits(v)
				case t == storage.TypeBool:
					bits = uint64(boolBit(v.Bool()))
				}
				o.keys, o.types, o.bits = append(o.keys, code), append(o.types, v.Type()), append(o.bits, bits)
			}))
		}
	})
	o.key, o.values = keys.dict, values.dict
}

// ranked fills in the ranks from the shapes.
func (a attrs) ranked() attrs {
	next := make([]uint32, len(a.columns)+1)
	for row, s := range a.shapeOf {
		if row%rankEvery == 0 {
			a.ranks = append(a.ranks, next...)
			a.rankEnds = append(a.rankEnds, uint32(len(a.ranks)))
		}
		for _, id := range a.shapes.at(s) {
			next[rankSlot(id)]++
		}
	}
	return a
}
