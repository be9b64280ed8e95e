package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// spanRows is a row group of spans.
type spanRows struct {
	*rowGroup
}

var _ spanSource = (*spanRows)(nil)

func (p *partFile) spanRows(number int) *spanRows { return &spanRows{rowGroup: p.group(number)} }

func (t *spanRows) vector(k storage.Key) vector {
	p, f := t.part, &t.part.fixed
	column := func(id int, typ storage.Type) vector { return &columnVector{c: t.column(id), typ: typ} }
	switch k.Scope {
	case storage.ScopeSpan:
		return t.attrVector(&p.attrs, k.Name)
	case storage.ScopeEvent:
		return t.childVector(f.eventTime, t.attrVector(&p.events, k.Name))
	case storage.ScopeLink:
		return t.childVector(f.linkTrace, t.attrVector(&p.links, k.Name))
	}
	switch k {
	case storage.KeyParentID:
		return &parentVector{lateVector{bytes: float64(8 * t.n), make: func() vector { return idVector[storage.SpanID](t.parents(t.all())) }}, t}
	case storage.KeyName:
		return column(f.name, storage.TypeString)
	case storage.KeyKind:
		return column(f.kind, storage.TypeInt)
	case storage.KeyStatus:
		return column(f.status, storage.TypeInt)
	case storage.KeyStatusMessage:
		return column(f.statusMessage, storage.TypeString)
	case storage.KeyTraceState:
		return column(f.traceState, storage.TypeString)
	case storage.KeyStart:
		return column(f.time, storage.TypeInt)
	case storage.KeyDuration:
		return column(f.duration, storage.TypeInt)
	case storage.KeyEventName:
		return t.childVector(f.eventTime, column(f.eventName, storage.TypeString))
	}
	return t.rowGroup.vector(k)
}

// childVector is newChildVector for the list that the column id belongs to.
func (g *rowGroup) childVector(id int, inner vector) vector {
	if _, absent := inner.(absentVector); absent {
		return inner
	}
	late := &lateChildVector{lateVector{make: func() vector { return newChildVector(&children{owner: g.owners(id, g.all())}, inner) }}}
	late.inner, _ = inner.(estimator)
	late.bytes = float64(g.part.file.Chunk(g.number, id).CompressedBytes())
	return late
}

// owners lists for every element of some rows, in a list that has the column
// id, which of the rows it belongs to.
func (g *rowGroup) owners(id int, rows runs) (owners []uint32) {
	if g.column(id).chunk.Places() == 0 {
		return nil
	}
	row := uint32(0)
	g.column(id).streamRows(rows, func(p *decodedPage, from, to int) {
		for _, n := range p.Counts[from:to] {
			for range n {
				owners = append(owners, row)
			}
			row++
		}
	})
	return owners
}

// parents decodes the ids of the parents of some rows.
func (t *spanRows) parents(rows runs) []storage.SpanID {
	f := &t.part.fixed
	parents, offsets := ids[storage.SpanID](t.column(f.farParent), rows), ints[int64](t.column(f.parentOffset), rows)
	around, ok := t.aroundParents(rows, offsets)
	if !ok {
		t.fail(errPart)
		return parents
	}
	spans := ids[storage.SpanID](t.column(f.spanID), around)
	i, first := 0, 0 // rows before, and spans before around[0]
	for _, one := range rows {
		for around[0].to < one.to {
			first += around[0].to - around[0].from
			around = around[1:]
		}
		for row := one.from; row < one.to; row++ {
			if offset := offsets[i]; offset != 0 {
				parents[i] = spans[first+row+int(offset)-around[0].from]
			}
			i++
		}
	}
	return parents
}

