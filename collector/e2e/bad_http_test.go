package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// maxRequest is the limit of the embedded configuration.
const maxRequest = 64 << 20

// TestBadHTTP sends what no receiver can read, in whole requests, and demands
// the protocol's own answer and a count of it.
func TestBadHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := exportRequest("bad-http", goodSpan())
	otlp, zipkin, jaeger := "http://"+s.otlpHTTP+"/v1/traces", "http://"+s.zipkin+"/api/v2/spans", "http://"+s.jaegerHTTP+"/api/traces"
	const (
		protobuf = "application/x-protobuf"
		jsonType = "application/json"
		thrift   = "application/vnd.apache.thrift.binary"
	)
	for _, c := range []struct {
		name, url   string
		contentType string
		encoding    string
		body        []byte
		code        int
		labels      []string // of the counter that must rise
	}{
		{"malformed protobuf", otlp, protobuf, "", []byte("\x0a\xffnothing"), 400, refused("otlp_http", "malformed")},
		{"protobuf cut short", otlp, protobuf, "", good[:len(good)-3], 400, refused("otlp_http", "malformed")},
		{"malformed JSON", otlp, jsonType, "", []byte(`{"resourceSpans":[{`), 400, refused("otlp_http", "malformed")},
		{"JSON of another shape", otlp, jsonType, "", []byte(`{"resourceSpans":7}`), 400, refused("otlp_http", "malformed")},
		{"JSON with bad ids", otlp, jsonType, "", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz","spanId":"1"}]}]}]}`), 400, refused("otlp_http", "malformed")},
		{"wrong content type", otlp, "text/plain", "", good, 415, refused("otlp_http", "unknown_content_type")},
		{"no content type", otlp, "", "", good, 415, refused("otlp_http", "unknown_content_type")},
		{"larger than the limit", otlp, protobuf, "", make([]byte, maxRequest+1), 413, refused("otlp_http", "too_large")},
		{"gzip bomb", otlp, protobuf, "gzip", bomb(), 413, refused("otlp_http", "too_large")},
		{"unknown compression", otlp, protobuf, "br", good, 415, refused("otlp_http", "unknown_compression")},
		{"corrupt gzip header", otlp, protobuf, "gzip", good, 400, refused("otlp_http", "malformed")},
		{"corrupt gzip", otlp, protobuf, "gzip", corrupt(gzipped(good)), 400, refused("otlp_http", "malformed")},
		{"gzip cut short", otlp, protobuf, "gzip", gzipped(good)[:20], 400, refused("otlp_http", "malformed")},
		{"corrupt zstd", otlp, protobuf, "zstd", []byte("\x28\xb5\x2f\xfd\x00\x00nothing"), 400, refused("otlp_http", "malformed")},
		{"wrong method", otlp, protobuf, "GET", nil, 405, refused("otlp_http", "unknown_method")},
		{"wrong path", "http://" + s.otlpHTTP + "/v1/spans", protobuf, "", good, 404, nil},

		{"Zipkin, malformed JSON", zipkin, jsonType, "", []byte(`[{"traceId":`), 400, refused("zipkin_http", "malformed")},
		{"Zipkin, bad id", zipkin, jsonType, "", []byte(`[{"traceId":"not hex","id":"1"}]`), 400, refused("zipkin_http", "malformed")},
		{"Zipkin, malformed protobuf", zipkin, protobuf, "", []byte("\x0a\xffnothing"), 400, refused("zipkin_http", "malformed")},
		{"Zipkin, larger than the limit", zipkin, jsonType, "", bytes.Repeat([]byte(" "), maxRequest+1), 413, refused("zipkin_http", "too_large")},
		{"Zipkin, corrupt gzip", zipkin, jsonType, "gzip", corrupt(gzipped(good)), 400, refused("zipkin_http", "malformed")},
		{"Zipkin, gzip bomb", zipkin, jsonType, "gzip", bomb(), 413, refused("zipkin_http", "too_large")},
		{"Zipkin, unknown compression", zipkin, jsonType, "br", []byte("[]"), 415, refused("zipkin_http", "unknown_compression")},

		{"Jaeger, malformed thrift", jaeger, thrift, "", []byte("\x0f\x00\x01nothing"), 400, refused("jaeger_http", "malformed")},
		{"Jaeger, wrong content type", jaeger, "text/plain", "", []byte("x"), 400, refused("jaeger_http", "malformed")},
		{"Jaeger, corrupt gzip", jaeger, thrift, "gzip", corrupt(gzipped(good)), 400, refused("jaeger_http", "malformed")},
		{"Jaeger, larger than the limit", jaeger, thrift, "", make([]byte, maxRequest+1), 413, refused("jaeger_http", "too_large")},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{}
			if c.contentType != "" {
				headers = append(headers, "Content-Type", c.contentType)
			}
			if c.encoding != "" && c.encoding != "GET" {
				headers = append(headers, "Content-Encoding", c.encoding)
			}
			send := func() {
				res := request(t, c.encoding, c.url, c.body, headers...)
				if res.code != c.code {
					t.Errorf("status %d, want %d: %.300s", res.code, c.code, res.body)
				}
				if c.url == otlp && res.code != http.StatusMethodNotAllowed && c.contentType != "" && c.contentType != "text/plain" {
					expectStatusMessage(t, res, c.contentType)
				}
			}
			if c.labels == nil {
				send()
			} else {
				s.rises(t, rejectedRequests, c.labels, send)
			}
		})
	}
	s.expectWell(t)
	s.expectPeakBelow(t, 768<<20) // 12 requests at their limit, or a bomb of 1 GiB, would be above
}

// request sends a body, with GET where the case says so in place of an encoding.
func request(t *testing.T, encoding, url string, body []byte, headers ...string) response {
	t.Helper()
	if encoding != "GET" {
		return post(t, url, body, headers...)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func refused(protocol, reason string) []string {
	return []string{`protocol="` + protocol + `"`, `reason="` + reason + `"`}
}

// expectStatusMessage demands the body that OTLP demands of an error.
func expectStatusMessage(t *testing.T, res response, contentType string) {
	t.Helper()
	var status spb.Status
	if got := res.header.Get("Content-Type"); got != contentType {
		t.Errorf("the answer to %s has content type %q", contentType, got)
	}
	var err error
	if contentType == "application/json" {
		var s struct{ Message string }
		err = json.Unmarshal(res.body, &s)
		status.Message = s.Message
	} else {
		err = proto.Unmarshal(res.body, &status)
	}
	if err != nil || strings.TrimSpace(status.GetMessage()) == "" {
		t.Errorf("the answer is no google.rpc.Status with a message (%v): %.200q", err, res.body)
	}
}

// bomb is 1 GiB in 1 MiB of gzip.
func bomb() []byte { return bytes.Repeat(gzipped(make([]byte, 1<<20)), 1<<10) }

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	// A buffer takes everything.
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func corrupt(b []byte) []byte {
	for i := 12; i < len(b)-8; i += 3 {
		b[i] ^= 0x55
	}
	return b
}
