package jaeger

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// now is an hour after the day of the fixtures began.
func now() time.Time { return day.Add(time.Hour) }

func newTestHandler(store *memory) *Handler { return NewHandler(Options{Spans: store, Now: now}) }

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, target, "")
}

func do(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

func TestGolden(t *testing.T) {
	all := ptrace.NewTraces()
	shop().ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	broken().ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	on := stores(t, all)
	otlp, err := (&ptrace.JSONMarshaler{}).MarshalTraces(shop())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, method, target, body string }{
		{"services", "GET", "/api/services", ""},
		{"operation_names", "GET", "/api/services/frontend/operations", ""},
		{"operations", "GET", "/api/operations?service=frontend", ""},
		{"trace", "GET", "/api/traces/00000000000000010000000000000001", ""},
		{"trace_broken", "GET", "/api/traces/0000000000000009", ""},
		{"trace_broken_raw", "GET", "/api/traces/9?raw=true", ""},
		{"search", "GET", "/api/traces?service=payment", ""},
		{"search_ids", "GET", "/api/traces?traceID=2&traceID=77&traceID=00000000000000010000000000000001", ""},
		{"dependencies", "GET", "/api/dependencies", ""},
		{"transform", "POST", "/api/transform", string(otlp)},
		{"metrics_calls", "GET", "/api/metrics/calls?service=frontend&service=cart&lookback=180000&step=60000&ratePer=120000&endTs=1715947320000", ""},
		{"metrics_latencies", "GET", "/api/metrics/latencies?quantile=0.95&service=frontend&groupByOperation=true&spanKind=server&spanKind=client&lookback=180000&step=60000&ratePer=120000&endTs=1715947320000", ""},
		{"metrics_errors", "GET", "/api/metrics/errors?service=payment&spanKind=consumer&lookback=600000&step=150000&ratePer=300000&endTs=1715947800000", ""},
		{"metrics_none", "GET", "/api/metrics/calls?service=nobody", ""},
		{"minstep", "GET", "/api/metrics/minstep", ""},
		{"v3_services", "GET", "/api/v3/services", ""},
		{"v3_operations", "GET", "/api/v3/operations?service=" + filter.NoServiceName, ""},
		{"v3_operations_kind", "GET", "/api/v3/operations?service=frontend&span_kind=server", ""},
		{"v3_trace", "GET", "/api/v3/traces/2?startTime=2024-05-17T12:00:00Z&end_time=2024-05-17T13:00:00Z", ""},
		{"v3_trace_broken", "GET", "/api/v3/traces/9", ""},
		{"v3_trace_broken_raw", "GET", "/api/v3/traces/9?raw_traces=true", ""},
		{"v3_search", "GET", "/api/v3/traces?query.serviceName=payment&query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z", ""},
		{"v3_summaries", "GET", "/api/v3/trace-summaries?query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z", ""},
		{"v3_summaries_none", "GET", "/api/v3/trace-summaries?query.serviceName=nobody&query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z", ""},
		{"v3_spans", "GET", "/api/v3/spans?query.pagination.pageSize=2&" + times + "&query.filter=" + url.QueryEscape(cartOr), ""},
		{"v3_spans_none", "GET", "/api/v3/spans?" + times + "&query.filter=" + url.QueryEscape(mixed), ""},
		{"v3_dependencies", "GET", "/api/v3/dependencies?startTime=2024-05-17T12:00:00Z&endTime=2024-05-17T13:00:00Z", ""},
		{"v3_capabilities", "GET", "/api/v3/capabilities", ""},
	} {
		for name, store := range on {
			t.Run(c.file+"/"+name, func(t *testing.T) {
				w := do(NewHandler(Options{Spans: store, Now: now}), c.method, c.target, c.body)
				if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
					t.Fatalf("%d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
				}
				var indented bytes.Buffer
				if err := json.Indent(&indented, w.Body.Bytes(), "", "  "); err != nil {
					t.Fatalf("not JSON: %v\n%s", err, w.Body)
				}
				golden(t, c.file+".json", append(indented.Bytes(), '\n'))
			})
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s:\n%s", path, got)
	}
}
