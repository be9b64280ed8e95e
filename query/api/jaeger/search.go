package jaeger

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// search answers GET /api/traces.
func (h *Handler) search(w http.ResponseWriter, r *http.Request) {
	params, err := h.parseSearch(r.URL.Query())
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if len(params.ids) > 0 {
		h.searchByIDs(w, r, params)
		return
	}
	found, err := trace.Find(r.Context(), h.Spans, params.find)
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeTraces(w, r, found.Traces, params.raw, nil)
}

// searchByIDs fetches traces in the order they were asked for. One that is
// not stored is told in the errors of the envelope.
func (h *Handler) searchByIDs(w http.ResponseWriter, r *http.Request, params searchParams) {
	stored, err := h.fetch(r.Context(), params.ids)
	if err != nil {
		writeFailure(w, err)
		return
	}
	var traces []*trace.Trace
	var problems []problem
	for _, id := range params.ids {
		if t := stored[id]; t != nil {
			traces = append(traces, t)
		} else {
			problems = append(problems, problem{msg: errTraceNotFound.Error(), traceID: id})
		}
	}
	writeTraces(w, r, traces, params.raw, problems)
}

func writeTraces(w http.ResponseWriter, r *http.Request, traces []*trace.Trace, raw bool, problems []problem) {
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '[')
	encoders := map[*storage.Spans]*tracesOf{}
	for i, t := range traces {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		of := encoders[t.Spans]
		if of == nil {
			of = &tracesOf{encoder: newEncoder(p, t.Spans)}
			encoders[t.Spans] = of
		}
		v := of.view(t, raw)
		of.trace(&v)
		if p.err != nil {
			return
		}
	}
	p.buf = append(p.buf, ']')
	p.closeData(0, problems)
}

// tracesOf encodes the traces that share one Spans.
type tracesOf struct {
	*encoder
	raw map[storage.TraceID]view // filled on first use
}

func (o *tracesOf) view(t *trace.Trace, raw bool) view {
	if !raw {
		return rebuiltView(t)
	}
	if o.raw == nil {
		o.raw = map[storage.TraceID]view{}
		for _, v := range rawViews(t.Spans) {
			slices.SortStableFunc(v.rows, func(x, y uint32) int {
				return cmp.Compare(t.Spans.StartsNs[x], t.Spans.StartsNs[y])
			})
			o.raw[v.id] = v
		}
	}
	return o.raw[t.ID]
}
