package jaeger

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/heddle-io/heddle/query/api/grpcwire"
	"github.com/heddle-io/heddle/storage"
)

// export serves OTLP's TraceService: Jaeger's remote storage writes to the
// address that it reads from unless it is told another one. It stores requests
// as they came, without a pipeline before the store.
type export struct{ writer storage.SpanWriter }

func (e *export) describe() *grpc.ServiceDesc {
	const service = "opentelemetry.proto.collector.trace.v1.TraceService"
	return &grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Metadata:    "opentelemetry/proto/collector/trace/v1/trace_service.proto",
		Methods:     []grpc.MethodDesc{unaryMethod(service, "Export", e.Export)},
	}
}

// Export answers as OTLP asks for: spans that were refused are told as a
// partial success, an overload with when to try again.
func (e *export) Export(ctx context.Context, in *grpcwire.Raw) (grpcwire.Raw, error) {
	outcome, err := e.write(ctx, *in)
	if err != nil {
		return nil, exportError(err)
	}
	response := ptraceotlp.NewExportResponse()
	if n := outcome.RejectedCount(); n > 0 {
		response.PartialSuccess().SetRejectedSpans(int64(n))
		response.PartialSuccess().SetErrorMessage(explainRejected(outcome))
	}
	return response.MarshalProto()
}

func (e *export) write(ctx context.Context, body []byte) (storage.Outcome, error) {
	if w, ok := e.writer.(storage.OTLPWriter); ok {
		return w.WriteOTLP(ctx, storage.OTLPRequest{Body: body})
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		return storage.Outcome{}, errors.Join(storage.ErrMalformed, err)
	}
	return e.writer.WriteSpans(ctx, td)
}

func exportError(err error) error {
	switch {
	case errors.Is(err, storage.ErrMalformed):
		return status.Errorf(codes.InvalidArgument, "the request is not a valid protobuf message: %v", err)
	case errors.Is(err, storage.ErrOverloaded):
		s := status.New(codes.ResourceExhausted, err.Error())
		if told, detailErr := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)}); detailErr == nil {
			s = told
		}
		return s.Err()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Unavailable, err.Error())
}

// explainRejected says what of a request was rejected and why.
func explainRejected(o storage.Outcome) string {
	parts := make([]string, 0, len(o.Rejected))
	for _, r := range o.Rejected {
		text := strconv.Itoa(r.Count) + " " + string(r.Reason)
		if r.Example != "" {
			text += ", for example: " + r.Example
		}
		parts = append(parts, text)
	}
	return strings.ToValidUTF8(strings.Join(parts, "; "), "\uFFFD")
}
