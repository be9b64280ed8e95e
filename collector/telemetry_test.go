package collector_test

import (
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// traceID is a trace id that ends in n; "" as its text is what the API shows.
func traceID(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte("heddle!!"), n) }

func spanID(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func span(trc, id []byte, attrs ...*common.KeyValue) *trace.Span {
	now := uint64(time.Now().UnixNano())
	return &trace.Span{
		TraceId: trc, SpanId: id, Name: "GET /", Kind: trace.Span_SPAN_KIND_SERVER,
		StartTimeUnixNano: now, EndTimeUnixNano: now + 1000, Attributes: attrs,
	}
}

func attr(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func exportRequest(spans ...*trace.Span) *coltrace.ExportTraceServiceRequest {
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: []*common.KeyValue{attr("service.name", "frontend")}},
		ScopeSpans: []*trace.ScopeSpans{{Spans: spans}},
	}}}
}

func dial(t *testing.T, address string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// send exports spans over gRPC.
func (s *server) send(spans ...*trace.Span) *coltrace.ExportTraceServiceResponse {
	s.t.Helper()
	client := coltrace.NewTraceServiceClient(dial(s.t, s.otlpGRPC))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := client.Export(ctx, exportRequest(spans...))
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// wantTrace checks that the store has a trace, through the Jaeger API.
func (s *server) wantTrace(id string, operations ...string) {
	s.t.Helper()
	code, body := s.get("/api/traces/" + id)
	if code != http.StatusOK {
		s.t.Fatalf("trace %s: %d %s", id, code, body)
	}
	for _, operation := range operations {
		if !strings.Contains(body, `"`+operation+`"`) {
			s.t.Errorf("trace %s has no span %q: %s", id, operation, body)
		}
	}
}
