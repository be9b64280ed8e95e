package e2e

import (
	"testing"

	"google.golang.org/grpc/codes"
)

// TestBadGRPC is TestBadHTTP for gRPC.
func TestBadGRPC(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := exportRequest("bad-grpc", goodSpan())
	long := grpcFrame(0, good)
	long[1] = 0x10 // announces 256 MiB
	for _, c := range []struct {
		name, addr, method string
		encoding           string
		body               []byte
		code               codes.Code
		labels             []string
	}{
		{"malformed protobuf", s.otlpGRPC, otlpExport, "", grpcFrame(0, []byte("\x0a\xffnothing")), codes.InvalidArgument, refused("otlp_grpc", "malformed")},
		{"protobuf cut short", s.otlpGRPC, otlpExport, "", grpcFrame(0, good[:len(good)-3]), codes.InvalidArgument, refused("otlp_grpc", "malformed")},
		{"larger than the limit", s.otlpGRPC, otlpExport, "", grpcFrame(0, make([]byte, maxRequest+1)), codes.ResourceExhausted, refused("otlp_grpc", "too_large")},
		{"announced larger than the limit", s.otlpGRPC, otlpExport, "", long, codes.ResourceExhausted, refused("otlp_grpc", "too_large")},
		{"gzip bomb", s.otlpGRPC, otlpExport, "gzip", grpcFrame(1, bomb()), codes.ResourceExhausted, refused("otlp_grpc", "too_large")},
		{"unknown compression", s.otlpGRPC, otlpExport, "br", grpcFrame(1, good), codes.Unimplemented, refused("otlp_grpc", "unknown_compression")},
		{"compressed without saying how", s.otlpGRPC, otlpExport, "", grpcFrame(1, gzipped(good)), codes.Internal, refused("otlp_grpc", "malformed")},
		{"corrupt gzip", s.otlpGRPC, otlpExport, "gzip", grpcFrame(1, corrupt(gzipped(good))), codes.Internal, refused("otlp_grpc", "malformed")},
		{"no gzip", s.otlpGRPC, otlpExport, "gzip", grpcFrame(1, good), codes.Internal, refused("otlp_grpc", "malformed")},
		{"frame cut short", s.otlpGRPC, otlpExport, "", grpcFrame(0, good)[:40], codes.Unknown, refused("otlp_grpc", "malformed")},
		// The server library counts neither of these as a call.
		{"no frame", s.otlpGRPC, otlpExport, "", nil, codes.Unknown, nil},
		{"unknown method", s.otlpGRPC, "/opentelemetry.proto.collector.trace.v1.TraceService/Import", "", grpcFrame(0, good), codes.Unimplemented, nil},

		{"Jaeger, malformed protobuf", s.jaegerGRPC, jaegerPost, "", grpcFrame(0, []byte("\x0a\xffnothing")), codes.InvalidArgument, refused("jaeger_grpc", "malformed")},
		{"Jaeger, larger than the limit", s.jaegerGRPC, jaegerPost, "", grpcFrame(0, make([]byte, maxRequest+1)), codes.ResourceExhausted, refused("jaeger_grpc", "too_large")},
		{"Jaeger, unknown compression", s.jaegerGRPC, jaegerPost, "br", grpcFrame(1, good), codes.Unimplemented, refused("jaeger_grpc", "unknown_compression")},
	} {
		t.Run(c.name, func(t *testing.T) {
			send := func() {
				res := grpcCall(t, c.addr, c.method, c.encoding, c.body)
				if res.code != c.code || res.message == "" {
					t.Errorf("%v %q, want %v with a message", res.code, res.message, c.code)
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
	s.expectPeakBelow(t, 768<<20)
}
