package otlpdirect_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

const (
	protobuf = "application/x-protobuf"
	json     = "application/json"

	tracesMethod  = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	logsMethod    = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
	metricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

	// maxBytes is the limit of requests in tests.
	maxBytes = 1 << 20
)

// spansRequest is a request with n spans in two scopes.
func spansRequest(n int) ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	first, second := rs.ScopeSpans().AppendEmpty(), rs.ScopeSpans().AppendEmpty()
	for i := range n {
		in := first
		if i%3 == 2 {
			in = second
		}
		s := in.Spans().AppendEmpty()
		s.SetTraceID([16]byte{1, 15: byte(i)})
		s.SetSpanID([8]byte{2, 6: byte(i >> 8), 7: byte(i)})
		s.SetName("GET /cart")
		s.Attributes().PutInt("http.response.status_code", int64(200+i%5))
		s.Attributes().PutStr("url.path", "/cart/items")
	}
	return ptraceotlp.NewExportRequestFromTraces(td)
}

func logsRequest(n int) plogotlp.ExportRequest {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		records.AppendEmpty().Body().SetStr("GET /cart 200")
	}
	return plogotlp.NewExportRequestFromLogs(ld)
}

func metricsRequest() pmetricotlp.ExportRequest {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("requests")
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

type export interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

func protoOf(t testing.TB, r export) []byte { return encode(t, r.MarshalProto) }
func jsonOf(t testing.TB, r export) []byte  { return encode(t, r.MarshalJSON) }

func encode(t testing.TB, marshal func() ([]byte, error)) []byte {
	t.Helper()
	b, err := marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compress returns body in a Content-Encoding.
func compress(t testing.TB, encoding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "":
		return body
	case "snappy":
		return s2.EncodeSnappy(nil, body)
	case "snappy frames":
		w = s2.NewWriter(&b, s2.WriterSnappyCompat())
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	default:
		t.Fatalf("no encoding %q", encoding)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// httpAnswer is what a sender over HTTP gets.
type httpAnswer struct {
	code   int
	header http.Header
	body   []byte
}

func sendHTTP(t testing.TB, client *http.Client, method, url string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Header.Del("Date")
	return httpAnswer{resp.StatusCode, resp.Header, answer}
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

// grpcAnswer is what a sender over gRPC gets.
type grpcAnswer struct {
	status *status.Status
	body   []byte
}

func dial(t testing.TB, address string, secure *tls.Config) *grpc.ClientConn {
	t.Helper()
	creds := insecure.NewCredentials()
	if secure != nil {
		creds = credentials.NewTLS(secure)
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func sendGRPC(conn *grpc.ClientConn, method string, body []byte, headers []string, options ...grpc.CallOption) grpcAnswer {
	ctx := metadata.AppendToOutgoingContext(context.Background(), headers...)
	var answer []byte
	err := conn.Invoke(ctx, method, &body, &answer, append(options, grpc.ForceCodecV2(rawCodec{}))...)
	return grpcAnswer{status.Convert(err), answer}
}
