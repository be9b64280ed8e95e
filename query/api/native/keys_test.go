package native

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestValuesOfSeveralScopes: counts of a value that two scopes have are added,
// also beyond the limit, and where they may not be all the answer says so.
func TestValuesOfSeveralScopes(t *testing.T) {
	store := openStore(t)
	td := ptrace.NewTraces()
	add := func(resource, span string) {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("zone", resource)
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(td.SpanCount())})
		s.SetStartTimestamp(1e18)
		s.SetEndTimestamp(1e18 + 1)
		if span == "7" {
			s.Attributes().PutInt("zone", 7)
		} else {
			s.Attributes().PutStr("zone", span)
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"a", "b"}, {"c", "7"}, {"d", "c"}, {"d", "c"}, {"7", "e"}} {
		add(pair[0], pair[1])
	}
	write(t, store, td)
	h := NewHandler(Options{Store: store})
	if got := strings.TrimSpace(get(h, "/heddle/v1/values?start=999999999000000000&end=1000000001000000000&key=zone&limit=1").Body.String()); got != `{"values":[{"value":"c","spans":3}],"more":true}` {
		t.Error(got)
	}
	if got := get(h, "/heddle/v1/values?start=999999999000000000&end=1000000001000000000&key=zone").Body.String(); !strings.Contains(got, `{"value":"7","spans":2}`) || !strings.Contains(got, `"more":false`) {
		t.Error(got)
	}
	before := addedValues
	addedValues = 2
	defer func() { addedValues = before }()
	if got := get(h, "/heddle/v1/values?start=999999999000000000&end=1000000001000000000&key=zone").Body.String(); !strings.Contains(got, `"partial":"one scope has more than 2 values`) {
		t.Error(got)
	}
	if got := get(h, "/heddle/v1/values?start=999999999000000000&end=1000000001000000000&key=zone&scope=span").Body.String(); strings.Contains(got, "partial") || !strings.Contains(got, `"more":true`) {
		t.Error(got)
	}
}
