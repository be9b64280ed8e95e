package native

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tailTest is a tail whose clock and looks the test controls.
type tailTest struct {
	t     *testing.T
	api   *api
	ticks chan time.Time
	nowMs atomic.Int64 // since at
	lines *bufio.Scanner
	gone  context.CancelFunc
	ended chan struct{}
}

func startTail(t *testing.T, a *api, query string) *tailTest {
	t.Helper()
	x := &tailTest{t: t, api: a, ticks: make(chan time.Time), ended: make(chan struct{})}
	a.now = func() time.Time { return time.Unix(0, at+x.nowMs.Load()*1e6) }
	a.every = func(time.Duration) (<-chan time.Time, func()) { return x.ticks, func() {} }
	h := a.handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(x.ended)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	x.gone = cancel
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/heddle/v1/tail?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	x.lines = bufio.NewScanner(res.Body)
	if first := x.next(); first["type"] != "status" {
		t.Fatalf("%+v", first)
	}
	return x
}

// look lets the tail look again; it returns when that look has begun.
func (x *tailTest) look() { x.ticks <- time.Time{} }

func (x *tailTest) next() map[string]any {
	x.t.Helper()
	if !x.lines.Scan() {
		x.t.Fatalf("the tail ended: %v", x.lines.Err())
	}
	var e map[string]any
	if err := json.Unmarshal(x.lines.Bytes(), &e); err != nil {
		x.t.Fatalf("%s: %v", x.lines.Bytes(), err)
	}
	checkEvent(x.t, e)
	return e
}

func spanIDs(e map[string]any) (ids []string) {
	for _, s := range e["spans"].([]any) {
		span := s.(map[string]any)
		ids = append(ids, fmt.Sprint(span["traceId"].(string)[30:], ".", span["spanId"].(string)[14:], " ", span["service"]))
	}
	return ids
}

func TestTail(t *testing.T) {
	store := openStore(t)
	server := ptrace.SpanKindServer
	write(t, store, traces(spanSpec{1, 1, 0, "web", "GET /", server, 0, 5, false, nil}))
	a := newAPI(Options{Store: store})
	x := startTail(t, a, "service=web&rate=2")
	x.look() // the first look is over: what was there is no news
	write(t, store, traces(
		spanSpec{2, 1, 0, "web", "GET /", server, 100, 5, false, nil},
		spanSpec{2, 2, 1, "cart", "GET /", server, 101, 5, false, nil},
	))
	x.look()
	x.look()
	if e := x.next(); fmt.Sprint(spanIDs(e)) != "[02.01 web]" || e["matched"] != 1.0 || e["dropped"] != 0.0 {
		t.Fatalf("%+v", e)
	}
	// More than the rate: the newest are sent, the oldest first, the rest counted.
	var many []spanSpec
	for i := range byte(5) {
		many = append(many, spanSpec{3, i + 1, 0, "web", "GET /", server, 200 + int64(i), 5, i == 4, nil})
	}
	write(t, store, traces(many...))
	x.look()
	x.look()
	e := x.next()
	if fmt.Sprint(spanIDs(e)) != "[03.04 web 03.05 web]" || e["matched"] != 6.0 || e["dropped"] != 3.0 {
		t.Fatalf("%+v", e)
	}
	if spans := e["spans"].([]any); spans[1].(map[string]any)["error"] != true {
		t.Errorf("%+v", spans[1])
	}
	// A minute later nothing of that is looked at any more; a client that hears
	// nothing is told now and then that the tail goes on.
	x.nowMs.Store(70_000)
	for range tailHeartbeats {
		x.look()
	}
	if e := x.next(); e["type"] != "status" || e["matched"] != 6.0 {
		t.Fatalf("%+v", e)
	}
	x.gone()
	<-x.ended
	if len(a.tails) != 0 {
		t.Error("the tail still has its place")
	}
}

