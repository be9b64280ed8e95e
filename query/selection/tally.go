package selection

import (
	"context"
	"sync"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Tally shows the selected spans in batches and counts their values under keys,
// as storage.SpanReader.Tally does. Where the store can decide what is selected it
// does so on several goroutines, else whole traces are read on one.
func (s *Search) Tally(ctx context.Context, keys []storage.Key, marks []storage.Predicate, begin func() func(storage.TallyBatch) bool) error {
	where, exact, err := s.Exact(ctx)
	if err != nil {
		return err
	}
	if !exact {
		return s.tallyTraces(ctx, keys, marks, begin())
	}
	return s.tally(ctx, storage.Tally{Window: s.Window, Where: where, Keys: keys, Marks: marks}, begin)
}

func (s *Search) tally(ctx context.Context, q storage.Tally, begin func() func(storage.TallyBatch) bool) error {
	var mu sync.Mutex // guards the search
	return s.reader.Tally(ctx, q, func() func(storage.TallyBatch) bool {
		visit := begin()
		return func(b storage.TallyBatch) bool {
			more := visit(b)
			mu.Lock()
			defer mu.Unlock()
			s.Stats.Scanned += b.Scanned()
			return !s.spent() && more
		}
	})
}

// Pair is two selections in one window that are told apart. It costs a pass over
// the spans of both where the store can decide what they select, else one for each.
type Pair struct {
	First, Second *Search
	Within        bool // Second selects all that First does
}

// firstMark and secondMark are the bits of TallyBatch.Marks that Pair.Tally sets
// for spans that First and Second select; those of marks follow.
const (
	firstMark = 1 << iota
	secondMark
	ownMarks = iota
)

// Tally is Search.Tally of the spans that one or both select. Bit 0 of
// TallyBatch.Marks is set for those of First, bit 1 for those of Second, the next
// ones are for marks. A span of both may come once with both bits, or twice.
func (p *Pair) Tally(ctx context.Context, keys []storage.Key, marks []storage.Predicate, begin func() func(storage.TallyBatch) bool) error {
	first, exact, err := p.First.Exact(ctx)
	if err != nil {
		return err
	}
	second, both, err := p.Second.Exact(ctx)
	if err != nil {
		return err
	}
	if !exact || !both || p.First.Window != p.Second.Window {
		if err := p.First.Tally(ctx, keys, marks, marking(firstMark, begin)); err != nil {
			return err
		}
		return p.Second.Tally(ctx, keys, marks, marking(secondMark, begin))
	}
	q := storage.Tally{Window: p.First.Window, Keys: keys, Marks: append([]storage.Predicate{first, second}, marks...)}
	switch {
	case p.Within:
		q.Where, q.Marks[1] = second, nil
	case first != nil && second != nil:
		q.Where = storage.Or{first, second}
	}
	return p.First.tally(ctx, q, begin)
}

// marking shows the batches of one selection as those of a pair.
func marking(mark uint8, begin func() func(storage.TallyBatch) bool) func() func(storage.TallyBatch) bool {
	return func() func(storage.TallyBatch) bool {
		visit := begin()
		var marked markedBatch
		return func(b storage.TallyBatch) bool {
			marked.TallyBatch, marked.marks = b, marked.marks[:0]
			for _, m := range b.Marks() {
				marked.marks = append(marked.marks, m<<ownMarks|mark)
			}
			return visit(&marked)
		}
	}
}

type markedBatch struct {
	storage.TallyBatch
	marks []uint8
}

func (b *markedBatch) Marks() []uint8 { return b.marks }

// tallyTraces shows the selected spans of whole traces.
func (s *Search) tallyTraces(ctx context.Context, keys []storage.Key, marks []storage.Predicate, visit func(storage.TallyBatch) bool) error {
	b := &tracesTally{keys: keys, marks: marks, batchBuilder: newBatchBuilder(keys)}
	for m, err := range s.Each(ctx) {
		if err != nil {
			return err
		}
		for _, p := range m.Spans {
			if err := b.add(m.Trace.Spans, int(m.Trace.Rows[p])); err != nil {
				return err
			}
		}
		if b.Len() >= tallyRows {
			if !visit(b) {
				return nil
			}
			b.satisfied, b.batchBuilder = b.satisfied[:0], newBatchBuilder(keys)
		}
	}
	visit(b)
	return nil
}

// tallyRows is how many spans of traces are shown at once, if there are so many.
const tallyRows = 4096

// tracesTally is a storage.TallyBatch of spans that are in memory.
type tracesTally struct {
	*batchBuilder
	keys      []storage.Key
	marks     []storage.Predicate
	satisfied []uint8 // of marks, by row
	column    storage.ColumnTally
}

var _ storage.TallyBatch = (*tracesTally)(nil)

func (b *tracesTally) add(s *storage.Spans, row int) error {
	var satisfied uint8
	for i, p := range b.marks {
		ok, err := trace.Matches(s, row, p)
		if err != nil {
			return err
		}
		if ok {
			satisfied |= 1 << i
		}
	}
	b.satisfied = append(b.satisfied, satisfied)
	return b.batchBuilder.add(s, row)
}

func (b *tracesTally) Len() int             { return b.batch.Len() }
func (b *tracesTally) Scanned() int         { return b.batch.Len() }
func (b *tracesTally) Marks() []uint8       { return b.satisfied }
func (b *tracesTally) StartsNs() []int64    { return b.batch.StartsNs }
func (b *tracesTally) DurationsNs() []int64 { return b.batch.DurationsNs }

func (b *tracesTally) Count(groups []uint32, n int, add func(key int, v storage.Value, group int, spans uint64)) {
	for key := range b.keys {
		b.column.Count(&b.batch.Columns[key], groups, n, func(v storage.Value, group int, spans uint64) { add(key, v, group, spans) })
	}
}
