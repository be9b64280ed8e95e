package queryext

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/heddle-io/heddle/query/api/grpcwire"
)

// pour sends 64 messages of a mebibyte, as a large trace has.
func pour(_ any, s grpc.ServerStream) error {
	message := grpcwire.Raw(make([]byte, 1<<20))
	for range 64 {
		if err := s.SendMsg(message); err != nil {
			return err
		}
	}
	return nil
}

var pourService = grpc.ServiceDesc{ServiceName: "test.Pour", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
	StreamName: "Pour", ServerStreams: true, Handler: pour,
}}}

// BenchmarkStreaming compares ServeHTTP, which the listener uses, with gRPC's
// own transport.
func BenchmarkStreaming(b *testing.B) {
	for name, serve := range map[string]func(*grpc.Server, net.Listener){
		"ServeHTTP": func(s *grpc.Server, l net.Listener) {
			server := &http.Server{Handler: s, Protocols: new(http.Protocols)}
			server.Protocols.SetUnencryptedHTTP2(true)
			b.Cleanup(func() { _ = server.Close() })
			go func() { _ = server.Serve(l) }()
		},
		"own": func(s *grpc.Server, l net.Listener) { go func() { _ = s.Serve(l) }() },
	} {
		b.Run(name, func(b *testing.B) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := grpc.NewServer(grpc.ForceServerCodecV2(grpcwire.Codec{}))
			defer server.Stop()
			server.RegisterService(&pourService, nil)
			serve(server, listener)
			conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			b.SetBytes(64 << 20)
			b.ReportAllocs()
			for b.Loop() {
				stream, err := conn.NewStream(b.Context(), &pourService.Streams[0], "/test.Pour/Pour", grpc.ForceCodecV2(grpcwire.Codec{}))
				if err != nil {
					b.Fatal(err)
				}
				if err := errors.Join(stream.SendMsg(grpcwire.Raw{}), stream.CloseSend()); err != nil {
					b.Fatal(err)
				}
				for err == nil {
					var m grpcwire.Raw
					err = stream.RecvMsg(&m)
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}