func TestTailOfAStructuralQuery(t *testing.T) {
	store := openStore(t)
	x := startTail(t, newAPI(Options{Store: store}), "q="+url.QueryEscape(`{ resource.service.name = "web" } > { }`))
	x.look()
	write(t, store, shopTraces())
	x.look()
	x.look()
	if e := x.next(); fmt.Sprint(spanIDs(e)) != "[01.02 web 01.03 cart 02.02 payment]" {
		t.Fatalf("%+v", e)
	}
}

func TestTailGoesOnFromSince(t *testing.T) {
	store := openStore(t)
	write(t, store, shopTraces())
	x := startTail(t, newAPI(Options{Store: store}), fmt.Sprintf("since=%d", at+int64(1e9)))
	if e := x.next(); fmt.Sprint(spanIDs(e)) != "[02.01 web 02.02 payment 03.02 cart]" {
		t.Fatalf("%+v", e)
	}
}

// A tail lasts, and tells its client when the server stops.
func TestTailEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds = 10 * 60 // a look each, many times what other requests may take
		stopped := make(chan struct{})
		a := newAPI(Options{Store: openStore(t), Stopped: stopped})
		time.AfterFunc(seconds*time.Second, func() { close(stopped) })
		rec := httptest.NewRecorder()
		a.handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/heddle/v1/tail", nil))
		list := events(t, rec.Body.Bytes())
		for _, e := range list {
			checkEvent(t, e)
		}
		if last := list[len(list)-1]; last["type"] != "end" || last["since"] == "" || len(list) < seconds/tailHeartbeats {
			t.Errorf("%d events, the last %+v", len(list), last)
		}
	})
}

func TestTailBounds(t *testing.T) {
	a := newAPI(Options{Store: openStore(t), MaxTails: 1})
	for _, query := range []string{"rate=0", "rate=5000", "lookback=1h", "lookback=x", "since=now", "q=%7B", "kind=x"} {
		if rec := get(a.handler(), "/heddle/v1/tail?"+query); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, rec.Code, rec.Body)
		}
	}
	a.tails <- struct{}{}
	if rec := get(a.handler(), "/heddle/v1/tail"); rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "1 live tails") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// What a tail keeps in mind for one look does not grow with what matches.
func TestTailDropsWhatIsTooMuch(t *testing.T) {
	store := openStore(t)
	write(t, store, manyTraces(rand.New(rand.NewPCG(4, 4)), 3000))
	a := newAPI(Options{Store: store})
	a.now = func() time.Time { return time.Unix(0, at+50e9) }
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/heddle/v1/tail?lookback=15m&rate=7&since=%d", at), nil)
	tail, err := a.tailRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	spans, err := tail.look(t.Context())
	if err != nil || len(spans) != 7 || tail.matched != tail.dropped+7 || tail.matched < 4000 {
		t.Errorf("%d spans, %d matched, %d dropped, %v", len(spans), tail.matched, tail.dropped, err)
	}
	if again, err := tail.look(t.Context()); err != nil || len(again) != 0 {
		t.Errorf("%d spans again, %v", len(again), err)
	}
}

// counting is a writer that knows nothing of flushing, as middleware has them.
type counting struct{ http.ResponseWriter }

func (c counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Events must come through writers that compress or count as they happen: the
// tail is still under way when the first is read.
func TestEventsComeThroughMiddleware(t *testing.T) {
	a := newAPI(Options{Store: openStore(t)})
	a.every = func(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }
	compressed := gzhttp.GzipHandler(a.handler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { compressed.ServeHTTP(counting{w}, r) }))
	defer server.Close()
	for _, encoding := range []string{"identity", "gzip"} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/heddle/v1/tail", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(res.Body)
		if res.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(res.Body); err != nil {
				t.Fatal(err)
			}
		}
		lines := bufio.NewScanner(body)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), `{"type":"status"`) {
			t.Errorf("%s: %q, %v", encoding, lines.Text(), lines.Err())
		}
		cancel()
		res.Body.Close()
	}
}
