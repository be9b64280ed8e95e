package queryext

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// echo is a query API with gRPC services of every shape.
type echo struct {
	http.Handler
	grpc_testing.UnimplementedTestServiceServer
	ended chan error // why a call that waits ended
}

func (e *echo) RegisterGRPC(r grpc.ServiceRegistrar) { grpc_testing.RegisterTestServiceServer(r, e) }

func (e *echo) UnaryCall(ctx context.Context, in *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	switch in.GetResponseSize() {
	case -1:
		panic("oops")
	case -2:
		<-ctx.Done()
		e.ended <- ctx.Err()
		return nil, ctx.Err()
	}
	return &grpc_testing.SimpleResponse{Payload: in.GetPayload()}, nil
}

func (e *echo) FullDuplexCall(s grpc.BidiStreamingServer[grpc_testing.StreamingOutputCallRequest, grpc_testing.StreamingOutputCallResponse]) error {
	for {
		in, err := s.Recv()
		if errors.Is(err, io.EOF) {
			s.SetTrailer(metadata.Pairs("last", "word"))
			return nil
		}
		if err != nil {
			e.ended <- s.Context().Err()
			return err
		}
		if err := s.Send(&grpc_testing.StreamingOutputCallResponse{Payload: in.GetPayload()}); err != nil {
			return err
		}
	}
}

// startEcho starts a server with the API echo in it.
func startEcho(t *testing.T, settings map[string]any) (*started, *echo) {
	t.Helper()
	s := begin(t, settings, Process{})
	e := &echo{Handler: http.NotFoundHandler(), ended: make(chan error, 10)}
	s.apis = append(s.apis, &api{name: "echo", open: func(StorageExtension) http.Handler { return e }})
	if err := s.Ready(); err != nil {
		t.Fatal(err)
	}
	return s, e
}

// dial connects as clients do by default but for the options.
func (s *started) dial(t *testing.T, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	opts = append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, opts...)
	conn, err := grpc.NewClient(strings.TrimPrefix(s.url, "http://"), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%v, want %v", err, want)
	}
}

func body(n int) *grpc_testing.Payload { return &grpc_testing.Payload{Body: make([]byte, n)} }

// converse makes calls of all kinds over a connection.
func converse(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	client := grpc_testing.NewTestServiceClient(conn)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		out, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{Payload: body(1 << 20)}, opts...)
		if err != nil || len(out.GetPayload().GetBody()) != 1<<20 {
			t.Fatal(err)
		}
	}
	stream, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 { // answers come while requests are still being sent
		if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{Payload: body(i << 14)}); err != nil {
			t.Fatal(err)
		}
		out, err := stream.Recv()
		if err != nil || len(out.GetPayload().GetBody()) != i<<14 {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) || fmt.Sprint(stream.Trailer()["last"]) != "[word]" {
		t.Error(err, stream.Trailer())
	}
}

func TestGRPCWithoutTLS(t *testing.T) {
	s, _ := startEcho(t, nil)
	converse(t, s.dial(t, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true})))
	s.want(t, "GET", "/heddle/v1/status", 200) // over HTTP/1.1, beside it
	s.want(t, "GET", "/", 200)
	if metrics := s.want(t, "GET", "/metrics", 200); !strings.Contains(metrics, `heddle_grpc_calls_total{code="OK",handler="echo",method="/grpc.testing.TestService/UnaryCall"} 2`) {
		t.Error(metrics)
	}
}

func TestGRPCWithTLS(t *testing.T) {
	certificate, key := selfSigned(t)
	s, _ := startEcho(t, map[string]any{"tls": map[string]any{"cert_pem": certificate, "key_pem": key}})
	converse(t, s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))) //nolint:gosec // self-signed
}

func TestGRPCNeedsCredentialsButForHealth(t *testing.T) {
	s, _ := startEcho(t, map[string]any{"auth": map[string]any{"authenticator": "peter"}})
	conn := s.dial(t)
	client := grpc_testing.NewTestServiceClient(conn)
	_, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
	wantCode(t, err, codes.Unauthenticated)
	_, err = client.UnaryCall(metadata.AppendToOutgoingContext(t.Context(), "authorization", "peter"), &grpc_testing.SimpleRequest{})
	wantCode(t, err, codes.OK)
	_, err = grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	wantCode(t, err, codes.OK)
}

