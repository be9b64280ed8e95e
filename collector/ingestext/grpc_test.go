package ingestext

import (
	"context"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// bytesCodec sends bytes as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }
func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error { return nil }

// A malformed request must be forgotten also when another interceptor ends the
// call, as one that authenticates does.
func TestMalformedRequestsAreForgotten(t *testing.T) {
	refused, err := newRefusals(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	x := &ingest{config: createDefaultConfig(), refused: refused, logger: zap.NewNop()}
	c := newCodec(newInFlight(1 << 20))
	allow := false
	authenticate := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if !allow {
			return nil, status.Error(codes.Unauthenticated, "who are you?")
		}
		return handle(ctx, req)
	}
	s := grpc.NewServer(append([]grpc.ServerOption{grpc.ChainUnaryInterceptor(authenticate)}, x.serverOptions(c)...)...)
	ptraceotlp.RegisterGRPCServer(s, &ptraceotlp.UnimplementedGRPCServer{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(listener) }()
	defer s.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, want := range []codes.Code{codes.Unauthenticated, codes.InvalidArgument} {
		err := conn.Invoke(t.Context(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", []byte("\xff not protobuf"), nil, grpc.ForceCodecV2(bytesCodec{}))
		if status.Code(err) != want {
			t.Errorf("%v, want %v", err, want)
		}
		allow = true
	}
	c.received.Range(func(req, what any) bool {
		t.Errorf("%T is still known: %v", req, what)
		return true
	})
}
