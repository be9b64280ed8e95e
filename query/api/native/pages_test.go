package native

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// backends are what the tests of answers over many traces run on.
func backends(t *testing.T) map[string]storage.Store {
	return map[string]storage.Store{"memory": openStore(t), "disk": openDisk(t)}
}

// manyTraces makes n traces over 100 s; some start together.
func manyTraces(rng *rand.Rand, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for range n {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[8:], rng.Uint64()|1)
		begin := at + int64(rng.IntN(200))*5e8
		for i := range 1 + rng.IntN(5) {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("s", rng.IntN(4)))
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
			if i > 0 {
				s.SetParentSpanID(pcommon.SpanID{7: byte(rng.IntN(i) + 1)})
			}
			s.SetKind(ptrace.SpanKind(rng.IntN(6)))
			s.SetName(fmt.Sprint("op", rng.IntN(3)))
			s.SetStartTimestamp(pcommon.Timestamp(begin + int64(i)*1e6))
			s.SetEndTimestamp(pcommon.Timestamp(begin + int64(i)*1e6 + rng.Int64N(1e9)))
			s.Attributes().PutInt("n", int64(rng.IntN(10)))
			if rng.IntN(6) == 0 {
				s.Status().SetCode(ptrace.StatusCodeError)
			}
		}
	}
	return td
}

// selections are parameters that select spans in different ways.
var selections = []string{
	"", "service=s1", "minDuration=500ms&status=error", "q=" + url.QueryEscape("{ span.n > 4 || name = \"op1\" }"),
	"service=s2&q=" + url.QueryEscape("{ name = \"op0\" } >> { }"),
}

