package columnar

import (
	"sync/atomic"
	"time"
)

// # The snapshot rule
//
// Queries run without a lock while writes go on. That is sound because of one
// rule: whatever a reader may hold is never written to again.
//
// A sealed table does not change at all. A builder consists of slices that only
// grow: rows, codes, dictionary text and offsets, shapes, ranks, the chain of
// rows of a trace, resources. An append writes at or above the length that the
// slice header had before, or to a new array. So a copy of the headers, taken
// while nobody appends, is a table for ever: its reader sees the elements below
// its lengths, appends happen above them. The race detector agrees since the
// copy is made under the lock that appends hold, which also orders it after
// every append that it contains; that is what makes acknowledged writes visible.
//
// What is updated in place must therefore stay out of snapshots: the hash
// tables with which a builder finds text, shapes, resources and the last row of
// a trace. Only the last is of use to readers: Traces looks it up while it
// holds the lock for its snapshot, once per trace and builder, and walks the
// chain later. In a sealed table the index is at rest and needs no lock.
//
// Taking a snapshot copies some hundred bytes a column. It is kept until the
// next append, so that readers of a quiet builder share one.
//
// Eviction takes a table off the list. Readers that have it keep it alive, the
// garbage collector frees it after them.

// memTable is a table in memory.
type memTable interface {
	table
	base() *rows
}

// builder is a table that is being filled. Its owner's lock guards it.
type builder[T memTable] interface {
	len() int
	bytes() int
	zone() zone
	snapshot() T // what was appended so far; later appends do not touch it
	seal() T     // ends the building
	expect(T)    // makes room in an empty builder for as much as a table has
}

// sealedTable is a table with what the store needs to know about it.
type sealedTable[T memTable] struct {
	table T
	size  int64  // bytes it takes
	age   uint64 // Store.seals when it was sealed
	positions
}

// positions are those in the log of the requests that a table has; zero when
// there are none, as always in a store that has no log.
type positions struct{ minLSN, maxLSN uint64 }

// head holds the records of one signal. Store.mu guards it.
type head[T memTable, B builder[T]] struct {
	begin       func() B
	open        B
	sealed      []sealedTable[T] // oldest first
	sealedBytes int64
	// last is a snapshot of open, or nil after an append. Readers, who hold
	// the lock only for reading, race to set it to equal snapshots.
	last atomic.Pointer[T]

	positions           // of open
	since     time.Time // of the first request in open

	// alike says that a builder may take from its start what the table before
	// it took: no slice is copied while it grows.
	alike bool
}

// anyHead is a head of any signal.
type anyHead interface {
	bytes() int64
	openRows() int
	changed() // must be called after appends
	full(Options) bool
	seal(age uint64)
	logged(lsn uint64, now time.Time) // must be called after the append of a request that is in the log
	firstLSN() uint64                 // position of the oldest request held, 0 when there is none
	openLSN() uint64                  // position of the oldest request in open, 0 when there is none
	openSince() time.Time             // when the oldest request in open came
}

func newHead[T memTable, B builder[T]](begin func() B) *head[T, B] {
	return &head[T, B]{begin: begin, open: begin()}
}

func (h *head[T, B]) bytes() int64 { return h.sealedBytes + int64(h.open.bytes()) }

// placed is a table with where in the log its records end.
type placed[T memTable] struct {
	table  T
	maxLSN uint64
}

// view returns the tables that hold every record appended so far, the newest
// arrivals first. The caller holds Store.mu, reading is enough; the tables may
// be used without it.
func (h *head[T, B]) view() []placed[T] {
	tables := make([]placed[T], 0, len(h.sealed)+1)
	if h.open.len() > 0 {
		t := h.last.Load()
		if t == nil {
			fresh := h.open.snapshot()
			t = &fresh
			h.last.Store(t)
		}
		tables = append(tables, placed[T]{*t, h.maxLSN})
	}
	for i := len(h.sealed) - 1; i >= 0; i-- {
		tables = append(tables, placed[T]{h.sealed[i].table, h.sealed[i].maxLSN})
	}
	return tables
}

// seal turns the builder into a table and begins a new one.
func (h *head[T, B]) seal(age uint64) {
	h.changed()
	t := h.open.seal()
	h.sealed = append(h.sealed, sealedTable[T]{t, int64(t.base().size), age, h.positions})
	h.sealedBytes += int64(t.base().size)
	h.open, h.positions, h.since = h.begin(), positions{}, time.Time{}
	if h.alike {
		h.open.expect(t)
	}
}

func (h *head[T, B]) logged(lsn uint64, now time.Time) {
	if h.minLSN == 0 {
		h.minLSN, h.since = lsn, now
	}
	h.maxLSN = lsn
}

func (h *head[T, B]) openSince() time.Time { return h.since }
func (h *head[T, B]) openLSN() uint64      { return h.minLSN }

func (h *head[T, B]) firstLSN() uint64 {
	if len(h.sealed) > 0 {
		return h.sealed[0].minLSN
	}
	return h.minLSN
}

// first is the table that was sealed first.
func (h *head[T, B]) first() (t sealedTable[T], ok bool) {
	if len(h.sealed) == 0 {
		return t, false
	}
	return h.sealed[0], true
}

func (h *head[T, B]) openRows() int { return h.open.len() }

// oldest is the age of the table that was sealed first, 0 when there is none.
func (h *head[T, B]) oldest() uint64 {
	if len(h.sealed) == 0 {
		return 0
	}
	return h.sealed[0].age
}

func (h *head[T, B]) changed() { h.last.Store(nil) }

// evict drops the oldest sealed table and returns its number of records.
func (h *head[T, B]) evict() int {
	oldest := h.sealed[0]
	h.sealed = append(h.sealed[:0:0], h.sealed[1:]...)
	h.sealedBytes -= oldest.size
	return oldest.table.base().n
}

// held counts the records and their times.
func (h *head[T, B]) held() (n int, z zone) {
	n, z = h.open.len(), h.open.zone()
	for _, s := range h.sealed {
		n, z = n+s.table.base().n, z.join(s.table.base().zone)
	}
	return n, z
}
