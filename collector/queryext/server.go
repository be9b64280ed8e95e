package queryext

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// newServer puts the routes behind what the configuration asks for (TLS,
// authentication, CORS, limits). Two things stay before it: the health
// endpoints, because a probe has no credentials, and gRPC, which brings its own.
func (q *query) newServer(ctx context.Context, host component.Host, routes http.Handler) (*http.Server, error) {
	server, err := q.config.ServerConfig.ToServer(ctx, host.GetExtensions(), q.set.TelemetrySettings, routes)
	if err != nil {
		return nil, err
	}
	configured, base := server.Handler, string(q.config.BasePath)
	health := http.NewServeMux()
	health.HandleFunc("GET "+base+"/-/healthy", q.healthy)
	health.HandleFunc("GET "+base+"/-/ready", q.isReady)

	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
			q.serveGRPC(w, r)
		case strings.HasPrefix(r.URL.Path, base+"/-/healthy"), strings.HasPrefix(r.URL.Path, base+"/-/ready"):
			health.ServeHTTP(w, r)
		default:
			configured.ServeHTTP(w, r)
		}
	})
	server.MaxHeaderBytes = 64 << 10
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server, nil
}

// serveGRPC answers gRPC calls. No service is registered yet, which it says in
// the form that gRPC clients understand.
func (q *query) serveGRPC(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", "12") // UNIMPLEMENTED
	w.Header().Set("Grpc-Message", "no gRPC service is served here: send OTLP to the port of the otlp receiver")
	w.WriteHeader(http.StatusOK)
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
