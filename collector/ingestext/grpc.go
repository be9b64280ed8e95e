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
	return x.serverOptions(newCodec()), nil
}

func (x *ingest) serverOptions(c *codec) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(c),
		grpc.ChainUnaryInterceptor(x.intercept),
		grpc.StatsHandler(&callWatcher{refused: x.refused, codec: c}),
	}
}

func (x *ingest) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	if call, ok := ctx.Value(callKey{}).(*call); ok && call.malformed != nil {
		return nil, status.Errorf(codes.InvalidArgument, "the request is not a valid protobuf message: %v", call.malformed)
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

// codec is the codec of the process with two additions; see GetGRPCServerOptions.
type codec struct {
	encoding.CodecV2
	failures sync.Map // request message -> error of its decoding
}

func newCodec() *codec { return &codec{CodecV2: encoding.GetCodecV2(proto.Name)} }

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
// library refuses before any interceptor sees them. It takes over what the
// codec says of a request: the call may end, by another interceptor, before the
// one here is asked.
type callWatcher struct {
	refused *refusals
	codec   *codec
}

// call is what is known of one call.
type call struct {
	method    string
	malformed error // of its request
}

type callKey struct{}

func (*callWatcher) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, callKey{}, &call{method: info.FullMethodName})
}

func (w *callWatcher) HandleRPC(ctx context.Context, s stats.RPCStats) {
	call, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return
	}
	switch s := s.(type) {
	case *stats.InPayload:
		call.malformed = w.codec.takeFailure(s.Payload)
	case *stats.End:
		if s.Error != nil {
			w.refused.add(grpcProtocol(call.method), grpcReason(s.Error))
		}
	}
}

func (*callWatcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*callWatcher) HandleConn(context.Context, stats.ConnStats)                       {}
