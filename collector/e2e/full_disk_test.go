package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// TestFullDisk starts heddle, on a directory with data, where less of the disk
// is free than it is told to leave. Every protocol must tell its senders to come
// back later, reading must go on, and with room again so must writing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"straight":      nil,
		"through pdata": {"--set", "processors::memory_limiter={check_interval: 1s, limit_percentage: 75}", "--set", "service::pipelines::traces::processors=[memory_limiter]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, append(flags, "--set", "exporters::heddlestore::retry_after=7s")...)
			ids := sendTo(t, s.addresses, "while there is room", 4)
			roomy := s.args
			again := func(args []string) {
				t.Helper()
				if err := s.terminate(); err != nil {
					t.Fatal(err)
				}
				s.args = args
				var err error
				if s.process, err = restarted(s); err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					if !s.hasTrace(t, id) {
						t.Errorf("trace %s is not shown", id)
					}
				}
			}

			again(append(roomy[:len(roomy):len(roomy)], "--set", "extensions::heddle_storage::retention::min_free_bytes=1048576TiB"))
			refused := []string{`store="main"`, `reason="full"`}
			for protocol, send := range refusals(s) {
				s.rises(t, "heddle_store_refused_requests_total", refused, func() {
					s.rises(t, rejectedRequests, []string{`protocol="` + protocol + `"`, `reason="overloaded"`}, func() {
						after, err := send(t)
						if err != nil || after != 7*time.Second {
							t.Errorf("%s: told to come back after %v, want 7s (%v)", protocol, after, err)
						}
					})
				})
			}
			m := s.metrics(t)
			if m.sum("heddle_store_full", `store="main"`) != 1 || m.sum("heddle_store_spans", `store="main"`) != float64(len(ids)) {
				t.Errorf("full: %v, spans: %v", m.sum("heddle_store_full", `store="main"`), m.sum("heddle_store_spans", `store="main"`))
			}

			again(roomy)
			ids = append(ids, sendTo(t, s.addresses, "with room again", 4)...)
			again(roomy)
			bad := goodSpan()
			bad.spanID = nil
			for over, send := range exports(s) {
				if got := send(t, exportRequest("partly", goodSpan(), bad)).PartialSuccess().RejectedSpans(); got != 1 {
					t.Errorf("%s: %d spans rejected, want 1", over, got)
				}
			}
			s.expectWell(t)
		})
	}
}

// refusals sends a good span over every protocol, by the name that its counter
// has, and returns after what time the sender is told to try again.
func refusals(s *server) map[string]func(t *testing.T) (time.Duration, error) {
	overHTTP := func(url, contentType string, body func(*testing.T) []byte) func(*testing.T) (time.Duration, error) {
		return func(t *testing.T) (time.Duration, error) {
			res := post(t, url, body(t), "Content-Type", contentType)
			if res.code != http.StatusTooManyRequests {
				return 0, fmt.Errorf("status %d: %s", res.code, res.body)
			}
			if len(res.body) == 0 {
				return 0, errors.New("no word about why")
			}
			return time.ParseDuration(res.header.Get("Retry-After") + "s")
		}
	}
	overGRPC := func(addr string, call func(context.Context, *testing.T, *grpc.ClientConn) error) func(*testing.T) (time.Duration, error) {
		return func(t *testing.T) (time.Duration, error) {
			conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return 0, err
			}
			defer conn.Close()
			answer := status.Convert(call(t.Context(), t, conn))
			if answer.Code() != codes.ResourceExhausted {
				return 0, answer.Err()
			}
			for _, detail := range answer.Details() {
				if info, ok := detail.(*errdetails.RetryInfo); ok {
					return info.GetRetryDelay().AsDuration(), nil
				}
			}
			return 0, fmt.Errorf("no RetryInfo: %v", answer)
		}
	}
	newJaeger := func() jaegerTrace { return newJaegerTrace(newTraceID()) }
	return map[string]func(*testing.T) (time.Duration, error){
		"otlp_http": overHTTP("http://"+s.otlpHTTP+"/v1/traces", "application/x-protobuf", func(*testing.T) []byte {
			return exportRequest("refused", goodSpan())
		}),
		"zipkin_http": overHTTP("http://"+s.zipkin+"/api/v2/spans", "application/json", func(*testing.T) []byte {
			return []byte(envoyServerSpan(newTraceID().String(), newSpanID().String(), newSpanID().String(), time.Now().UnixMicro()))
		}),
		"jaeger_http": overHTTP("http://"+s.jaegerHTTP+"/api/traces", "application/vnd.apache.thrift.binary", func(t *testing.T) []byte {
			body, err := thrift.NewTSerializer().Write(t.Context(), thriftBatch(newJaeger()))
			if err != nil {
				t.Fatal(err)
			}
			return body
		}),
		"otlp_grpc": overGRPC(s.otlpGRPC, func(ctx context.Context, t *testing.T, conn *grpc.ClientConn) error {
			req := ptraceotlp.NewExportRequest()
			if err := req.UnmarshalProto(exportRequest("refused", goodSpan())); err != nil {
				t.Fatal(err)
			}
			_, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, req)
			return err
		}),
		"jaeger_grpc": overGRPC(s.jaegerGRPC, func(ctx context.Context, _ *testing.T, conn *grpc.ClientConn) error {
			_, err := api_v2.NewCollectorServiceClient(conn).PostSpans(ctx, &api_v2.PostSpansRequest{Batch: modelBatch(newJaeger())}, grpc.ForceCodec(gogoCodec{}))
			return err
		}),
	}
}
