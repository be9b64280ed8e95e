package tempo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/storage"
)

func TestMistakesAreToldAsText(t *testing.T) {
	h := newTestHandler(inMemory(t))
	for target, want := range map[string]string{
		"/api/traces/xyz":                                                                   "must have only hex digits",
		"/api/traces/" + strings.Repeat("1", 33):                                            "1 to 32 hex digits",
		"/api/traces/1?start=yesterday":                                                     "invalid start",
		"/api/v2/traces/9?q={":                                                              "line 1, column",
		"/api/traces/9" + values("q", "{ } | rate()"):                                       "selects no spans of a trace",
		"/api/v2/traces/9?span_pruning=true":                                                "span_pruning: ",
		"/api/v2/traces/9?q={}&keepHierarchy=true":                                          "unknown parameter keepHierarchy",
		"/api/v2/traces/9?q={}&keep_hierarchy=maybe":                                        "must be true or false",
		"/api/v2/traces/9?q={}&match_depth=-2":                                              "or -1 for all",
		"/api/v2/traces/9?q={}&match_depth=all":                                             "or -1 for all",
		"/api/v2/traces/9?q={}&match_depth=5000000000":                                      "or -1 for all",
		"/api/v2/traces/9?q={}&keep_hierarchy=false&ancestor_depth=1":                       "leave one of them out",
		"/api/v2/traces/9?q={}&keep_hierarchy=0&ancestor_depth=-1":                          "leave one of them out",
		"/api/search?q={":                                                                   "line 1, column",
		"/api/search" + values("q", "{ } | rate()"):                                         "/api/metrics/query_range",
		"/api/search?q={}&tags=a=b":                                                         "can't specify tags and q",
		"/api/search" + values("tags", "a=1 a=2"):                                           "set twice",
		"/api/search" + values("tags", `a="x`):                                              "do not end",
		"/api/search" + values("tags", `"x"`):                                               "expected key=value",
		"/api/search" + values("tags", `a="x"b`):                                            "expected a space",
		`/api/search?limit=1&q=%zz`:                                                         "query string is malformed",
		`/api/search?q={name=%22a;b%22}`:                                                    "query string is malformed",
		"/api/v2/traces/9?start=1;q={}":                                                     "query string is malformed",
		"/api/v2/search/tag/a/values?q=%7B;&x=%7":                                           "query string is malformed",
		"/api/search?limit=0":                                                               "must be a positive number",
		"/api/search?limit=300000":                                                          "more than 262144",
		"/api/search?spss=-1":                                                               "must be a positive number",
		"/api/search?spss=101":                                                              "more than 100",
		"/api/search?start=5&end=4":                                                         "start must be before end",
		"/api/search?start=1.5":                                                             "must be Unix seconds",
		"/api/search?minDuration=5":                                                         "such as 150ms",
		"/api/search?minDuration=2s&maxDuration=1s":                                         "longer than",
		"/api/search?q=" + strings.Repeat("x", 129<<10):                                     "more than 131072",
		"/api/search/tags?scope=moon":                                                       "must be one of",
		"/api/v2/search/tags?limit=0":                                                       "positive",
		"/api/v2/search/tag/a/values?limit=x":                                               "positive",
		"/api/metrics/query_range":                                                          "missing query",
		"/api/metrics/query_range?q={}":                                                     "/api/search",
		"/api/metrics/query_range" + values("q", "{}|rate()", "start", "3", "end", "2"):     "start must be before end",
		"/api/metrics/query_range" + values("q", "{}|rate()", "step", "-1s"):                "such as 15s",
		"/api/metrics/query_range" + values("q", "{}|rate()", "step", "1s", "since", "24h"): "use a step of 8.64s or more",
		"/api/metrics/query_range" + values("q", "{}|rate()", "exemplars", "all"):           "must be a number",
		"/api/metrics/query" + values("q", "{}|rate()", "start", "last week"):               "RFC 3339",
	} {
		w := get(h, target)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%.80s: %d %s %q, want %q", target, w.Code, w.Header().Get("Content-Type"), w.Body, want)
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	h := newTestHandler(inMemory(t))
	for target, want := range map[string]string{
		"/ready": "ready\n", "/api/echo": "echo", "/status": "heddle 1.2.3\n", "/status/services": "query-frontend Running\n",
	} {
		if w := get(h, target); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %q", target, w.Code, w.Body)
		}
	}
	packed := httptest.NewRecorder()
	packed.Header().Set("Vary", "Accept-Encoding") // by who compresses
	h.ServeHTTP(packed, httptest.NewRequest(http.MethodGet, "/api/search", nil))
	if vary := packed.Header().Values("Vary"); !slices.Equal(vary, []string{"Accept-Encoding", "Accept"}) {
		t.Errorf("Vary: %q", vary)
	}
	if w := get(h, "/api/status/buildinfo"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"revision":"1.2.3","version":"2.9.0"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, target := range []string{"/", "/api/nothing", "/api/traces/", "/api/traces/1/2", "/api/search/tag//values", "/api/v2/search/tag/a"} {
		if w := get(h, target); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/search", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
	// Grafana goes from the second version to the first on 404, and tells that
	// a trace does not exist by an empty body.
	if w := get(h, "/api/traces/abc"); w.Code != http.StatusNotFound || w.Body.Len() != 0 {
		t.Errorf("a trace that is not stored: %d %q", w.Code, w.Body)
	}
}

// failing is a store of which every call fails.
type failing struct{ err error }

func (f failing) Traces(context.Context, []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) { yield(nil, f.err) }
}

func (f failing) Scan(context.Context, storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) { yield(nil, f.err) }
}

