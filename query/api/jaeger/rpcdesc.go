package jaeger

import (
	"context"

	"google.golang.org/grpc"
)

// jaeger-idl's generated code for api_v2 registers with a *grpc.Server only,
// and OTLP's decodes what is stored as it came. Both are described here.

// unaryMethod describes a method with one request and one response.
func unaryMethod[In, Out any](service, name string, call func(context.Context, *In) (Out, error)) grpc.MethodDesc {
	handle := func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(In)
		if err := decode(in); err != nil {
			return nil, err
		}
		answer := func(ctx context.Context, in any) (any, error) { return call(ctx, in.(*In)) }
		if intercept == nil {
			return answer(ctx, in)
		}
		return intercept(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/" + service + "/" + name}, answer)
	}
	return grpc.MethodDesc{MethodName: name, Handler: handle}
}

// streamMethod describes a method with one request and a stream of responses.
func streamMethod[In any](name string, call func(*In, grpc.ServerStream) error) grpc.StreamDesc {
	return grpc.StreamDesc{StreamName: name, ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		in := new(In)
		if err := s.RecvMsg(in); err != nil {
			return err
		}
		return call(in, s)
	}}
}
