package columnar

import (
	"sort"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
)

// spanTable is a set of spans that does not change any more: a sealed table,
// or a snapshot of a builder.
type spanTable struct {
	rows
	parents   []storage.SpanID
	durations []int64
	kinds     []uint8
	statuses  []uint8
	names     []uint32 // into name
	rare      []uint32 // into rares
	prev      []uint32 // the row before of the same trace, or noRow
	name      dict
	rares     []rare
	text      dict // of rares
	events    eventTable
	links     linkTable
	index     traceIndex // of a sealed table only
}

// rare holds what is the same for most spans: most tables have a few of them.
type rare struct {
	statusMessage, traceState uint32 // into spanTable.text
	flags                     uint32
	dropped                   storage.Dropped
}

// children are rows that belong to spans: events and links.
type children struct {
	owner   []uint32 // span row, ascending
	dropped []uint32
	attrs   attrs
}

// of returns the rows of the children of a span.
func (c *children) of(row uint32) (from, to int) {
	from = sort.Search(len(c.owner), func(i int) bool { return c.owner[i] >= row })
	for to = from; to < len(c.owner) && c.owner[to] == row; to++ {
	}
	return from, to
}

func (c *children) bytes() int { return 4*cap(c.owner) + 4*cap(c.dropped) + c.attrs.bytes() }

func (c *children) seal() {
	c.owner, c.dropped = trim(c.owner), trim(c.dropped)
	c.attrs.seal()
}

type eventTable struct {
	children
	times []int64
	names []uint32 // into name
	name  dict
}

type linkTable struct {
	children
	traceIDs []storage.TraceID
	spanIDs  []storage.SpanID
	flags    []uint32
	states   []uint32 // into state
	state    dict
}

func (t *spanTable) base() *rows { return &t.rows }

// bytes is what the table takes in memory.
func (t *spanTable) bytes() int {
	return int(unsafe.Sizeof(*t)) + t.fixedBytes() + t.attrs.bytes() + t.origins.bytes() + t.index.bytes() +
		t.name.bytes() + t.text.bytes() + t.events.bytes() + t.links.bytes()
}

// fixedBytes is what the columns that every span has take, without
// dictionaries.
func (t *spanTable) fixedBytes() int {
	return 16*cap(t.traceIDs) + 8*(cap(t.spanIDs)+cap(t.parents)+cap(t.times)+cap(t.durations)) +
		cap(t.kinds) + cap(t.statuses) + 4*(cap(t.origin)+cap(t.names)+cap(t.rare)+cap(t.prev)) + cap(t.rares)*int(unsafe.Sizeof(rare{}))
}

func (e *eventTable) bytes() int {
	return e.children.bytes() + 8*cap(e.times) + 4*cap(e.names) + e.name.bytes()
}

func (l *linkTable) bytes() int {
	return l.children.bytes() + 16*cap(l.traceIDs) + 8*cap(l.spanIDs) + 4*(cap(l.flags)+cap(l.states)) + l.state.bytes()
}

// seal gives back spare capacity.
func (t *spanTable) seal() {
	t.traceIDs, t.spanIDs, t.parents = trim(t.traceIDs), trim(t.spanIDs), trim(t.parents)
	t.times, t.durations, t.kinds, t.statuses = trim(t.times), trim(t.durations), trim(t.kinds), trim(t.statuses)
	t.origin, t.names, t.rare, t.prev, t.rares = trim(t.origin), trim(t.names), trim(t.rare), trim(t.prev), trim(t.rares)
	t.attrs.seal()
	t.name.seal()
	t.text.seal()
	e, l := &t.events, &t.links
	e.children.seal()
	e.times, e.names = trim(e.times), trim(e.names)
	e.name.seal()
	l.children.seal()
	l.traceIDs, l.spanIDs, l.flags, l.states = trim(l.traceIDs), trim(l.spanIDs), trim(l.flags), trim(l.states)
	l.state.seal()
}
