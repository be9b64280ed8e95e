package queryext

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/heddle-io/heddle/query/api/jaeger"
	"github.com/heddle-io/heddle/query/api/native"
	"github.com/heddle-io/heddle/query/api/tempo"
)

// api is a query API and where it is mounted.
type api struct {
	name   string // label of its requests in /metrics
	mounts []mount
	open   func(StorageExtension) http.Handler // called once the stores are open
	// cheap says which requests are no queries that need a turn of their own.
	// It gets the path without the prefix of the mount. nil: there are none.
	cheap func(method, path string) bool
	// lasting says which requests are not cut off when request_timeout is over.
	// It gets the path as cheap does. nil: there are none.
	lasting func(path string) bool
	opened  atomic.Pointer[http.Handler] // what it returned
}

type mount struct {
	pattern string
	strip   string // prefix that the handler does not know of
}

// newAPIs lists the query APIs.
func (q *query) newAPIs() []*api {
	return []*api{
		{
			name:    "native",
			mounts:  []mount{{pattern: "/heddle/v1/"}},
			cheap:   cheapNative,
			lasting: isTail,
			open: func(stores StorageExtension) http.Handler {
				return native.NewHandler(native.Options{
					Store:   stores.Store(),
					Archive: stores.Archive(),
					Graphs:  q.graphs,
					Version: q.set.BuildInfo.Version,
					Stopped: q.rpc.drain.Done(),
				})
			},
		},
		{
			name:   "jaeger",
			mounts: []mount{{pattern: "/api/"}, {pattern: "/jaeger/api/", strip: "/jaeger"}},
			open: func(stores StorageExtension) http.Handler {
				return jaeger.NewHandler(jaeger.Options{
					Spans:   stores.Store().Spans(),
					Archive: stores.Archive().Spans(),
					Writer:  stores.Store().Spans(),
				})
			},
		},
		{
			name:   "tempo",
			mounts: []mount{{pattern: "/tempo/", strip: "/tempo"}},
			cheap:  cheapTempo,
			open: func(stores StorageExtension) http.Handler {
				return tempo.NewHandler(tempo.Options{
					Spans:   stores.Store().Spans(),
					Archive: stores.Archive().Spans(),
					Version: q.set.BuildInfo.Version,
				})
			},
		},
	}
}

// cheapNative: deletions are orders, which must not wait for queries, and what
// follows new records lasts as long as somebody watches.
func cheapNative(method, path string) bool {
	switch path {
	case "/heddle/v1/status", "/heddle/v1/openapi.yaml", "/heddle/v1/deletions":
		return true
	}
	return method == http.MethodDelete || isTail(path)
}

// isTail: how many follow new records at a time the API bounds itself.
func isTail(path string) bool { return strings.HasSuffix(path, "/tail") }

// cheapTempo: what clients ask to learn whether somebody is there.
func cheapTempo(_, path string) bool {
	switch path {
	case "/ready", "/api/echo", "/api/status/buildinfo":
		return true
	}
	return path == "/status" || strings.HasPrefix(path, "/status/")
}

// refuse tells a client to come back later, in a form that the clients of the
// API show: Tempo's show the text, Jaeger's look for errors, ours for error.
func (a *api) refuse(w http.ResponseWriter, message string) {
	w.Header().Set("Retry-After", retryAfterSeconds)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.name == "tempo" {
		answerText(w, http.StatusServiceUnavailable, message)
		return
	}
	type problem struct {
		Code    any    `json:"code"`
		Message string `json:"message"`
		Msg     string `json:"msg,omitempty"`
	}
	answer := map[string]any{"error": problem{Code: "overloaded", Message: message}}
	if a.name == "jaeger" {
		answer["errors"] = []problem{{Code: http.StatusServiceUnavailable, Message: message, Msg: message}}
	}
	body, _ := json.Marshal(answer) // texts cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(body)
}

const retryAfterSeconds = "5"

// ServeHTTP implements http.Handler. Until the stores are open there is nothing
// to answer from.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := a.opened.Load()
	if h == nil {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":{"code":"unavailable","message":"the store is not open yet: heddle is starting; its log says how far it is"}}`))
		return
	}
	(*h).ServeHTTP(w, r)
}
