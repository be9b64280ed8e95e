package ingestext

import (
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// protocol and reason are the labels of the counter.
type (
	protocol string
	reason   string
)

const (
	otlpGRPC   protocol = "otlp_grpc"
	otlpHTTP   protocol = "otlp_http"
	zipkinHTTP protocol = "zipkin_http"
	jaegerGRPC protocol = "jaeger_grpc"
	jaegerHTTP protocol = "jaeger_http"
	otherGRPC  protocol = "grpc"
	otherHTTP  protocol = "http"
)

const (
	malformed    reason = "malformed"
	tooLarge     reason = "too_large"
	compression  reason = "unknown_compression"
	contentType  reason = "unknown_content_type"
	noSuchPath   reason = "unknown_path"
	method       reason = "unknown_method"
	unauthorized reason = "unauthorized"
	overloaded   reason = "overloaded"
	canceled     reason = "canceled"
	internal     reason = "internal"

	inFlightBytes reason = "in_flight_bytes" // too many of all requests
)

type refusals struct{ counter *prometheus.CounterVec }

func newRefusals(metrics prometheus.Registerer) (*refusals, error) {
	r := &refusals{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "heddle_receiver_rejected_requests_total",
		Help: "Requests with telemetry that were refused as a whole.",
	}, []string{"protocol", "reason"})}
	// From 0, because a counter that appears with its first event hides that event.
	for _, p := range []protocol{otlpGRPC, otlpHTTP, zipkinHTTP, jaegerGRPC, jaegerHTTP} {
		for _, why := range []reason{malformed, tooLarge, compression, overloaded, internal, inFlightBytes} {
			r.counter.WithLabelValues(string(p), string(why))
		}
	}
	return r, metrics.Register(r.counter)
}

func (r *refusals) add(p protocol, why reason) {
	r.counter.WithLabelValues(string(p), string(why)).Inc()
}

// httpProtocol tells the receiver from the path, which is all that a
// middleware knows of it.
func httpProtocol(path string) protocol {
	switch {
	case strings.HasSuffix(path, "/v1/traces"), strings.HasSuffix(path, "/v1/logs"), strings.HasSuffix(path, "/v1/metrics"):
		return otlpHTTP
	case strings.HasSuffix(path, "/spans"):
		return zipkinHTTP
	case strings.HasSuffix(path, "/api/traces"):
		return jaegerHTTP
	}
	return otherHTTP
}

func httpReason(code int) reason {
	switch code {
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusUnsupportedMediaType:
		return contentType
	case http.StatusMethodNotAllowed:
		return method
	case http.StatusNotFound:
		return noSuchPath
	case http.StatusUnauthorized, http.StatusForbidden:
		return unauthorized
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return overloaded
	}
	if code >= 500 {
		return internal
	}
	return malformed
}

func grpcProtocol(fullMethod string) protocol {
	switch {
	case strings.HasPrefix(fullMethod, "/opentelemetry.proto.collector."):
		return otlpGRPC
	case strings.HasPrefix(fullMethod, "/jaeger."):
		return jaegerGRPC
	}
	return otherGRPC
}

// grpcReason classifies what a call ended with. The server library has one
// code for several things, so that some are told by their message.
func grpcReason(err error) reason {
	s := status.Convert(err)
	switch s.Code() {
	case codes.InvalidArgument:
		return malformed
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "larger than max") {
			return tooLarge
		}
		if strings.HasPrefix(s.Message(), busyText) {
			return inFlightBytes
		}
		return overloaded
	case codes.Unimplemented:
		if strings.Contains(s.Message(), "ecompressor is not installed") {
			return compression
		}
		return method
	case codes.Unauthenticated, codes.PermissionDenied:
		return unauthorized
	case codes.Unavailable:
		return overloaded
	case codes.Canceled, codes.DeadlineExceeded:
		return canceled
	case codes.Internal, codes.Unknown:
		// What the server library says of a request that it cannot read.
		if strings.HasPrefix(s.Message(), "grpc: ") || s.Message() == io.ErrUnexpectedEOF.Error() {
			return malformed
		}
	}
	return internal
}
