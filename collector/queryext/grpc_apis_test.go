package queryext

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/heddle-io/heddle/query/api/grpcwire"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
)

// TestJaegerOverGRPC writes and reads as a Jaeger that has its storage here,
// as Kiali, and as the clients of api_v3, with and without TLS.
func TestJaegerOverGRPC(t *testing.T) {
	certificate, key := selfSigned(t)
	insecureTLS := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // self-signed
	for name, c := range map[string]struct {
		settings map[string]any
		options  []grpc.DialOption
	}{
		"cleartext": {nil, nil},
		"TLS":       {map[string]any{"tls": map[string]any{"cert_pem": certificate, "key_pem": key}}, []grpc.DialOption{grpc.WithTransportCredentials(insecureTLS)}},
	} {
		t.Run(name, func(t *testing.T) { useJaegerOverGRPC(t, start(t, c.settings, Process{}).dial(t, c.options...)) })
	}
}

func useJaegerOverGRPC(t *testing.T, conn *grpc.ClientConn) {
	const n = 20_000 // several chunks
	nowNs := uint64(time.Now().UnixNano())
	spans := make([]*tracev1.Span, n)
	for i := range spans {
		spans[i] = &tracev1.Span{
			TraceId: append(make([]byte, 15), 7), SpanId: []byte{1, 0, 0, 0, 0, 0, byte(i >> 8), byte(i)}, Name: "op " + strings.Repeat("x", 200),
			StartTimeUnixNano: nowNs + uint64(i), EndTimeUnixNano: nowNs + uint64(i) + 1000,
		}
	}
	for part := range slices.Chunk(spans, n/4) {
		_, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracev1.ResourceSpans{{
			Resource: &resourcev1.Resource{Attributes: []*commonv1.KeyValue{{
				Key: "service.name", Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: "shop"}},
			}}},
			ScopeSpans: []*tracev1.ScopeSpans{{Spans: part}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	names, err := storagev2.NewTraceReaderClient(conn).GetServices(t.Context(), &storagev2.GetServicesRequest{})
	if err != nil || !slices.Equal(names.GetServices(), []string{"shop"}) {
		t.Error(names, err)
	}
	from, to := timestamppb.New(time.Unix(0, int64(nowNs))), timestamppb.New(time.Now().Add(time.Hour))
	found, err := storagev2.NewTraceReaderClient(conn).FindTraces(t.Context(), &storagev2.FindTracesRequest{
		Query: &storagev2.TraceQueryParameters{ServiceName: "shop", StartTimeMin: from, StartTimeMax: to},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantOTLP(t, n, found)
	one, err := apiv3.NewQueryServiceClient(conn).GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: "7"})
	if err != nil {
		t.Fatal(err)
	}
	wantOTLP(t, n, one)

	v2, err := api_v2.NewQueryServiceClient(conn).GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: model.NewTraceID(0, 7)}, grpc.ForceCodecV2(grpcwire.Codec{}))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for {
		chunk, err := v2.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		total += len(chunk.Spans)
	}
	if total != n {
		t.Errorf("%d spans, want %d", total, n)
	}

	_, err = apiv3.NewQueryServiceClient(conn).GetOperations(t.Context(), &apiv3.GetOperationsRequest{})
	wantCode(t, err, codes.InvalidArgument)
	gone, err := apiv3.NewQueryServiceClient(conn).GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: "8"})
	if err == nil {
		_, err = gone.Recv()
	}
	wantCode(t, err, codes.NotFound)
}

func wantOTLP(t *testing.T, n int, stream grpc.ServerStreamingClient[tracev1.TracesData]) {
	t.Helper()
	total, chunks := 0, 0
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		chunks++
		for _, rs := range chunk.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				total += len(ss.GetSpans())
			}
		}
	}
	if total != n || chunks < 4 {
		t.Errorf("%d spans in %d chunks, want %d", total, chunks, n)
	}
}

func TestEveryServiceIsListed(t *testing.T) {
	stream, err := grpc_reflection_v1.NewServerReflectionClient(start(t, nil, Process{}).dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	got, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"jaeger.api_v2.QueryService", "jaeger.api_v3.QueryService", "jaeger.api_v3.Capabilities", "jaeger.storage.v2.TraceReader", "jaeger.storage.v2.DependencyReader",
		"jaeger.storage.v2.Capabilities", "opentelemetry.proto.collector.trace.v1.TraceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
	} {
		if !strings.Contains(got.String(), `"`+name+`"`) {
			t.Errorf("%s is not served", name)
		}
	}
}

// TestUnreadAnswersEnd: a client that does not read holds nothing for ever.
func TestUnreadAnswersEnd(t *testing.T) {
	s := begin(t, map[string]any{"request_timeout": "100ms"}, Process{})
	ended := make(chan error, 1)
	s.rpc.grace = 100 * time.Millisecond
	s.apis = append(s.apis, &api{name: "flood", open: func(StorageExtension) http.Handler { return flood{http.NotFoundHandler(), ended} }})
	if err := s.Ready(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := s.dial(t).NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/flood.Flood/Pour", grpc.ForceCodecV2(grpcwire.Codec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(grpcwire.Raw{}), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("all was sent to nobody")
	}
}

// flood sends as long as its call lasts.
type flood struct {
	http.Handler
	ended chan error
}

func (f flood) RegisterGRPC(r grpc.ServiceRegistrar) {
	r.RegisterService(&grpc.ServiceDesc{ServiceName: "flood.Flood", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName: "Pour", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) (err error) {
			for err == nil {
				if err = s.SendMsg(grpcwire.Raw(make([]byte, 1<<20))); err == nil {
					err = s.Context().Err()
				}
			}
			f.ended <- err
			return err
		},
	}}}, f)
}
