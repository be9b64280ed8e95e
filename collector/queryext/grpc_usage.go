package queryext

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/grpcwire"
)

// call is the usage of a query over gRPC. The nil call is that of one that is
// no query: a probe, a look at what services there are, or a write, which the
// store bounds by itself.
type call struct {
	*usage
	method string
	in     any // the first message of the client
	bytes  int64
	code   codes.Code
}

const writeService = "/opentelemetry.proto.collector.trace.v1.TraceService/"

// enter admits a call, or returns the error that the client gets.
func (r *rpc) enter(ctx context.Context, method string) (*call, error) {
	if strings.HasPrefix(method, healthService) || strings.HasPrefix(method, writeService) {
		return nil, nil //nolint:nilnil // documented at call
	}
	api := r.opened.Load().apiOf[method]
	if api == "" || api == "reflection" {
		return nil, nil //nolint:nilnil // documented at call
	}
	u, err := r.q.enter(ctx, api)
	switch {
	case errors.Is(err, errTooMany):
		_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", retryAfterSeconds))
		return nil, status.Error(codes.Unavailable, err.Error())
	case err != nil:
		return nil, status.FromContextError(err).Err()
	}
	return &call{usage: u, method: method, code: codes.Internal}, nil // stays so on a panic
}

func (c *call) received(in any) {
	if c != nil && c.in == nil {
		c.in = in
	}
}

// sent counts the bytes of a message before compression.
func (c *call) sent(out any, err error) {
	if c == nil || err != nil {
		return
	}
	switch m := out.(type) {
	case grpcwire.Raw:
		c.bytes += int64(len(m))
	case proto.Message:
		c.bytes += int64(proto.Size(m))
	case interface{ Size() int }: // gogo's messages
		c.bytes += int64(m.Size())
	}
}

func (c *call) ended(err error) {
	if c != nil {
		c.code = codeOf(err)
	}
}

func (c *call) end() {
	if c == nil {
		return
	}
	c.usage.end(outcomeOfCode(c.code), func() []zap.Field {
		fields := []zap.Field{zap.String("method", c.method), zap.String("status", c.code.String()), zap.Int64("bytes", c.bytes)}
		if in, ok := c.in.(fmt.Stringer); ok {
			fields = append(fields, zap.String("query", shortened(in.String())))
		}
		return fields
	})
}

// boundedStream has the time limit of a call, and tells it what passes.
type boundedStream struct {
	grpc.ServerStream
	ctx  context.Context
	call *call
}

func (s *boundedStream) Context() context.Context { return s.ctx }

func (s *boundedStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil {
		s.call.received(m)
	}
	return err
}

func (s *boundedStream) SendMsg(m any) error {
	err := s.ServerStream.SendMsg(m)
	s.call.sent(m, err)
	return err
}
