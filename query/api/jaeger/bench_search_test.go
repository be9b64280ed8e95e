package jaeger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkSearch searches 100,000 spans in 5,000 traces on the columnar
// store for the newest 20.
func BenchmarkSearch(b *testing.B) {
	td := ptrace.NewTraces()
	for i := range 20 {
		spans := service(td, fmt.Sprintf("service-%d", i), map[string]any{"host.name": fmt.Sprintf("node-%d", i%4)})
		for j := range 5000 {
			s := add(spans, fields{trace: traceID(byte(1+j/256), byte(j)), id: numberedID(i*5000 + j + 1), name: fmt.Sprintf("GET /item/%d", j%50), kind: ptrace.SpanKindServer, from: time.Duration(j) * time.Millisecond, to: time.Duration(j+20) * time.Millisecond})
			s.Attributes().PutStr("http.method", "GET")
			s.Attributes().PutInt("http.status_code", int64(200+j%4*100))
			s.Attributes().PutStr("user.id", fmt.Sprintf("user-%d", j))
		}
	}
	h := NewHandler(Options{Spans: stores(b, td)["columnar"], Now: now})
	for name, query := range map[string]string{
		"service":         "service=service-7",
		"service+status":  "service=service-7&tag=http.status_code:500",
		"service+rare":    "service=service-7&tag=user.id:user-42",
		"service+nothing": "service=service-7&tag=user.id:nobody&tag=error:true",
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/api/traces?limit=20&"+query, nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
