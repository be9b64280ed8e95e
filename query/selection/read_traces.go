package selection

import (
	"context"
	"sync"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// ReadTraces reads the traces that have a selected span, in columns. Where the
// store can decide what is selected it reads no more than these. The work is
// bounded by the budget: Stats.Partial says so once Each has returned, and what
// it visited is then not all. The reading must be closed, before the search is
// used again.
func (s *Search) ReadTraces(ctx context.Context, columns []storage.Key) (storage.TraceReading, error) {
	where, exact, err := s.Exact(ctx)
	if err != nil {
		return nil, err
	}
	if !exact {
		return &matchReading{search: s, columns: columns}, nil
	}
	reading, err := s.reader.ReadTraces(ctx, storage.TraceScan{Window: s.Window, Where: where, Columns: columns})
	if err != nil {
		return nil, err
	}
	return &storedReading{reading, s}, nil
}

// storedReading is a reading of the store that keeps to the budget.
type storedReading struct {
	storage.TraceReading
	search *Search
}

func (r *storedReading) Each(ctx context.Context, visit func(worker int, b *storage.TraceBatch) bool) error {
	var mu sync.Mutex // guards the search
	return r.TraceReading.Each(ctx, func(worker int, b *storage.TraceBatch) bool {
		more := visit(worker, b)
		mu.Lock()
		defer mu.Unlock()
		r.search.Stats.Scanned += len(b.Rows)
		return more && !r.search.spent()
	})
}

// matchReading reads traces that only whole traces tell to be selected.
type matchReading struct {
	search  *Search
	columns []storage.Key
	heads   []storage.SpanHead // of the references that were given
}

func (r *matchReading) Workers() int { return 1 }
func (r *matchReading) Close()       {}

func (r *matchReading) Each(ctx context.Context, visit func(worker int, b *storage.TraceBatch) bool) error {
	for m, err := range r.search.Each(ctx) {
		if err != nil {
			return err
		}
		b, err := r.batch(m)
		if err != nil {
			return err
		}
		if !visit(0, b) {
			return nil
		}
	}
	return nil
}

// Spans implements storage.TraceReading: Row is an index of heads.
func (r *matchReading) Spans(_ context.Context, refs []storage.SpanRef) ([]storage.SpanHead, error) {
	heads := make([]storage.SpanHead, len(refs))
	for i, ref := range refs {
		heads[i] = r.heads[ref.Row]
	}
	return heads, nil
}

// batch makes a batch of one trace, whose rows are the positions.
func (r *matchReading) batch(m Match) (*storage.TraceBatch, error) {
	t, n := m.Trace, m.Trace.Len()
	c := &matchColumns{of: r, trace: t, columns: newBatchBuilder(r.columns)}
	b := &storage.TraceBatch{Len: n, Ends: []uint32{uint32(n)}, Columns: c, Selected: make([]bool, n), Parents: make([]int32, n)}
	for _, p := range m.Spans {
		b.Selected[p] = true
	}
	first := make(map[storage.SpanID]int32, n)
	for p, row := range t.Rows {
		b.Rows = append(b.Rows, uint32(p))
		if err := c.columns.add(t.Spans, int(row)); err != nil {
			return nil, err
		}
		c.kinds, c.statuses = append(c.kinds, t.Spans.Kinds[row]), append(c.statuses, t.Spans.Statuses[row])
		id := t.Spans.SpanIDs[row]
		if other, ok := first[id]; ok {
			b.Twins = twins(b.Twins, n, int32(p), other)
		} else {
			first[id] = int32(p)
		}
	}
	for p, row := range t.Rows {
		b.Parents[p] = -1
		if id := t.Spans.ParentIDs[row]; !id.IsEmpty() {
			if parent, ok := first[id]; ok {
				b.Parents[p] = parent
			}
		}
	}
	return b, nil
}

// twins adds p to the ring that other is in.
func twins(rings []int32, n int, p, other int32) []int32 {
	if rings == nil {
		rings = make([]int32, n)
		for i := range rings {
			rings[i] = int32(i)
		}
	}
	rings[p], rings[other] = rings[other], p
	return rings
}

// matchColumns are the columns of a trace.
type matchColumns struct {
	of              *matchReading
	trace           *trace.Trace
	columns         *batchBuilder
	kinds, statuses []uint8
}

func (c *matchColumns) Kinds() []uint8       { return c.kinds }
func (c *matchColumns) Statuses() []uint8    { return c.statuses }
func (c *matchColumns) StartsNs() []int64    { return c.columns.batch.StartsNs }
func (c *matchColumns) DurationsNs() []int64 { return c.columns.batch.DurationsNs }

func (c *matchColumns) Column(i int, rows []uint32, to *storage.Column) {
	from := &c.columns.batch.Columns[i]
	*to = storage.Column{Dict: from.Dict}
	for _, row := range rows {
		to.Types, to.Bits = append(to.Types, from.Types[row]), append(to.Bits, from.Bits[row])
	}
}

func (c *matchColumns) TraceIDs(rows []uint32, to []storage.TraceID) []storage.TraceID {
	for range rows {
		to = append(to, c.trace.ID)
	}
	return to
}

func (c *matchColumns) Ref(row uint32) storage.SpanRef {
	b := &c.columns.batch
	c.of.heads = append(c.of.heads, storage.SpanHead{TraceID: c.trace.ID, SpanID: b.SpanIDs[row], StartNs: b.StartsNs[row], DurationNs: b.DurationsNs[row]})
	return storage.SpanRef{Row: uint32(len(c.of.heads) - 1)}
}
