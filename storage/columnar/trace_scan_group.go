package columnar

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// groupTraces visits the traces that are in one row group and nowhere else. Its
// memory is used again for the next row group.
type groupTraces struct {
	r     *traceReading
	ids   idTable
	batch storage.TraceBatch
	spans groupSpans

	selected []bool
	parents  []int32
	spanIDs  []storage.SpanID
}

// visit calls f with the batch of a row group, if it has any of these traces.
// Of the shared ones it notes which are wanted.
func (g *groupTraces) visit(table int, shared []sidecar.Trace, wanted *wantedTraces, f func(*storage.TraceBatch) error) error {
	t := &g.r.tables[table]
	v := g.r.view(table)
	sel := selectRows(v, g.r.q.Window, g.r.q.Where)
	if err := v.err(); err != nil || sel.empty() {
		return err
	}
	var hits []uint64
	taken := 0
	for _, run := range shared {
		from, to := int(run.FirstRow), int(run.FirstRow+run.Rows)
		taken += to - from
		if !wanted.all && sel.any(from, to) {
			hits = append(hits, run.Fingerprint)
		}
	}
	wanted.add(hits)
	if taken == v.n {
		return nil
	}
	starts, err := g.r.traceStarts(&g.r.parts[t.part], t.group.number)
	if err != nil {
		return err
	}
	rows, err := g.open(v, table)
	if err == nil {
		err = g.collect(rows, starts, sel, shared)
	}
	if err != nil || len(g.batch.Rows) == 0 {
		return t.group.part.failed(err)
	}
	if err := v.err(); err != nil {
		return err
	}
	g.batch.Part = g.r.parts[t.part].traces
	if err := f(&g.batch); err != nil {
		return err
	}
	return v.err()
}

// traceStarts are the rows of a row group where a trace begins.
func (r *traceReading) traceStarts(of *partTables, group int) (bitmap, error) {
	of.once.Do(func() {
		p := of.part
		index, zones, err := p.openIndex()
		if err != nil {
			of.failed = err
			return
		}
		of.starts = make([]bitmap, len(zones))
		for g := range zones {
			of.starts[g] = newBitmap(p.rowsOf(g))
		}
		for block, err := range index.TraceBlocks(0) {
			if err != nil {
				of.failed = p.failed(err)
				return
			}
			for _, t := range block {
				if int(t.Group) >= len(zones) || int(t.FirstRow) >= len(of.starts[t.Group])*64 {
					of.failed = p.failed(errPart)
					return
				}
				of.starts[t.Group].set(int(t.FirstRow))
			}
		}
	})
	if of.failed != nil {
		return nil, of.failed
	}
	return of.starts[group], nil
}

// open makes the batch one of a row group, without spans.
func (g *groupTraces) open(v *spanView, table int) (*spanRows, error) {
	source, ok := v.get()
	if !ok {
		return nil, v.err()
	}
	rows, ok := source.(*spanRows)
	if !ok {
		return nil, fmt.Errorf("columnar: a row group is a %T", source)
	}
	g.spans.open(rows, g.r.q.Columns, table)
	g.batch = storage.TraceBatch{Len: v.n, Rows: g.batch.Rows[:0], Ends: g.batch.Ends[:0], Columns: &g.spans}
	return rows, nil
}

// collect fills the batch with the traces that begin at starts, are not shared
// and have a row of sel.
func (g *groupTraces) collect(t *spanRows, starts, sel bitmap, shared []sidecar.Trace) error {
	if !starts.has(0) {
		return fmt.Errorf("%w: no trace begins in its first row", errPart)
	}
	elsewhere := newBitmap(t.n)
	for _, run := range shared {
		elsewhere.set(int(run.FirstRow))
	}
	all := true // rows of the batch are selected
	b := &g.batch
	each(starts, t.n, func(from, to int) {
		if elsewhere.has(from) {
			return
		}
		switch n := sel.countIn(from, to); {
		case n == 0:
			return
		case n < to-from:
			all = false
		}
		for row := from; row < to; row++ {
			b.Rows = append(b.Rows, uint32(row))
		}
		b.Ends = append(b.Ends, uint32(len(b.Rows)))
	})
	if !all {
		g.selected = resize(g.selected, t.n)
		for _, row := range b.Rows {
			g.selected[row] = sel.has(int(row))
		}
		b.Selected = g.selected
	}
	if len(b.Rows) == 0 {
		return nil
	}
	return g.link(t)
}

