package collector_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// Every bad input must get its protocol's own error, be counted, and leave
// heddle as it was.
func TestBadHTTPInput(t *testing.T) {
	s := newServer(t).start()
	good := marshal(t, exportRequest(span(traceID(1), spanID(1))))
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(make([]byte, 65<<20))
	_ = w.Close()

	otlp, zipkin, thrift := "http://"+s.otlpHTTP+"/v1/traces", "http://"+s.zipkin+"/api/v2/spans", "http://"+s.jaegerHTTP+"/api/traces"
	for _, c := range []struct {
		name, url, contentType, encoding string
		body                             []byte
		want                             int
		protocol, reason                 string
	}{
		{"malformed protobuf", otlp, protobuf, "", []byte("\xff\xff\xff\xff not protobuf"), 400, "otlp_http", "malformed"},
		{"truncated protobuf", otlp, protobuf, "", good[:len(good)-3], 400, "otlp_http", "malformed"},
		{"malformed JSON", otlp, json, "", []byte(`{"resourceSpans":[{`), 400, "otlp_http", "malformed"},
		{"JSON with an id that is not hex", otlp, json, "", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}`), 400, "otlp_http", "malformed"},
		{"wrong content type", otlp, "text/plain", "", good, 415, "otlp_http", "unknown_content_type"},
		{"no content type", otlp, "", "", good, 415, "otlp_http", "unknown_content_type"},
		{"unknown compression", otlp, protobuf, "br", good, 415, "otlp_http", "unknown_compression"},
		{"damaged gzip", otlp, protobuf, "gzip", []byte("not gzip"), 400, "otlp_http", "malformed"},
		{"too large", otlp, protobuf, "", make([]byte, 65<<20), 413, "otlp_http", "too_large"},
		{"too large after decompression", otlp, protobuf, "gzip", bomb.Bytes(), 413, "otlp_http", "too_large"},
		{"unknown path", "http://" + s.otlpHTTP + "/v1/nothing", protobuf, "", good, 404, "http", "unknown_path"},
		{"malformed Zipkin", zipkin, json, "", []byte(`[{"traceId":`), 400, "zipkin_http", "malformed"},
		{"Zipkin without ids", zipkin, json, "", []byte(`[{"name":"a"}]`), 400, "zipkin_http", "malformed"},
		{"Zipkin unknown compression", zipkin, json, "br", []byte(`[]`), 415, "zipkin_http", "unknown_compression"},
		{"malformed Thrift", thrift, "application/x-thrift", "", []byte("\x01\x02\x03"), 400, "jaeger_http", "malformed"},
		{"Thrift wrong content type", thrift, "text/plain", "", []byte("\x01\x02\x03"), 400, "jaeger_http", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			counter := fmt.Sprintf(`heddle_receiver_rejected_requests_total{protocol=%q,reason=%q}`, c.protocol, c.reason)
			before := s.metric(counter)
			headers := []string{"Content-Encoding", c.encoding}
			if c.contentType != "" {
				headers = append(headers, "Content-Type", c.contentType)
			}
			resp, body := post(t, c.url, c.body, headers...)
			if resp.StatusCode != c.want || len(body) == 0 {
				t.Errorf("%s %q, want %d", resp.Status, body, c.want)
			}
			if after := s.metric(counter); after == before {
				t.Errorf("%s stayed at %s", counter, before)
			}
		})
	}
	req, err := http.NewRequest(http.MethodGet, otlp, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}
	s.wantMetric(`heddle_store_spans{store="main"}`, "0")
	s.send(span(traceID(1), spanID(1)))
	s.wantMetric(`heddle_store_spans{store="main"}`, "1")
}

// rawCodec sends bytes as they are and takes any answer.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// unknownCompressor is a compression that only this test knows.
type unknownCompressor struct{ encoding.Compressor }

func (unknownCompressor) Name() string { return "heddle-test" }

func TestBadGRPCInput(t *testing.T) {
	encoding.RegisterCompressor(unknownCompressor{encoding.GetCompressor("gzip")})
	s := newServer(t).start()
	conn := dial(t, s.otlpGRPC)
	good := marshal(t, exportRequest(span(traceID(1), spanID(1))))
	call := func(method string, body []byte, options ...grpc.CallOption) error {
		var answer []byte
		return conn.Invoke(context.Background(), method, &body, &answer, append(options, grpc.ForceCodecV2(rawCodec{}))...)
	}
	const export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	for _, c := range []struct {
		name, method string
		body         []byte
		options      []grpc.CallOption
		want         codes.Code
		reason       string
	}{
		{"malformed", export, []byte("\xff\xff\xff\xff not protobuf"), nil, codes.InvalidArgument, "malformed"},
		{"truncated", export, good[:len(good)-3], nil, codes.InvalidArgument, "malformed"},
		{"too large", export, make([]byte, 65<<20), nil, codes.ResourceExhausted, "too_large"},
		{"unknown compression", export, good, []grpc.CallOption{grpc.UseCompressor("heddle-test")}, codes.Unimplemented, "unknown_compression"},
	} {
		t.Run(c.name, func(t *testing.T) {
			counter := fmt.Sprintf(`heddle_receiver_rejected_requests_total{protocol="otlp_grpc",reason=%q}`, c.reason)
			before := s.metric(counter)
			err := call(c.method, c.body, c.options...)
			if status.Code(err) != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
			s.eventually("it is counted", func() bool { return s.metric(counter) != before })
		})
	}
	if err := call("/opentelemetry.proto.collector.trace.v1.TraceService/Nothing", good); status.Code(err) != codes.Unimplemented {
		t.Errorf("unknown method: %v", err)
	}
	if err := call(export, good); err != nil {
		t.Error(err)
	}
	s.wantMetric(`heddle_store_spans{store="main"}`, "1")
}

// Requests that are extreme but valid must be taken, but for the spans in them
// that exceed the limits of the store.
func TestExtremeRequests(t *testing.T) {
	s := newServer(t).start()
	t.Run("an attribute of 10 MB", func(t *testing.T) {
		resp := s.sendLarge(exportRequest(
			span(traceID(1), spanID(1), attr("large", strings.Repeat("x", 10<<20))),
			span(traceID(1), spanID(2)),
		))
		if resp.GetPartialSuccess().GetRejectedSpans() != 1 || !strings.Contains(resp.GetPartialSuccess().GetErrorMessage(), "too_large") {
			t.Errorf("%v", resp.GetPartialSuccess())
		}
	})
	t.Run("a trace of 100,000 spans", func(t *testing.T) {
		request, trc := exportRequest(), traceID(2)
		for i := range uint64(100_000) {
			request.ResourceSpans[0].ScopeSpans[0].Spans = append(request.ResourceSpans[0].ScopeSpans[0].Spans, span(trc, spanID(i+1)))
		}
		if resp := s.sendLarge(request); resp.GetPartialSuccess().GetRejectedSpans() != 0 {
			t.Errorf("%v", resp.GetPartialSuccess())
		}
		s.wantMetric(`heddle_store_spans{store="main"}`, "100001")
	})
	t.Run("text that is not UTF-8", func(t *testing.T) {
		body := marshal(t, exportRequest(span(traceID(3), spanID(1), attr("key", "placeholder"))))
		body = bytes.ReplaceAll(body, []byte("placeholder"), []byte("caf\xe9 caf\xe9 !"))
		if bytes.Contains(body, []byte("placeholder")) {
			t.Fatal("nothing was replaced")
		}
		if resp, answer := post(t, "http://"+s.otlpHTTP+"/v1/traces", body, "Content-Type", protobuf); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status, string(answer))
		}
		s.wantMetric(`heddle_spans_repaired_total{store="main"}`, "1")
		s.wantTrace(fmt.Sprintf("%x", traceID(3)))
	})
	t.Run("nothing", func(t *testing.T) {
		if resp, answer := post(t, "http://"+s.otlpHTTP+"/v1/traces", nil, "Content-Type", protobuf); resp.StatusCode != http.StatusOK {
			t.Error(resp.Status, string(answer))
		}
	})
}

func (s *server) sendLarge(request *coltrace.ExportTraceServiceRequest) *coltrace.ExportTraceServiceResponse {
	s.t.Helper()
	conn := dial(s.t, s.otlpGRPC, grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(128<<20)))
	resp, err := coltrace.NewTraceServiceClient(conn).Export(context.Background(), request)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}
