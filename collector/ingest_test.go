package collector_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"github.com/jaegertracing/jaeger-idl/thrift-gen/jaeger"
	"github.com/klauspost/compress/zstd"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// post sends a body and returns status and answer.
func post(t *testing.T, url string, body []byte, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, answer
}

const (
	protobuf = "application/x-protobuf"
	json     = "application/json"
)

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The part of a request that the store refuses must come back as
// partial_success in the encoding of the request, and the rest must be kept.
func TestPartialSuccess(t *testing.T) {
	s := newServer(t).start()
	check := func(t *testing.T, resp *coltrace.ExportTraceServiceResponse, trc []byte) {
		t.Helper()
		if n := resp.GetPartialSuccess().GetRejectedSpans(); n != 2 {
			t.Errorf("%d spans were rejected: %v", n, resp)
		}
		if m := resp.GetPartialSuccess().GetErrorMessage(); !strings.Contains(m, "1 empty_trace_id") || !strings.Contains(m, "1 empty_span_id") {
			t.Errorf("the message is %q", m)
		}
		s.wantTrace(fmt.Sprintf("%x", trc))
	}
	request := func(trc []byte) *coltrace.ExportTraceServiceRequest {
		return exportRequest(span(trc, spanID(1)), span(nil, spanID(2)), span(trc, nil))
	}

	t.Run("gRPC", func(t *testing.T) {
		trc := traceID(1)
		resp, err := coltrace.NewTraceServiceClient(dial(t, s.otlpGRPC)).Export(context.Background(), request(trc))
		if err != nil {
			t.Fatal(err)
		}
		check(t, resp, trc)
	})
	t.Run("HTTP protobuf", func(t *testing.T) {
		trc := traceID(2)
		resp, body := post(t, "http://"+s.otlpHTTP+"/v1/traces", marshal(t, request(trc)), "Content-Type", protobuf)
		var answer coltrace.ExportTraceServiceResponse
		if err := proto.Unmarshal(body, &answer); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != protobuf {
			t.Fatal(resp.Status, resp.Header, err)
		}
		check(t, &answer, trc)
	})
	t.Run("HTTP JSON", func(t *testing.T) {
		trc := traceID(3)
		text := fmt.Sprintf(`{"resourceSpans":[{"scopeSpans":[{"spans":[
			{"traceId":"%x","spanId":"0000000000000001","name":"a","startTimeUnixNano":"%d"},
			{"spanId":"0000000000000002","name":"b"},{"traceId":"%[1]x","name":"c"}]}]}]}`, trc, time.Now().UnixNano())
		resp, body := post(t, "http://"+s.otlpHTTP+"/v1/traces", []byte(text), "Content-Type", json)
		var answer coltrace.ExportTraceServiceResponse
		if err := protojson.Unmarshal(body, &answer); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != json {
			t.Fatal(resp.Status, resp.Header, err, string(body))
		}
		check(t, &answer, trc)
	})
	t.Run("nothing rejected", func(t *testing.T) {
		if resp := s.send(span(traceID(4), spanID(1))); resp.GetPartialSuccess() != nil && resp.GetPartialSuccess().GetRejectedSpans() != 0 {
			t.Errorf("%v", resp)
		}
		resp, body := post(t, "http://"+s.otlpHTTP+"/v1/traces", marshal(t, exportRequest(span(traceID(5), spanID(1)))), "Content-Type", protobuf)
		if resp.StatusCode != http.StatusOK || len(body) > 2 {
			t.Errorf("%s %q", resp.Status, body)
		}
	})
	// Nothing of a request with rejected spans was refused as a whole.
	s.wantMetric(`heddle_receiver_rejected_requests_total{protocol="otlp_http",reason="malformed"}`, "0")
}

