package columnar

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// shift moves all spans of td in time.
func shift(td ptrace.Traces, ns int64) ptrace.Traces {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				s.SetStartTimestamp(pcommon.Timestamp(int64(s.StartTimestamp()) + ns))
				s.SetEndTimestamp(pcommon.Timestamp(int64(s.EndTimestamp()) + ns))
			}
		}
	}
	return td
}

// TestIndexesAnswerLikeRows: what is answered from the indexes of parts is what
// the rows say, wherever the window begins and ends.
func TestIndexesAnswerLikeRows(t *testing.T) {
	storagetest.Long(t)
	ctx := context.Background()
	o := diskOptions()
	o.SealRows, o.GroupRows, o.PartRows = 600, 1000, 3000
	disk := openDisk(t, o)
	defer disk.Close()
	memory, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	rng := rand.New(rand.NewPCG(7, 7))
	for _, td := range newMesh().requests(16) {
		shift(td, rng.Int64N(900e9))
		for _, s := range []*Store{disk, memory} {
			if _, err := s.Spans().WriteSpans(ctx, td); err != nil {
				t.Fatal(err)
			}
		}
	}
	(flushed{disk}).flush()
	// Parts that are worth coarse tables: of few names, and of few minutes.
	for i, shape := range []struct{ names, seconds int64 }{{2, 900}, {200, 100}} {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "many")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for k := range int64(500) {
			s := spans.AppendEmpty()
			s.SetTraceID(pcommon.TraceID{15: byte(k), 14: byte(k >> 8), 1: byte(i + 1)})
			s.SetSpanID(pcommon.SpanID{7: 1})
			s.SetName(fmt.Sprint("op", rng.Int64N(shape.names)))
			s.SetKind(ptrace.SpanKind(2 + rng.IntN(2)))
			s.SetStartTimestamp(pcommon.Timestamp(memory.Stats().OldestSpanNs + rng.Int64N(shape.seconds*1e9)))
			s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(rng.Int64N(1e9)))
		}
		for _, s := range []*Store{disk, memory} {
			if _, err := s.Spans().WriteSpans(ctx, td); err != nil {
				t.Fatal(err)
			}
		}
		(flushed{disk}).flush()
	}
	have := map[sidecar.Coarse]int{}
	for _, p := range disk.disk.current.spans {
		index, _, err := p.openIndex()
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []sidecar.Coarse{sidecar.Unnamed, sidecar.Totals, sidecar.UnnamedTotals} {
			if red, err := index.CoarseRED(table); err != nil {
				t.Fatal(err)
			} else if red != nil {
				have[table]++
			}
		}
	}
	if len(have) < 3 {
		t.Fatalf("parts by coarse table: %v; all must be met", have)
	}
	st := memory.Stats()
	where := []storage.Predicate{
		nil,
		storage.Compare{Key: storage.KeyStatus, Op: storage.Equal, Value: storage.Int(2)},
		storage.Or{storage.Compare{Key: storage.KeyKind, Op: storage.NotEqual, Value: storage.Int(2)}, storage.Not{Of: storage.Exists{Key: storage.KeyService}}},
	}
	byAll := []storage.Key{storage.KeyService, storage.KeyName, storage.KeyKind, storage.KeyStatus}
	for i := range 120 {
		from := st.OldestSpanNs - 60e9 + rng.Int64N(900e9)
		w := storage.Window{FromNs: from, ToNs: from + rng.Int64N(600e9)}
		q := storage.Aggregation{Window: w, Where: where[i%3], By: chosen(rng, byAll), Measure: storage.KeyDuration, Histogram: i%2 == 0}
		if i%3 == 0 {
			w.FromNs -= w.FromNs % nsPerMinute
			q.Window.FromNs, q.StepNs = w.FromNs, nsPerMinute*(1+rng.Int64N(3))
			if q.Aligned = i%6 == 0; q.Aligned {
				q.Window.FromNs = from
			}
		}
		if i%5 == 1 {
			q.Window, q.StepNs, q.Aligned = storage.AllTime(), 0, false
		}
		got, err1 := disk.Spans().Aggregate(ctx, q)
		want, err2 := memory.Spans().Aggregate(ctx, q)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if g, w := describeGroups(got), describeGroups(want); !slices.Equal(g, w) {
			t.Fatalf("%+v:\ngot  %v\nwant %v", q, g, w)
		}
		if g, w := countOf(t, disk, q), countOf(t, memory, q); !maps.Equal(g, w) {
			t.Fatalf("tally of %+v:\ngot  %v\nwant %v", q, g, w)
		}
		edges1, err1 := disk.Spans().Edges(ctx, q.Window)
		edges2, err2 := memory.Spans().Edges(ctx, q.Window)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(edges1, edges2) {
			t.Fatalf("edges in %+v: %v, %v\ngot  %v\nwant %v", q.Window, err1, err2, edges1, edges2)
		}
		v := storage.ValuesQuery{Window: q.Window, Key: byAll[i%4], Where: q.Where, Limit: 1 + rng.IntN(100)}
		values1, err1 := disk.Spans().Values(ctx, v)
		values2, err2 := memory.Spans().Values(ctx, v)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(values1, values2) {
			t.Fatalf("%+v: %v, %v\ngot  %v\nwant %v", v, err1, err2, values1, values2)
		}
		keys1, err1 := disk.Spans().Keys(ctx, q.Window)
		keys2, err2 := memory.Spans().Keys(ctx, q.Window)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(keys1, keys2) {
			t.Fatalf("keys in %+v: %v, %v\ngot  %v\nwant %v", q.Window, err1, err2, keys1, keys2)
		}
	}
}

