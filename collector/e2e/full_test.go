package e2e

import (
	"fmt"
	"testing"
)

// TestFullStore sends several times what a small store in memory holds: the oldest spans
// must give way, be counted, and be gone from every answer, the newest must be
// there, and the bound must hold.
func TestFullStore(t *testing.T) {
	t.Parallel()
	const traces, spansEach, bound = 400, 200, 2 << 20
	s := newServer(t, "--set", "extensions::heddle_storage::directory=''",
		"--set", "extensions::heddle_storage::memory::max_bytes=2MiB", "--set", "extensions::heddle_storage::seal::rows=1000")
	send := exports(s)["gRPC"]
	var ids []string
	for range traces {
		trace := largeTrace(spansEach)
		for i := range trace {
			trace[i].attributes = append(trace[i].attributes, [2]string{"unique", fmt.Sprintf("%x", randomBytes(16))})
		}
		expectTaken(t, send(t, exportRequest("full", trace...)).PartialSuccess().RejectedSpans())
		id := fmt.Sprintf("%x", trace[0].traceID)
		if !s.hasTrace(t, id) {
			t.Fatalf("trace %s was acknowledged and is not there", id)
		}
		ids = append(ids, id)
	}
	status, m := s.status(t), s.metrics(t)
	if status.EvictedSpans == 0 || status.Spans+status.EvictedSpans != traces*spansEach {
		t.Errorf("%d spans held and %d evicted of %d", status.Spans, status.EvictedSpans, traces*spansEach)
	}
	if status.Bytes > bound || m.sum("heddle_store_bytes", `store="main"`) > bound {
		t.Errorf("%d bytes held, the bound is %d", status.Bytes, bound)
	}
	if got := m.sum("heddle_spans_evicted_total", `store="main"`); got != float64(status.EvictedSpans) {
		t.Errorf("/metrics: %v spans evicted, the status says %d", got, status.EvictedSpans)
	}
	if s.hasTrace(t, ids[0]) || !s.hasTrace(t, ids[traces-1]) {
		t.Errorf("the oldest trace is there: %v, the newest: %v", s.hasTrace(t, ids[0]), s.hasTrace(t, ids[traces-1]))
	}
	var held int64
	for _, trace := range s.searchJaeger(t, "service", "full", "limit", traces) {
		held += int64(len(trace.Spans))
	}
	if held != status.Spans {
		t.Errorf("a search finds %d spans, the status says that %d are held", held, status.Spans)
	}
	s.expectPeakBelow(t, 300<<20)
}
