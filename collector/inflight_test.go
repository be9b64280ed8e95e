package collector_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestBodiesUnderWayAreBounded has a sender that is slow with a large body, of
// which no receiver has decoded anything, and others beside it, over the
// receivers that decode by themselves.
func TestBodiesUnderWayAreBounded(t *testing.T) {
	s := newServer(t, "--set", "extensions.heddle_ingest.max_request_bytes=200000", "--set", "extensions.heddle_ingest.max_inflight_bytes=200000").start()
	const held = "heddle_receiver_in_flight_bytes"
	s.wantMetric(held, "0")

	slow, err := net.Dial("tcp", s.zipkin)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	begin := `[{"traceId":"0000000000000001","id":"0000000000000001","name":"` + strings.Repeat("x", 150_000)
	rest := `"}]`
	fmt.Fprintf(slow, "POST /api/v2/spans HTTP/1.1\r\nHost: heddle\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(begin), begin)
	s.eventually("the slow sender's bytes are counted", func() bool { return s.metric(held) == fmt.Sprint(len(begin)) })

	large := []byte(`[{"traceId":"0000000000000002","id":"0000000000000002","name":"` + strings.Repeat("y", 100_000) + rest)
	for name, c := range map[string]struct{ url, contentType string }{
		"zipkin_http": {"http://" + s.zipkin + "/api/v2/spans", json},
		"jaeger_http": {"http://" + s.jaegerHTTP + "/api/traces", "application/x-thrift"},
		"otlp_http":   {"http://" + s.otlpHTTP + "/v1/traces", json},
	} {
		resp, answer := post(t, c.url, large, "Content-Type", c.contentType)
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "1" || !strings.Contains(string(answer), "max_inflight_bytes") {
			t.Errorf("%s: %s %v %s", name, resp.Status, resp.Header, answer)
		}
		s.wantMetric(`heddle_receiver_rejected_requests_total{protocol="`+name+`",reason="in_flight_bytes"}`, "1")
	}
	small := []byte(`[{"traceId":"0000000000000003","id":"0000000000000003","name":"z"}]`)
	if resp, answer := post(t, "http://"+s.zipkin+"/api/v2/spans", small, "Content-Type", json); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a request for which there is room: %s %s", resp.Status, answer)
	}

	fmt.Fprintf(slow, "%x\r\n%s\r\n0\r\n\r\n", len(rest), rest)
	if answer, err := io.ReadAll(slow); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 202 ") {
		t.Errorf("the slow sender: %q, %v", answer, err)
	}
	s.eventually("nothing is held", func() bool { return s.metric(held) == "0" })
	if resp, answer := post(t, "http://"+s.zipkin+"/api/v2/spans", large, "Content-Type", json); resp.StatusCode != http.StatusAccepted {
		t.Errorf("afterwards: %s %s", resp.Status, answer)
	}
}
