package ingestext

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/heddle-io/heddle/exporters/heddlestore"
)

// GetGRPCServerOptions implements extensionmiddleware.GRPCServer.
//
// The receiver's handler returns an empty response of an unexported type. To
// say more, the interceptor returns an encoded response in its place, which
// the codec passes through. The codec also keeps a request that does not
// decode for the interceptor to refuse, because the server library itself
// would call it an INTERNAL error.
func (x *ingest) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	c := &codec{CodecV2: encoding.GetCodecV2(proto.Name)}
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(c),
		grpc.ChainUnaryInterceptor(x.interceptor(c)),
		grpc.StatsHandler(&callWatcher{refused: x.refused}),
	}, nil
}

func (x *ingest) interceptor(c *codec) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
		if err := c.takeFailure(req); err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "the request is not a valid protobuf message: %v", err)
		}
		defer func() {
			if p := recover(); p != nil {
				x.logger.Error("panic on a request", zap.String("method", info.FullMethod), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				resp, err = nil, status.Error(codes.Internal, "heddle failed on this request; its log has the details")
			}
		}()
		ctx, outcome := heddlestore.WithOutcome(ctx)
		resp, err = handle(ctx, req)
		if err != nil || grpcProtocol(info.FullMethod) != otlpGRPC {
			return resp, err
		}
		if count, signal, message := outcome.Rejected(); count > 0 {
			return newPartialSuccess(signal, count, message).proto()
		}
		return resp, nil
	}
}

// codec is the codec of the process with two additions; see GetGRPCServerOptions.
type codec struct {
	encoding.CodecV2
	failures sync.Map // request message -> error of its decoding
}

// encoded is a response in its wire form.
type encoded []byte

func (c *codec) Marshal(v any) (mem.BufferSlice, error) {
	if e, ok := v.(encoded); ok {
		return mem.BufferSlice{mem.SliceBuffer(e)}, nil
	}
	return c.CodecV2.Marshal(v)
}

func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if err := c.unmarshal(data, v); err != nil {
		c.failures.Store(v, err)
	}
	return nil
}

func (c *codec) unmarshal(data mem.BufferSlice, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoding failed: %v", p)
		}
	}()
	return c.CodecV2.Unmarshal(data, v)
}

func (c *codec) takeFailure(req any) error {
	if err, ok := c.failures.LoadAndDelete(req); ok {
		return err.(error)
	}
	return nil
}

// callWatcher counts calls that end with an error, also those that the server
// library refuses before any interceptor sees them.
type callWatcher struct{ refused *refusals }

type methodKey struct{}

func (*callWatcher) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

func (w *callWatcher) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if end, ok := s.(*stats.End); ok && end.Error != nil {
		fullMethod, _ := ctx.Value(methodKey{}).(string)
		w.refused.add(grpcProtocol(fullMethod), grpcReason(end.Error))
	}
}

func (*callWatcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*callWatcher) HandleConn(context.Context, stats.ConnStats)                       {}