func (f failing) Aggregate(context.Context, storage.Aggregation) ([]storage.Group, error) {
	return nil, f.err
}

func (f failing) Keys(context.Context, storage.Window) ([]storage.KeyInfo, error) { return nil, f.err }

func (f failing) Values(context.Context, storage.ValuesQuery) (storage.Values, error) {
	return storage.Values{}, f.err
}

func (f failing) Edges(context.Context, storage.Window) ([]storage.Edge, error) { return nil, f.err }

func (f failing) ReadTraces(context.Context, storage.TraceScan) (storage.TraceReading, error) {
	return nil, f.err
}

func (f failing) Tally(context.Context, storage.Tally, func() func(storage.TallyBatch) bool) error {
	return f.err
}

func TestFailuresOfTheStore(t *testing.T) {
	for err, code := range map[error]int{
		context.Canceled:                           failure.ClientClosed,
		context.DeadlineExceeded:                   http.StatusGatewayTimeout,
		fmt.Errorf("x: %w", storage.ErrOverloaded): http.StatusServiceUnavailable,
		storage.ErrClosed:                          http.StatusServiceUnavailable,
		storage.ErrTooLarge:                        http.StatusBadRequest,
		errors.ErrUnsupported:                      http.StatusNotImplemented,
		errors.New("disk gone"):                    http.StatusInternalServerError,
	} {
		h := newTestHandler(failing{err})
		message := err.Error()
		if code == http.StatusGatewayTimeout {
			message = "the query took too long: ask for a shorter time"
		}
		for _, target := range []string{
			"/api/traces/1", "/api/v2/traces/1", "/api/search", "/api/search/tags", "/api/v2/search/tags", "/api/search/tag/a/values",
			"/api/v2/search/tag/a/values", "/api/metrics/query_range" + values("q", "{}|rate()"), "/api/metrics/query" + values("q", "{}|rate()"),
		} {
			if w := get(h, target); w.Code != code || !strings.Contains(w.Body.String(), message) {
				t.Errorf("%v: %s: %d %s", err, target, w.Code, w.Body)
			}
		}
	}
}

