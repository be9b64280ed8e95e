package jaeger

import (
	"context"
	"iter"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// memory is a SpanStore over one Spans, as plain as the contracts allow: the
// definition that answers of a real store are compared with.
type memory struct {
	storage.SpanReader // Keys is not used
	spans              *storage.Spans
	err                error // what every call fails with
	reject             bool  // WriteSpans refuses every span
}

func memoryOf(td ptrace.Traces) *memory { return &memory{spans: storage.SpansFromPdata(td)} }

func (m *memory) WriteSpans(_ context.Context, td ptrace.Traces) (o storage.Outcome, err error) {
	if m.err != nil {
		return o, m.err
	}
	if m.reject {
		for range td.SpanCount() {
			o.Reject(storage.ReasonTooLarge, "the span is too large")
		}
		return o, nil
	}
	b := storage.NewSpansBuilder(0)
	if m.spans != nil {
		b.AddSpans(m.spans, nil)
	}
	b.AddSpans(storage.SpansFromPdata(td), nil)
	m.spans = b.Spans()
	return storage.Outcome{Accepted: td.SpanCount()}, nil
}

func (m *memory) Traces(_ context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) {
		if m.err != nil {
			yield(nil, m.err)
			return
		}
		if m.spans == nil {
			return
		}
		b := storage.NewSpansBuilder(0)
		b.AddSpans(m.spans, func(row int) bool { return slices.Contains(ids, m.spans.TraceIDs[row]) })
		if b.Len() > 0 {
			yield(b.Spans(), nil)
		}
	}
}

func (m *memory) matching(w storage.Window, where storage.Predicate) (rows []int, err error) {
	if m.err != nil {
		return nil, m.err
	}
	for row, start := range m.spans.StartsNs {
		ok, err := trace.Matches(m.spans, row, where)
		if err != nil {
			return nil, err
		}
		if ok && w.Contains(start) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (m *memory) Scan(_ context.Context, q storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		rows, err := m.matching(q.Window, q.Where)
		if err != nil {
			yield(nil, err)
			return
		}
		b := &storage.Batch{NewestLeftNs: storage.NoneLeft, Scanned: m.spans.Len()}
		for _, row := range rows {
			b.TraceIDs = append(b.TraceIDs, m.spans.TraceIDs[row])
			b.SpanIDs = append(b.SpanIDs, m.spans.SpanIDs[row])
			b.StartsNs = append(b.StartsNs, m.spans.StartsNs[row])
			b.DurationsNs = append(b.DurationsNs, m.spans.DurationsNs[row])
		}
		yield(b, nil)
	}
}

func (m *memory) value(row int, key storage.Key) (v storage.Value) {
	switch key {
	case storage.KeyService:
		return m.spans.Lookup(m.spans.ResourceTable[m.spans.Resources[row]].Attributes, key.Name)
	case storage.KeyName:
		return storage.String(m.spans.Name(row))
	case storage.KeyKind:
		return storage.Int(int64(m.spans.Kinds[row]))
	case storage.KeyStatus:
		return storage.Int(int64(m.spans.Statuses[row]))
	}
	panic("memory: " + key.String())
}

func (m *memory) Values(_ context.Context, q storage.ValuesQuery) (storage.Values, error) {
	rows, err := m.matching(q.Window, q.Where)
	counts := map[storage.Value]uint64{}
	for _, row := range rows {
		if v := m.value(row, q.Key); v.Type() != storage.TypeAbsent {
			counts[v]++
		}
	}
	var values storage.Values
	for v, n := range counts {
		values.Values = append(values.Values, storage.ValueCount{Value: v, Count: n})
	}
	return values, err
}

func (m *memory) Aggregate(_ context.Context, q storage.Aggregation) ([]storage.Group, error) {
	rows, err := m.matching(q.Window, q.Where)
	if err != nil {
		return nil, err
	}
	step, cells := q.StepNs, 1
	if step == 0 {
		step = q.Window.ToNs
	} else {
		cells = int((q.Window.ToNs - q.Window.FromNs + step - 1) / step)
	}
	index := map[[3]storage.Value]int{}
	var groups []storage.Group
	for _, row := range rows {
		var key [3]storage.Value
		for i, k := range q.By {
			key[i] = m.value(row, k)
		}
		at, ok := index[key]
		if !ok {
			at = len(groups)
			index[key] = at
			groups = append(groups, storage.Group{Values: slices.Clone(key[:len(q.By)]), Cells: make([]storage.Cell, cells)})
		}
		c := &groups[at].Cells[0]
		if q.StepNs > 0 {
			c = &groups[at].Cells[(m.spans.StartsNs[row]-q.Window.FromNs)/step]
		}
		c.Count++
		if q.Histogram {
			if c.Histogram == nil {
				c.Histogram = &storage.ExpHistogram{}
			}
			c.Histogram.Observe(float64(m.spans.DurationsNs[row]))
		}
	}
	return groups, nil
}

func (m *memory) Edges(_ context.Context, w storage.Window) ([]storage.Edge, error) {
	if m.err != nil {
		return nil, m.err
	}
	calls := map[[2]string]uint64{}
	s := m.spans
	for child := range s.Len() {
		caller, own := "", false // own: a span with the parent's id is of the child's service
		found := false
		for parent := range s.Len() {
			if s.TraceIDs[child] == s.TraceIDs[parent] && s.ParentIDs[child] == s.SpanIDs[parent] {
				own = own || s.Service(child) == s.Service(parent)
				caller, found = s.Service(parent), true
			}
		}
		if found && !own && w.Contains(s.StartsNs[child]) {
			calls[[2]string{caller, s.Service(child)}]++
		}
	}
	var edges []storage.Edge
	for pair, n := range calls {
		edges = append(edges, storage.Edge{Caller: pair[0], Callee: pair[1], Calls: n})
	}
	return edges, nil
}

var _ storage.SpanStore = (*memory)(nil)

func TestMemoryIsASpanStore(t *testing.T) {
	if n := memoryOf(shop()).spans.Len(); n == 0 {
		t.Fatal("the shop has no spans")
	}
}
