package tempo

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/storage"
)

// Options say what is served.
type Options struct {
	// Spans answers every query. Required.
	Spans storage.SpanReader
	// Archive has traces that people chose to keep: a trace by id is put together
	// from both. nil: there is none.
	Archive storage.SpanReader
	// Version is what the build information says; "" is shown as "dev".
	Version string
	// Timeout bounds a query that comes without a deadline. A query that has
	// used most of its time answers with what it found. 0: a minute.
	Timeout time.Duration
	// MaxSpans bounds how many spans of whole traces a query reads. One that
	// would read more answers with what it found. 0: only time bounds it.
	MaxSpans int
	// Now is the clock behind default windows. nil: time.Now.
	Now func() time.Time
}

func newAPI(o Options) *api {
	if o.Spans == nil {
		panic("tempo: Options.Spans is required")
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &api{o}
}

// api answers queries. The handler and the gRPC service translate for it.
type api struct{ Options }

// Handler serves the routes of the API, and with RegisterGRPC its service. It
// is safe for concurrent use.
type Handler struct{ *api }

// NewHandler panics without Options.Spans.
func NewHandler(o Options) *Handler { return &Handler{newAPI(o)} }

// ServeHTTP answers GET and HEAD. Unknown paths are 404, other methods 405.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve := h.route(r)
	switch {
	case serve == nil:
		writeText(w, http.StatusNotFound, fmt.Sprintf("no such path: %s", r.URL.Path))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		writeText(w, http.StatusMethodNotAllowed, "use GET")
	case failure.Parameters(r) != nil:
		writeText(w, http.StatusBadRequest, failure.Parameters(r).Error())
	default:
		ctx, cancel := h.bounded(r.Context())
		defer cancel()
		r = r.WithContext(ctx)
		if err := serve(w, r); err != nil {
			writeError(w, err)
		}
	}
}

// requestError is an error that the client can mend.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }

func bad(format string, args ...any) error { return requestError{fmt.Errorf(format, args...)} }

// errNoTrace: the trace is not stored.
var errNoTrace = errors.New("the trace is not stored")
