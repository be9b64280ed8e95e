package ingestext

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/heddle-io/heddle/exporters/heddlestore"
)

// GetGRPCServerOptions implements extensionmiddleware.GRPCServer.
//
// The receiver's handler returns an empty response of an unexported type. To
// say more, the interceptor returns an encoded response in its place, which
// the codec passes through. The codec also keeps a request that does not
// decode, or for which there is no room, for the interceptor to refuse, because
// the server library itself would call it an INTERNAL error.
func (x *ingest) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return x.serverOptions(newCodec(x.inFlight)), nil
}

func (x *ingest) serverOptions(c *codec) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(c),
		grpc.ChainUnaryInterceptor(x.intercept),
		grpc.StatsHandler(&callWatcher{refused: x.refused, codec: c}),
	}
}

func (x *ingest) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	if call, ok := ctx.Value(callKey{}).(*call); ok && call.failed != nil {
		return nil, failure(call.failed)
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

// failure is what a call ends with whose request was not decoded.
func failure(err error) error {
	if busy := busyError(0); !errors.As(err, &busy) {
		return status.Errorf(codes.InvalidArgument, "the request is not a valid protobuf message: %v", err)
	}
	s := status.New(codes.ResourceExhausted, err.Error())
	if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(busyAfter)}); err == nil {
		s = detailed
	}
	return s.Err()
}

// codec is the codec of the process with additions; see GetGRPCServerOptions.
type codec struct {
	encoding.CodecV2
	inFlight *inFlight
	received sync.Map // request message -> *received
}

// received is what the codec knows of a request.
type received struct {
	share  share
	failed error // of its decoding
}

func newCodec(f *inFlight) *codec {
	return &codec{CodecV2: encoding.GetCodecV2(proto.Name), inFlight: f}
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
	r := &received{share: share{of: c.inFlight}}
	if r.failed = r.share.take(int64(data.Len())); r.failed == nil {
		r.failed = c.unmarshal(data, v)
	}
	c.received.Store(v, r)
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

// take returns what is known of a request, nil if the codec has not seen it.
func (c *codec) take(req any) *received {
	r, _ := c.received.LoadAndDelete(req)
	known, _ := r.(*received)
	return known
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
	method string
	failed error   // why its request was not decoded
	shares []share // of its requests, of which there is one
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
		if r := w.codec.take(s.Payload); r != nil {
			call.failed = r.failed
			call.shares = append(call.shares, r.share)
		}
	case *stats.End:
		for i := range call.shares {
			call.shares[i].free()
		}
		if s.Error != nil {
			w.refused.add(grpcProtocol(call.method), grpcReason(s.Error))
		}
	}
}

func (*callWatcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*callWatcher) HandleConn(context.Context, stats.ConnStats)                       {}
