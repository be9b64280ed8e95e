package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// TestBadSpans sends good spans beside ones that cannot be stored: the good
// ones must be found, the others counted and told to the sender.
func TestBadSpans(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	zero := make([]byte, 16)
	many := make([][2]string, 1025)
	for i := range many {
		many[i] = [2]string{fmt.Sprint("key", i), "v"}
	}
	for _, c := range []struct {
		name   string
		reason string
		spoil  func(*wireSpan)
	}{
		{"no trace id", "empty_trace_id", func(w *wireSpan) { w.traceID = nil }},
		{"trace id of zeros", "empty_trace_id", func(w *wireSpan) { w.traceID = zero }},
		{"no span id", "empty_span_id", func(w *wireSpan) { w.spanID = nil }},
		{"span id of zeros", "empty_span_id", func(w *wireSpan) { w.spanID = zero[:8] }},
		{"time beyond 2262", "time_out_of_range", func(w *wireSpan) { w.end = 1 << 63 }},
		{"attribute of 10 MB", "too_large", func(w *wireSpan) { w.attributes = [][2]string{{"body", strings.Repeat("x", 10_000_000)}} }},
		{"name of 2 MB", "too_large", func(w *wireSpan) { w.name = strings.Repeat("n", 2_000_000) }},
		{"1025 attributes", "too_many_attributes", func(w *wireSpan) { w.attributes = many }},
	} {
		t.Run(c.name, func(t *testing.T) {
			labels := []string{`store="main"`, `reason="` + c.reason + `"`}
			for protocol, send := range exports(s) {
				t.Run(protocol, func(t *testing.T) {
					first, bad, last := goodSpan(), goodSpan(), goodSpan()
					c.spoil(&bad)
					s.rises(t, rejectedSpans, labels, func() {
						res := send(t, exportRequest("bad-spans", first, bad, last))
						if got := res.PartialSuccess().RejectedSpans(); got != 1 {
							t.Errorf("%d spans are said to be rejected, want 1", got)
						}
						if got := res.PartialSuccess().ErrorMessage(); !strings.Contains(got, c.reason) || len(got) > 1000 {
							t.Errorf("the sender is told %.1200q, want the reason %s in short", got, c.reason)
						}
					})
					for _, good := range []wireSpan{first, last} {
						if !s.hasTrace(t, fmt.Sprintf("%x", good.traceID)) {
							t.Error("a good span beside a bad one is not there")
						}
					}
				})
			}
		})
	}
	s.expectWell(t)
}

// exports are the ways to send an OTLP request that must be accepted.
func exports(s *server) map[string]func(*testing.T, []byte) ptraceotlp.ExportResponse {
	decode := func(t *testing.T, b []byte) ptraceotlp.ExportResponse {
		t.Helper()
		res := ptraceotlp.NewExportResponse()
		if err := res.UnmarshalProto(b); err != nil {
			t.Fatal("the answer: ", err)
		}
		return res
	}
	return map[string]func(*testing.T, []byte) ptraceotlp.ExportResponse{
		"HTTP": func(t *testing.T, body []byte) ptraceotlp.ExportResponse {
			t.Helper()
			res := post(t, "http://"+s.otlpHTTP+"/v1/traces", body, "Content-Type", "application/x-protobuf")
			if res.code != http.StatusOK {
				t.Fatalf("status %d: %s", res.code, res.body)
			}
			return decode(t, res.body)
		},
		"gRPC": func(t *testing.T, body []byte) ptraceotlp.ExportResponse {
			t.Helper()
			res := grpcCall(t, s.otlpGRPC, otlpExport, "", grpcFrame(0, body))
			if res.code != 0 {
				t.Fatalf("%v: %s", res.code, res.message)
			}
			return decode(t, res.body)
		},
	}
}
