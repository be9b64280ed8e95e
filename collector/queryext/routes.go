package queryext

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/heddle-io/heddle/ui"
)

// routes is everything on the listener, by path.
func (q *query) routes() http.Handler {
	mux := http.NewServeMux()
	mount := func(pattern, name string, h http.Handler) { mux.Handle(pattern, q.watch(name, h)) }

	mount("/metrics", "metrics", promhttp.HandlerFor(q.process.Metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mount("/-/reload", "reload", http.HandlerFunc(q.reload))
	for _, a := range q.apis {
		for _, m := range a.mounts {
			mount(m.pattern, a.name, q.bounded(a, m, q.admitted(a, m, gzipped(http.StripPrefix(m.strip, a)))))
		}
	}
	assets, built := ui.Assets()
	mount("/", "ui", newUI(assets, built, string(q.config.BasePath)))

	if base := string(q.config.BasePath); base != "" {
		outer := http.NewServeMux()
		outer.Handle(base+"/", http.StripPrefix(base, mux))
		outer.Handle(base, http.RedirectHandler(base+"/", http.StatusPermanentRedirect))
		return outer
	}
	return mux
}

// bounded ends a query that takes too long, and an answer that nobody reads.
// What lasts as long as its client looks after both by itself.
func (q *query) bounded(a *api, m mount, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.lasting != nil && a.lasting(strings.TrimPrefix(r.URL.Path, m.strip)) {
			h.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), q.config.RequestTimeout)
		defer cancel()
		// Not every writer has deadlines; the context then has to do.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(q.config.RequestTimeout + writeGrace))
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// writeGrace is the time to say that a query took too long.
const writeGrace = 10 * time.Second

// gzipped compresses answers that gain from it.
func gzipped(h http.Handler) http.Handler { return gzhttp.GzipHandler(h) }

func (q *query) reload(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		w.Header().Set("Allow", "POST, PUT")
		answerText(w, http.StatusMethodNotAllowed, "use POST to reload the configuration\n")
		return
	}
	// A page of another site could make a browser send it. What is no browser
	// sends none of the headers that tell, and passes.
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		answerText(w, http.StatusForbidden, "a page of another origin may not reload the configuration\n")
		return
	}
	if q.process.Reload == nil {
		answerText(w, http.StatusNotImplemented, "this process has no configuration to reload\n")
		return
	}
	if err := q.process.Reload(r.Context()); err != nil {
		answerText(w, http.StatusBadRequest, "the configuration stays as it is: "+err.Error()+"\n")
		return
	}
	answerText(w, http.StatusOK, "the configuration is valid and takes effect now\n")
}
