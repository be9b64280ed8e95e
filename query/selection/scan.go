package selection

import (
	"context"
	"iter"
	"math"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Scan returns the selected spans in columns, in no particular order; see
// storage.SpanReader.Scan about batches. The sequence is single use; an error
// is its last element.
func (s *Search) Scan(ctx context.Context, columns []storage.Key) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		where, exact, err := s.Exact(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !exact {
			s.scanTraces(ctx, columns, yield)
			return
		}
		for batch, err := range s.reader.Scan(ctx, storage.Scan{Window: s.Window, Where: where, Columns: columns}) {
			if err != nil {
				yield(nil, err)
				return
			}
			s.Stats.Scanned += batch.Scanned
			if !yield(batch, nil) || s.spent() {
				return
			}
		}
	}
}

// scanTraces makes batches of the selected spans of whole traces.
func (s *Search) scanTraces(ctx context.Context, columns []storage.Key, yield func(*storage.Batch, error) bool) {
	const rows = 4096
	b := newBatchBuilder(columns)
	for m, err := range s.Each(ctx) {
		if err != nil {
			yield(nil, err)
			return
		}
		for _, p := range m.Spans {
			if err := b.add(m.Trace.Spans, int(m.Trace.Rows[p])); err != nil {
				yield(nil, err)
				return
			}
		}
		if b.batch.Len() >= rows {
			b.batch.NewestLeftNs = math.MaxInt64
			if !yield(&b.batch, nil) {
				return
			}
			b = newBatchBuilder(columns)
		}
	}
	b.batch.NewestLeftNs = storage.NoneLeft
	yield(&b.batch, nil)
}

// batchBuilder makes a batch of spans that are in memory.
type batchBuilder struct {
	batch storage.Batch
	keys  []storage.Key
	index []map[string]uint64 // per column: text -> index into Dict
}

func newBatchBuilder(keys []storage.Key) *batchBuilder {
	b := &batchBuilder{keys: keys, index: make([]map[string]uint64, len(keys))}
	b.batch.Columns = make([]storage.Column, len(keys))
	for i := range b.index {
		b.index[i] = map[string]uint64{}
	}
	return b
}

func (b *batchBuilder) add(s *storage.Spans, row int) error {
	b.batch.TraceIDs = append(b.batch.TraceIDs, s.TraceIDs[row])
	b.batch.SpanIDs = append(b.batch.SpanIDs, s.SpanIDs[row])
	b.batch.StartsNs = append(b.batch.StartsNs, s.StartsNs[row])
	b.batch.DurationsNs = append(b.batch.DurationsNs, s.DurationsNs[row])
	for i, key := range b.keys {
		v, err := trace.FirstValue(s, row, key)
		if err != nil {
			return err
		}
		c := &b.batch.Columns[i]
		c.Types = append(c.Types, v.Type())
		c.Bits = append(c.Bits, b.bits(i, v))
	}
	return nil
}

// bits returns what storage.Column.Bits holds for the value.
func (b *batchBuilder) bits(column int, v storage.Value) uint64 {
	switch v.Type() {
	case storage.TypeAbsent, storage.TypeEmpty:
		return 0
	case storage.TypeInt:
		return uint64(v.Int())
	case storage.TypeFloat:
		return math.Float64bits(v.Float())
	case storage.TypeBool:
		if v.Bool() {
			return 1
		}
		return 0
	}
	c := &b.batch.Columns[column]
	at, ok := b.index[column][v.Str()]
	if !ok {
		at = uint64(len(c.Dict))
		b.index[column][v.Str()] = at
		c.Dict = append(c.Dict, v.Str())
	}
	return at
}

// Aggregate asks the store, as storage.SpanReader.Aggregate does. It is for
// those who know from Exact what to ask for.
func (s *Search) Aggregate(ctx context.Context, a storage.Aggregation) ([]storage.Group, error) {
	return s.reader.Aggregate(ctx, a)
}
