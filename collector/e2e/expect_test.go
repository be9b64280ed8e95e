package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// expectTrace demands that both APIs show exactly the spans, in whatever order.
func (s *server) expectTrace(t *testing.T, traceID string, want []span) {
	t.Helper()
	byID := func(a, b span) int { return cmp.Compare(a.SpanID, b.SpanID) }
	want = slices.SortedFunc(slices.Values(want), byID)
	got := slices.SortedFunc(slices.Values(s.nativeTrace(t, traceID)), byID)
	same(t, "the native API", got, want)

	shown := s.jaegerTrace(t, traceID)
	slices.SortFunc(shown.Spans, func(a, b jaegerSpan) int { return cmp.Compare(a.SpanID, b.SpanID) })
	if shown.TraceID != shortTraceID(traceID) {
		t.Errorf("the Jaeger API calls trace %s %s", traceID, shown.TraceID)
	}
	if len(shown.Spans) != len(want) {
		t.Fatalf("the Jaeger API shows %d spans, want %d", len(shown.Spans), len(want))
	}
	for i, sp := range shown.Spans {
		wantSpan, wantProcess := jaegerOf(want[i])
		process := shown.Processes[sp.ProcessID]
		sp.ProcessID = ""
		sortTags(sp.Tags)
		sortTags(process.Tags)
		same(t, "the Jaeger API, span "+sp.OperationName, sp, wantSpan)
		same(t, "the Jaeger API, process of "+sp.OperationName, process, wantProcess)
	}
}

// same demands that two values are the same as JSON.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, w := lines(t, got), lines(t, want)
	if slices.Equal(g, w) {
		return
	}
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	around := func(l []string) string { return strings.Join(l[max(0, i-6):min(len(l), i+8)], "\n") }
	t.Errorf("%s differs in line %d\n--- got\n%s\n--- want\n%s", what, i+1, around(g), around(w))
}

func lines(t *testing.T, v any) []string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.Split(b.String(), "\n")
}

// shortTraceID is how Jaeger writes a trace id: without a high half of zeros.
func shortTraceID(id string) string {
	return strings.TrimPrefix(id, strings.Repeat("0", 16))
}

func sortTags(tags []jaegerTag) {
	slices.SortStableFunc(tags, func(a, b jaegerTag) int { return cmp.Compare(a.Key, b.Key) })
}

func mustJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}
