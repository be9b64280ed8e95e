package columnar

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// designSQL are the statements in DESIGN.md, for the data in dir.
func designSQL(t *testing.T, dir string) (statements []string) {
	t.Helper()
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```sql\n")[1:] {
		sql, _, _ := strings.Cut(block, "```")
		statements = append(statements, strings.ReplaceAll(sql, "'data/", "'"+dir+"/data/"))
	}
	return statements
}

// TestDesignSQL runs the statements that DESIGN.md tells people to run in the
// data directory of a store. There are several parts; some traces are in two.
func TestDesignSQL(t *testing.T) {
	storagetest.Long(t)
	o := diskOptions()
	o.FS, o.Dir, o.still = vfs.OS, t.TempDir(), true
	s := openDisk(t, o)
	service := func(trace, i int) string { return fmt.Sprint("service-", (trace+i)%3) }
	const traces, length = 40, 5
	calls, spread, spans := map[string]int{}, map[string]int{}, map[string]int{}
	for half := range 2 {
		td := ptrace.NewTraces()
		for trace := range traces {
			for i := range length {
				late := trace%4 == 0 && i >= 3 // the end of the trace comes with another request
				if late != (half == 1) {
					continue
				}
				rs := td.ResourceSpans().AppendEmpty()
				rs.Resource().Attributes().PutStr("service.name", service(trace, i))
				if trace > traces/2 {
					rs.Resource().Attributes().PutStr("k8s.node.name", "node")
				}
				span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
				span.SetTraceID(pcommon.TraceID{1, byte(trace)})
				span.SetSpanID(pcommon.SpanID{2, byte(trace), byte(i)})
				span.SetName(fmt.Sprint("op-", i))
				span.SetStartTimestamp(pcommon.Timestamp(oddEpoch + int64(trace)*1000 + int64(i)))
				span.SetEndTimestamp(pcommon.Timestamp(oddEpoch + int64(trace)*1000 + int64(i) + int64(time.Millisecond)))
				span.Events().AppendEmpty().SetName("seen")
				spans[service(trace, i)]++
				if i > 0 {
					span.SetParentSpanID(pcommon.SpanID{2, byte(trace), byte(i - 1)})
					if trace%4 == 0 && i == 3 {
						spread["op-3 op-2"]++
					} else {
						calls[service(trace, i-1)+" "+service(trace, i)]++
					}
				}
			}
		}
		if out, err := s.Spans().WriteSpans(t.Context(), td); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		flushed{s}.flush()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	statements := designSQL(t, o.Dir)
	if len(statements) != 5 {
		t.Fatalf("DESIGN.md has %d statements", len(statements))
	}
	answers := duckDB.ask(t, statements)
	check := func(number, labels int, want map[string]int) {
		t.Helper()
		got := map[string]int{}
		for _, row := range answers[number] {
			var key []string
			for _, cell := range row[:labels] {
				key = append(key, fmt.Sprint(cell))
			}
			var n int
			if _, err := fmt.Sscan(fmt.Sprint(row[labels]), &n); err != nil {
				t.Fatalf("%v: %v", row, err)
			}
			got[strings.Join(key, " ")] += n
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("statement %d says %v, want %v", number, got, want)
		}
	}
	byService := map[string]int{}
	for _, row := range answers[0] {
		var n int
		_, _ = fmt.Sscan(fmt.Sprint(row[2]), &n)
		byService[fmt.Sprint(row[0])] += n
	}
	if fmt.Sprint(byService) != fmt.Sprint(spans) {
		t.Errorf("statement 0 says %v, want %v", byService, spans)
	}
	check(1, 1, map[string]int{"<nil>": length * (traces/2 + 1), "node": length * (traces/2 - 1)})
	check(2, 2, calls)
	check(3, 2, spread)
	check(4, 1, map[string]int{"seen": traces * length})
}
