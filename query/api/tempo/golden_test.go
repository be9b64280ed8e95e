package tempo

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stores are what every answer is checked on: the store that ships, in memory
// and on disk, opened again so that all is read from files.
func stores(t testing.TB, td ptrace.Traces) map[string]storage.SpanReader {
	t.Helper()
	memory, err := columnar.Open(columnar.Options{SealRows: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = memory.Close() })
	write(t, memory, td)

	dir := t.TempDir()
	options := columnar.DiskOptions{Dir: dir}
	disk, err := columnar.OpenDisk(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	write(t, disk, td)
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	if disk, err = columnar.OpenDisk(context.Background(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return map[string]storage.SpanReader{"memory": memory.Spans(), "disk": disk.Spans()}
}

// write writes resource by resource, so that traces come in pieces.
func write(t testing.TB, store storage.Store, td ptrace.Traces) {
	t.Helper()
	for _, rs := range td.ResourceSpans().All() {
		piece := ptrace.NewTraces()
		rs.CopyTo(piece.ResourceSpans().AppendEmpty())
		outcome, err := store.Spans().WriteSpans(context.Background(), piece)
		if err != nil || outcome.RejectedCount() > 0 {
			t.Fatalf("write: %+v, %v", outcome, err)
		}
	}
}

func inMemory(t testing.TB) storage.SpanReader { return stores(t, shop())["memory"] }

func newTestHandler(spans storage.SpanReader) *Handler {
	return NewHandler(Options{Spans: spans, Version: "1.2.3", Now: now})
}

func get(h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// seconds is a time of the fixtures as clients send it.
func seconds(d time.Duration) string { return strconv.FormatInt(day.Add(d).Unix(), 10) }

func values(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

func TestGolden(t *testing.T) {
	window := []string{"start", seconds(-time.Minute), "end", seconds(10 * time.Minute)}
	withWindow := func(pairs ...string) string { return values(append(pairs, window...)...) }
	cases := map[string]string{
		"trace":               "/api/traces/00000000000000010000000000000001",
		"trace_shared":        "/api/traces/9",
		"trace_v2":            "/api/v2/traces/fe000000000000000000000000000002",
		"trace_v2_none":       "/api/v2/traces/77",
		"trace_filtered":      "/api/traces/9" + values("q", `{ name = "work" }`),
		"trace_v2_filtered":   "/api/v2/traces/fe000000000000000000000000000002" + values("q", `{ event.exception.type = "CardError" }`, "keep_hierarchy", "false"),
		"trace_v2_unmatched":  "/api/v2/traces/9" + values("q", "{ status = error }", "match_depth", "-1"),
		"search_all":          "/api/search" + withWindow("q", "{}"),
		"search_groups":       "/api/search" + withWindow("q", "{ kind = server } | by(resource.service.name) | select(status, duration, span.list)", "spss", "1"),
		"search_tags":         "/api/search" + withWindow("tags", `http.method=get service.name="FRONT"`),
		"search_none":         "/api/search" + withWindow("q", "{ .nothing = 1 }"),
		"tags":                "/api/search/tags",
		"tags_none":           "/api/search/tags?start=1&end=2",
		"tags_v2":             "/api/v2/search/tags",
		"tags_v2_filtered":    "/api/v2/search/tags" + values("q", "{ status = error && resource.x = }"),
		"tag_values":          "/api/search/tag/service.name/values",
		"tag_values_v2":       "/api/v2/search/tag/resource.service.name/values",
		"tag_values_types":    "/api/v2/search/tag/.http.status_code/values",
		"tag_values_kind":     "/api/v2/search/tag/kind/values",
		"query_range":         "/api/metrics/query_range" + values("q", "{ } | rate() by(resource.service.name)", "start", seconds(0), "end", seconds(3*time.Minute), "step", "60s", "exemplars", "0"),
		"query_range_plain":   "/api/metrics/query_range" + values("q", "{ } | count_over_time()", "start", seconds(0), "end", seconds(3*time.Minute), "step", "1m", "exemplars", "0"),
		"query_range_buckets": "/api/metrics/query_range" + values("q", "{ } | histogram_over_time(duration)", "start", seconds(0), "end", seconds(3*time.Minute), "step", "1m", "exemplars", "0"),
		"query_range_none":    "/api/metrics/query_range" + values("q", "{ .nothing = 1 } | rate() by(name)", "start", seconds(0), "end", seconds(time.Minute)),
		"query":               "/api/metrics/query" + values("q", "{ } | quantile_over_time(duration, .5, .9) by(status)", "start", seconds(0), "end", seconds(3*time.Minute)),
	}
	for name, spans := range stores(t, shop()) {
		for file, target := range cases {
			t.Run(file+"/"+name, func(t *testing.T) {
				w := get(newTestHandler(spans), target)
				if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
					t.Fatalf("%d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
				}
				if bytes.Contains(w.Body.Bytes(), []byte(`": `)) {
					t.Error("there are spaces")
				}
				var indented bytes.Buffer
				if err := json.Indent(&indented, withoutCost(w.Body.Bytes()), "", "  "); err != nil {
					t.Fatalf("not JSON: %v\n%s", err, w.Body)
				}
				golden(t, file+".json", append(indented.Bytes(), '\n'))
			})
		}
	}
}

var cost = regexp.MustCompile(`,?"inspected[A-Za-z]+":("[0-9]+"|[0-9]+)`)

// withoutCost leaves out what depends on how the store looks for an answer.
func withoutCost(b []byte) []byte {
	return bytes.ReplaceAll(cost.ReplaceAll(b, nil), []byte("{,"), []byte("{"))
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
