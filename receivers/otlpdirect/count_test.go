package otlpdirect

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func sampleSpans(t testing.TB, n int) []byte {
	t.Helper()
	td := ptrace.NewTraces()
	for i := range n {
		if i%4 == 0 {
			td.ResourceSpans().AppendEmpty().Resource().Attributes().PutStr("service.name", "cart")
		}
		td.ResourceSpans().At(i / 4).ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("a")
	}
	b, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCountRecords(t *testing.T) {
	for _, n := range []int{0, 1, 9} {
		if got := countRecords(sampleSpans(t, n)); got != n {
			t.Errorf("%d, want %d", got, n)
		}
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 3 {
		records.AppendEmpty().Body().SetStr("a")
	}
	b, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
	if err != nil {
		t.Fatal(err)
	}
	if got := countRecords(b); got != 3 {
		t.Errorf("%d log records, want 3", got)
	}
}

// What pdata can read must be counted as pdata counts it; what it cannot read
// must do no harm.
func FuzzCountRecords(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(sampleSpans(f, 5))
	f.Add(sampleSpans(f, 5)[:20])
	f.Fuzz(func(t *testing.T, body []byte) {
		n := countRecords(body)
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(body); err == nil && r.Traces().SpanCount() != n {
			t.Errorf("%d, want %d", n, r.Traces().SpanCount())
		}
	})
}
