package columnar

import (
	"fmt"
	"math/bits"

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
	starts, err := g.r.traceStarts(t.group.part, t.group.number)
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
	if err := f(&g.batch); err != nil {
		return err
	}
	return v.err()
}

// traceStarts are the rows of a row group where a trace begins.
func (r *traceReading) traceStarts(p *livePart, group int) (bitmap, error) {
	at := 0
	for r.parts[at].part != p {
		at++
	}
	of := &r.parts[at]
	of.once.Do(func() {
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
	columns := resize(g.spans.columns, len(g.r.q.Columns))
	for i := range columns {
		columns[i].vector = nil
	}
	g.spans = groupSpans{rows: rows, keys: g.r.q.Columns, columns: columns, table: uint32(table)}
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
	rows     *spanRows
	keys     []storage.Key
	columns  []groupValues
	table    uint32
	kinds    []uint8
	statuses []uint8
	times    []int64
	duration []int64
}

type groupValues struct {
	vector vector // nil: not asked for yet
	out    gathered
}

var _ storage.TraceColumns = (*groupSpans)(nil)

func (s *groupSpans) Kinds() []uint8 { return once(&s.kinds, s.rows, s.rows.part.fixed.kind) }
func (s *groupSpans) Statuses() []uint8 {
	return once(&s.statuses, s.rows, s.rows.part.fixed.status)
}
func (s *groupSpans) StartsNs() []int64 { return once(&s.times, s.rows, s.rows.part.fixed.time) }
func (s *groupSpans) DurationsNs() []int64 {
	return once(&s.duration, s.rows, s.rows.part.fixed.duration)
}

func once[T int64 | uint32 | uint8](to *[]T, rows *spanRows, column int) []T {
	if *to == nil {
		*to = ints[T](rows.column(column), rows.all())
		if len(*to) < rows.n { // reading failed
			*to = make([]T, rows.n)
		}
	}
	return *to
}

func (s *groupSpans) Column(i int, rows []uint32, to *storage.Column) {
	c := &s.columns[i]
	if c.vector == nil {
		c.vector = s.rows.vector(s.keys[i])
	}
	if _, absent := c.vector.(absentVector); absent {
		*to = storage.Column{}
		return
	}
	c.vector.gather(rows, &c.out)
	*to = c.out.column()
}

func (s *groupSpans) TraceIDs(rows []uint32, to []storage.TraceID) []storage.TraceID {
	return append(to, pickIDs[storage.TraceID](s.rows.column(s.rows.part.fixed.traceID), rows, nil)...)
}

func (s *groupSpans) Ref(row uint32) storage.SpanRef {
	return storage.SpanRef{Table: s.table, Row: row}
}
