package ingestext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"

	"github.com/heddle-io/heddle/exporters/heddlestore"
)

// GetHTTPHandler implements extensionmiddleware.HTTPServer.
func (x *ingest) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return &httpHandler{ingest: x, next: next}, nil
	}, nil
}

// httpHandler answers in place of the receiver where the receiver's answer
// says less than the protocol can. Answers are small, so that it holds each
// until the receiver is done.
type httpHandler struct {
	*ingest
	next http.Handler
}

func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{header: w.Header(), code: http.StatusOK}
	encoding := r.Header.Get("Content-Encoding")
	if !knows(encoding) {
		h.refuse(w, r, a, encodingError(encoding))
		return
	}
	body := &requestBody{
		w: w, wire: r.Body, length: r.ContentLength, encoding: encoding, limit: h.config.MaxRequestBytes, zstd: h.zstd,
		share: share{of: h.inFlight},
	}
	defer body.free()
	if err := body.share.fits(max(r.ContentLength, 0)); err != nil {
		h.refuse(w, r, a, err)
		return
	}
	if encoding != "" {
		r.Header.Del("Content-Encoding")
		r.Header.Del("Content-Length")
		r.ContentLength = -1
	}
	ctx, outcome := heddlestore.WithOutcome(r.Context())
	inner := r.WithContext(ctx)
	inner.Body = body
	if !h.serve(a, inner) {
		h.refuse(w, r, a, errPanic)
		return
	}
	if message, after, ok := outcome.Overloaded(); ok && a.code == http.StatusInternalServerError {
		a.tooMany(message, after)
	}
	switch count, signal, message := outcome.Rejected(); {
	case body.failed != nil && a.code >= 400:
		h.refuse(w, r, a, body.failed)
		return
	case a.code == http.StatusOK && count > 0:
		if err := a.say(newPartialSuccess(signal, count, message)); err != nil {
			h.logger.Error("telling a sender what was rejected", zap.Error(err))
		}
	case a.code >= 400:
		h.refused.add(httpProtocol(r.URL.Path), httpReason(a.code))
	}
	a.send(w)
}

var errPanic = errors.New("heddle failed on this request; its log has the details")

// serve calls the receiver and says whether it came back.
func (h *httpHandler) serve(a *answer, r *http.Request) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			h.logger.Error("panic on a request", zap.String("path", r.URL.Path), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		}
	}()
	h.next.ServeHTTP(a, r)
	return true
}

type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the request is larger than %d bytes after decompression: send smaller batches or raise the limits of the receiver", int64(e))
}

// refuse answers with the status for err, in the form that OTLP gives errors.
func (h *httpHandler) refuse(w http.ResponseWriter, r *http.Request, a *answer, err error) {
	var (
		large   tooLargeError
		maximum *http.MaxBytesError
		unknown encodingError
		busy    busyError
		why     reason
		code    = codes.InvalidArgument
	)
	switch {
	case errors.As(err, &large), errors.As(err, &maximum):
		a.code, why = http.StatusRequestEntityTooLarge, tooLarge
	case errors.As(err, &unknown):
		a.code, why = http.StatusUnsupportedMediaType, compression
		a.header.Set("Accept-Encoding", knownEncodings)
	case errors.As(err, &busy):
		a.code, why, code = http.StatusTooManyRequests, inFlightBytes, codes.ResourceExhausted
		a.header.Set("Retry-After", seconds(busyAfter))
	case errors.Is(err, errPanic):
		a.code, why, code = http.StatusInternalServerError, internal, codes.Internal
	default:
		a.code, why = http.StatusBadRequest, malformed
	}
	h.refused.add(httpProtocol(r.URL.Path), why)
	a.sayStatus(r.Header.Get("Content-Type"), &spb.Status{Code: int32(code), Message: err.Error()})
	a.send(w)
}

// answer is a response that has not been sent.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// say replaces the body of an OTLP answer in the encoding that it has.
func (a *answer) say(p partialSuccess) error {
	marshal := p.json
	if isProto(a.header.Get("Content-Type")) {
		marshal = func() ([]byte, error) { return p.proto() }
	}
	body, err := marshal()
	if err != nil {
		return err
	}
	a.body.Reset()
	a.body.Write(body)
	return nil
}

// tooMany makes the answer one that says to come back later. The receivers of
// Zipkin and of Jaeger's Thrift call every failure an internal error.
func (a *answer) tooMany(message string, after time.Duration) {
	a.code = http.StatusTooManyRequests
	a.header.Set("Retry-After", seconds(after))
	a.header.Set("Content-Type", "text/plain; charset=utf-8")
	a.body.Reset()
	a.body.WriteString(strings.ToValidUTF8(message, "\uFFFD") + "\n")
}

// seconds is a value of Retry-After.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

func (a *answer) sayStatus(contentType string, s *spb.Status) {
	marshal, answerType := protojson.Marshal, "application/json"
	if isProto(contentType) {
		marshal, answerType = proto.Marshal, "application/x-protobuf"
	}
	a.body.Reset()
	if body, err := marshal(s); err == nil {
		a.header.Set("Content-Type", answerType)
		a.body.Write(body)
	}
}

func (a *answer) send(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.code)
	// The sender may be gone, and nobody else is there to be told.
	_, _ = w.Write(a.body.Bytes())
}

func isProto(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/x-protobuf"
}