func TestGRPCBelowPaths(t *testing.T) {
	s, _ := startEcho(t, map[string]any{"base_path": "/mesh"})
	conn := s.dial(t)
	for path, want := range map[string]codes.Code{
		"": codes.OK, "/mesh": codes.OK, "/jaeger": codes.OK, "/mesh/jaeger": codes.OK, "/other": codes.Unimplemented,
	} {
		err := conn.Invoke(t.Context(), path+"/grpc.testing.TestService/UnaryCall", &grpc_testing.SimpleRequest{}, &grpc_testing.SimpleResponse{})
		wantCode(t, err, want)
	}
}

func TestGRPCFollowsThePipelines(t *testing.T) {
	s := begin(t, nil, Process{})
	conn := s.dial(t)
	health := grpc_health_v1.NewHealthClient(conn)
	watch, err := health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantState := func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if got, err := watch.Recv(); err != nil || got.GetStatus() != want {
			t.Fatal(got, err)
		}
	}
	wantState(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	_, err = grpc_testing.NewTestServiceClient(conn).UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
	wantCode(t, err, codes.Unavailable)
	if !strings.Contains(err.Error(), "store is not open yet") {
		t.Error(err)
	}
	_ = s.Ready()
	wantState(grpc_health_v1.HealthCheckResponse_SERVING)
	_ = s.NotReady()
	wantState(grpc_health_v1.HealthCheckResponse_NOT_SERVING)

	// A watch does not hold up the shutdown.
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := watch.Recv(); err == nil {
		t.Error("the watch goes on")
	}
}

func TestGRPCErrors(t *testing.T) {
	s, _ := startEcho(t, map[string]any{"max_request_body_size": 1 << 20})
	conn := s.dial(t)
	client := grpc_testing.NewTestServiceClient(conn)
	_, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{ResponseSize: -1})
	wantCode(t, err, codes.Internal)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		_, err = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{Payload: body(1 << 20)}, opts...)
		wantCode(t, err, codes.ResourceExhausted)
	}
	for _, method := range []string{"/no.Service/Method", "/grpc.testing.TestService/NoMethod", "/grpc.testing.TestService/EmptyCall"} {
		wantCode(t, conn.Invoke(t.Context(), method, &grpc_testing.Empty{}, &grpc_testing.Empty{}), codes.Unimplemented)
	}
	metrics := s.want(t, "GET", "/metrics", 200)
	for _, sample := range []string{
		"heddle_http_panics_total 1",
		`heddle_grpc_calls_total{code="Internal",handler="echo",method="/grpc.testing.TestService/UnaryCall"} 1`,
		`heddle_grpc_calls_total{code="Unimplemented",handler="none",method="unknown"} 2`,
	} {
		if !strings.Contains(metrics, sample) {
			t.Errorf("%s is not in /metrics", sample)
		}
	}
	resp, _ := request(t, http.DefaultClient, "POST", s.url+"/grpc.testing.TestService/UnaryCall", "Content-Type", "application/grpc")
	if resp.StatusCode != http.StatusHTTPVersionNotSupported {
		t.Error(resp.Status)
	}
}

func TestGRPCWithoutASizeLimitHasTheDefault(t *testing.T) {
	s, _ := startEcho(t, map[string]any{"max_request_body_size": 0})
	converse(t, s.dial(t))
}

// TestGRPCEnds cancels calls, from both sides.
func TestGRPCEnds(t *testing.T) {
	s, e := startEcho(t, map[string]any{"request_timeout": "200ms"})
	client := grpc_testing.NewTestServiceClient(s.dial(t))
	_, err := client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{ResponseSize: -2})
	wantCode(t, err, codes.DeadlineExceeded) // the server's
	if err := <-e.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = client.UnaryCall(ctx, &grpc_testing.SimpleRequest{ResponseSize: -2})
	wantCode(t, err, codes.DeadlineExceeded)
	if err := <-e.ended; err == nil {
		t.Error("the call does not know")
	}
	s, e = startEcho(t, nil)
	ctx, cancel = context.WithCancel(t.Context())
	stream, err := grpc_testing.NewTestServiceClient(s.dial(t)).FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-e.ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestGRPCListsItsServices(t *testing.T) {
	s, _ := startEcho(t, nil)
	stream, err := grpc_reflection_v1.NewServerReflectionClient(s.dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	got, err := stream.Recv()
	if err != nil || !strings.Contains(got.String(), "grpc.testing.TestService") || !strings.Contains(got.String(), "grpc.health.v1.Health") {
		t.Error(got, err)
	}
}