// each calls f with the rows from one bit to before the next.
func each(starts bitmap, n int, f func(from, to int)) {
	from := -1
	for i, w := range starts {
		for ; w != 0; w &= w - 1 {
			row := i<<6 + bits.TrailingZeros64(w)
			if from >= 0 {
				f(from, row)
			}
			from = row
		}
	}
	if from >= 0 {
		f(from, n)
	}
}

// link finds parents and twins.
func (g *groupTraces) link(t *spanRows) error {
	b, f := &g.batch, &t.part.fixed
	g.parents = resize(g.parents, t.n)
	for i := range g.parents {
		g.parents[i] = -1
	}
	t.column(f.parentOffset).stream(t.all(), func(p *decodedPage, from, to int) {
		i := p.before(from)
		p.eachPresent(from, to, func(place int) {
			if i < len(p.Nums) {
				row := p.first + place
				g.parents[row] = int32(row) + int32(p.Nums[i])
			}
			i++
		})
	})
	g.spanIDs = resize(g.spanIDs, t.n)
	t.column(f.spanID).stream(t.all(), func(p *decodedPage, from, to int) {
		if p.Present != nil || len(p.Fixed) < 8*to {
			t.fail(errPart)
			return
		}
		for place := from; place < to; place++ {
			g.spanIDs[p.first+place] = storage.SpanID(p.Fixed[8*place:])
		}
	})
	if c := t.column(f.farParent); c.chunk.Nulls() < c.chunk.Places() {
		c.stream(t.all(), func(p *decodedPage, from, to int) {
			i := p.before(from)
			p.eachPresent(from, to, func(place int) {
				if row := p.first + place; 8*i+8 <= len(p.Fixed) && storage.SpanID(p.Fixed[8*i:]) == g.spanIDs[row] {
					g.parents[row] = int32(row)
				}
				i++
			})
		})
	}
	b.Parents = g.parents
	from := uint32(0)
	for _, end := range b.Ends {
		rows := b.Rows[from:end]
		from = end
		first, last := int32(rows[0]), int32(rows[len(rows)-1])
		g.ids.reset(len(rows))
		for row := first; row <= last; row++ {
			if p := g.parents[row]; p != -1 && (p < first || p > last) {
				return fmt.Errorf("%w: the parent of row %d is in another trace", errPart, row)
			}
			if first != last {
				b.Twins = g.ids.add(g.spanIDs, row, b.Twins)
			}
		}
	}
	return nil
}

// eachPresent calls f with the places of [from, to) that have a value.
func (p *decodedPage) eachPresent(from, to int, f func(place int)) {
	to = min(to, p.Places)
	if p.Present == nil {
		for place := from; place < to; place++ {
			f(place)
		}
		return
	}
	for i := from >> 6; i<<6 < to; i++ {
		w := p.Present[i]
		if i == from>>6 {
			w &= ^uint64(0) << (from & 63)
		}
		for ; w != 0; w &= w - 1 {
			place := i<<6 + bits.TrailingZeros64(w)
			if place >= to {
				return
			}
			f(place)
		}
	}
}

// any says whether a row of [from, to) is a member.
func (b bitmap) any(from, to int) bool { return b.countIn(from, to) > 0 }

// countIn counts the members in [from, to).
func (b bitmap) countIn(from, to int) (n int) {
	if from >= to {
		return 0
	}
	first, last := from>>6, (to-1)>>6
	head, tail := ^uint64(0)<<(from&63), ^uint64(0)>>(63-(to-1)&63)
	if first == last {
		return bits.OnesCount64(b[first] & head & tail)
	}
	n = bits.OnesCount64(b[first]&head) + bits.OnesCount64(b[last]&tail)
	for _, w := range b[first+1 : last] {
		n += bits.OnesCount64(w)
	}
	return n
}

// groupSpans are the columns of a batch that is a row group. They are decoded
// when they are asked for.
type groupSpans struct {
	rows                *spanRows
	keys                []storage.Key
	columns             []groupValues // by key
	table               uint32
	kinds, statuses     groupInts[uint8]
	starts, durationsNs groupInts[int64]
	origins             []uint32
	traceIDs            []storage.TraceID
}

