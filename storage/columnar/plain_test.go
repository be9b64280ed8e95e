package columnar

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// TestQueriesOverRepeatedEntries asks about a column whose dictionary has
// stopped to intern, so that equal values have different codes.
func TestQueriesOverRepeatedEntries(t *testing.T) {
	const ids = 9000
	s := open(t, Options{})
	for range 2 {
		td := ptrace.NewTraces()
		spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for n := range ids {
			span := spans.AppendEmpty()
			span.SetTraceID(pcommon.TraceID{1, byte(n >> 8), byte(n)})
			span.SetSpanID(pcommon.SpanID{1})
			span.Attributes().PutStr("request.id", fmt.Sprintf("request-%05d", n))
		}
		write(t, s, td)
	}
	key := storage.Key{Scope: storage.ScopeSpan, Name: "request.id"}
	if d := s.spans.view()[0].table.attrs.columns[0].dict; !d.repeated || d.len() <= ids {
		t.Fatalf("the dictionary has %d entries, repeated %v: this test wants one that repeats", d.len(), d.repeated)
	}
	for _, n := range []int{0, 5000, 8999} {
		if found := scanned(t, s, storage.Compare{Key: key, Value: storage.String(fmt.Sprintf("request-%05d", n))}); found != 2 {
			t.Errorf("id %d is found %d times, want 2", n, found)
		}
	}
	values, err := s.Spans().Values(context.Background(), storage.ValuesQuery{Window: storage.AllTime(), Key: key, Limit: 2 * ids})
	if err != nil || len(values.Values) != ids || values.Values[0].Count != 2 || values.Values[ids-1].Count != 2 {
		t.Errorf("Values: %d of %d, %v", len(values.Values), ids, err)
	}
	groups, err := s.Spans().Aggregate(context.Background(), storage.Aggregation{Window: storage.AllTime(), By: []storage.Key{key}})
	if err != nil || len(groups) != ids || slices.ContainsFunc(groups, func(g storage.Group) bool { return g.Cells[0].Count != 2 }) {
		t.Errorf("Aggregate: %d groups of %d, %v", len(groups), ids, err)
	}
	rows := 0
	for b, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{key}}) {
		if err != nil {
			t.Fatal(err)
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(b.Columns[0].Dict)))
		if len(distinct) != len(b.Columns[0].Dict) {
			t.Errorf("Column.Dict has %d entries, %d of them distinct", len(b.Columns[0].Dict), len(distinct))
		}
		rows += b.Len()
	}
	if rows != 2*ids {
		t.Errorf("%d rows, want %d", rows, 2*ids)
	}
}
