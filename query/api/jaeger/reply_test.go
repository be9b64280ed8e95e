package jaeger

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// dataOf returns the data of an envelope as it is.
func dataOf(t *testing.T, body []byte) string {
	t.Helper()
	var envelope struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return string(envelope.Data)
}

// hangUp is a client that leaves after a number of bytes.
type hangUp struct {
	http.ResponseWriter
	left, writes int
}

func (h *hangUp) Write(b []byte) (int, error) {
	h.writes++
	if h.left -= len(b); h.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(b), nil
}

// A long reply stops at the first write that fails.
func TestClientLeaves(t *testing.T) {
	h := newTestHandler(memoryOf(wide(2000)))
	for _, target := range []string{"/api/traces/00000000000000010000000000000001", "/api/traces?service=service-1"} {
		w := &hangUp{ResponseWriter: httptest.NewRecorder(), left: 3 * flushBytes}
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		if w.left >= 0 || w.writes > 5 {
			t.Errorf("%s: %d bytes left after %d writes", target, w.left, w.writes)
		}
	}
}

// A long reply is what a short one is, only sent in pieces; a next reply does
// not see the buffer of the one before.
func TestRepliesDoNotMix(t *testing.T) {
	h := newTestHandler(memoryOf(wide(500)))
	const long = "/api/traces/00000000000000010000000000000001"
	want := get(h, long).Body.String()
	for range 3 {
		if got := get(h, "/api/services?prettyPrint=true").Body.String(); strings.Contains(got, "spans") {
			t.Fatalf("services: %s", got)
		}
		if got := get(h, long).Body.String(); got != want {
			t.Fatal("a reply differs from the first")
		}
	}
	if found := decode(t, []byte(want)).Data; len(found) != 1 || len(found[0].Spans) != 500 || len(found[0].Processes) != 20 {
		t.Errorf("%d traces", len(found))
	}
}

func TestReusedTraceIDIsTold(t *testing.T) {
	td := ptrace.NewTraces()
	spans := service(td, "cron", nil)
	for i := range 3 {
		from := time.Duration(i) * 20 * time.Minute
		add(spans, fields{trace: traceID(0, 1), id: spanID(byte(i + 1)), name: "job", from: from, to: from + time.Second})
	}
	found := decode(t, get(newTestHandler(memoryOf(td)), "/api/traces/1").Body.Bytes()).Data
	if w := found[0].Warnings; len(w) != 1 || w[0] != "the trace id looks reused: 3 parts lie far apart in time" {
		t.Errorf("warnings %q", w)
	}
}

func TestHandlerNeedsSpans(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a handler without spans was made")
		}
	}()
	NewHandler(Options{})
}

func TestHead(t *testing.T) {
	if w := do(newTestHandler(memoryOf(shop())), http.MethodHead, "/api/services", ""); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
}
