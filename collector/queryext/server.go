package queryext

import (
	"context"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
)

// newServer puts routes and gRPC calls behind what the configuration asks for
// (TLS, authentication, CORS, limits). Health stays before it, because a probe
// has no credentials.
func (q *query) newServer(ctx context.Context, host component.Host, routes http.Handler) (*http.Server, error) {
	both := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isGRPC(r) {
			q.rpc.ServeHTTP(w, r)
		} else {
			routes.ServeHTTP(w, r)
		}
	})
	server, err := q.config.ServerConfig.ToServer(ctx, host.GetExtensions(), q.set.TelemetrySettings, both)
	if err != nil {
		return nil, err
	}
	configured, base := server.Handler, string(q.config.BasePath)
	health := http.NewServeMux()
	health.HandleFunc("GET "+base+"/-/healthy", q.healthy)
	health.HandleFunc("GET "+base+"/-/ready", q.isReady)

	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isGRPC(r) && q.rpc.isProbe(r):
			q.rpc.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, base+"/-/healthy"), strings.HasPrefix(r.URL.Path, base+"/-/ready"):
			health.ServeHTTP(w, r)
		default:
			configured.ServeHTTP(w, r)
		}
	})
	// A TraceQL query may have 128 KiB, and three times that in an address, where
	// its characters are escaped.
	server.MaxHeaderBytes = 512 << 10
	// Ask silent connections whether somebody is still there.
	server.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 20 * time.Second}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server, nil
}

func (q *query) healthy(w http.ResponseWriter, _ *http.Request) {
	answerText(w, http.StatusOK, "heddle is healthy\n")
}

func (q *query) isReady(w http.ResponseWriter, _ *http.Request) {
	if !q.ready.Load() {
		w.Header().Set("Retry-After", "1")
		answerText(w, http.StatusServiceUnavailable, "heddle is not ready: the store is being opened, or pipelines are starting or stopping\n")
		return
	}
	answerText(w, http.StatusOK, "heddle is ready\n")
}

func answerText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}
