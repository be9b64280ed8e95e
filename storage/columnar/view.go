package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// view is a table as a query sees it: rows that were deleted are hidden, and
// a row group is opened when the query comes to it.
type view[T table] struct {
	n      int
	zone   zone
	table  T
	opened bool
	open   func() (T, error) // nil when table is there from the start
	failed error

	tombstones []*tombstone // that apply to the table
	hidden     bitmap       // by them; nil until looked at, or when there is none
	looked     bool

	part  *livePart // nil for a table in memory
	group int
}

func memoryView[T table](t T, tombstones []*tombstone) view[T] {
	return view[T]{n: t.len(), zone: t.bounds(), table: t, opened: true, tombstones: tombstones}
}

func (v *view[T]) len() int     { return v.n }
func (v *view[T]) bounds() zone { return v.zone }

func (v *view[T]) err() error {
	if v.failed == nil && v.opened {
		v.failed = v.table.err()
	}
	if v.failed != nil && v.part != nil {
		_ = v.part.failed(v.failed)
	}
	return v.failed
}

// get opens the table; false: that failed.
func (v *view[T]) get() (T, bool) {
	if !v.opened && v.failed == nil {
		v.table, v.failed = v.open()
		v.opened = v.failed == nil
	}
	return v.table, v.opened
}

// mask returns the rows that are hidden, nil when there are none.
func (v *view[T]) mask() bitmap {
	if v.looked {
		return v.hidden
	}
	v.looked = true
	for _, d := range v.tombstones {
		if v.part != nil && d.misses(v.part, v.group, &v.failed) {
			continue
		}
		t, ok := v.get()
		if !ok {
			return nil
		}
		gone := fullBitmap(v.n)
		filter(t, d.where, gone)
		if gone.empty() {
			continue
		}
		if v.hidden == nil {
			v.hidden = newBitmap(v.n)
		}
		v.hidden.or(gone)
	}
	return v.hidden
}

func (v *view[T]) inWindow(w storage.Window) bitmap {
	mask := v.mask()
	if mask == nil && v.failed == nil && w.FromNs <= v.zone.minNs && v.zone.maxNs < w.ToNs {
		return fullBitmap(v.n)
	}
	t, ok := v.get()
	if !ok || v.failed != nil {
		return newBitmap(v.n)
	}
	sel := t.inWindow(w)
	if mask != nil {
		sel.andNot(mask)
	}
	return sel
}

func (v *view[T]) timesOf(rows []uint32, to []int64) []int64 {
	if len(rows) == 0 {
		return to[:0]
	}
	t, ok := v.get()
	if !ok {
		return resize(to, len(rows))
	}
	return t.timesOf(rows, to)
}

func (v *view[T]) vector(k storage.Key) vector {
	t, ok := v.get()
	if !ok {
		return absentVector{}
	}
	return t.vector(k)
}

// keysFromIndex says whether the index of the part has the keys of exactly the
// rows that are asked for.
func (v *view[T]) keysFromIndex(w storage.Window) bool {
	return v.part != nil && len(v.tombstones) == 0 && w.FromNs <= v.part.MinNs && v.part.MaxNs < w.ToNs
}

// spanView is a view of spans.
type spanView struct{ view[spanSource] }

var _ spanSource = (*spanView)(nil)

func (v *spanView) fill(b *storage.Batch, rows []uint32) {
	if t, ok := v.get(); ok {
		t.fill(b, rows)
	}
}

func (v *spanView) countKeys(k *keyCounter, sel bitmap) {
	if t, ok := v.get(); ok {
		t.countKeys(k, sel)
	}
}

func (v *spanView) joinable(rows runs) *joinColumns {
	if t, ok := v.get(); ok {
		return t.joinable(rows)
	}
	return &joinColumns{}
}

func (v *spanView) durationsIn(rows runs) []int64 {
	if t, ok := v.get(); ok {
		return t.durationsIn(rows)
	}
	return nil
}

func (v *spanView) spans(rows []uint32) *storage.Spans {
	if t, ok := v.get(); ok {
		return t.spans(rows)
	}
	return &storage.Spans{}
}

// logView is a view of log records.
type logView struct{ view[logSource] }

var _ logSource = (*logView)(nil)

func (v *logView) countKeys(k *keyCounter, sel bitmap) {
	if t, ok := v.get(); ok {
		t.countKeys(k, sel)
	}
}

func (v *logView) records(rows []uint32) *storage.Logs {
	if t, ok := v.get(); ok {
		return t.records(rows)
	}
	return &storage.Logs{}
}
