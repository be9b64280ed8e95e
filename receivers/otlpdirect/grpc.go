package otlpdirect

import (
	"context"
	"errors"
	"runtime/debug"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/heddle-io/heddle/receivers/otlpdirect/bytepool"
	"github.com/heddle-io/heddle/storage"
)

// The codec of the process for protobuf learns the two types below and stays
// what it is for all others. A codec forced upon a server by a middleware goes
// on working here if it builds on the codec of the process, as it should.
func init() {
	encoding.RegisterCodecV2(codec{next: encoding.GetCodecV2(proto.Name)})
}

// message is a request that is left encoded. free must be called.
type message struct{ buffer mem.Buffer }

func (m *message) free() { m.buffer.Free() }

// encoded is a response in its wire form.
type encoded []byte

type codec struct{ next encoding.CodecV2 }

func (c codec) Name() string { return proto.Name }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if e, ok := v.(encoded); ok {
		return mem.BufferSlice{mem.SliceBuffer(e)}, nil
	}
	return c.next.Marshal(v)
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return c.next.Unmarshal(data, v)
	}
	// Without a copy when the request came in one piece.
	m.buffer = data.MaterializeToBuffer(bytepool.Pool)
	return nil
}

// exporter is what a service needs of what serves it.
type exporter interface {
	export(ctx context.Context, m *message) (encoded, error)
}

// grpcLane serves a lane over gRPC.
type grpcLane struct {
	sink     sink
	observer observer
}

func (l *grpcLane) export(ctx context.Context, m *message) (encoded, error) {
	outcome, err := l.sink.take(ctx, l.observer, request{OTLPRequest: storage.OTLPRequest{Body: m.buffer.ReadOnlyData()}})
	if bad := new(malformedError); errors.As(err, &bad) {
		return nil, status.Errorf(codes.InvalidArgument, "the request is not a valid protobuf message: %v", bad)
	}
	if err != nil {
		return nil, statusOf(err).Err()
	}
	if partial := partialSuccess(l.observer.signal, outcome); partial != nil {
		return partial.MarshalProto()
	}
	return l.observer.signal.stored.proto, nil
}

// register adds the service of a signal to a server.
func (l *grpcLane) register(s *grpc.Server) {
	method := "/" + l.observer.signal.service + "/Export"
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: l.observer.signal.service,
		HandlerType: (*exporter)(nil),
		Metadata:    l.observer.signal.file,
		Methods: []grpc.MethodDesc{{
			MethodName: "Export",
			Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				m := new(message)
				if err := decode(m); err != nil {
					return nil, err
				}
				defer m.free() // whatever the interceptors make of it
				handle := func(ctx context.Context, in any) (any, error) { return l.export(ctx, in.(*message)) }
				return intercept(ctx, m, &grpc.UnaryServerInfo{Server: l, FullMethod: method}, handle)
			},
		}},
	}, l)
}

// containGRPC makes an internal error of a panic on a request, which would end
// the process otherwise.
func containGRPC(logger *zap.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
		defer func() {
			if p := recover(); p != nil {
				logger.Error("panic on a request", zap.String("method", info.FullMethod), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				out, err = nil, errPanic
			}
		}()
		return handle(ctx, in)
	}
}
