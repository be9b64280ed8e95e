package tempo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/ptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// FuzzRequest: whatever is asked, the answer is JSON, plain text with a code
// of the client's mistake, or that nothing is there.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][2]string{
		{"/api/traces/9", "start=1&end=2"},
		{"/api/traces/9", "q={}&keep_hierarchy=true&match_depth=2&ancestor_depth=-1"},
		{"/api/v2/traces/9", "q={kind=server}>>{}&span_pruning=1"},
		{"/api/v2/traces/fffffffffffffffffffffffffffffffff", ""},
		{"/api/search", "q={}&limit=1&spss=1&start=0&end=4294967295"},
		{"/api/search", "tags=a%3D%22b%22+c&minDuration=1ms&maxDuration=-1h"},
		{"/api/search/tags", "scope=span&limit=1"},
		{"/api/v2/search/tags", "q={.a=1%26%26&scope=none"},
		{"/api/search/tag/%2522%25/values", "start=5"},
		{"/api/v2/search/tag/resource.%2522a%2522/values", "q={"},
		{"/api/v2/search/tag/duration/values", "limit=99999"},
		{"/api/metrics/query_range", "q={}|rate()&start=1715947200&end=1715947260000&step=1m&exemplars=9"},
		{"/api/metrics/query_range", "q={}|compare({status=error})&since=5d&step=3600"},
		{"/api/metrics/query_range", "q={}|quantile_over_time(duration,.9)+with(extrapolate=true)&start=1715947200&end=1715947260&step=1s"},
		{"/api/metrics/query_range", "q={}|rate()&start=0&end=9223372036854775807&step=9223372036854775807ns"},
		{"/api/metrics/query", "q={}|max_over_time(duration)&end=2024-05-17T12:10:00Z"},
	} {
		f.Add(seed[0], seed[1])
	}
	h := newTestHandler(inMemory(f))
	f.Fuzz(func(t *testing.T, path, query string) {
		u, err := url.Parse("http://heddle" + path)
		if err != nil {
			return
		}
		u.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u})
		switch {
		case w.Code == http.StatusOK && w.Header().Get("Content-Type") == "application/json":
			if !json.Valid(w.Body.Bytes()) || !utf8.Valid(w.Body.Bytes()) {
				t.Fatalf("not JSON: %s", w.Body)
			}
		case w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzLogfmt: what is read is what was written, and always makes a query.
func FuzzLogfmt(f *testing.F) {
	for _, text := range []string{"a=b", `a="b c" d`, `"`, "=", "a=1 a=2", `a="\x00"`, "a\xff=\xfe", `error=true name=x status=ok`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := parseLogfmt(text)
		if err != nil {
			return
		}
		rebuilt := ""
		for key, value := range pairs {
			rebuilt += key + "=" + strconv.Quote(value) + " "
		}
		again, err := parseLogfmt(rebuilt)
		if err != nil || len(again) != len(pairs) {
			t.Fatalf("%q: %v %v, was %v", rebuilt, again, err, pairs)
		}
		for key, value := range pairs {
			if again[key] != value {
				t.Fatalf("%q: %v, was %v", rebuilt, again, pairs)
			}
		}
		if !utf8.ValidString(text) || len(text) > 10_000 {
			return
		}
		if _, err := traceql.Parse(queryOfTags(pairs)); err != nil {
			t.Fatalf("%q: %s: %v", text, queryOfTags(pairs), err)
		}
	})
}

// FuzzTraceJSON: whatever is stored, its JSON is protobuf's for the same spans.
func FuzzTraceJSON(f *testing.F) {
	m := ptrace.ProtoMarshaler{}
	body, err := m.MarshalTraces(shop())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
		if err != nil {
			return
		}
		store, err := columnar.Open(columnar.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		if outcome, err := store.Spans().WriteSpans(t.Context(), td); err != nil || outcome.Accepted == 0 {
			return
		}
		ids := map[storage.TraceID]bool{}
		for batch, err := range store.Spans().Scan(t.Context(), storage.Scan{Window: storage.AllTime()}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range batch.TraceIDs {
				ids[id] = true
			}
		}
		h := newTestHandler(store.Spans())
		for id := range ids {
			target := "/api/v2/traces/" + id.String()
			w := get(h, target)
			var fromJSON struct{ Trace json.RawMessage }
			if err := json.Unmarshal(w.Body.Bytes(), &fromJSON); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			var a, b tracepb.TracesData
			if err := protojson.Unmarshal(fromJSON.Trace, &a); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if err := proto.Unmarshal(traceField(t, get(h, target, "Accept", acceptProtobuf).Body.Bytes()), &b); err != nil {
				return // text that is no UTF-8, which Go's protobuf refuses
			}
			if x, y := countSpans(&a), countSpans(&b); x != y || x == 0 {
				t.Fatalf("%d spans in JSON, %d in protobuf", x, y)
			}
		}
	})
}

func countSpans(d *tracepb.TracesData) (n int) {
	for _, rs := range d.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			n += len(ss.Spans)
		}
	}
	return n
}

func BenchmarkSearch(b *testing.B) {
	h := newTestHandler(manyStore(b, 20_000))
	b.ReportAllocs()
	for b.Loop() {
		if w := get(h, "/api/search"+values("q", "{ span.n % 2 = 0 }", "limit", "20")); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

func BenchmarkQueryRange(b *testing.B) {
	h := newTestHandler(manyStore(b, 20_000))
	target := "/api/metrics/query_range" + values("q", "{ } | rate() by(name)", "start", seconds(0), "end", seconds(time.Minute), "step", "1s")
	b.ReportAllocs()
	for b.Loop() {
		if w := get(h, target); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkTrace writes a trace of 20,000 spans.
func BenchmarkTrace(b *testing.B) {
	s := many(20_000, "x")
	for i := range s.TraceIDs {
		s.TraceIDs[i] = storage.TraceID{15: 1}
		s.SpanIDs[i] = storage.SpanID{5: byte(i >> 16), 6: byte(i >> 8), 7: byte(i) | 1}
	}
	spans := storeOf(b, s)
	h := newTestHandler(spans)
	for name, accept := range map[string]string{"json": "application/json", "protobuf": acceptProtobuf} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := get(h, "/api/traces/1", "Accept", accept)
				b.SetBytes(int64(w.Body.Len()))
			}
		})
	}
}

func manyStore(t testing.TB, n int) storage.SpanReader { return storeOf(t, many(n, "x")) }

func storeOf(t testing.TB, s *storage.Spans) storage.SpanReader {
	t.Helper()
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	td, err := s.ToPdata(rows)
	if err != nil {
		t.Fatal(err)
	}
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	write(t, store, td)
	return store.Spans()
}
