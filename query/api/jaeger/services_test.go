package jaeger

import (
	"context"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/storage"
)

// oddNames has services under every name that a sender can give them: text, a
// number, nothing, no attribute.
func oddNames() ptrace.Traces {
	td := ptrace.NewTraces()
	for i, name := range []any{"42", int64(42), "", nil, "true"} {
		rs := td.ResourceSpans().AppendEmpty()
		if name != nil {
			_ = rs.Resource().Attributes().FromRaw(map[string]any{"service.name": name})
		}
		s := add(rs.ScopeSpans().AppendEmpty().Spans(), fields{trace: traceID(0, 1), id: spanID(byte(i + 1)), name: "op", kind: ptrace.SpanKind(i + 1)})
		if i > 0 {
			s.SetParentSpanID(spanID(byte(i)))
		}
	}
	return td
}

func TestOddServiceNames(t *testing.T) {
	for name, store := range stores(t, oddNames()) {
		h := NewHandler(Options{Spans: store, Now: now})
		for target, want := range map[string]string{
			"/api/services":                                      `["42","OTLPResourceNoServiceName","true"]`,
			"/api/services/42/operations":                        `["op"]`,
			"/api/services/OTLPResourceNoServiceName/operations": `["op"]`,
			"/api/services/nobody/operations":                    `[]`,
			"/api/operations?service=42":                         `[{"name":"op","spanKind":"internal"},{"name":"op","spanKind":"server"}]`,
			"/api/operations?service=42&spanKind=server":         `[{"name":"op","spanKind":"server"}]`,
			"/api/operations?service=42&spanKind=client":         `[]`,
			"/api/operations?service=42&spanKind=nonsense":       `[]`,
			"/api/operations?service=OTLPResourceNoServiceName":  `[{"name":"op","spanKind":"client"},{"name":"op","spanKind":"producer"}]`,
			"/api/operations?service=42&spanKind=unspecified":    `[]`,
		} {
			w := get(h, target)
			if got := dataOf(t, w.Body.Bytes()); w.Code != 200 || got != want {
				t.Errorf("%s %s: %d %s, want %s", name, target, w.Code, got, want)
			}
		}
		for _, service := range []string{"42", "OTLPResourceNoServiceName", "true"} {
			if found := decode(t, get(h, "/api/traces?service="+service).Body.Bytes()).Data; len(found) != 1 || len(found[0].Spans) != 5 {
				t.Errorf("%s: searching %s found %+v", name, service, found)
			}
		}
	}
}

func TestDependencies(t *testing.T) {
	for name, store := range stores(t, oddNames()) {
		h := NewHandler(Options{Spans: store, Now: now})
		const toNone, toTrue = `{"parent":"42","child":"OTLPResourceNoServiceName","callCount":1}`, `{"parent":"OTLPResourceNoServiceName","child":"true","callCount":1}`
		for query, want := range map[string]string{
			"":                     "[" + toNone + "," + toTrue + "]",
			"?service=42":          "[" + toNone + "]",
			"?service=true":        "[" + toTrue + "]",
			"?service=nobody":      "[]",
			"?endTs=1715947200000": "[" + toNone + "," + toTrue + "]", // the millisecond in which all start
			"?endTs=1715947199999": "[]",
			"?lookback=3600000":    "[" + toNone + "," + toTrue + "]",
			"?lookback=3599999":    "[]",
			"?lookback=-1":         "[]",
			"?endTs=9223372036854775807&lookback=9223372036854775807": "[" + toNone + "," + toTrue + "]",
		} {
			w := get(h, "/api/dependencies"+query)
			if got := dataOf(t, w.Body.Bytes()); w.Code != 200 || got != want {
				t.Errorf("%s %s: %d %s, want %s", name, query, w.Code, got, want)
			}
		}
	}
}

// Names that become one when they are shown are counted together.
func TestDependenciesMerge(t *testing.T) {
	got := shownEdges([]storage.Edge{
		{Caller: filter.NoServiceName, Callee: "b", Calls: 1}, {Caller: "a", Callee: "b", Calls: 2}, {Caller: "", Callee: "b", Calls: 4},
	}, "")
	if len(got) != 2 || got[0].Calls != 5 || got[1].Calls != 2 {
		t.Errorf("%+v", got)
	}
}

// manyNames has more names than a list may have.
type manyNames struct{ memory }

func (manyNames) Values(context.Context, storage.ValuesQuery) (storage.Values, error) {
	return storage.Values{More: true}, nil
}

func TestTooManyNames(t *testing.T) {
	h := NewHandler(Options{Spans: &manyNames{}})
	for _, target := range []string{"/api/services", "/api/services/a/operations"} {
		if w := get(h, target); w.Code != 400 || w.Body.String() != errorBody(400, "more than 100000 names: storage: too large") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