// A query that would cost too much answers with what it has and says so.
func TestPartialAnswers(t *testing.T) {
	s := many(3000, "x")
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	td, err := s.ToPdata(rows)
	if err != nil {
		t.Fatal(err)
	}
	h := NewHandler(Options{Spans: stores(t, td)["memory"], MaxSpans: 100, Now: now})
	for _, target := range []string{
		"/api/search" + values("q", "{ } | count() > 1"),
		"/api/metrics/query_range" + values("q", "{ } | count() > 0 | rate()", "start", seconds(0), "end", seconds(time.Hour)),
		"/api/metrics/query" + values("q", "{ } | count() > 0 | rate()", "start", seconds(0), "end", seconds(time.Hour)),
	} {
		w := get(h, target)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"status":"PARTIAL","message":"more than 100 spans had to be inspected`) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	w := get(h, "/api/v2/search/tag/span.n/values?limit=3")
	if !strings.Contains(w.Body.String(), `"status":"PARTIAL","message":"there are more than 3 values`) {
		t.Errorf("%s", w.Body)
	}
	h = newTestHandler(inMemory(t))
	w = get(h, "/api/search/tags?limit=2")
	if !strings.Contains(w.Body.String(), "raise limit") {
		t.Errorf("%s", w.Body)
	}
}

// full is a store that has more values than it can count.
type full struct{ storage.SpanReader }

func (full) Values(context.Context, storage.ValuesQuery) (storage.Values, error) {
	return storage.Values{Values: []storage.ValueCount{{Value: storage.String("a"), Count: 2}}, More: true, Cut: true}, nil
}

func TestTooManyValuesToCount(t *testing.T) {
	w := get(newTestHandler(full{inMemory(t)}), "/api/v2/search/tag/span.n/values")
	if !strings.Contains(w.Body.String(), `"value":"a"`) || !strings.Contains(w.Body.String(), `"status":"PARTIAL","message":"there are too many values to count them all`) {
		t.Errorf("%s", w.Body)
	}
}

// waiting is a store whose answers never come.
type waiting struct{ failing }

func (waiting) Traces(ctx context.Context, _ []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) { <-ctx.Done(); yield(nil, ctx.Err()) }
}

func (waiting) Scan(ctx context.Context, _ storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) { <-ctx.Done(); yield(nil, ctx.Err()) }
}

func (waiting) Aggregate(ctx context.Context, _ storage.Aggregation) ([]storage.Group, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (waiting) Tally(ctx context.Context, _ storage.Tally, _ func() func(storage.TallyBatch) bool) error {
	<-ctx.Done()
	return ctx.Err()
}

func (waiting) Values(ctx context.Context, _ storage.ValuesQuery) (storage.Values, error) {
	<-ctx.Done()
	return storage.Values{}, ctx.Err()
}

// A query ends when its client leaves, and when its time is over.
func TestQueriesEnd(t *testing.T) {
	for target, cuts := range map[string]bool{
		"/api/traces/1": false, "/api/search": true, "/api/v2/search/tag/a/values": false,
		"/api/metrics/query_range" + values("q", "{}|rate()"):            false,
		"/api/metrics/query" + values("q", "{ } | count() > 1 | rate()"): true,
		"/api/metrics/query" + values("q", "{ } | compare({ .a = 1 })"):  true,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		w := httptest.NewRecorder()
		NewHandler(Options{Spans: waiting{}, Now: now}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil).WithContext(ctx))
		if w.Code != failure.ClientClosed {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		// What can be cut short is, a little before the time is over.
		w = get(NewHandler(Options{Spans: waiting{}, Timeout: time.Millisecond, Now: now}), target)
		late := w.Code == http.StatusGatewayTimeout && strings.Contains(w.Body.String(), "ask for a shorter time")
		if cut := strings.Contains(w.Body.String(), `"PARTIAL"`) && w.Code == http.StatusOK; !late && !(cut && cuts) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// A trace that was kept is found when the store has given it up.
func TestArchivedTraces(t *testing.T) {
	empty := stores(t, ptrace.NewTraces())["memory"]
	h := NewHandler(Options{Spans: empty, Archive: inMemory(t), Now: now})
	if w := get(h, "/api/traces/9"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "ingress") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(h, "/api/traces/8"); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
