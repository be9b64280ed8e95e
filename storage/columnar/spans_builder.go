package columnar

import (
	"math"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// spanBuilder is the table of spans that is being filled. Its owner's lock
// guards it; snapshot hands out what readers may use without the lock.
type spanBuilder struct {
	t       spanTable // dictionaries, columns and origins are in the builders below
	origins originsBuilder
	attrs   attrsBuilder
	name    dictBuilder
	text    dictBuilder
	rareIDs map[rare]uint32
	events  struct {
		attrs attrsBuilder
		name  dictBuilder
	}
	links struct {
		attrs attrsBuilder
		state dictBuilder
	}
	columns *int // still allowed
	// guess has the shape of the last span with the same name, kind and
	// origin. It is a cache without verification: a wrong shape costs time.
	guess [guesses]uint32
}

// guesses is a power of two, well above the combinations of name, kind and
// origin that a table of mesh traffic has.
const guesses = 4096

func newSpanBuilder() *spanBuilder {
	columns := maxColumns
	b := &spanBuilder{columns: &columns, origins: newOriginsBuilder(), attrs: newAttrsBuilder(&columns), rareIDs: map[rare]uint32{}}
	b.events.attrs, b.links.attrs = newAttrsBuilder(&columns), newAttrsBuilder(&columns)
	b.t.zone = emptyZone
	return b
}

func (b *spanBuilder) expect(like *spanTable) {
	t, n := &b.t, roomFor(like.n)
	t.traceIDs, t.spanIDs, t.parents = make([]storage.TraceID, 0, n), make([]storage.SpanID, 0, n), make([]storage.SpanID, 0, n)
	t.times, t.durations = make([]int64, 0, n), make([]int64, 0, n)
	t.kinds, t.statuses = make([]uint8, 0, n), make([]uint8, 0, n)
	t.names, t.origin, t.rare, t.prev = make([]uint32, 0, n), make([]uint32, 0, n), make([]uint32, 0, n), make([]uint32, 0, n)
	b.attrs.expect(&like.attrs)
}

// roomFor is the capacity for about as many elements as n.
func roomFor(n int) int { return n + n/16 }

func (b *spanBuilder) len() int   { return b.t.n }
func (b *spanBuilder) zone() zone { return b.t.zone }

// append adds a span that was checked. It reports whether text had to be
// repaired.
func (b *spanBuilder) append(d *otlp.Spans, s *otlp.Span, origin uint32) (repaired bool) {
	t := &b.t
	row := uint32(t.n)
	name, repaired := b.name.code(d.String(s.Name), true)

	start, kind := int64(s.StartNs), enum8(s.Kind)
	t.traceIDs = append(t.traceIDs, s.TraceID)
	t.spanIDs = append(t.spanIDs, s.SpanID)
	t.parents = append(t.parents, s.ParentID)
	t.times = append(t.times, start)
	t.durations = append(t.durations, int64(s.EndNs)-start)
	t.kinds = append(t.kinds, kind)
	t.statuses = append(t.statuses, enum8(s.StatusCode))
	t.names = append(t.names, name)
	t.origin = append(t.origin, origin)
	rare, rep := b.rare(d, s)
	repaired = repaired || rep
	t.rare = append(t.rare, rare)
	t.prev = append(t.prev, t.index.put(t.traceIDs, row))
	t.zone = t.zone.with(start)

	guess := &b.guess[((name*0x9E3779B1)^(origin*0x85EBCA6B)^(uint32(kind)*0xC2B2AE35))>>16%guesses]
	*guess, rep = b.attrs.append(&d.Message, d.Attrs(s), *guess)
	repaired = repaired || rep
	if events := d.Events(s); len(events) > 0 {
		repaired = b.appendEvents(row, d, events) || repaired
	}
	if links := d.Links(s); len(links) > 0 {
		repaired = b.appendLinks(row, d, links) || repaired
	}
	t.n++
	return repaired
}

// enum8 keeps an enumerator that OTLP defines; what is far outside of it
// becomes 0, unspecified, rather than another enumerator.
func enum8(v int32) uint8 {
	if v < 0 || v > math.MaxUint8 {
		return 0
	}
	return uint8(v)
}

func (b *spanBuilder) rare(d *otlp.Spans, s *otlp.Span) (id uint32, repaired bool) {
	message, rep1 := b.text.code(d.String(s.StatusMessage), true)
	state, rep2 := b.text.code(d.String(s.TraceState), true)
	r := rare{statusMessage: message, traceState: state, flags: s.Flags, dropped: s.Dropped}
	if n := len(b.t.rare); n > 0 && b.t.rares[b.t.rare[n-1]] == r {
		return b.t.rare[n-1], rep1 || rep2
	}
	id, ok := b.rareIDs[r]
	if !ok {
		id = uint32(len(b.t.rares))
		b.t.rares = append(b.t.rares, r)
		b.rareIDs[r] = id
	}
	return id, rep1 || rep2
}

func (b *spanBuilder) appendEvents(row uint32, d *otlp.Spans, list []otlp.Event) (repaired bool) {
	e := &b.t.events
	for i := range list {
		event := &list[i]
		name, rep := b.events.name.code(d.String(event.Name), true)
		repaired = repaired || rep
		e.owner = append(e.owner, row)
		e.dropped = append(e.dropped, event.Dropped)
		e.times = append(e.times, int64(event.TimeNs))
		e.names = append(e.names, name)
		_, rep = b.events.attrs.append(&d.Message, d.EventAttrs(event), lastShape(&b.events.attrs))
		repaired = repaired || rep
	}
	return repaired
}

func (b *spanBuilder) appendLinks(row uint32, d *otlp.Spans, list []otlp.Link) (repaired bool) {
	l := &b.t.links
	for i := range list {
		link := &list[i]
		state, rep := b.links.state.code(d.String(link.TraceState), true)
		repaired = repaired || rep
		l.owner = append(l.owner, row)
		l.dropped = append(l.dropped, link.Dropped)
		l.traceIDs = append(l.traceIDs, link.TraceID)
		l.spanIDs = append(l.spanIDs, link.SpanID)
		l.flags = append(l.flags, link.Flags)
		l.states = append(l.states, state)
		_, rep = b.links.attrs.append(&d.Message, d.LinkAttrs(link), lastShape(&b.links.attrs))
		repaired = repaired || rep
	}
	return repaired
}

func lastShape(b *attrsBuilder) uint32 {
	if n := len(b.view.shapeOf); n > 0 {
		return b.view.shapeOf[n-1]
	}
	return 0
}

// snapshot returns the spans appended so far as a table without an index.
// Later appends do not touch what it holds.
func (b *spanBuilder) snapshot() *spanTable {
	t := b.t
	t.index = traceIndex{}
	t.origins = b.origins.view
	t.attrs = b.attrs.snapshot()
	t.name, t.text = b.name.dict, b.text.dict
	t.events.attrs, t.events.name = b.events.attrs.snapshot(), b.events.name.dict
	t.links.attrs, t.links.state = b.links.attrs.snapshot(), b.links.state.dict
	return &t
}

// seal ends the building: the builder must not be used afterwards.
func (b *spanBuilder) seal() *spanTable {
	t := b.snapshot()
	t.index = b.t.index
	t.seal()
	t.size = t.bytes()
	return t
}

// bytes is what the builder takes in memory.
func (b *spanBuilder) bytes() int {
	t := &b.t
	return int(unsafe.Sizeof(*b)) + t.fixedBytes() + t.index.bytes() + b.origins.bytes() + b.attrs.bytes() + b.name.bytes() + b.text.bytes() +
		len(b.rareIDs)*(28+mapEntry) +
		t.events.bytes() + b.events.attrs.bytes() + b.events.name.bytes() +
		t.links.bytes() + b.links.attrs.bytes() + b.links.state.bytes()
}