func getJSON[T any](t *testing.T, h http.Handler, path string) (v T) {
	t.Helper()
	rec := get(h, "/heddle/v1"+path)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

var allTime = fmt.Sprintf("&start=%d&end=%d", at, at+int64(1e12))

func TestPagesVisitEveryTraceOnce(t *testing.T) {
	for name, store := range backends(t) {
		t.Run(name, func(t *testing.T) {
			write(t, store, manyTraces(rand.New(rand.NewPCG(1, 1)), 60))
			write(t, store, manyTraces(rand.New(rand.NewPCG(2, 2)), 60))
			h := NewHandler(Options{Store: store})
			for _, selected := range selections {
				all := getJSON[searchAnswer](t, h, "/traces?limit=1000&total=exact&"+selected+allTime)
				if all.More || len(all.Traces) == 0 || all.Total.Traces != len(all.Traces) || all.Total.Relation != "exact" {
					t.Fatalf("%s: %d traces, more %v, total %+v", selected, len(all.Traces), all.More, all.Total)
				}
				for _, sort := range []string{"recent", "longest", "shortest", "spans", "errors"} {
					seen := map[string]bool{}
					var last traceSummary
					first := "/traces?limit=13&sort=" + sort + "&" + selected
					path := first + allTime
					for {
						page := getJSON[searchAnswer](t, h, path)
						for i, tr := range page.Traces {
							if seen[tr.TraceID] {
								t.Fatalf("%s by %s: %s twice", selected, sort, tr.TraceID)
							}
							seen[tr.TraceID] = true
							if (i > 0 || len(seen) > 1) && !inOrder(sort, last, tr) {
								t.Fatalf("%s by %s: %+v stands before %+v", selected, sort, last, tr)
							}
							last = tr
						}
						if page.Total.Traces > len(all.Traces) || page.Total.Relation == "exact" && page.Total.Traces != len(all.Traces) {
							t.Fatalf("%s by %s: total %+v of %d", selected, sort, page.Total, len(all.Traces))
						}
						if !page.More {
							break
						}
						path = first + "&after=" + page.After // its window is the token's
					}
					if len(seen) != len(all.Traces) {
						t.Fatalf("%s by %s: %d traces of %d", selected, sort, len(seen), len(all.Traces))
					}
				}
			}
		})
	}
}

func inOrder(sort string, a, b traceSummary) bool {
	switch sort {
	case "recent":
		return a.NewestMatch >= b.NewestMatch // of equal length
	case "longest":
		return a.DurationNs >= b.DurationNs
	case "shortest":
		return a.DurationNs <= b.DurationNs
	case "spans":
		return a.Spans >= b.Spans
	}
	return a.Errors >= b.Errors
}

func TestTokensBelongToTheirSearch(t *testing.T) {
	store := openStore(t)
	write(t, store, shopTraces())
	h := NewHandler(Options{Store: store})
	after := getJSON[searchAnswer](t, h, "/traces?limit=1"+allTime).After
	if after == "" {
		t.Fatal("no token")
	}
	for _, path := range []string{
		"/traces?service=web&after=" + after, "/traces?sort=longest&after=" + after, "/traces?end=5&after=" + after,
		"/traces?after=" + after[1:], "/traces?after=" + strings.Repeat("A", len(after)),
	} {
		if rec := get(h, "/heddle/v1"+path); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	if rec := get(h, "/heddle/v1/traces?limit=2&total=exact&after="+after+allTime); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// Everything that is said of a selection adds up to its number of spans.
func TestAnswersAgree(t *testing.T) {
	for name, store := range backends(t) {
		t.Run(name, func(t *testing.T) {
			write(t, store, manyTraces(rand.New(rand.NewPCG(3, 3)), 100))
			h := NewHandler(Options{Store: store})
			for _, selected := range selections {
				list := getJSON[searchAnswer](t, h, "/traces?limit=1000&total=exact&"+selected+allTime)
				spans := uint64(0)
				for _, tr := range list.Traces {
					spans += uint64(tr.Matched)
				}
				if uint64(*list.Total.Spans) != spans {
					t.Errorf("%s: total %d, matched %d", selected, *list.Total.Spans, spans)
				}
				o := getJSON[overviewAnswer](t, h, "/overview?facet=resource.service.name&facet=span.n&values=3&"+selected+allTime)
				cells, failed := uint64(0), uint64(0)
				for i := range o.Heatmap.Spans {
					cells += uint64(o.Heatmap.Spans[i])
					failed += uint64(o.Heatmap.Errors[i])
				}
				if o.Spans != spans || cells != spans || failed != o.Errors {
					t.Errorf("%s: overview of %d spans, heatmap of %d, list of %d", selected, o.Spans, cells, spans)
				}
				for _, f := range o.Facets {
					sum := f.Other + f.Absent
					for _, v := range f.Values {
						sum += v.Spans
					}
					if sum != spans {
						t.Errorf("%s: facet %+v adds up to %d, want %d", selected, f.Key, sum, spans)
					}
				}
				rated := uint64(0)
				for _, g := range getJSON[ratesAnswer](t, h, "/rates?step=100s&"+selected+allTime).Groups {
					for _, n := range g.Cells.Spans {
						rated += n
					}
				}
				if rated != spans {
					t.Errorf("%s: rates of %d spans, want %d", selected, rated, spans)
				}
				if s := getJSON[structureAnswer](t, h, "/structure?limit=1000&"+selected+allTime); s.Traces != len(list.Traces) {
					t.Errorf("%s: structure of %d traces, want %d", selected, s.Traces, len(list.Traces))
				}
			}
		})
	}
}

func TestPartialAnswersSayWhy(t *testing.T) {
	store := openStore(t)
	write(t, store, manyTraces(rand.New(rand.NewPCG(3, 3)), 2000))
	h := NewHandler(Options{Store: store, MaxQuerySpans: 100})
	whole := "?q=" + url.QueryEscape("{ } >> { }") // only whole traces tell
	for _, path := range []string{"/traces" + whole + "&sort=longest", "/structure?limit=2000", "/overview" + whole, "/graph" + whole} {
		rec := get(h, "/heddle/v1"+path+allTime)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"partial":"`) {
			t.Errorf("%s: %d %.300s", path, rec.Code, rec.Body)
		}
	}
	if total := getJSON[searchAnswer](t, h, "/traces"+whole+"&sort=longest"+allTime).Total; total.Relation != "atLeast" {
		t.Errorf("%+v", total)
	}
	// A count that was cut short is no less than what the answer has.
	list := getJSON[searchAnswer](t, NewHandler(Options{Store: store, MaxQuerySpans: 700}), "/traces"+whole+"&limit=150&total=exact"+allTime)
	if list.Partial == "" || !list.More || list.Total.Relation != "atLeast" || list.Total.Traces < len(list.Traces)+1 {
		t.Errorf("%d traces, more %v, of %+v, %s", len(list.Traces), list.More, list.Total, list.Partial)
	}
}

// A name of a service that is no text is found by its text, as the list of
// services shows it.
func TestServicesThatAreNoText(t *testing.T) {
	store := openStore(t)
	td := traces(spanSpec{1, 1, 0, "5", "text", ptrace.SpanKindServer, 0, 1, false, nil}, spanSpec{2, 1, 0, "", "number", ptrace.SpanKindServer, 0, 1, false, nil}, spanSpec{3, 1, 0, "", "truth", ptrace.SpanKindServer, 0, 1, false, nil})
	td.ResourceSpans().At(1).Resource().Attributes().PutInt("service.name", 5)
	td.ResourceSpans().At(2).Resource().Attributes().PutBool("service.name", true)
	write(t, store, td)
	h := NewHandler(Options{Store: store})
	for _, s := range getJSON[struct{ Services []serviceCount }](t, h, "/services?"+allTime).Services {
		list := getJSON[searchAnswer](t, h, "/traces?service="+s.Name+allTime)
		operations := getJSON[struct{ Operations []operation }](t, h, "/operations?service="+s.Name+allTime).Operations
		if uint64(len(list.Traces)) != s.Spans || uint64(len(operations)) != s.Spans {
			t.Errorf("service %q has %d spans: %d traces, operations %v", s.Name, s.Spans, len(list.Traces), operations)
		}
	}
}

func TestTooManyQuestions(t *testing.T) {
	a := newAPI(Options{Store: openStore(t), MaxConcurrent: 1, QueryTimeout: 1}) // waits for 2 ns
	a.turns <- struct{}{}
	if rec := get(a.handler(), "/heddle/v1/overview"); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// events reads a stream of lines.
func events(t *testing.T, body []byte) (list []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(body) {
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, e)
	}
	return list
}

// checkEvent checks an event against its schema.
func checkEvent(t *testing.T, e map[string]any) {
	t.Helper()
	schema := map[any]string{
		"trace": "TraceEvent", "progress": "ProgressEvent", "error": "ErrorEvent", "status": "TailStatusEvent", "spans": "SpansEvent", "end": "EndEvent",
	}[e["type"]]
	if e["type"] == "end" && e["since"] != nil {
		schema = "TailEndEvent"
	}
	doc := document(t)
	for _, wrong := range mismatches(doc, field(doc, "components", "schemas", schema), e, schema) {
		t.Error(wrong)
	}
}

func TestSearchStream(t *testing.T) {
	store := openStore(t)
	write(t, store, manyTraces(rand.New(rand.NewPCG(3, 3)), 100))
	h := NewHandler(Options{Store: store})
	for _, sort := range []string{"recent", "longest"} {
		query := "?limit=30&sort=" + sort + allTime
		want := getJSON[searchAnswer](t, h, "/traces"+query)
		rec := get(h, "/heddle/v1/traces/stream"+query)
		if ct := rec.Header().Get("Content-Type"); rec.Code != http.StatusOK || ct != "application/x-ndjson" || !rec.Flushed {
			t.Fatalf("%d %s, flushed %v", rec.Code, ct, rec.Flushed)
		}
		var got []string
		list := events(t, rec.Body.Bytes())
		for _, e := range list {
			checkEvent(t, e)
			if e["type"] == "trace" {
				got = append(got, e["trace"].(map[string]any)["traceId"].(string))
			}
		}
		if !slices.EqualFunc(got, want.Traces, func(id string, s traceSummary) bool { return id == s.TraceID }) {
			t.Errorf("%d traces, want %d", len(got), len(want.Traces))
		}
		if last := list[len(list)-1]; last["type"] != "end" || last["after"] != want.After || last["more"] != true {
			t.Errorf("%+v", last)
		}
	}
	if rec := get(h, "/heddle/v1/traces/stream?limit=0"); rec.Code != http.StatusBadRequest {
		t.Errorf("%d", rec.Code)
	}
}

func TestServerSentEvents(t *testing.T) {
	store := openStore(t)
	write(t, store, shopTraces())
	r := httptest.NewRequest(http.MethodGet, "/heddle/v1/traces/stream?limit=1"+allTime, nil)
	r.Header.Set("Accept", "text/event-stream")
	rec := httptest.NewRecorder()
	NewHandler(Options{Store: store}).ServeHTTP(rec, r)
	if ct := rec.Header().Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %s", ct)
	}
	body := rec.Body.String()
	if !strings.HasPrefix(body, "event: trace\ndata: {\"type\":\"trace\",") || !strings.Contains(body, "}\n\nevent: end\ndata: {") || !strings.HasSuffix(body, "}\n\n") {
		t.Errorf("%s", body)
	}
}

// FuzzParameters asks everything with any parameters: answers are JSON or
// lines of it, and nothing is worse than a refusal.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{
		"q=%7B+name+%3D+%22GET+%2F%22+%7D&limit=3&sort=errors&total=exact", "facet=span.tenant&columns=7&rows=3&values=2",
		"selection=%7B+status+%3D+error+%7D&baseline=%7B+%7D&key=intrinsic.kind", "by=resource.service.name&by=intrinsic.status&step=10s&exemplars=2&groups=5",
		"a=1&b=2&nodes=3", "qa=%7B%7D&qb=%7B%7D&limit=2", "scope=any&key=tenant&prefix=b", "nodes=services&by=span.tenant", "start=-9223372036854775808&end=9223372036854775807",
		"after=AQ5KVEWyFt3yGNdbhCPzAAAY11xs-JgQAP_____6Ch8AAAAAAAAAAAAAAAAAAAAAAQAAAAI", "q=%7B+.a+%3D+1+%7D+%7C+by%28.b%29+%7C+count%28%29+%3E+1",
	} {
		f.Add(uint8(len(seed)), seed+"&start=1790000000000000000&end=1790001000000000000")
		f.Add(uint8(len(seed)+1), seed)
	}
	store := openStore(f)
	write(f, store, shopTraces())
	h := NewHandler(Options{Store: store})
	paths := []string{
		"/traces", "/traces/stream", "/overview", "/compare", "/rates", "/graph", "/structure", "/diff", "/values", "/keys",
		"/traces/1/flame", "/traces/1/criticalpath", "/traces/1/spans/1/usual", "/traces/2/skeleton",
	}
	f.Fuzz(func(t *testing.T, which uint8, query string) {
		if _, err := url.ParseQuery(query); err != nil {
			t.Skip("not a query string: the server refuses it before this handler")
		}
		path := paths[int(which)%len(paths)]
		r := httptest.NewRequest(http.MethodGet, "/heddle/v1"+path, nil)
		r.URL.RawQuery = query
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		switch rec.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		default:
			t.Fatalf("%s?%s: %d %s", path, query, rec.Code, rec.Body)
		}
		for line := range bytes.Lines(rec.Body.Bytes()) {
			if rec.Header().Get("Content-Type") != skeletonType && !json.Valid(line) {
				t.Fatalf("%s?%s: not JSON: %s", path, query, line)
			}
		}
	})
}
