// Package native serves heddle's own HTTP API under /heddle/v1, the one that
// the web UI is built on. openapi.yaml in this folder is its contract and is
// served at /heddle/v1/openapi.yaml; package client is generated from it.
package native

import (
	"cmp"
	_ "embed"
	"net/http"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

//go:embed openapi.yaml
var openAPI []byte

// Options configure the handler. Zero bounds mean the defaults named.
type Options struct {
	Store   storage.Store
	Archive storage.Store   // asked for traces, too, that are named; nil: none
	Graphs  *red.GraphCache // of Store; nil: none
	Version string          // of heddle, told in /status

	QueryTimeout  time.Duration // after which an answer says what was found so far; 30 s
	MaxQuerySpans int           // that one question may read; 5,000,000
	MaxConcurrent int           // questions that read much, at once; 4
	MaxTails      int           // live tails at once; 16

	// Stopped is closed when the server stops: live tails, which last as long as
	// their clients otherwise, tell theirs and end. nil: it never does.
	Stopped <-chan struct{}
}

// NewHandler serves every path under /heddle/v1. It is safe for concurrent
// use; queries end with the request's context.
func NewHandler(opts Options) http.Handler { return newAPI(opts).handler() }

func newAPI(opts Options) *api {
	opts.QueryTimeout = cmp.Or(opts.QueryTimeout, defaultQueryTimeout)
	opts.MaxQuerySpans = cmp.Or(opts.MaxQuerySpans, defaultQuerySpans)
	opts.MaxConcurrent = cmp.Or(opts.MaxConcurrent, defaultConcurrent)
	opts.MaxTails = cmp.Or(opts.MaxTails, defaultTails)
	return &api{
		opts: opts, spans: opts.Store.Spans(),
		turns: make(chan struct{}, opts.MaxConcurrent), tails: make(chan struct{}, opts.MaxTails),
		now: time.Now, every: everyTick,
	}
}

// routes are the patterns below /heddle/v1 and what answers them.
func (a *api) routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /status":     answer(a.status),
		"GET /services":   answer(a.services),
		"GET /operations": answer(a.operations),
		"GET /keys":       answer(a.keys),
		"GET /values":     answer(a.values),

		"GET /traces":        a.heavy(answer(a.search)),
		"GET /traces/stream": a.heavy(http.HandlerFunc(a.searchStream)),
		"GET /tail":          http.HandlerFunc(a.tail),
		"GET /overview":      a.heavy(answer(a.overview)),
		"GET /compare":       a.heavy(answer(a.compare)),
		"GET /rates":         a.heavy(answer(a.rates)),
		"GET /graph":         a.heavy(answer(a.graph)),
		"GET /structure":     a.heavy(answer(a.structure)),
		"GET /diff":          a.heavy(answer(a.diff)),

		"GET /traces/{traceId}/spans":                answer(a.traceSpans),
		"GET /traces/{traceId}/skeleton":             http.HandlerFunc(a.skeleton),
		"GET /traces/{traceId}/criticalpath":         answer(a.criticalPath),
		"GET /traces/{traceId}/flame":                answer(a.flame),
		"GET /traces/{traceId}/spans/{spanId}/usual": a.heavy(answer(a.usual)),

		"DELETE /traces/{traceId}": sameOrigin(accept(a.deleteTrace)),
		"GET /deletions":           answer(a.deletions),
		"POST /deletions":          sameOrigin(accept(a.createDeletion)),
		"GET /openapi.yaml": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/yaml")
			w.Write(openAPI)
		}),
	}
}

const prefix = "/heddle/v1"

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range a.routes() {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+prefix+path, h)
	}
	mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		var methods []string // that the path has
		for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPost} {
			probe := *r
			probe.Method = method
			if _, pattern := mux.Handler(&probe); pattern != prefix+"/" {
				methods = append(methods, method)
			}
		}
		if allow := strings.Join(methods, ", "); allow != "" {
			w.Header().Set("Allow", allow)
			writeError(w, &apiError{status: http.StatusMethodNotAllowed, code: "bad_request", message: r.URL.Path + " has no " + r.Method + ", only " + allow})
			return
		}
		writeError(w, notFound("no such path: %s %s; the API is described at /heddle/v1/openapi.yaml", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := failure.Parameters(r); err != nil {
			writeError(w, badRequest("%v", err))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type api struct {
	opts  Options
	spans storage.SpanStore
	turns chan struct{} // one place for each question that reads much
	tails chan struct{} // and for each live tail

	now   func() time.Time
	every func(time.Duration) (ticks <-chan time.Time, stop func())
}

func everyTick(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// getTrace reads the trace that the path names from the store and the archive.
func (a *api) getTrace(r *http.Request) (*trace.Trace, error) {
	return a.traceNamed(r, r.PathValue("traceId"))
}

func (a *api) traceNamed(r *http.Request, name string) (*trace.Trace, error) {
	id, err := storage.ParseTraceID(name)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	from := []storage.SpanReader{a.spans}
	if a.opts.Archive != nil {
		from = append(from, a.opts.Archive.Spans())
	}
	traces, err := trace.FetchFrom(r.Context(), []storage.TraceID{id}, from...)
	if err != nil {
		return nil, err
	}
	if len(traces) == 0 {
		return nil, notFound("trace %s is not stored: it was never received, it is older than what the store keeps, or it was deleted", id)
	}
	return traces[0], nil
}
