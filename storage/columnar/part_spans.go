package columnar

import (
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// spanPart is a part of spans that is being written: what its row groups have
// in common. The attribute columns and entities of all groups must be known
// before the first is written.
type spanPart struct {
	span, event, link *listKind
	origins           originsBuilder
	budget            int // attribute columns that may still be added
	schema            partSchema[*arrangedSpans]
}

func newSpanPart() *spanPart {
	return &spanPart{span: newListKind(storage.ScopeSpan), event: newListKind(storage.ScopeEvent), link: newListKind(storage.ScopeLink), origins: newOriginsBuilder(), budget: maxColumns}
}

// addTable makes room for what is in a table.
func (p *spanPart) addTable(t *spanTable) {
	p.addKinds(attrKeys(&t.attrs), attrKeys(&t.events.attrs), attrKeys(&t.links.attrs))
	p.addOrigins(&t.origins)
}

func (p *spanPart) addKinds(span, event, link []columnKey) {
	p.addColumns(p.span, span)
	p.addColumns(p.event, event)
	p.addColumns(p.link, link)
}

func (p *spanPart) addColumns(kind *listKind, keys []columnKey) { addColumns(kind, keys, &p.budget) }

func addColumns(kind *listKind, keys []columnKey, budget *int) {
	for _, key := range keys {
		if _, ok := kind.ids[key]; !ok && *budget > 0 {
			kind.addColumn(key)
			*budget--
		}
	}
}

func (p *spanPart) addOrigins(o *origins) {
	for _, pair := range o.pairs {
		p.origins.addEntities(o.resources[pair.resource], o.scopes[pair.scope])
	}
}

func attrKeys(a *attrs) []columnKey {
	keys := make([]columnKey, len(a.columns))
	for i := range a.columns {
		keys[i] = columnKey{a.columns[i].key, a.columns[i].typ}
	}
	return keys
}

// arrangedSpans are a row group to be written.
type arrangedSpans struct {
	part    *spanPart
	sources []*spanTable
	a       *arrangement

	traceIDs         []storage.TraceID
	spanIDs, parents []storage.SpanID
	times, durations []int64
	kinds, statuses  []uint8
	names            []uint32 // into name
	name             *dict
	origin           []uint32 // in the part's numbers
	resource, scope  []uint32
	attrs            *arrangedAttrs
	events           arrangedChildren
	links            arrangedChildren
	back             []spanRef // source and row per row, once needed

	offsets    []int32          // per row: distance to the row of the parent, 0: there is none here
	farParents []storage.SpanID // per row: parents that are not in the row group
}

// arrangedChildren are the events or links of a row group.
type arrangedChildren struct {
	a      *arrangement
	counts []uint32
	attrs  *arrangedAttrs
}

// group arranges rows of the sources.
func (p *spanPart) group(sources []*spanTable, a *arrangement) *arrangedSpans {
	g := &arrangedSpans{part: p, sources: sources, a: a}
	g.traceIDs = place(a, nil, func(s int) []storage.TraceID { return sources[s].traceIDs })
	g.spanIDs = place(a, nil, func(s int) []storage.SpanID { return sources[s].spanIDs })
	g.parents = place(a, nil, func(s int) []storage.SpanID { return sources[s].parents })
	g.times = place(a, nil, func(s int) []int64 { return sources[s].times })
	g.durations = place(a, nil, func(s int) []int64 { return sources[s].durations })
	g.kinds = place(a, nil, func(s int) []uint8 { return sources[s].kinds })
	g.statuses = place(a, nil, func(s int) []uint8 { return sources[s].statuses })
	g.names, g.name = placeText(a, func(s int) ([]uint32, *dict) { return sources[s].names, &sources[s].name })
	g.origin = p.origins.place(a, func(s int) ([]uint32, *origins) { return sources[s].origin, &sources[s].origins })
	g.resource, g.scope = p.origins.split(g.origin)
	g.attrs = arrangeAttrs(p.span, a, func(s int) *attrs { return &sources[s].attrs })
	g.events = arrangeChildren(p.event, a, func(s int) *children { return &sources[s].events.children })
	g.findParents()
	g.links = arrangeChildren(p.link, a, func(s int) *children { return &sources[s].links.children })
	return g
}

func arrangeChildren(kind *listKind, a *arrangement, of func(source int) *children) (g arrangedChildren) {
	g.a, g.counts = a.children(func(s int) []uint32 { return of(s).owner })
	g.attrs = arrangeAttrs(kind, g.a, func(s int) *attrs { return &of(s).attrs })
	return g
}

const (
	listEvents = "events"
	listLinks  = "links"
)

// define fixes the columns: DESIGN.md has the list.
func (p *spanPart) define() {
	s := &p.schema
	s.names = names{}
	s.add(parquet.Column{Name: "trace_id", Kind: parquet.Fixed, Length: 16}, func(g *arrangedSpans) parquet.Values { return idValues(g.traceIDs) })
	s.add(parquet.Column{Name: "span_id", Kind: parquet.Fixed, Length: 8}, func(g *arrangedSpans) parquet.Values { return idValues(g.spanIDs) })
	// The parent is nearly always in the same row group, as every trace is kept
	// together. Then a distance of rows says which span it is in a byte; an id,
	// of which nothing can be compressed, would take eight.
	s.add(parquet.Column{Name: nameParentOffset, Kind: parquet.Int32, Optional: true}, func(g *arrangedSpans) parquet.Values { return g.parentOffsets() })
	s.add(parquet.Column{Name: nameFarParent, Kind: parquet.Fixed, Length: 8, Optional: true}, func(g *arrangedSpans) parquet.Values { return idValuesPresent(g.farParents) })
	s.add(parquet.Column{Name: "start", Kind: parquet.Int64, Logical: parquet.TimestampNs}, func(g *arrangedSpans) parquet.Values { return intValues(g.times) })
	s.add(parquet.Column{Name: "duration_ns", Kind: parquet.Int64}, func(g *arrangedSpans) parquet.Values { return intValues(g.durations) })
	s.add(parquet.Column{Name: "kind", Kind: parquet.Int32, Logical: parquet.Uint8}, func(g *arrangedSpans) parquet.Values { return byteValues(g.kinds) })
	s.add(parquet.Column{Name: "status", Kind: parquet.Int32, Logical: parquet.Uint8}, func(g *arrangedSpans) parquet.Values { return byteValues(g.statuses) })
	s.add(parquet.Column{Name: "name", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values { return textValues(g.names, g.name) })
	p.defineRare()
	s.add(parquet.Column{Name: nameOrigin, Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedSpans) parquet.Values { return codeValues(g.origin) })
	s.addList("", prefixSpan, p.span, func(g *arrangedSpans) *arrangedAttrs { return g.attrs })

	s.add(parquet.Column{Name: "scope.name", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values {
		return entityText(p.origins.view.scopes, g.scope, func(e *entity) string { return e.name })
	})
	s.add(parquet.Column{Name: "scope.version", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values {
		return entityText(p.origins.view.scopes, g.scope, func(e *entity) string { return e.version })
	})
	s.addEntities(prefixResource, entityKeys(p.origins.view.resources), func() []*entity { return p.origins.view.resources }, func(g *arrangedSpans) []uint32 { return g.resource })
	s.addEntities(prefixScope, entityKeys(p.origins.view.scopes), func() []*entity { return p.origins.view.scopes }, func(g *arrangedSpans) []uint32 { return g.scope })
	p.defineEvents()
	p.defineLinks()
}

// defineRare adds the columns that are the same for nearly all spans.
func (p *spanPart) defineRare() {
	text := func(name string, of func(rare) uint32) {
		p.schema.add(parquet.Column{Name: name, Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values {
			return textValues(placeText(g.a, func(s int) ([]uint32, *dict) { return g.sources[s].rareColumn(of), &g.sources[s].text }))
		})
	}
	number := func(name string, of func(rare) uint32) {
		p.schema.add(parquet.Column{Name: name, Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedSpans) parquet.Values {
			return codeValues(place(g.a, nil, func(s int) []uint32 { return g.sources[s].rareColumn(of) }))
		})
	}
	text("status_message", func(r rare) uint32 { return r.statusMessage })
	text("trace_state", func(r rare) uint32 { return r.traceState })
	number("flags", func(r rare) uint32 { return r.flags })
	number("dropped_attributes", func(r rare) uint32 { return r.dropped.Attributes })
	number("dropped_events", func(r rare) uint32 { return r.dropped.Events })
	number("dropped_links", func(r rare) uint32 { return r.dropped.Links })
}

func (t *spanTable) rareColumn(of func(rare) uint32) []uint32 {
	return spread(t.rare[:t.n], t.rares, of)
}

func (p *spanPart) defineEvents() {
	add := func(c parquet.Column, values func(g *arrangedSpans) parquet.Values) {
		c.List = listEvents
		p.schema.add(c, values)
	}
	add(parquet.Column{Name: "time", Kind: parquet.Int64, Logical: parquet.TimestampNs}, func(g *arrangedSpans) parquet.Values {
		return intValues(place(g.events.a, nil, func(s int) []int64 { return g.sources[s].events.times }))
	})
	add(parquet.Column{Name: "name", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values {
		return textValues(placeText(g.events.a, func(s int) ([]uint32, *dict) { return g.sources[s].events.names, &g.sources[s].events.name }))
	})
	add(parquet.Column{Name: "dropped_attributes", Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedSpans) parquet.Values {
		return codeValues(place(g.events.a, nil, func(s int) []uint32 { return g.sources[s].events.dropped }))
	})
	p.schema.addList(listEvents, prefixEvent, p.event, func(g *arrangedSpans) *arrangedAttrs { return g.events.attrs })
}

func (p *spanPart) defineLinks() {
	add := func(c parquet.Column, values func(g *arrangedSpans) parquet.Values) {
		c.List = listLinks
		p.schema.add(c, values)
	}
	add(parquet.Column{Name: "trace_id", Kind: parquet.Fixed, Length: 16}, func(g *arrangedSpans) parquet.Values {
		return idValues(place(g.links.a, nil, func(s int) []storage.TraceID { return g.sources[s].links.traceIDs }))
	})
	add(parquet.Column{Name: "span_id", Kind: parquet.Fixed, Length: 8}, func(g *arrangedSpans) parquet.Values {
		return idValues(place(g.links.a, nil, func(s int) []storage.SpanID { return g.sources[s].links.spanIDs }))
	})
	add(parquet.Column{Name: "trace_state", Kind: parquet.ByteArray, Logical: parquet.String}, func(g *arrangedSpans) parquet.Values {
		return textValues(placeText(g.links.a, func(s int) ([]uint32, *dict) { return g.sources[s].links.states, &g.sources[s].links.state }))
	})
	add(parquet.Column{Name: "flags", Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedSpans) parquet.Values {
		return codeValues(place(g.links.a, nil, func(s int) []uint32 { return g.sources[s].links.flags }))
	})
	add(parquet.Column{Name: "dropped_attributes", Kind: parquet.Int32, Logical: parquet.Uint32}, func(g *arrangedSpans) parquet.Values {
		return codeValues(place(g.links.a, nil, func(s int) []uint32 { return g.sources[s].links.dropped }))
	})
	p.schema.addList(listLinks, prefixLink, p.link, func(g *arrangedSpans) *arrangedAttrs { return g.links.attrs })
}

// findParents looks for every span's parent among the spans of its trace.
func (g *arrangedSpans) findParents() {
	g.offsets, g.farParents = make([]int32, g.a.n), make([]storage.SpanID, g.a.n)
	copy(g.farParents, g.parents)
	byID := map[storage.SpanID]int32{}
	for from := 0; from < g.a.n; {
		to := from + 1
		for to < g.a.n && g.traceIDs[to] == g.traceIDs[from] {
			to++
		}
		if to-from > manySpans {
			clear(byID)
			for row := from; row < to; row++ {
				byID[g.spanIDs[row]] = int32(row)
			}
		}
		for row := from; row < to; row++ {
			at, ok := g.parentOf(row, from, to, byID)
			if ok && at != row { // a span that names itself keeps the name
				g.offsets[row], g.farParents[row] = int32(at-row), storage.SpanID{}
			}
		}
		from = to
	}
}

// manySpans is the size of a trace from which a map finds a span faster than
// looking at all of them.
const manySpans = 64

func (g *arrangedSpans) parentOf(row, from, to int, byID map[storage.SpanID]int32) (int, bool) {
	parent := g.parents[row]
	if parent.IsEmpty() {
		return 0, false
	}
	if to-from > manySpans {
		at, ok := byID[parent]
		return int(at), ok
	}
	for at := from; at < to; at++ {
		if g.spanIDs[at] == parent {
			return at, true
		}
	}
	return 0, false
}

func (g *arrangedSpans) parentOffsets() parquet.Values {
	v := parquet.Values{Present: newBitmap(g.a.n), Nums: make([]uint64, 0, g.a.n)}
	for row, offset := range g.offsets {
		if offset != 0 {
			bitmap(v.Present).set(row)
			v.Nums = append(v.Nums, uint64(uint32(offset)))
		}
	}
	return v
}

// counts implements arranged.
func (g *arrangedSpans) counts(list string) []uint32 {
	if list == listEvents {
		return g.events.counts
	}
	return g.links.counts
}

// entityText spreads a text that every entity has over the rows.
func entityText(entities []*entity, of []uint32, text func(*entity) string) parquet.Values {
	var d dict
	for _, e := range entities {
		d.text = append(d.text, text(e)...)
		d.ends = append(d.ends, uint32(len(d.text)))
	}
	return textValues(of, &d)
}
