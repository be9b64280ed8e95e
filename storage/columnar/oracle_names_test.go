package columnar

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// TestKeysThatDifferInCase pins what DESIGN.md says of them, because it is up
// to the engines.
func TestKeysThatDifferInCase(t *testing.T) {
	storagetest.Long(t)
	o := diskOptions()
	o.FS, o.Dir, o.still = vfs.OS, t.TempDir(), true
	s := openDisk(t, o)
	for i, keys := range [][]string{{"userId"}, {"userid"}, {"userid", "userId"}} {
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, byte(i)})
		span.SetSpanID(pcommon.SpanID{2, byte(i)})
		span.SetStartTimestamp(pcommon.Timestamp(oddEpoch + int64(i)))
		for _, key := range keys {
			span.Attributes().PutStr(key, fmt.Sprint(key, " in ", i))
		}
		write(t, s, td)
		flushed{s}.flush()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	x := inspect(t, vfs.OS, o.Dir)
	defer x.Close()
	st, err := x.Stats(t.Context(), StatsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := fmt.Sprint(st.Notes); !strings.Contains(notes, "span.userId and span.userid") {
		t.Errorf("stats notes %s", notes)
	}

	files := o.Dir + "/data/default/spans/*/*/*.parquet"
	answers := duckDB.ask(t, []string{
		fmt.Sprintf(`SELECT start, "span.userid" FROM read_parquet('%s', union_by_name = true) ORDER BY start`, files),
		fmt.Sprintf(`SELECT start, "span.userId~2" FROM read_parquet('%s', union_by_name = true) ORDER BY start`, files),
	})
	for i, want := range []string{"[userId in 0 userid in 1 userid in 2]", "[<nil> <nil> userId in 2]"} {
		var got []any
		for _, row := range answers[i] {
			got = append(got, row[1])
		}
		if fmt.Sprint(got) != want {
			t.Errorf("statement %d: DuckDB reads %v, want %s", i, got, want)
		}
	}
}
