package queryext

import (
	"net/http"

	"google.golang.org/grpc/codes"

	"github.com/heddle-io/heddle/query/api/failure"
)

// outcome is how a query ended, the same words for HTTP and gRPC.
type outcome string

const (
	outcomeOK       outcome = "ok"       // answered
	outcomeInvalid  outcome = "invalid"  // the client's mistake, or what it asks for is not there
	outcomeCanceled outcome = "canceled" // the client left
	outcomeTimeout  outcome = "timeout"  // it took too long
	outcomeRefused  outcome = "refused"  // no room, or the store is not able to answer now
	outcomeFailed   outcome = "failed"   // heddle's mistake
)

func outcomeOfStatus(code int) outcome {
	switch {
	case code < http.StatusBadRequest:
		return outcomeOK
	case code == failure.ClientClosed:
		return outcomeCanceled
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return outcomeRefused
	case code == http.StatusGatewayTimeout:
		return outcomeTimeout
	case code < http.StatusInternalServerError, code == http.StatusNotImplemented:
		return outcomeInvalid
	}
	return outcomeFailed
}

func outcomeOfCode(code codes.Code) outcome {
	switch code {
	case codes.OK:
		return outcomeOK
	case codes.Canceled:
		return outcomeCanceled
	case codes.DeadlineExceeded:
		return outcomeTimeout
	case codes.Unavailable, codes.ResourceExhausted:
		return outcomeRefused
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange,
		codes.Unimplemented, codes.PermissionDenied, codes.Unauthenticated:
		return outcomeInvalid
	}
	return outcomeFailed
}
