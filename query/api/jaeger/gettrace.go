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
		writeTraces(w, r, []*trace.Trace{stored[id]}, raw, nil)
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

// fetch returns the traces that are stored or, failing that, archived.
func (h *Handler) fetch(ctx context.Context, ids []storage.TraceID) (map[storage.TraceID]*trace.Trace, error) {
	byID := make(map[storage.TraceID]*trace.Trace, len(ids))
	err := fetchInto(ctx, byID, h.Spans, ids)
	if err != nil || h.Archive == nil {
		return byID, err
	}
	var missing []storage.TraceID
	for _, id := range ids {
		if byID[id] == nil {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		err = fetchInto(ctx, byID, h.Archive, missing)
	}
	return byID, err
}

func fetchInto(ctx context.Context, byID map[storage.TraceID]*trace.Trace, from storage.SpanReader, ids []storage.TraceID) error {
	traces, err := trace.Fetch(ctx, from, ids)
	for _, t := range traces {
		byID[t.ID] = t
	}
	return err
}
