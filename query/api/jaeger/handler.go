package jaeger

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/storage"
)

// Options say what a handler serves.
type Options struct {
	// Spans is read by every route. Required.
	Spans storage.SpanReader
	// Archive keeps traces that people chose to keep. A trace by id is put
	// together from here and from Spans; searches look at Spans only. nil: POST /api/archive refuses as Jaeger
	// does without archive storage.
	Archive storage.SpanStore
	// Writer takes what a Jaeger that stores its spans here sends. nil: the
	// service for it is not registered.
	Writer storage.SpanWriter
	// MaxBodyBytes bounds the body of POST /api/transform; a longer one is
	// refused with 413. 0: 64 MiB.
	MaxBodyBytes int64
	// MaxTraces bounds the limit parameter of a search, and how many traces
	// it may ask for by id; more are refused with 400, never silently left
	// out. 0: 10,000.
	MaxTraces int
	// MaxSpans bounds the pages of a search for spans; a larger page is as large,
	// and its token goes on from there. 0: 10,000.
	MaxSpans int
	// Now is the clock behind default windows. nil: time.Now.
	Now func() time.Time
}

// NewHandler returns a handler for the paths below /api/ and for gRPC, safe for
// concurrent use. It panics without Options.Spans.
//
// Every route answers GET (and HEAD), but archive and transform, which answer
// POST. Unknown paths are 404, other methods 405, both with the envelope.
func NewHandler(opts Options) *Handler {
	if opts.Spans == nil {
		panic("jaeger: Options.Spans is required")
	}
	if opts.MaxBodyBytes == 0 {
		opts.MaxBodyBytes = 64 << 20
	}
	if opts.MaxTraces == 0 {
		opts.MaxTraces = 10_000
	}
	if opts.MaxSpans == 0 {
		opts.MaxSpans = 10_000
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Handler{opts}
}

// Handler serves the API, over HTTP and gRPC.
type Handler struct{ Options }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve, method := h.route(r)
	refuse := writeError
	if strings.HasPrefix(r.URL.EscapedPath(), "/api/v3/") {
		refuse = writeErrorV3
	}
	malformed := failure.Parameters(r)
	switch {
	case serve == nil:
		writeError(w, http.StatusNotFound, errors.New("no such path: "+r.URL.Path))
	case malformed != nil:
		refuse(w, http.StatusBadRequest, malformed)
	case r.Method == method, method == http.MethodGet && r.Method == http.MethodHead:
		serve(w, r)
	default:
		w.Header().Set("Allow", method)
		refuse(w, http.StatusMethodNotAllowed, errors.New("use "+method))
	}
}
