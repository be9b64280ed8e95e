package otlpdirect

import (
	"errors"
	"mime"
	"net/http"
	"runtime/debug"

	"go.uber.org/zap"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// form is one of the two forms that OTLP has over HTTP.
type form struct {
	contentType string
	json        bool
	response    func(exportResponse) ([]byte, error)
	stored      func(*signal) []byte
	status      func(*spb.Status) ([]byte, error)
}

var (
	protoForm = form{
		contentType: "application/x-protobuf",
		response:    exportResponse.MarshalProto,
		stored:      func(s *signal) []byte { return s.stored.proto },
		status:      func(s *spb.Status) ([]byte, error) { return proto.Marshal(s) },
	}
	jsonForm = form{
		contentType: "application/json",
		json:        true,
		response:    exportResponse.MarshalJSON,
		stored:      func(s *signal) []byte { return s.stored.json },
		status:      func(s *spb.Status) ([]byte, error) { return protojson.Marshal(s) },
	}
)

// formOf returns the form that a request announces, nil when it is neither.
func formOf(r *http.Request) *form {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case mediaType == protoForm.contentType:
		return &protoForm
	case mediaType == jsonForm.contentType:
		return &jsonForm
	}
	return nil
}

// httpLane serves a lane over HTTP.
type httpLane struct {
	sink     sink
	observer observer
}

func (l *httpLane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		write(w, "text/plain", http.StatusMethodNotAllowed, []byte("405 method not allowed, supported: [POST]"))
		return
	}
	f := formOf(r)
	if f == nil {
		write(w, "text/plain", http.StatusUnsupportedMediaType,
			[]byte("415 unsupported media type, supported: ["+jsonForm.contentType+", "+protoForm.contentType+"]"))
		return
	}
	body, done, err := readBody(r)
	defer done()
	if err != nil {
		f.refuse(w, http.StatusBadRequest, status.New(codes.InvalidArgument, err.Error()))
		return
	}
	outcome, err := l.sink.take(r.Context(), l.observer, request{OTLPRequest: body, json: f.json})
	if bad := new(malformedError); errors.As(err, &bad) {
		f.refuse(w, http.StatusBadRequest, status.New(codes.InvalidArgument, bad.Error()))
		return
	}
	if err != nil {
		s := statusOf(err)
		f.refuse(w, httpCode(s.Code()), s)
		return
	}
	answer := f.stored(l.observer.signal)
	if partial := partialSuccess(l.observer.signal, outcome); partial != nil {
		if answer, err = f.response(partial); err != nil {
			f.refuse(w, http.StatusInternalServerError, status.New(codes.Unknown, err.Error()))
			return
		}
	}
	write(w, f.contentType, http.StatusOK, answer)
}

// refuse answers with a status, as OTLP gives errors over HTTP.
func (f *form) refuse(w http.ResponseWriter, code int, s *status.Status) {
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		if after := retryAfter(s); after != "" {
			w.Header().Set("Retry-After", after)
		}
	}
	text, err := f.status(s.Proto())
	if err != nil {
		write(w, jsonForm.contentType, http.StatusInternalServerError, []byte(`{"code": 13, "message": "failed to marshal error message"}`))
		return
	}
	write(w, f.contentType, code, text)
}

// refuseEarly answers for what the server refuses before it gets to a lane.
func refuseEarly(w http.ResponseWriter, r *http.Request, message string, code int) {
	answerForm(r).refuse(w, code, status.New(grpcCode(code), message))
}

// answerForm is the form for an answer to a request whose form may be unknown.
func answerForm(r *http.Request) *form {
	if f := formOf(r); f != nil {
		return f
	}
	return &jsonForm
}

func write(w http.ResponseWriter, contentType string, code int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(code)
	// The sender may be gone, and nobody else is there to be told.
	_, _ = w.Write(body)
}

// containHTTP makes an internal error of a panic on a request. Nothing of an
// answer has been written by then, because the lanes write it last.
func containHTTP(logger *zap.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				logger.Error("panic on a request", zap.String("path", r.URL.Path), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				answerForm(r).refuse(w, http.StatusInternalServerError, status.Convert(errPanic))
			}
		}()
		next.ServeHTTP(w, r)
	})
}
