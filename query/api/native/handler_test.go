package native

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json")

// at is the start of everything in these tests, as a query parameter.
const at = int64(1_790_000_000_000_000_000)

func openStore(t testing.TB) storage.Store {
	t.Helper()
	store, err := columnar.Open(columnar.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func write(t testing.TB, store storage.Store, td ptrace.Traces) {
	t.Helper()
	if outcome, err := store.Spans().WriteSpans(t.Context(), td); err != nil || outcome.RejectedCount() > 0 {
		t.Fatalf("write: %+v, %v", outcome, err)
	}
}

type spanSpec struct {
	trace, id, parent byte
	service, name     string
	kind              ptrace.SpanKind
	startMs, lengthMs int64
	failed            bool
	fill              func(ptrace.Span)
}

func traces(specs ...spanSpec) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, spec := range specs {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", spec.service)
		rs.Resource().Attributes().PutStr("host.name", "host-"+spec.service)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("shop")
		ss.Scope().SetVersion("1.2.3")
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{15: spec.trace})
		s.SetSpanID(pcommon.SpanID{7: spec.id})
		s.SetParentSpanID(pcommon.SpanID{7: spec.parent})
		s.SetName(spec.name)
		s.SetKind(spec.kind)
		s.SetStartTimestamp(pcommon.Timestamp(at + spec.startMs*1e6))
		s.SetEndTimestamp(pcommon.Timestamp(at + (spec.startMs+spec.lengthMs)*1e6))
		if spec.failed {
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("card declined")
		}
		if spec.fill != nil {
			spec.fill(s)
		}
	}
	return td
}

// shopTraces are the stored data of the golden tests.
func shopTraces() ptrace.Traces {
	return traces(
		spanSpec{1, 1, 0, "web", "GET /", ptrace.SpanKindServer, 0, 100, false, nil},
		spanSpec{1, 2, 1, "web", "call cart", ptrace.SpanKindClient, 5, 50, false, nil},
		spanSpec{1, 3, 2, "cart", "GET /cart", ptrace.SpanKindServer, 10, 30, false, func(s ptrace.Span) {
			s.Attributes().PutInt("http.response.status_code", 200)
			s.Attributes().PutStr("tenant", "blue")
		}},
		spanSpec{2, 1, 0, "web", "POST /pay", ptrace.SpanKindServer, 1000, 400, true, nil},
		spanSpec{2, 2, 1, "payment", "charge", ptrace.SpanKindServer, 1010, 300, true, everything},
		spanSpec{3, 2, 9, "cart", "GET /cart", ptrace.SpanKindServer, 2000, 7, false, func(s ptrace.Span) {
			s.Attributes().PutStr("http.response.status_code", "200")
		}},
	)
}

func everything(s ptrace.Span) {
	s.SetFlags(0x101)
	s.TraceState().FromRaw("th=8")
	s.SetDroppedAttributesCount(1)
	s.SetDroppedEventsCount(2)
	s.SetDroppedLinksCount(3)
	a := s.Attributes()
	a.PutStr("text", `quote " and <tag>`)
	a.PutInt("int", -5)
	a.PutInt("huge", 1<<60)
	a.PutDouble("float", 2.5)
	a.PutDouble("whole", 3)
	a.PutBool("bool", true)
	a.PutEmptyBytes("bytes").FromRaw([]byte{0, 255})
	a.PutEmpty("empty")
	list := a.PutEmptySlice("list")
	list.AppendEmpty().SetStr("a")
	list.AppendEmpty().SetInt(1)
	a.PutEmptyMap("map").PutStr("k", "v")
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(pcommon.Timestamp(at + 1_200_000_001))
	e.Attributes().PutStr("exception.type", "CardDeclined")
	l := s.Links().AppendEmpty()
	l.SetTraceID(pcommon.TraceID{15: 1})
	l.SetSpanID(pcommon.SpanID{7: 3})
	l.Attributes().PutStr("why", "retry")
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec
}

