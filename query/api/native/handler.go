// Package native serves heddle's own HTTP API under /heddle/v1, the one that
// the web UI is built on. openapi.yaml in this folder is its contract and is
// served at /heddle/v1/openapi.yaml.
package native

import (
	_ "embed"
	"net/http"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

//go:embed openapi.yaml
var openAPI []byte

// Options configure the handler.
type Options struct {
	Store   storage.Store
	Archive storage.Store // asked for traces that Store does not have; nil: none
	Version string        // of heddle, told in /status
}

// NewHandler serves every path under /heddle/v1. It is safe for concurrent
// use; queries end with the request's context.
func NewHandler(opts Options) http.Handler {
	a := &api{opts: opts, spans: opts.Store.Spans()}
	mux := http.NewServeMux()
	mux.Handle("GET /heddle/v1/status", answer(a.status))
	mux.Handle("GET /heddle/v1/services", answer(a.services))
	mux.Handle("GET /heddle/v1/operations", answer(a.operations))
	mux.Handle("GET /heddle/v1/keys", answer(a.keys))
	mux.Handle("GET /heddle/v1/values", answer(a.values))
	mux.Handle("GET /heddle/v1/traces", answer(a.search))
	mux.Handle("GET /heddle/v1/traces/{traceId}/spans", answer(a.traceSpans))
	mux.HandleFunc("GET /heddle/v1/traces/{traceId}/skeleton", a.skeleton)
	mux.Handle("DELETE /heddle/v1/traces/{traceId}", sameOrigin(accept(a.deleteTrace)))
	mux.Handle("GET /heddle/v1/deletions", answer(a.deletions))
	mux.Handle("POST /heddle/v1/deletions", sameOrigin(accept(a.createDeletion)))
	mux.HandleFunc("GET /heddle/v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Write(openAPI)
	})
	mux.HandleFunc("/heddle/v1/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, notFound("no such path: %s %s; the API is described at /heddle/v1/openapi.yaml", r.Method, r.URL.Path))
	})
	return mux
}

type api struct {
	opts  Options
	spans storage.SpanStore
}

// getTrace reads the trace that the path names, from the archive when the
// store does not have it.
func (a *api) getTrace(r *http.Request) (*trace.Trace, error) {
	id, err := storage.ParseTraceID(r.PathValue("traceId"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	t, err := trace.Get(r.Context(), a.spans, id)
	if err == nil && t == nil && a.opts.Archive != nil {
		t, err = trace.Get(r.Context(), a.opts.Archive.Spans(), id)
	}
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound("trace %s is not stored: it was never received, it is older than what the store keeps, or it was deleted", id)
	}
	return t, nil
}
