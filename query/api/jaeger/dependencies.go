package jaeger

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

const defaultDependencyLookback = 24 * time.Hour

// dependencies answers GET /api/dependencies with the calls between services.
func (h *Handler) dependencies(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	window, err := h.dependencyWindow(query)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	edges, err := h.Spans.Edges(r.Context(), window)
	if err != nil {
		writeFailure(w, err)
		return
	}
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '[')
	for i, e := range shownEdges(edges, query.Get("service")) {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = jsontext.AppendString(append(p.buf, `{"parent":`...), e.Caller)
		p.buf = jsontext.AppendString(append(p.buf, `,"child":`...), e.Callee)
		p.buf = strconv.AppendUint(append(p.buf, `,"callCount":`...), e.Calls, 10)
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, ']')
	p.closeData(0, nil)
}

func (h *Handler) dependencyWindow(q url.Values) (storage.Window, error) {
	endNs, err := h.endTs(q)
	if err != nil {
		return storage.Window{}, err
	}
	lookback, err := millisParam(q, "lookback", defaultDependencyLookback)
	if err != nil {
		return storage.Window{}, err
	}
	return storage.Window{FromNs: addNs(endNs, -lookback), ToNs: addNs(endNs, int64(time.Millisecond))}, nil
}

// endTs reads the end of a window, now when it is absent.
func (h *Handler) endTs(q url.Values) (int64, error) {
	n, set, err := intParam(q, "endTs")
	if err != nil || !set {
		return h.Now().UnixNano(), err
	}
	return scaleNs(n, int64(time.Millisecond)), nil
}

// shownEdges keeps the edges that touch a service, all when it is "", under
// the names that are shown, one for each pair.
func shownEdges(edges []storage.Edge, service string) []storage.Edge {
	kept := make([]storage.Edge, 0, len(edges))
	for _, e := range edges {
		e.Caller, e.Callee = shownService(e.Caller), shownService(e.Callee)
		if service == "" || e.Caller == service || e.Callee == service {
			kept = append(kept, e)
		}
	}
	slices.SortFunc(kept, func(a, b storage.Edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	merged := kept[:0]
	for _, e := range kept {
		if n := len(merged); n > 0 && merged[n-1].Caller == e.Caller && merged[n-1].Callee == e.Callee {
			merged[n-1].Calls += e.Calls
		} else {
			merged = append(merged, e)
		}
	}
	return merged
}