func TestCompressedRequests(t *testing.T) {
	s := newServer(t).start()
	plain := marshal(t, exportRequest(span(traceID(1), spanID(1))))
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write(plain)
	_ = w.Close()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for encoding, body := range map[string][]byte{"": plain, "gzip": gz.Bytes(), "zstd": encoder.EncodeAll(plain, nil)} {
		resp, answer := post(t, "http://"+s.otlpHTTP+"/v1/traces", body, "Content-Type", protobuf, "Content-Encoding", encoding)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %s %q", encoding, resp.Status, answer)
		}
	}
	s.wantMetric(`heddle_spans_accepted_total{store="main"}`, "3")
}

func TestZipkinReachesTheStore(t *testing.T) {
	s := newServer(t).start()
	trc := fmt.Sprintf("%x", traceID(1))
	body := fmt.Sprintf(`[{"traceId":"%s","id":"0000000000000001","name":"get /cart","kind":"SERVER","timestamp":%d,"duration":1000,
		"localEndpoint":{"serviceName":"cart"}}]`, trc, time.Now().UnixMicro())
	if resp, answer := post(t, "http://"+s.zipkin+"/api/v2/spans", []byte(body), "Content-Type", json); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.Status, string(answer))
	}
	s.wantTrace(trc, "get /cart", "cart")
}

func TestJaegerReachesTheStore(t *testing.T) {
	s := newServer(t).start()
	t.Run("thrift over HTTP", func(t *testing.T) {
		batch := &jaeger.Batch{
			Process: &jaeger.Process{ServiceName: "payment"},
			Spans: []*jaeger.Span{{
				TraceIdHigh: 0x686564646c652121, TraceIdLow: 1, SpanId: 1, OperationName: "charge",
				StartTime: time.Now().UnixMicro(), Duration: 1000,
			}},
		}
		body, err := thrift.NewTSerializer().Write(context.Background(), batch)
		if err != nil {
			t.Fatal(err)
		}
		if resp, answer := post(t, "http://"+s.jaegerHTTP+"/api/traces", body, "Content-Type", "application/x-thrift"); resp.StatusCode != http.StatusAccepted {
			t.Fatal(resp.Status, string(answer))
		}
		s.wantTrace(fmt.Sprintf("%x", traceID(1)), "charge", "payment")
	})
	t.Run("gRPC", func(t *testing.T) {
		client := api_v2.NewCollectorServiceClient(dial(t, s.jaegerGRPC))
		_, err := client.PostSpans(context.Background(), &api_v2.PostSpansRequest{Batch: model.Batch{
			Process: &model.Process{ServiceName: "shipping"},
			Spans: []*model.Span{{
				TraceID: model.TraceID{High: 0x686564646c652121, Low: 2}, SpanID: 1, OperationName: "quote",
				StartTime: time.Now(), Duration: time.Millisecond,
			}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.wantTrace(fmt.Sprintf("%x", traceID(2)), "quote", "shipping")
	})
}

func TestLogsReachTheStore(t *testing.T) {
	s := newServer(t).start()
	record := func(body string) *logs.LogRecord {
		return &logs.LogRecord{
			TimeUnixNano: uint64(time.Now().UnixNano()), TraceId: traceID(1), SpanId: spanID(1),
			Body: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: body}},
		}
	}
	request := &collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{record("GET /cart 200"), record(strings.Repeat("x", 2<<20))}}},
	}}}
	resp, err := collogs.NewLogsServiceClient(dial(t, s.otlpGRPC)).Export(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if n := resp.GetPartialSuccess().GetRejectedLogRecords(); n != 1 {
		t.Errorf("%d records were rejected: %v", n, resp)
	}
	answer, body := post(t, "http://"+s.otlpHTTP+"/v1/logs", marshal(t, request), "Content-Type", protobuf)
	var export collogs.ExportLogsServiceResponse
	if err := proto.Unmarshal(body, &export); err != nil || answer.StatusCode != http.StatusOK || export.GetPartialSuccess().GetRejectedLogRecords() != 1 {
		t.Errorf("%s %v %v", answer.Status, &export, err)
	}
	s.wantMetric(`heddle_store_logs{store="main"}`, "2")
	s.wantMetric(`heddle_logs_rejected_total{reason="too_large",store="main"}`, "2")
}
