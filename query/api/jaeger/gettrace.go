package jaeger

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

var errTraceNotFound = errors.New("trace not found")

// getTrace answers GET /api/traces/{traceID}.
func (h *Handler) getTrace(w http.ResponseWriter, r *http.Request, idText string) {
	id, raw, err := parseGetTrace(r.URL.Query(), idText)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	stored, err := h.fetch(r.Context(), []storage.TraceID{id})
	switch {
	case err != nil:
		writeFailure(w, err)
	case stored[id] == nil:
		writeError(w, http.StatusNotFound, errTraceNotFound)
	default:
		p := openTraces(w, r)
		if p.add([]*trace.Trace{stored[id]}, raw) {
			p.end(nil)
		}
	}
}

// parseGetTrace reads the parameters that a route with a trace id takes. Start
// and end only have to be well-formed: Jaeger's stores need them as hints, and
// a trace is always fetched whole here.
func parseGetTrace(q url.Values, idText string) (id storage.TraceID, raw bool, err error) {
	if id, err = parseTraceID(idText); err != nil {
		return id, false, err
	}
	for _, name := range []string{"start", "end"} {
		if _, _, err = intParam(q, name); err != nil {
			return id, false, err
		}
	}
	raw, err = boolParam(q, "raw")
	return id, raw, err
}

// fetch returns the traces that are stored or archived. Retention takes a trace
// that lasts for hours piece by piece: what the archive has of it is put back.
func (h *Handler) fetch(ctx context.Context, ids []storage.TraceID) (map[storage.TraceID]*trace.Trace, error) {
	if h.Archive == nil {
		return h.fetchStored(ctx, ids)
	}
	return byID(trace.FetchFrom(ctx, ids, h.Spans, h.Archive))
}

// fetchStored returns the traces that are stored, whether archived or not.
func (h *Handler) fetchStored(ctx context.Context, ids []storage.TraceID) (map[storage.TraceID]*trace.Trace, error) {
	return byID(trace.Fetch(ctx, h.Spans, ids))
}

func byID(traces []*trace.Trace, err error) (map[storage.TraceID]*trace.Trace, error) {
	m := make(map[storage.TraceID]*trace.Trace, len(traces))
	for _, t := range traces {
		m[t.ID] = t
	}
	return m, err
}
