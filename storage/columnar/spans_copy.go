package columnar

import (
	"math"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// spans copies whole spans out of a table. rows ascend.
func (t *spanTable) spans(rows []uint32) *storage.Spans {
	n := len(rows)
	out := &storage.Spans{
		TraceIDs: make([]storage.TraceID, n), SpanIDs: make([]storage.SpanID, n), ParentIDs: make([]storage.SpanID, n),
		StartsNs: make([]int64, n), DurationsNs: make([]int64, n), Kinds: make([]uint8, n), Statuses: make([]uint8, n),
		Names: make([]uint32, n), StatusMessages: make([]uint32, n), TraceStates: make([]uint32, n), Flags: make([]uint32, n),
		Resources: make([]uint32, n), Scopes: make([]uint32, n), Attributes: make([]storage.Range, n),
		Events: make([]storage.Range, n), Links: make([]storage.Range, n), Dropped: make([]storage.Dropped, n),
	}
	c := newCopier()
	resources, scopes := map[uint32]uint32{}, map[uint32]uint32{}
	lists, eventLists, linkLists := newCursor(&t.attrs), newCursor(&t.events.attrs), newCursor(&t.links.attrs)
	for i, row := range rows {
		out.TraceIDs[i], out.SpanIDs[i], out.ParentIDs[i] = t.traceIDs[row], t.spanIDs[row], t.parents[row]
		out.StartsNs[i], out.DurationsNs[i] = t.times[row], t.durations[row]
		out.Kinds[i], out.Statuses[i] = t.kinds[row], t.statuses[row]
		out.Names[i] = c.text(t.name.at(t.names[row]))
		rare := t.rares[t.rare[row]]
		out.StatusMessages[i], out.TraceStates[i] = c.text(t.text.at(rare.statusMessage)), c.text(t.text.at(rare.traceState))
		out.Flags[i], out.Dropped[i] = rare.flags, rare.dropped
		pair := t.origins.pairs[t.origin[row]]
		out.Resources[i] = copyOnce(resources, pair.resource, func() uint32 {
			out.ResourceTable = append(out.ResourceTable, c.resource(t.origins.resources[pair.resource]))
			return uint32(len(out.ResourceTable) - 1)
		})
		out.Scopes[i] = copyOnce(scopes, pair.scope, func() uint32 {
			out.ScopeTable = append(out.ScopeTable, c.scope(t.origins.scopes[pair.scope]))
			return uint32(len(out.ScopeTable) - 1)
		})
		out.Attributes[i] = c.list(lists, int(row))
		out.Events[i].From, out.Links[i].From = uint32(len(out.EventTable)), uint32(len(out.LinkTable))
		for e, to := t.events.of(row); e < to; e++ {
			out.EventTable = append(out.EventTable, storage.Event{
				TimeNs: t.events.times[e], Name: c.text(t.events.name.at(t.events.names[e])),
				Attributes: c.list(eventLists, e), DroppedAttributes: t.events.dropped[e],
			})
		}
		for l, to := t.links.of(row); l < to; l++ {
			out.LinkTable = append(out.LinkTable, storage.Link{
				TraceID: t.links.traceIDs[l], SpanID: t.links.spanIDs[l], TraceState: c.text(t.links.state.at(t.links.states[l])),
				Flags: t.links.flags[l], Attributes: c.list(linkLists, l), DroppedAttributes: t.links.dropped[l],
			})
		}
		out.Events[i].To, out.Links[i].To = uint32(len(out.EventTable)), uint32(len(out.LinkTable))
	}
	out.Attrs, out.Strings = c.attrs, c.strings
	return out
}

func copyOnce(known map[uint32]uint32, id uint32, copy func() uint32) uint32 {
	to, ok := known[id]
	if !ok {
		to = copy()
		known[id] = to
	}
	return to
}

// copier copies attribute lists into the tables of a storage.Spans or Logs.
type copier struct {
	attrs   []storage.Attr
	strings []string
	ids     map[string]uint32
}

func newCopier() *copier {
	return &copier{strings: []string{""}, ids: map[string]uint32{"": 0}}
}

// text interns a copy of s.
func (c *copier) text(s string) uint32 {
	id, ok := c.ids[s]
	if !ok {
		s = strings.Clone(s)
		id = uint32(len(c.strings))
		c.strings = append(c.strings, s)
		c.ids[s] = id
	}
	return id
}

func (c *copier) attr(key string, v storage.Value) {
	a := storage.Attr{Key: c.text(key), Type: v.Type()}
	switch v.Type() {
	case storage.TypeInt:
		a.Bits = uint64(v.Int())
	case storage.TypeFloat:
		a.Bits = math.Float64bits(v.Float())
	case storage.TypeBool:
		a.Bits = uint64(boolBit(v.Bool()))
	case storage.TypeEmpty:
	default:
		a.Bits = uint64(c.text(v.Str()))
	}
	c.attrs = append(c.attrs, a)
}

// list copies the attributes of a row.
func (c *copier) list(from *cursor, row int) storage.Range {
	r := storage.Range{From: uint32(len(c.attrs))}
	from.each(row, func(id uint16, index uint32) { c.attr(from.a.attr(id, index)) })
	r.To = uint32(len(c.attrs))
	return r
}

func (c *copier) entity(e *entity) storage.Range {
	r := storage.Range{From: uint32(len(c.attrs))}
	for _, a := range e.attrs {
		c.attr(a.key, a.value)
	}
	r.To = uint32(len(c.attrs))
	return r
}

func (c *copier) resource(e *entity) storage.Resource {
	return storage.Resource{Attributes: c.entity(e), DroppedAttributes: e.dropped, SchemaURL: c.text(e.schemaURL)}
}

func (c *copier) scope(e *entity) storage.InstrumentationScope {
	return storage.InstrumentationScope{
		Name: c.text(e.name), Version: c.text(e.version), Attributes: c.entity(e),
		DroppedAttributes: e.dropped, SchemaURL: c.text(e.schemaURL),
	}
}