// chosen is some of a list, in its order.
func chosen[T any](rng *rand.Rand, from []T) (list []T) {
	for _, v := range from {
		if rng.IntN(2) == 0 {
			list = append(list, v)
		}
	}
	return list
}

// countOf counts what an aggregation aggregates, and an attribute.
func countOf(t *testing.T, s *Store, of storage.Aggregation) talliedValues {
	q := storage.Tally{
		Window: of.Window, Where: of.Where, Keys: append(of.By[:len(of.By):len(of.By)], storage.Key{Scope: storage.ScopeSpan, Name: "http.response.status_code"}),
		Marks: []storage.Predicate{storage.Compare{Key: storage.KeyStatus, Op: storage.Equal, Value: storage.Int(2)}},
	}
	all := talliedValues{}
	var mu sync.Mutex
	err := s.Spans().Tally(t.Context(), q, func() func(storage.TallyBatch) bool {
		return func(b storage.TallyBatch) bool {
			mu.Lock()
			defer mu.Unlock()
			groups := make([]uint32, b.Len())
			for i, marks := range b.Marks() {
				groups[i] = uint32(marks)*4 + uint32(b.StartsNs()[i]&1)*2 + uint32(b.DurationsNs()[i]&1)
			}
			b.Count(groups, 8, all.add)
			return true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func describeGroups(groups []storage.Group) (list []string) {
	for _, g := range groups {
		text := fmt.Sprint(g.Values)
		for _, c := range g.Cells {
			text += fmt.Sprintf(" %d %d %v %v %v", c.Count, c.Measured, c.Sum, c.Min, c.Max)
			if c.Histogram != nil {
				text += fmt.Sprintf(" %v", *c.Histogram)
			}
		}
		list = append(list, text)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(a, b) })
	return list
}

// A window that cuts minutes is looked at where it does, whatever the cells.
func TestREDQueryOfCutMinutes(t *testing.T) {
	const m = nsPerMinute
	q := storage.Aggregation{Window: storage.Window{FromNs: 10*m + 5, ToNs: 20*m + 7}, By: []storage.Key{storage.KeyService}, StepNs: 3 * m}
	if newREDQuery(q) != nil {
		t.Error("cells that begin inside of minutes are not sums of minutes")
	}
	q.Aligned = true
	red := newREDQuery(q)
	if red == nil || red.from != 11 || red.to != 20 {
		t.Fatalf("%+v", red)
	}
	want := []storage.Window{{FromNs: 10*m + 5, ToNs: 11 * m}, {FromNs: 20 * m, ToNs: 20*m + 7}}
	if left := red.left(); !slices.Equal(left, want) {
		t.Errorf("%v, want %v", left, want)
	}
	if q.FirstCellNs() != 9*m {
		t.Errorf("the first cell begins at %d", q.FirstCellNs())
	}
}
