package columnar

import "sync/atomic"

// builder is a table that is being filled. Its owner's lock guards it.
type builder[T table] interface {
	len() int
	bytes() int
	zone() zone
	snapshot() T // what was appended so far; later appends do not touch it
	seal() T     // ends the building
}

// sealedTable is a table with what the store needs to know about it.
type sealedTable[T table] struct {
	table T
	size  int64  // bytes it takes
	age   uint64 // Store.seals when it was sealed
}

// head holds the records of one signal. Store.mu guards it.
type head[T table, B builder[T]] struct {
	begin       func() B
	open        B
	sealed      []sealedTable[T] // oldest first
	sealedBytes int64
	// last is a snapshot of open, or nil after an append. Readers, who hold
	// the lock only for reading, race to set it to equal snapshots.
	last atomic.Pointer[T]
}

// anyHead is a head of any signal.
type anyHead interface {
	bytes() int64
	openRows() int
	changed() // must be called after appends
	full(Options) bool
	seal(age uint64)
}

func newHead[T table, B builder[T]](begin func() B) *head[T, B] {
	return &head[T, B]{begin: begin, open: begin()}
}

func (h *head[T, B]) bytes() int64 { return h.sealedBytes + int64(h.open.bytes()) }

// view returns the tables that hold every record appended so far, the newest
// arrivals first. The caller holds Store.mu, reading is enough; the tables may
// be used without it.
func (h *head[T, B]) view() []T {
	tables := make([]T, 0, len(h.sealed)+1)
	if h.open.len() > 0 {
		t := h.last.Load()
		if t == nil {
			fresh := h.open.snapshot()
			t = &fresh
			h.last.Store(t)
		}
		tables = append(tables, *t)
	}
	for i := len(h.sealed) - 1; i >= 0; i-- {
		tables = append(tables, h.sealed[i].table)
	}
	return tables
}

// seal turns the builder into a table and begins a new one.
func (h *head[T, B]) seal(age uint64) {
	h.changed()
	t := h.open.seal()
	h.sealed = append(h.sealed, sealedTable[T]{t, int64(t.base().size), age})
	h.sealedBytes += int64(t.base().size)
	h.open = h.begin()
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