func TestAnswers(t *testing.T) {
	store := openStore(t)
	write(t, store, shopTraces())
	h := NewHandler(Options{Store: store, Version: "test"})
	window := fmt.Sprintf("start=%d&end=%d", at, at+int64(1e12))
	for _, c := range []struct{ name, path string }{
		{"services", "/services?" + window},
		{"services_half_open", fmt.Sprintf("/services?start=%d&end=%d", at, at+1_000_000_000)},
		{"operations", "/operations?service=web&" + window},
		{"operations_unknown_service", "/operations?service=nobody&" + window},
		{"operations_no_service", "/operations?" + window},
		{"keys", "/keys?" + window},
		{"values", "/values?scope=resource&key=service.name&" + window},
		{"values_typed", "/values?scope=span&key=http.response.status_code&" + window},
		{"values_limit", "/values?scope=resource&key=service.name&limit=1&" + window},
		{"values_bad_scope", "/values?scope=log&key=x&" + window},
		{"search_all", "/traces?" + window},
		{"search_service", "/traces?service=cart&" + window},
		{"search_operation_kind", "/traces?service=web&operation=call+cart&kind=client&" + window},
		{"search_one_span_must_match", "/traces?service=web&operation=charge&" + window},
		{"search_status", "/traces?status=error&" + window},
		{"search_tag_of_any_type", "/traces?tag=http.response.status_code%3D200&" + window},
		{"search_two_tags", "/traces?tag=http.response.status_code%3D200&tag=tenant%3Dblue&" + window},
		{"search_event_tag", "/traces?tag=exception.type%3DCardDeclined&" + window},
		{"search_duration", "/traces?minDuration=300ms&maxDuration=350ms&" + window},
		{"search_limit", "/traces?limit=1&" + window},
		{"search_sorted", "/traces?limit=2&sort=longest&" + window},
		{"search_nothing", "/traces?service=nobody&" + window},
		{"bad_limit", "/traces?limit=0&" + window},
		{"bad_sort", "/traces?sort=newest&" + window},
		{"bad_tag", "/traces?tag=error&" + window},
		{"bad_duration", "/traces?minDuration=5&" + window},
		{"bad_kind", "/traces?kind=SERVER&" + window},
		{"bad_start", "/traces?start=yesterday"},
		{"bad_window", "/traces?start=2&end=1"},
		{"spans", "/traces/2/spans?id=0000000000000002"},
		{"spans_orphan", "/traces/3/spans?id=2"},
		{"spans_unknown_id", "/traces/2/spans?id=ff"},
		{"spans_no_id", "/traces/2/spans"},
		{"spans_bad_id", "/traces/2/spans?id=xyz"},
		{"spans_no_trace", "/traces/ff/spans?id=1"},
		{"skeleton_bad_id", "/traces/nothex/skeleton"},
		{"unknown_path", "/nothing"},

		{"values_any_scope", "/values?key=service.name&" + window},
		{"values_event", "/values?scope=event&key=exception.type&" + window},
		{"values_of_selected", "/values?scope=resource&key=service.name&status=error&" + window},
		{"search_query", "/traces?q=" + url.QueryEscape(`{ resource.service.name = "cart" || span.float > 2 }`) + "&" + window},
		{"search_structure", "/traces?q=" + url.QueryEscape(`{ resource.service.name = "web" } >> { resource.service.name = "cart" }`) + "&" + window},
		{"search_query_and_form", "/traces?service=cart&q=" + url.QueryEscape(`{ duration > 10ms }`) + "&" + window},
		{"search_first_page", "/traces?limit=2&total=exact&" + window},
		{"search_by_errors", "/traces?limit=2&sort=errors&" + window},
		{"search_spans", "/traces?spans=1&status=error&" + window},
		{"search_spans_sorted", "/traces?spans=20&sort=longest&limit=1&status=error&" + window},
		{"graph_selected", "/graph?status=error&" + window},
		{"bad_query", "/traces?q=" + url.QueryEscape(`{ duration > }`) + "&" + window},
		{"bad_query_metrics", "/traces?q=" + url.QueryEscape(`{ } | rate()`) + "&" + window},
		{"bad_after", "/traces?after=xyz&" + window},
		{"bad_total", "/traces?total=all&" + window},
		{"overview", "/overview?columns=4&rows=4&" + window},
		{"overview_facets", "/overview?columns=0&values=1&facet=span.tenant&facet=span.http.response.status_code&facet=event.exception.type&" + window},
		{"overview_structure", "/overview?columns=2&rows=2&facet=resource.service.name&q=" + url.QueryEscape(`{ name = "POST /pay" } > { }`) + "&" + window},
		{"overview_bad_facet", "/overview?facet=service.name&" + window},
		{"compare", "/compare?limit=4&selection=" + url.QueryEscape(`{ resource.service.name = "web" }`) + "&" + window},
		{"compare_two", "/compare?key=intrinsic.name&selection=" + url.QueryEscape(`{ status = error }`) + "&baseline=" + url.QueryEscape(`{ status != error }`) + "&" + window},
		{"compare_since", fmt.Sprintf("/compare?key=intrinsic.name&selection=%s&selectionStart=%d&", url.QueryEscape(`{ }`), at+1_000_000_000) + window},
		{"compare_times", fmt.Sprintf("/compare?key=intrinsic.name&selection=%s&selectionStart=%d&baselineEnd=%d&", url.QueryEscape(`{ kind = server }`), at+1_000_000_000, at+1_000_000_000) + window},
		{"compare_overlap", fmt.Sprintf("/compare?selection=%s&selectionStart=%d&baselineEnd=%d&", url.QueryEscape(`{ }`), at+1_000_000_000, at+1_000_000_001) + window},
		{"compare_outside", fmt.Sprintf("/compare?selection=%s&selectionStart=%d&", url.QueryEscape(`{ }`), at+int64(1e12)) + window},
		{"compare_nothing", "/compare?" + window},
		{"rates", "/rates?" + window},
		{"rates_steps", "/rates?step=500s&by=resource.service.name&by=intrinsic.kind&exemplars=1&" + window},
		{"rates_bad_step", "/rates?step=1ns&" + window},
		{"graph", "/graph?" + window},
		{"graph_services", "/graph?nodes=services&" + window},
		{"structure", "/structure?" + window},
		{"structure_one", "/structure?limit=1&nodes=1&service=web&" + window},
		{"flame", "/traces/1/flame"},
		{"critical_path", "/traces/1/criticalpath"},
		{"diff", "/diff?a=1&b=2&" + window},
		{"diff_queries", "/diff?qa=" + url.QueryEscape(`{ status = error }`) + "&qb=" + url.QueryEscape(`{ name = "GET /" }`) + "&" + window},
		{"diff_one_side", "/diff?a=1&" + window},
		{"usual", "/traces/1/spans/3/usual"},
		{"usual_window", fmt.Sprintf("/traces/1/spans/3/usual?start=%d&end=%d", at, at+1_000_000_000)},
		{"usual_no_span", "/traces/1/spans/99/usual"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := get(h, "/heddle/v1"+c.path)
			if ct := rec.Header().Get("Content-Type"); ct != "application/json" {
				t.Errorf("content type %q", ct)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, rec.Body.Bytes(), "", "  "); err != nil {
				t.Fatalf("%v: %s", err, rec.Body)
			}
			got := fmt.Sprintf("GET %s\n%d\n%s\n", c.path, rec.Code, indented.String())
			file := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// A method that a path does not have is told from a path that is not there.
func TestMethods(t *testing.T) {
	h := NewHandler(Options{Store: openStore(t)})
	for _, c := range []struct {
		method, path string
		code         int
		allow        string
	}{
		{"POST", "/traces", http.StatusMethodNotAllowed, "GET, HEAD"},
		{"PUT", "/deletions", http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{"PATCH", "/traces/1", http.StatusMethodNotAllowed, "DELETE"},
		{"POST", "/nothing", http.StatusNotFound, ""},
		{"HEAD", "/status", http.StatusOK, ""},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(c.method, "/heddle/v1"+c.path, nil))
		if rec.Code != c.code || rec.Header().Get("Allow") != c.allow || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d, %v %s", c.method, c.path, rec.Code, rec.Header(), rec.Body)
		}
	}
}

func TestStatus(t *testing.T) {
	store := openStore(t)
	h := NewHandler(Options{Store: store, Version: "1.2.3"})
	if body := get(h, "/heddle/v1/status").Body.String(); !strings.Contains(body, `"version":"1.2.3","durable":false,"deletes":false,"spans":0`) || strings.Contains(body, "oldest") {
		t.Errorf("empty store: %s", body)
	}
	write(t, store, shopTraces())
	if body := get(h, "/heddle/v1/status").Body.String(); !strings.Contains(body, `"spans":6`) || !strings.Contains(body, fmt.Sprintf(`"oldestUnixNano":"%d"`, at)) {
		t.Errorf("with spans: %s", body)
	}
}

func TestTraceFromArchive(t *testing.T) {
	store, archive := openStore(t), openStore(t)
	write(t, archive, shopTraces())
	h := NewHandler(Options{Store: store, Archive: archive})
	rec := get(h, "/heddle/v1/traces/1/skeleton")
	if rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if header, _ := decodeSkeleton(t, rec.Body.Bytes()); header.Rows != 3 {
		t.Errorf("%d rows, want 3", header.Rows)
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("service=web&tag=a%3Db&minDuration=1ms&limit=3&sort=longest")
	f.Add("start=1&end=2&kind=server&status=ok")
	store := openStore(f)
	write(f, store, shopTraces())
	h := NewHandler(Options{Store: store})
	f.Fuzz(func(t *testing.T, query string) {
		if _, err := url.ParseQuery(query); err != nil {
			t.Skip("not a query string: the server refuses it before this handler")
		}
		r := httptest.NewRequest(http.MethodGet, "/heddle/v1/traces", nil)
		r.URL.RawQuery = query
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest {
			t.Fatalf("%q: %d %s", query, rec.Code, rec.Body)
		}
		if !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("%q: not JSON: %s", query, rec.Body)
		}
	})
}
