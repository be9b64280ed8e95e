package tempo

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// tree is a trace whose span i has the name "op<i%5>" and the parent parents[i],
// none for -1. Spans start one after the other.
func tree(t testing.TB, parents []int) *trace.Trace {
	t.Helper()
	b := storage.NewSpansBuilder(len(parents))
	scope, resource := b.AddScope(storage.InstrumentationScope{}), b.AddResource(storage.Resource{})
	id := func(i int) storage.SpanID { return storage.SpanID{6: byte((i + 1) >> 8), 7: byte(i + 1)} }
	for i, parent := range parents {
		f := storage.SpanFields{
			TraceID: storage.TraceID{15: 1}, SpanID: id(i), Name: "op" + string(rune('0'+i%5)),
			StartNs: day.UnixNano() + int64(i)*1000, DurationNs: 1, Resource: resource, Scope: scope,
		}
		if parent >= 0 {
			f.ParentID = id(parent)
		}
		b.AddSpan(f)
	}
	return trace.Build(b.Spans())[0]
}

// The levels around the selected spans are those that walking from each of
// them finds.
func TestTraceFilterLevels(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		parents := make([]int, 1+rng.IntN(40))
		for i := range parents {
			parents[i] = rng.IntN(i+1) - 1
		}
		tr := tree(t, parents)
		q := url.Values{"q": {`{ name = "op3" }`}}
		up, down := 0, 0
		if rng.IntN(3) == 0 {
			q.Set("keep_hierarchy", "false")
		} else {
			if rng.IntN(2) == 0 { // which is the default
				q.Set("keep_hierarchy", "true")
			}
			up = rng.IntN(6) - 1
			q.Set("ancestor_depth", []string{"-1", "0", "1", "2", "3", "4"}[up+1])
			if up == -1 && rng.IntN(2) == 0 {
				q.Del("ancestor_depth")
			}
		}
		if rng.IntN(2) == 0 {
			down = rng.IntN(5) - 1
			q.Set("match_depth", []string{"-1", "0", "1", "2", "3"}[down+1])
		}
		f, err := parseTraceFilter(q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.wanted(tr)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]bool, tr.Len())
		var descend func(p, levels int)
		descend = func(p, levels int) {
			want[p] = true
			for c, parent := range tr.Parents {
				if int(parent) == p && levels != 0 {
					descend(c, levels-1)
				}
			}
		}
		for p, row := range tr.Rows {
			if tr.Spans.Name(int(row)) != "op3" {
				continue
			}
			descend(p, down)
			for a, levels := p, up; a >= 0; a, levels = int(tr.Parents[a]), levels-1 {
				want[a] = true
				if levels == 0 {
					break
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v of the trees %v:\ngot  %v\nwant %v", seed, q, parents, got, want)
		}
	}
}

// What is cut out of a trace is the same in both versions of the API and in
// both forms.
func TestTraceFilterInAllForms(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		for query, want := range map[string][]string{
			values("q", `{ name = "GET" }`):                                                                   {"GET /checkout", "call cart", "cart.Get", "GET"},
			values("q", `{ name = "GET" }`, "keep_hierarchy", "false"):                                        {"GET"},
			values("q", `{ name = "cart.Get" }`, "keep_hierarchy", "1", "start", "1", "mode", "all"):          {"GET /checkout", "call cart", "cart.Get"},
			values("q", `{ name = "GET" }`, "ancestor_depth", "1"):                                            {"cart.Get", "GET"},
			values("q", `{ kind = client }`, "match_depth", "1", "keep_hierarchy", "0"):                       {"call cart", "cart.Get", "GET"},
			values("q", `{ nestedSetParent < 0 }`, "match_depth", "-1", "keep_hierarchy", "false"):            {"GET /checkout", "call cart", "cart.Get", "GET"},
			values("q", `{ kind = server } >> { kind = client }`, "ancestor_depth", "0"):                      {"call cart", "GET"},
			values("q", `{ kind = server } | count() > 1 | { name = "cart.Get" }`, "ancestor_depth", "0"):     {"cart.Get"},
			values("q", `{ event.cache.key = "user:7" }`, "ancestor_depth", "0"):                              {"cart.Get"},
			values("q", `{ event.cache.key = "user:7" }`, "ancestor_depth", "0", "keep_hierarchy", "false"):   {"cart.Get"},
			values("q", `{ name = "nothing" }`, "keep_hierarchy", "true", "match_depth", "3"):                 nil,
			values("q", `{ resource.service.name = "cart" } | count() > 7`, "match_depth", "-1"):              nil,
			values("q", `{ } | by(resource.service.name) | select(name)`, "keep_hierarchy", "", "start", "7"): {"GET /checkout", "call cart", "cart.Get", "GET"},
			values("keep_hierarchy", "false", "match_depth", "0", "ancestor_depth", "0"):                      {"GET /checkout", "call cart", "cart.Get", "GET"},
			values("q", " ", "keep_hierarchy", "true"):                                                        {"GET /checkout", "call cart", "cart.Get", "GET"},
		} {
			var td struct {
				Batches []struct {
					ScopeSpans []struct{ Spans []struct{ Name string } }
				}
			}
			const id = "10000000000000001"
			body := get(h, "/api/traces/"+id+query)
			if err := json.Unmarshal(body.Body.Bytes(), &td); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range td.Batches {
				for _, ss := range b.ScopeSpans {
					for _, s := range ss.Spans {
						got = append(got, s.Name)
					}
				}
			}
			if body.Code != http.StatusOK || !slices.Equal(got, want) {
				t.Errorf("%s: %s: %d, spans %q, want %q", name, query, body.Code, got, want)
			}
			second := get(h, "/api/v2/traces/"+id+query)
			inner := strings.TrimSuffix(strings.TrimPrefix(second.Body.String(), `{"trace":{"resourceSpans":`), `},"metrics":{}}`)
			if bare := strings.TrimSuffix(strings.TrimPrefix(body.Body.String(), `{"batches":`), `}`); inner != bare {
				t.Errorf("%s: %s: the second version has\n%s\nthe first\n%s", name, query, inner, bare)
			}
			asProto := get(h, "/api/v2/traces/"+id+query, "Accept", acceptProtobuf)
			if n := protoSpans(t, traceField(t, asProto.Body.Bytes())); n != len(want) {
				t.Errorf("%s: %s: %d spans in protobuf", name, query, n)
			}
			if n := protoSpans(t, get(h, "/api/traces/"+id+query, "Accept", acceptProtobuf).Body.Bytes()); n != len(want) {
				t.Errorf("%s: %s: %d spans in protobuf of the first version", name, query, n)
			}
		}
		if w := get(h, "/api/traces/77"+values("q", "{ }")); w.Code != http.StatusNotFound {
			t.Errorf("a trace that is not stored: %d", w.Code)
		}
	}
}

func protoSpans(t *testing.T, body []byte) int {
	t.Helper()
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		t.Fatal(err)
	}
	return td.SpanCount()
}