// groupValues are the values under a key.
type groupValues struct {
	vector vector // nil: not asked for yet
	out    gathered
}

// groupInts is a column of numbers that every row has.
type groupInts[T int64 | uint8] struct {
	values []T
	read   bool
}

var _ storage.TraceColumns = (*groupSpans)(nil)

// open goes on to another row group.
func (s *groupSpans) open(rows *spanRows, keys []storage.Key, table int) {
	s.rows, s.keys, s.table = rows, keys, uint32(table)
	s.columns = resize(s.columns, len(keys))
	for i := range s.columns {
		s.columns[i].vector = nil
	}
	s.kinds.read, s.statuses.read, s.starts.read, s.durationsNs.read = false, false, false, false
}

func (s *groupSpans) Kinds() []uint8    { return s.kinds.of(s.rows, s.rows.part.fixed.kind) }
func (s *groupSpans) Statuses() []uint8 { return s.statuses.of(s.rows, s.rows.part.fixed.status) }
func (s *groupSpans) StartsNs() []int64 { return s.starts.of(s.rows, s.rows.part.fixed.time) }
func (s *groupSpans) DurationsNs() []int64 {
	return s.durationsNs.of(s.rows, s.rows.part.fixed.duration)
}

func (i *groupInts[T]) of(rows *spanRows, column int) []T {
	if !i.read {
		i.read = true
		i.values = intsIn(rows.column(column), rows.all(), i.values)
		if len(i.values) < rows.n { // reading failed
			i.values = make([]T, rows.n)
		}
	}
	return i.values
}

func (s *groupSpans) Column(i int, rows []uint32, to *storage.Column) {
	c := &s.columns[i]
	if c.vector == nil {
		c.vector = s.rows.vector(s.keys[i])
	}
	switch v := c.vector.(type) {
	case absentVector:
		*to = storage.Column{}
		return
	case *columnVector:
		if v.c.chunk.Nulls() == v.c.chunk.Places() {
			*to = storage.Column{}
			return
		}
		v.gatherOnce(rows, &c.out)
	case *originVector:
		s.origins = intsIn(v.c, s.rows.all(), s.origins)
		if len(s.origins) < s.rows.n {
			s.origins = make([]uint32, s.rows.n)
		}
		for i, code := range v.c.g.checked(s.origins, len(v.pairs)) {
			s.origins[i] = v.index(v.pairs[code])
		}
		tableVector{s.origins, v.values}.gather(rows, &c.out)
	default:
		v.gather(rows, &c.out)
	}
	*to = c.out.column()
}

// gatherOnce is gather for who needs the column but once: no page is kept.
func (v *columnVector) gatherOnce(rows []uint32, out *gathered) {
	if v.c.list() {
		v.gather(rows, out)
		return
	}
	out.reset(len(rows))
	var codes *translation
	if textual(v.typ) && v.c.dictionary() {
		codes = out.translate(&v.c.dict)
	}
	at := 0
	v.c.stream(v.c.g.all(), func(p *decodedPage, _, to int) {
		for end := uint32(p.first + to); at < len(rows) && rows[at] < end; at++ {
			i, ok := p.index(int(rows[at]) - p.first)
			if !ok || int(i) >= p.Len {
				continue
			}
			out.types[at] = v.typ
			switch {
			case codes != nil:
				out.bits[at] = codes.of(p.Codes[i])
			case textual(v.typ):
				// The page is about to be overwritten.
				out.bits[at] = out.intern(strings.Clone(p.text.at(i)))
			case v.typ != storage.TypeEmpty:
				out.bits[at] = p.Nums[i]
			}
		}
	})
}

func (s *groupSpans) TraceIDs(rows []uint32, to []storage.TraceID) []storage.TraceID {
	s.traceIDs = pickIDs(s.rows.column(s.rows.part.fixed.traceID), rows, s.traceIDs)
	return append(to, s.traceIDs...)
}

func (s *groupSpans) Ref(row uint32) storage.SpanRef {
	return storage.SpanRef{Table: s.table, Row: row}
}