// aroundParents widens rows so that the parents at these offsets are among them:
// as traces are kept together, that is by little. false: a parent is outside of
// the row group.
func (t *spanRows) aroundParents(rows runs, offsets []int64) (around runs, ok bool) {
	i := 0
	for _, one := range rows {
		wide := one
		for row := one.from; row < one.to; row++ {
			if at := int64(row) + offsets[i]; at < 0 || at >= int64(t.n) {
				return nil, false
			} else if offsets[i] != 0 {
				wide.from, wide.to = min(wide.from, int(at)), max(wide.to, int(at)+1)
			}
			i++
		}
		for n := len(around); n > 0 && around[n-1].to >= wide.from; n-- {
			wide.from, wide.to = min(wide.from, around[n-1].from), max(wide.to, around[n-1].to)
			around = around[:n-1]
		}
		around = append(around, wide)
	}
	return around, true
}

func (t *spanRows) fill(b *storage.Batch, rows []uint32) {
	f := &t.part.fixed
	b.TraceIDs, b.SpanIDs = pickIDs(t.column(f.traceID), rows, b.TraceIDs), pickIDs(t.column(f.spanID), rows, b.SpanIDs)
	b.DurationsNs = t.column(f.duration).pickInts(rows, b.DurationsNs)
}

func (t *spanRows) joinable(rows runs) *joinColumns {
	f := &t.part.fixed
	return &joinColumns{
		traceIDs: ids[storage.TraceID](t.column(f.traceID), rows), spanIDs: ids[storage.SpanID](t.column(f.spanID), rows),
		parents: t.parents(rows), times: ints[int64](t.times(), rows),
		kinds: ints[uint8](t.column(f.kind), rows), statuses: ints[uint8](t.column(f.status), rows),
		origin: t.originCodes(rows), services: t.part.services,
	}
}

func (t *spanRows) durationsIn(rows runs) []int64 {
	return ints[int64](t.column(t.part.fixed.duration), rows)
}

func (t *spanRows) spans(rows []uint32) *storage.Spans {
	return t.load(runsOf(rows)).spans(upTo[uint32](len(rows)))
}

// load decodes some rows as a table in memory, without an index of traces. It is
// whole even if reading failed: then err says so.
func (t *spanRows) load(rows runs) *spanTable {
	f, p := &t.part.fixed, t.part
	out := &spanTable{}
	n := rows.len()
	out.n, out.zone = n, t.zone
	out.traceIDs, out.spanIDs = ids[storage.TraceID](t.column(f.traceID), rows), ids[storage.SpanID](t.column(f.spanID), rows)
	out.parents = t.parents(rows)
	out.times, out.durations = ints[int64](t.column(f.time), rows), ints[int64](t.column(f.duration), rows)
	out.kinds, out.statuses = ints[uint8](t.column(f.kind), rows), ints[uint8](t.column(f.status), rows)
	out.names, out.name = t.column(f.name).text(rows, n)
	out.origin, out.origins = t.checked(ints[uint32](t.column(f.origin), rows), len(p.origins.pairs)), p.origins
	t.loadRare(out, rows)
	out.attrs = t.loadAttrs(&p.attrs, t.column(f.shape), rows)
	t.loadEvents(&out.events, rows)
	t.loadLinks(&out.links, rows)
	if t.failed != nil {
		// The columns of a list may be of different length.
		out.events, out.links = eventTable{}, linkTable{}
	}
	return out
}

func (t *spanRows) loadEvents(e *eventTable, rows runs) {
	f, p := &t.part.fixed, t.part
	if e.owner = t.owners(f.eventTime, rows); len(e.owner) == 0 {
		rows = nil // so that nothing more is read
	}
	e.times = ints[int64](t.column(f.eventTime), rows)
	e.names, e.name = t.column(f.eventName).text(rows, len(e.owner))
	e.dropped = ints[uint32](t.column(f.eventDropped), rows)
	e.attrs = t.loadAttrs(&p.events, t.column(f.eventShape), rows)
}

