// Package failure says with which HTTP status and gRPC code the query APIs
// tell a client why it has no answer, where an API has no code of its own for
// it.
package failure

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"

	"github.com/heddle-io/heddle/storage"
)

// ClientClosed is what proxies log for a request whose client left.
const ClientClosed = 499

// Status is the HTTP status of an error. One that is nobody's fault but ours
// is http.StatusInternalServerError.
func Status(err error) int {
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return http.StatusBadRequest
	case errors.Is(err, context.Canceled):
		return ClientClosed
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, storage.ErrOverloaded), errors.Is(err, storage.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, errors.ErrUnsupported):
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}

// Parameters says what is wrong with the query string of a request whose
// parameters cannot all be read. URL.Query leaves those out: what is left would
// be another question.
func Parameters(r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return errors.New("the query string is malformed: escape % as %25 and ; as %3B")
	}
	return nil
}

// Code is the gRPC code that says what an HTTP status says.
func Code(status int) codes.Code {
	switch status {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusNotFound:
		return codes.NotFound
	case ClientClosed:
		return codes.Canceled
	case http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusNotImplemented:
		return codes.Unimplemented
	}
	return codes.Internal
}
