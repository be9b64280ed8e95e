package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/traceql"
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
			writeError(w, &apiError{status: http.StatusForbidden, code: "forbidden",
				message: "a page of another origin may not do this. If this is heddle's own page, a proxy before heddle changes the Host header: let it pass the one of the browser"})
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
	// Where a query is wrong and what to write instead; zero for other errors.
	line, column int
	remedy       string
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: "bad_request", message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &apiError{status: http.StatusNotFound, code: "not_found", message: fmt.Sprintf(format, args...)}
}

// querySyntax is the error for a query that does not parse.
func querySyntax(name string, err error) error {
	e := &apiError{status: http.StatusBadRequest, code: "bad_request", message: fmt.Sprintf("%s: %v", name, err)}
	var syntax *traceql.SyntaxError
	if errors.As(err, &syntax) {
		e.line, e.column, e.remedy = syntax.Line, syntax.Column, syntax.Remedy
	}
	return e
}

// errorJSON is an error in an answer.
type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

func (e *apiError) json() errorJSON {
	return errorJSON{e.code, e.message, e.line, e.column, e.remedy}
}

// asAPIError finds the place of an error in the contract.
func asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	place := func(status int, code, message string) *apiError {
		return &apiError{status: status, code: code, message: message}
	}
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return place(http.StatusUnprocessableEntity, "too_large", err.Error())
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, traceql.ErrWrongKind):
		return place(http.StatusBadRequest, "bad_request", err.Error())
	case errors.Is(err, storage.ErrOverloaded), errors.Is(err, storage.ErrClosed):
		return place(http.StatusServiceUnavailable, "overloaded", err.Error())
	case errors.Is(err, context.Canceled):
		return place(failure.ClientClosed, "internal", "the client went away")
	case errors.Is(err, context.DeadlineExceeded):
		return place(http.StatusGatewayTimeout, "internal", "the query took too long; ask for a shorter window")
	}
	return place(http.StatusInternalServerError, "internal", err.Error())
}

func writeError(w http.ResponseWriter, err error) {
	e := asAPIError(err)
	b, _ := json.Marshal(struct {
		Error errorJSON `json:"error"`
	}{e.json()}) // text and numbers cannot fail
	w.Header().Set("Content-Type", "application/json")
	if e.code == "overloaded" {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(e.status)
	w.Write(b)
}
