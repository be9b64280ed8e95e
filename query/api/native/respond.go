package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/heddle-io/heddle/storage"
)

// answer serves what f returns as JSON, or its error.
func answer[T any](f func(*http.Request) (T, error)) http.Handler {
	return answerWith(http.StatusOK, f)
}

// accept is answer for what goes on after the answer.
func accept(f func(*http.Request) (any, error)) http.Handler {
	return answerWith(http.StatusAccepted, f)
}

func answerWith[T any](status int, f func(*http.Request) (T, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			writeError(w, err)
			return
		}
		body, err := json.Marshal(v)
		if err != nil {
			writeError(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(body)
	})
}

// sameOrigin refuses requests that a page of another site makes a browser
// send. What is no browser sends none of the headers that tell, and passes.
func sameOrigin(h http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			writeError(w, &apiError{http.StatusForbidden, "forbidden",
				"a page of another origin may not do this. If this is heddle's own page, a proxy before heddle changes the Host header: let it pass the one of the browser"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// apiError is an error with its place in the contract.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "not_found", fmt.Sprintf(format, args...)}
}

// statusClientGone is what nginx logs for a client that went away; nobody
// reads the answer.
const statusClientGone = 499

func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		switch {
		case errors.Is(err, storage.ErrTooLarge):
			e = &apiError{http.StatusUnprocessableEntity, "too_large", err.Error()}
		case errors.Is(err, errors.ErrUnsupported):
			e = &apiError{http.StatusBadRequest, "bad_request", err.Error()}
		case errors.Is(err, storage.ErrOverloaded), errors.Is(err, storage.ErrClosed):
			e = &apiError{http.StatusServiceUnavailable, "overloaded", err.Error()}
		case errors.Is(err, context.Canceled):
			e = &apiError{statusClientGone, "internal", "the client went away"}
		case errors.Is(err, context.DeadlineExceeded):
			e = &apiError{http.StatusGatewayTimeout, "internal", "the query took too long; ask for a shorter window"}
		default:
			e = &apiError{http.StatusInternalServerError, "internal", err.Error()}
		}
	}
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = e.code, e.message
	b, _ := json.Marshal(body) // two strings cannot fail
	w.Header().Set("Content-Type", "application/json")
	if e.code == "overloaded" {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(e.status)
	w.Write(b)
}
