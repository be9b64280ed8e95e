package otlpdirect

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/heddle-io/heddle/storage"
)

// overloaded is RESOURCE_EXHAUSTED with RetryInfo.
func overloaded(err error, after time.Duration) error {
	s, detailErr := status.New(codes.ResourceExhausted, err.Error()).
		WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if detailErr != nil {
		return errors.Join(err, detailErr)
	}
	return &overloadError{status: s, err: err}
}

// overloadError is a gRPC status that still unwraps to what caused it.
type overloadError struct {
	status *status.Status
	err    error
}

func (e *overloadError) Error() string              { return e.err.Error() }
func (e *overloadError) GRPCStatus() *status.Status { return e.status }
func (e *overloadError) Unwrap() error              { return e.err }

// statusOf is what upstream's receiver makes of an error of a pipeline: its own
// status if it has one, INTERNAL when another try cannot help, and UNAVAILABLE.
func statusOf(err error) *status.Status {
	if s, ok := status.FromError(err); ok {
		return s
	}
	if consumererror.IsPermanent(err) {
		return status.New(codes.Internal, err.Error())
	}
	return status.New(codes.Unavailable, err.Error())
}

// httpCode is the HTTP status code for a gRPC one; see the OTLP specification,
// OTLP/HTTP response, for which of them a sender may retry.
func httpCode(c codes.Code) int {
	switch c {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return http.StatusServiceUnavailable
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.Unimplemented:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// grpcCode is the gRPC code for an HTTP status code.
func grpcCode(code int) codes.Code {
	switch code {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.Unimplemented
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	}
	return codes.Unknown
}

// retryAfter is the value of Retry-After for a status, "" when it has none.
func retryAfter(s *status.Status) string {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return strconv.FormatInt(int64(info.GetRetryDelay().AsDuration()/time.Second), 10)
		}
	}
	return ""
}

// explain says to a sender what of its request was rejected and why.
func explain(o storage.Outcome) string {
	var b strings.Builder
	for _, r := range o.Rejected {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(strconv.Itoa(r.Count) + " " + string(r.Reason))
		if r.Example != "" {
			b.WriteString(", for example: " + r.Example)
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// partialSuccess is the response for what a store took, nil when it took all.
func partialSuccess(s *signal, o storage.Outcome) exportResponse {
	rejected := o.RejectedCount()
	if rejected == 0 {
		return nil
	}
	return s.answer(int64(rejected), explain(o))
}

// errPanic is all that a sender is told of a bug.
var errPanic = status.Error(codes.Internal, "heddle failed on this request; its log has the details")
