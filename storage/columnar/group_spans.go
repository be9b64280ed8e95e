package columnar

import (
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// spanRows is a row group of spans.
type spanRows struct {
	*rowGroup
	loaded *spanTable // all rows, once needed
}

var _ spanSource = (*spanRows)(nil)

func (p *partFile) spanRows(number int) *spanRows { return &spanRows{rowGroup: p.group(number)} }

func (t *spanRows) vector(k storage.Key) vector {
	p, f := t.part, &t.part.fixed
	column := func(id int, typ storage.Type) vector { return &columnVector{t.column(id), typ} }
	switch k.Scope {
	case storage.ScopeSpan:
		return t.attrVector(&p.attrs, k.Name)
	case storage.ScopeEvent:
		return t.childVector(f.eventTime, t.attrVector(&p.events, k.Name))
	case storage.ScopeLink:
		return t.childVector(f.linkTrace, t.attrVector(&p.links, k.Name))
	case storage.ScopeResource:
		return t.originVector(func(o origin) storage.Value { return p.origins.resources[o.resource].lookup(k.Name) })
	case storage.ScopeInstrumentation:
		return t.originVector(func(o origin) storage.Value { return p.origins.scopes[o.scope].lookup(k.Name) })
	}
	switch k {
	case storage.KeyTraceID:
		return fixedVector[storage.TraceID]{t.column(f.traceID)}
	case storage.KeySpanID:
		return fixedVector[storage.SpanID]{t.column(f.spanID)}
	case storage.KeyParentID:
		return idVector[storage.SpanID](t.parents(0, t.n))
	case storage.KeyScopeName:
		return t.originVector(func(o origin) storage.Value { return storage.String(p.origins.scopes[o.scope].name) })
	case storage.KeyScopeVersion:
		return t.originVector(func(o origin) storage.Value { return storage.String(p.origins.scopes[o.scope].version) })
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
	panic("columnar: unchecked key " + k.String())
}

// childVector is newChildVector for the list that the column id belongs to.
func (g *rowGroup) childVector(id int, inner vector) vector {
	if _, absent := inner.(absentVector); absent {
		return inner
	}
	return newChildVector(&children{owner: g.owners(id, 0, g.n)}, inner)
}

// owners lists the row of every element of rows [from, to), counted from from,
// in a list that has the column id.
func (g *rowGroup) owners(id, from, to int) (owners []uint32) {
	row := uint32(0)
	c := g.column(id)
	c.stream(from, to, func(p *decodedPage, _, _ int) {
		for _, n := range p.Counts[max(from-p.first, 0):min(to-p.first, p.Rows)] {
			for range n {
				owners = append(owners, row)
			}
			row++
		}
	})
	return owners
}

// parents decodes the ids of the parents of rows [from, to).
func (t *spanRows) parents(from, to int) []storage.SpanID {
	f := &t.part.fixed
	parents, offsets := ids[storage.SpanID](t.column(f.farParent), from, to), ints[int64](t.column(f.parentOffset), from, to)
	first, end := to, from // rows of parents
	for i, offset := range offsets {
		if at := from + i + int(offset); offset != 0 {
			if at < 0 || at >= t.n {
				t.fail(errPart)
				return parents
			}
			first, end = min(first, at), max(end, at+1)
		}
	}
	spans := ids[storage.SpanID](t.column(f.spanID), first, max(first, end))
	for i, offset := range offsets {
		if offset != 0 {
			parents[i] = spans[from+i+int(offset)-first]
		}
	}
	return parents
}

func (t *spanRows) fill(b *storage.Batch, rows []uint32) {
	f := &t.part.fixed
	b.TraceIDs, b.SpanIDs = pickIDs(t.column(f.traceID), rows, b.TraceIDs), pickIDs(t.column(f.spanID), rows, b.SpanIDs)
	b.DurationsNs = t.column(f.duration).pickInts(rows, b.DurationsNs)
}

func (t *spanRows) joinable(from, to int) *joinColumns {
	f := &t.part.fixed
	return &joinColumns{
		traceIDs: ids[storage.TraceID](t.column(f.traceID), from, to), spanIDs: ids[storage.SpanID](t.column(f.spanID), from, to),
		parents: t.parents(from, to), times: ints[int64](t.times(), from, to),
		kinds: ints[uint8](t.column(f.kind), from, to), statuses: ints[uint8](t.column(f.status), from, to),
		origin: t.originCodes()[from:to], services: t.part.services,
	}
}

// spans copies whole spans. A few neighbours are decoded alone, which is what
// fetching a trace is; for more the whole row group is.
func (t *spanRows) spans(rows []uint32) *storage.Spans {
	from, to := int(rows[0]), int(rows[len(rows)-1])+1
	if t.loaded == nil && to-from < t.n/4 {
		part := t.load(from, to)
		rows = slices.Clone(rows)
		for i := range rows {
			rows[i] -= uint32(from)
		}
		return part.spans(rows)
	}
	if t.loaded == nil {
		t.loaded = t.load(0, t.n)
	}
	return t.loaded.spans(rows)
}

// load decodes the rows [from, to) as a table in memory, without an index of
// traces. It is whole even if reading failed: then err says so.
func (t *spanRows) load(from, to int) *spanTable {
	f, p := &t.part.fixed, t.part
	out := &spanTable{}
	out.n, out.zone = to-from, t.zone
	out.traceIDs, out.spanIDs = ids[storage.TraceID](t.column(f.traceID), from, to), ids[storage.SpanID](t.column(f.spanID), from, to)
	out.parents = t.parents(from, to)
	out.times, out.durations = ints[int64](t.column(f.time), from, to), ints[int64](t.column(f.duration), from, to)
	out.kinds, out.statuses = ints[uint8](t.column(f.kind), from, to), ints[uint8](t.column(f.status), from, to)
	out.names, out.name = t.column(f.name).text(from, to, to-from)
	out.origin, out.origins = t.checked(ints[uint32](t.column(f.origin), from, to), len(p.origins.pairs)), p.origins
	t.loadRare(out, from, to)
	out.attrs = t.loadAttrs(&p.attrs, t.column(f.shape), from, to)
	t.loadEvents(&out.events, from, to)
	t.loadLinks(&out.links, from, to)
	if t.failed != nil {
		// The columns of a list may be of different length.
		out.events, out.links = eventTable{}, linkTable{}
	}
	return out
}

func (t *spanRows) loadEvents(e *eventTable, from, to int) {
	f, p := &t.part.fixed, t.part
	e.owner = t.owners(f.eventTime, from, to)
	e.times = ints[int64](t.column(f.eventTime), from, to)
	e.names, e.name = t.column(f.eventName).text(from, to, len(e.owner))
	e.dropped = ints[uint32](t.column(f.eventDropped), from, to)
	e.attrs = t.loadAttrs(&p.events, t.column(f.eventShape), from, to)
}

func (t *spanRows) loadLinks(l *linkTable, from, to int) {
	f, p := &t.part.fixed, t.part
	l.owner = t.owners(f.linkTrace, from, to)
	l.traceIDs, l.spanIDs = ids[storage.TraceID](t.column(f.linkTrace), from, to), ids[storage.SpanID](t.column(f.linkSpan), from, to)
	l.states, l.state = t.column(f.linkState).text(from, to, len(l.owner))
	l.flags, l.dropped = ints[uint32](t.column(f.linkFlags), from, to), ints[uint32](t.column(f.linkDropped), from, to)
	l.attrs = t.loadAttrs(&p.links, t.column(f.linkShape), from, to)
}

func (t *spanRows) loadRare(out *spanTable, from, to int) {
	f := &t.part.fixed
	messages, message := t.column(f.statusMessage).text(from, to, to-from)
	states, state := t.column(f.traceState).text(from, to, to-from)
	flags := ints[uint32](t.column(f.flags), from, to)
	attributes := ints[uint32](t.column(f.droppedAttributes), from, to)
	events, links := ints[uint32](t.column(f.droppedEvents), from, to), ints[uint32](t.column(f.droppedLinks), from, to)
	var text dictBuilder
	byRare := map[rare]uint32{}
	for i := range to - from {
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
	codes := g.originCodes()
	for _, row := range sel.rows() {
		counts[codes[row]]++
	}
	k.addOrigins(&g.part.origins, counts)
}

func (g *rowGroup) countChildren(k *keyCounter, scope storage.Scope, l *listColumns, id int, sel bitmap) {
	owners := g.owners(id, 0, g.n)
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
