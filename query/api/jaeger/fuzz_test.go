package jaeger

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// FuzzSearchParams: whatever is asked, the answer is an envelope, with 200 or
// 400.
func FuzzSearchParams(f *testing.F) {
	h := newTestHandler(memoryOf(shop()))
	for _, seed := range []string{
		"service=cart&tag=error:true&tag=a", `service=cart&tags={"a":"b"}`, "traceID=1&traceID=zz", "service=a&limit=-1", "service=a&raw=1",
		"service=a&start=-9223372036854775808&end=9223372036854775807", "service=cart&minDuration=1ms&maxDuration=-1h", "service=%00&operation=%ff", "a;b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/api/traces", RawQuery: query}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code == 200 {
			decode(t, w.Body.Bytes())
		}
	})
}

// FuzzV1Params: the other routes of v1, too, answer whatever they are asked.
func FuzzV1Params(f *testing.F) {
	h := NewHandler(Options{Spans: stores(f, shop())["columnar"], Archive: &memory{}, Now: now})
	for _, seed := range []string{
		"service=cart&spanKind=server", "endTs=1715947800000&lookback=600000&service=cart", "quantile=0.95&service=cart&step=1&ratePer=-1", "endTs=9223372036854775807&lookback=-1",
		"service=cart&service=a&quantile=NaN&groupByOperation=true&spanKind=client&step=60000&lookback=600000", "start=x&end=1&raw=2", "prettyPrint=1", "service=%ff&step=0", "a;b",
	} {
		f.Add("cart", seed)
	}
	f.Fuzz(func(t *testing.T, item, query string) {
		for _, path := range []string{
			"services", "services/" + url.PathEscape(item) + "/operations", "operations", "traces/" + url.PathEscape(item), "dependencies",
			"metrics/calls", "metrics/errors", "metrics/latencies", "metrics/minstep", url.PathEscape(item),
		} {
			answersOrRefuses(t, h, http.MethodGet, path, query)
		}
		answersOrRefuses(t, h, http.MethodPost, "archive/"+url.PathEscape(item), query)
	})
}

func answersOrRefuses(t *testing.T, h http.Handler, method, escaped, query string) {
	t.Helper()
	path, err := url.PathUnescape("/api/" + escaped)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: &url.URL{Path: path, RawPath: "/api/" + escaped, RawQuery: query}, Header: http.Header{}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 && (w.Code < 400 || w.Code >= 500) || !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%s %s?%s: %d %s", method, escaped, query, w.Code, w.Body)
	}
}

// FuzzTransform: whatever is uploaded, the answer is an envelope; of valid
// OTLP it holds every span.
func FuzzTransform(f *testing.F) {
	for _, td := range []ptrace.Traces{shop(), broken()} {
		body, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body))
	}
	for _, seed := range []string{"", "{}", "[]", "null", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"18446744073709551615"}]}]}]}`} {
		f.Add(seed)
	}
	h := newTestHandler(memoryOf(shop()))
	f.Fuzz(func(t *testing.T, body string) {
		w := do(h, http.MethodPost, "/api/transform", body)
		if w.Code != 200 && w.Code != 400 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code != 200 {
			return
		}
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		spans := 0
		for _, trace := range decode(t, w.Body.Bytes()).Data {
			spans += len(trace.Spans)
			for _, s := range trace.Spans {
				if _, ok := trace.Processes[s.ProcessID]; !ok {
					t.Fatalf("span %s has no process", s.SpanID)
				}
			}
		}
		if spans != td.SpanCount() {
			t.Fatalf("%d spans of %d", spans, td.SpanCount())
		}
	})
}

func TestTransformLimits(t *testing.T) {
	h := NewHandler(Options{Spans: memoryOf(shop()), MaxBodyBytes: 100})
	for body, want := range map[string]struct {
		code int
		msg  string
	}{
		strings.Repeat(" ", 101): {413, "http: request body too large"},
		"{":                      {400, "cannot unmarshal OTLP: "},
		`{"resourceSpans":1}`:    {400, "cannot unmarshal OTLP: "},
	} {
		w := do(h, http.MethodPost, "/api/transform", body)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.msg) {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	if w := do(h, http.MethodPost, "/api/transform", "{}"); w.Body.String() != `{"data":[],"total":0,"limit":0,"offset":0,"errors":null}` {
		t.Errorf("empty: %s", w.Body)
	}
}