func (t *spanRows) loadLinks(l *linkTable, rows runs) {
	f, p := &t.part.fixed, t.part
	if l.owner = t.owners(f.linkTrace, rows); len(l.owner) == 0 {
		rows = nil
	}
	l.traceIDs, l.spanIDs = ids[storage.TraceID](t.column(f.linkTrace), rows), ids[storage.SpanID](t.column(f.linkSpan), rows)
	l.states, l.state = t.column(f.linkState).text(rows, len(l.owner))
	l.flags, l.dropped = ints[uint32](t.column(f.linkFlags), rows), ints[uint32](t.column(f.linkDropped), rows)
	l.attrs = t.loadAttrs(&p.links, t.column(f.linkShape), rows)
}

func (t *spanRows) loadRare(out *spanTable, rows runs) {
	f, n := &t.part.fixed, rows.len()
	messages, message := t.column(f.statusMessage).text(rows, n)
	states, state := t.column(f.traceState).text(rows, n)
	flags := ints[uint32](t.column(f.flags), rows)
	attributes := ints[uint32](t.column(f.droppedAttributes), rows)
	events, links := ints[uint32](t.column(f.droppedEvents), rows), ints[uint32](t.column(f.droppedLinks), rows)
	var text dictBuilder
	byRare := map[rare]uint32{}
	for i := range n {
		r := rare{flags: flags[i], dropped: storage.Dropped{Attributes: attributes[i], Events: events[i], Links: links[i]}}
		r.statusMessage, _ = text.code(message.at(messages[i]), false)
		r.traceState, _ = text.code(state.at(states[i]), false)
		id, ok := byRare[r]
		if !ok {
			id = uint32(len(out.rares))
			out.rares = append(out.rares, r)
			byRare[r] = id
		}
		out.rare = append(out.rare, id)
	}
	out.text = text.dict
}

func (t *spanRows) countKeys(k *keyCounter, sel bitmap) {
	t.countOrigins(k, sel)
	t.countColumns(k, storage.ScopeSpan, &t.part.attrs, sel)
	t.countChildren(k, storage.ScopeEvent, &t.part.events, t.part.fixed.eventTime, sel)
	t.countChildren(k, storage.ScopeLink, &t.part.links, t.part.fixed.linkTrace, sel)
}

func (g *rowGroup) countOrigins(k *keyCounter, sel bitmap) {
	counts := make([]uint64, len(g.part.origins.pairs))
	codes := g.originCodes(g.all())
	for _, row := range sel.rows() {
		counts[codes[row]]++
	}
	k.addOrigins(&g.part.origins, counts)
}

func (g *rowGroup) countChildren(k *keyCounter, scope storage.Scope, l *listColumns, id int, sel bitmap) {
	owners := g.owners(id, g.all())
	in := newBitmap(len(owners))
	for i, owner := range owners {
		if sel.has(int(owner)) {
			in.set(i)
		}
	}
	g.countColumns(k, scope, l, in)
}

// countColumns counts the attributes of the places in sel.
func (g *rowGroup) countColumns(k *keyCounter, scope storage.Scope, l *listColumns, sel bitmap) {
	for i, key := range l.keys {
		c, n := g.column(l.columns[i]), 0
		c.eachPage(sel, func(sub bitmap, p *decodedPage) {
			if p.Present == nil {
				n += sub.count()
				return
			}
			both := sub.clone()
			both.and(p.Present[:min(len(sub), len(p.Present))]) // shorter when reading failed
			n += both.count()
		})
		if n > 0 {
			k.add(scope, key.key, key.typ, uint64(n))
		}
	}
	if l.overflow == noColumn {
		return
	}
	c := g.column(l.overflow)
	if c.chunk.Nulls() == c.chunk.Places() {
		return
	}
	c.eachPage(sel, func(sub bitmap, p *decodedPage) {
		for _, place := range sub.rows() {
			if i, ok := p.index(int(place)); ok && int(i) < p.Len {
				g.fail(storage.EachKeyValue(c.textOf(p, i), func(key string, v storage.Value) { k.add(scope, key, v.Type(), 1) }))
			}
		}
	})
}
