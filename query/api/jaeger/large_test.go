package jaeger

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// wide is one trace of n mesh spans over 20 services: client and server
// alternate, ten attributes on each span.
func wide(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	var services []ptrace.SpanSlice
	for i := range 20 {
		services = append(services, service(td, fmt.Sprintf("service-%d", i), map[string]any{"host.name": fmt.Sprintf("node-%d", i%4), "k8s.namespace.name": "shop"}))
	}
	for i := range n {
		f := fields{trace: traceID(1, 1), id: numberedID(i + 1), name: fmt.Sprintf("GET /item/%d", i%50), kind: ptrace.SpanKindServer, from: time.Duration(i) * time.Microsecond}
		if i > 0 {
			f.parent = numberedID((i-1)/3 + 1)
		}
		if i%2 == 1 {
			f.kind = ptrace.SpanKindClient
		}
		f.to = time.Duration(2*n-i) * time.Microsecond // inside its parent
		s := add(services[i%20], f)
		for j := range 8 {
			s.Attributes().PutStr(fmt.Sprintf("attribute.%d", j), fmt.Sprintf("value-%d", (i+j)%30))
		}
		s.Attributes().PutInt("http.response.status_code", 200)
		s.Attributes().PutDouble("ratio", float64(i)/7)
	}
	return td
}

func numberedID(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// TestLargeTraces: shapes that cost the square of their size, were
// they handled carelessly, answer within the test's patience: one id for all,
// a chain, a client and a server for each id.
func TestLargeTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("writes some 100 MB of JSON")
	}
	const n = 100_000
	for shape, f := range map[string]func(i int) fields{
		"one id": func(int) fields { return fields{id: spanID(1), kind: ptrace.SpanKindServer} },
		"chain":  func(i int) fields { return fields{id: numberedID(i + 1), parent: numberedID(i)} },
		"shared": func(i int) fields {
			return fields{id: numberedID(i/2 + 1), parent: numberedID(i / 4), kind: ptrace.SpanKind(3 - i%2)}
		},
	} {
		td := ptrace.NewTraces()
		spans := service(td, "a", nil)
		for i := range n {
			f := f(i)
			f.trace, f.name, f.from, f.to = traceID(1, 1), "op", time.Duration(i)*time.Microsecond, time.Duration(i+10)*time.Microsecond
			add(spans, f)
		}
		w := get(newTestHandler(memoryOf(td)), "/api/traces/00000000000000010000000000000001")
		if got := strings.Count(w.Body.String(), `"spanID":"`) - strings.Count(w.Body.String(), `"refType"`); got != n {
			t.Errorf("%s: %d spans", shape, got)
		}
		if shape == "shared" {
			ids := map[string]bool{}
			for _, s := range decode(t, w.Body.Bytes()).Data[0].Spans {
				if ids[s.SpanID] {
					t.Fatalf("two spans are shown as %s", s.SpanID)
				}
				ids[s.SpanID] = true
			}
		}
	}
}

// Requests run beside writes and each other; a request whose client left
// stops.
func TestConcurrentAndCancelled(t *testing.T) {
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	h := NewHandler(Options{Spans: store.Spans(), Archive: store.Spans(), Now: now})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 5 {
				if _, err := store.Spans().WriteSpans(context.Background(), shop()); err != nil {
					t.Error(err)
				}
				for _, target := range []string{"/api/services", "/api/traces?service=cart", "/api/traces/2?raw=1", "/api/dependencies", "/api/metrics/errors?service=cart"} {
					if w := get(h, target); w.Code != http.StatusOK {
						t.Errorf("%s: %d %s", target, w.Code, w.Body)
					}
				}
			}
		})
	}
	wait.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/traces?service=cart", nil).WithContext(ctx))
	if w.Code != failure.ClientClosed {
		t.Errorf("cancelled: %d %s", w.Code, w.Body)
	}
}

// discard is a ResponseWriter that counts.
type discard struct {
	header http.Header
	n      int64
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { d.n += int64(len(b)); return len(b), nil }

// BenchmarkEncode writes a rebuilt trace as JSON.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{50, 10_000} {
		b.Run(fmt.Sprint(n, "spans"), func(b *testing.B) {
			traces := trace.Build(storage.SpansFromPdata(wide(n)))
			r := httptest.NewRequest(http.MethodGet, "/api/traces/1", nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.n = 0
				p := openTraces(w, r)
				p.add(traces, false)
				p.end(nil)
			}
			b.SetBytes(w.n)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/span")
		})
	}
}

// BenchmarkGetTrace is a whole request on the columnar store.
func BenchmarkGetTrace(b *testing.B) {
	for _, n := range []int{50, 10_000} {
		b.Run(fmt.Sprint(n, "spans"), func(b *testing.B) {
			h := NewHandler(Options{Spans: stores(b, wide(n))["columnar"]})
			r := httptest.NewRequest(http.MethodGet, "/api/traces/00000000000000010000000000000001", nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.n = 0
				h.ServeHTTP(w, r)
			}
			b.SetBytes(w.n)
		})
	}
}
