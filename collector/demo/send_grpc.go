package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

type grpcTransport struct {
	conn *grpc.ClientConn
	head metadata.MD
}

func newGRPCTransport(cfg *Config) (transport, error) {
	creds := insecure.NewCredentials()
	if !cfg.Insecure {
		creds = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	calls := []grpc.CallOption{grpc.ForceCodecV2(rawCodec{})}
	if cfg.Compression == compressionGzip {
		calls = append(calls, grpc.UseCompressor(gzip.Name))
	}
	conn, err := grpc.NewClient(cfg.endpoint(), grpc.WithTransportCredentials(creds), grpc.WithDefaultCallOptions(calls...),
		grpc.WithUserAgent(userAgent))
	if err != nil {
		return nil, fmt.Errorf("--endpoint %s: %w", cfg.Endpoint, err)
	}
	return &grpcTransport{conn: conn, head: metadata.New(cfg.Headers)}, nil
}

func (t *grpcTransport) close() error { return t.conn.Close() }

func (t *grpcTransport) export(ctx context.Context, body []byte) (int64, string, error) {
	var resp collectorpb.ExportTraceServiceResponse
	ctx = metadata.NewOutgoingContext(ctx, t.head)
	err := t.conn.Invoke(ctx, exportMethod, body, &resp)
	if err == nil {
		return resp.GetPartialSuccess().GetRejectedSpans(), resp.GetPartialSuccess().GetErrorMessage(), nil
	}
	st := status.Convert(err)
	switch st.Code() {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.DataLoss, codes.Canceled:
	default:
		return 0, "", err
	}
	again := &retryableError{err: err}
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			again.after = info.GetRetryDelay().AsDuration()
		}
	}
	return 0, "", again
}

// rawCodec sends requests that are encoded already and reads answers as usual.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

// Marshal copies, because gRPC may still be writing when a call has returned
// and the caller uses its buffer again.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	body, ok := v.([]byte)
	if !ok {
		return nil, errors.New("demo: not an encoded request")
	}
	return mem.BufferSlice{mem.Copy(body, mem.DefaultBufferPool())}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	msg, ok := v.(proto.Message)
	if !ok {
		return errors.New("demo: not a message")
	}
	return proto.Unmarshal(data.Materialize(), msg)
}
