package columnar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
)

// A tally counts values without gathering them: in a row group by the codes of
// dictionaries, page by page, and of resources and instrumentation scopes by
// origin, once for all keys. Only what has no codes is counted value by value
// (tally_vector.go).

func (r spanStore) Tally(ctx context.Context, q storage.Tally, begin func() func(storage.TallyBatch) bool) error {
	tables, done, err := r.s.spanTables(ctx, q.Window)
	if err != nil {
		return err
	}
	defer done()
	if len(q.Marks) > storage.MaxMarks {
		return fmt.Errorf("%w: %d marks, at most %d are possible", errBadQuery, len(q.Marks), storage.MaxMarks)
	}
	for _, p := range append([]storage.Predicate{q.Where}, q.Marks...) {
		if err := checkPredicate(p, checkSpanKey); err != nil {
			return err
		}
	}
	if err := checkKeys(q.Keys, checkSpanKey); err != nil {
		return err
	}
	tables = slices.DeleteFunc(tables, func(t spanSource) bool { return !overlaps(t, q.Window) })
	slices.SortStableFunc(tables, func(a, b spanSource) int { return cmp.Compare(newest(b, q.Window), newest(a, q.Window)) })
	var beginning sync.Mutex
	workers := make([]*tallyWorker, maxWorkers())
	err = inParallel(ctx, len(tables), func(worker, i int) error {
		w := workers[worker]
		if w == nil {
			beginning.Lock()
			w = &tallyWorker{number: worker, visit: begin()}
			beginning.Unlock()
			workers[worker] = w
		}
		return w.show(ctx, tables[i], &q)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// tallyWorker shows batches on one goroutine. Its memory is used again for the
// next table.
type tallyWorker struct {
	number int
	visit  func(storage.TallyBatch) bool
	batch  tallyBatch
}

func (w *tallyWorker) show(ctx context.Context, t spanSource, q *storage.Tally) error {
	b := &w.batch
	sel := selectRows(t, q.Window, q.Where)
	b.ctx, b.worker, b.table, b.q, b.failed = ctx, w.number, t, q, nil
	b.rows = sel.rowsIn(b.rows)
	b.runs = runsOf(b.rows)
	b.starts, b.durations = nil, nil
	b.mark(sel)
	if err := t.err(); err != nil {
		return err
	}
	more := w.visit(b)
	if err := cmp.Or(t.err(), b.failed); err != nil {
		return err
	}
	if !more {
		return errEnough
	}
	return nil
}

// tallyBatch is the selected rows of a table.
type tallyBatch struct {
	ctx       context.Context
	worker    int
	table     spanSource
	q         *storage.Tally
	rows      []uint32
	runs      runs // of rows
	marks     []uint8
	starts    []int64 // nil: not asked for
	durations []int64
	tally     tally
	columns   storage.ColumnTally
	out       gathered
	failed    error // the context's

	startsMemory []int64
}

var _ storage.TallyBatch = (*tallyBatch)(nil)

// mark finds out which of the rows, which are sel, satisfy the marks.
func (b *tallyBatch) mark(sel bitmap) {
	b.marks = resize(b.marks, len(b.rows))
	clear(b.marks)
	for i, p := range b.q.Marks {
		bit := uint8(1) << i
		if p == nil {
			for at := range b.marks {
				b.marks[at] |= bit
			}
			continue
		}
		marked := sel.clone()
		filter(b.table, p, marked)
		at := 0
		for _, row := range marked.rows() {
			for b.rows[at] < row {
				at++
			}
			b.marks[at] |= bit
		}
	}
}

func (b *tallyBatch) Len() int       { return len(b.rows) }
func (b *tallyBatch) Scanned() int   { return b.table.len() }
func (b *tallyBatch) Marks() []uint8 { return b.marks }

func (b *tallyBatch) StartsNs() []int64 {
	if b.starts == nil {
		b.startsMemory = b.table.timesOf(b.rows, b.startsMemory)
		b.starts = b.startsMemory
	}
	return b.starts
}

func (b *tallyBatch) DurationsNs() []int64 {
	if b.durations == nil {
		if b.durations = b.table.durationsIn(b.runs); len(b.durations) < len(b.rows) { // reading failed
			b.durations = make([]int64, len(b.rows))
		}
	}
	return b.durations
}

func (b *tallyBatch) Count(groups []uint32, n int, add func(key int, v storage.Value, group int, spans uint64)) {
	if len(b.rows) == 0 || len(b.q.Keys) == 0 {
		return
	}
	t := &b.tally
	t.begin(b.runs, groups, n)
	first := b.worker * len(b.q.Keys) / maxWorkers()
	for i := range b.q.Keys {
		key := (first + i) % len(b.q.Keys)
		if b.failed == nil {
			b.failed = b.ctx.Err()
		}
		if b.failed != nil || b.table.err() != nil {
			return
		}
		t.add = func(v storage.Value, group int, spans uint64) { add(key, v, group, spans) }
		v := b.table.vector(b.q.Keys[key])
		if counted, ok := v.(tallied); ok && counted.tally(t) {
			continue
		}
		b.countGathered(v)
	}
}

// countGathered counts the values of a vector that cannot do so itself.
func (b *tallyBatch) countGathered(v vector) {
	if _, absent := v.(absentVector); absent {
		return
	}
	for from := 0; from < len(b.rows); from += batchRows {
		to := min(from+batchRows, len(b.rows))
		v.gather(b.rows[from:to], &b.out)
		column := b.out.column()
		b.columns.Count(&column, b.tally.groups[from:to], b.tally.n, b.tally.add)
	}
}
