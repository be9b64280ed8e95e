package queryext

import (
	"net/http"
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
	opened atomic.Pointer[http.Handler]        // what it returned
}

type mount struct {
	pattern string
	strip   string // prefix that the handler does not know of
}

// newAPIs lists the query APIs.
func (q *query) newAPIs() []*api {
	return []*api{
		{
			name:   "native",
			mounts: []mount{{pattern: "/heddle/v1/"}},
			open: func(stores StorageExtension) http.Handler {
				return native.NewHandler(native.Options{
					Store:   stores.Store(),
					Archive: stores.Archive(),
					Version: q.set.BuildInfo.Version,
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
