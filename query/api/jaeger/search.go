package jaeger

import (
	"cmp"
	"context"
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
		h.writeByID(w, r, params.ids, h.fetch, params.raw, true)
		return
	}
	ids, _, err := trace.FindIDs(r.Context(), h.Spans, params.find)
	if err != nil {
		writeFailure(w, err)
		return
	}
	h.writeByID(w, r, ids, h.fetchStored, params.raw, false) // what is archived alone is not searched
}

// writeByID answers with the traces that fetch returns, in the order of ids,
// which may repeat. Some are fetched at a time, so that not all are in memory.
// Those that are not there are told in the errors of the envelope, or left out.
// What goes wrong once a part of the answer is sent breaks the connection off,
// which clients see: the JSON would end early.
func (h *Handler) writeByID(
	w http.ResponseWriter, r *http.Request, ids []storage.TraceID,
	fetch func(context.Context, []storage.TraceID) (map[storage.TraceID]*trace.Trace, error), raw, tellMissing bool,
) {
	p := openTraces(w, r)
	var problems []problem
	for some := range slices.Chunk(ids, fetchedAtOnce) {
		stored, err := fetch(r.Context(), some)
		if err != nil {
			if p.sent {
				panic(http.ErrAbortHandler)
			}
			writeFailure(w, err)
			return
		}
		var traces []*trace.Trace
		for _, id := range some {
			if t := stored[id]; t != nil {
				traces = append(traces, t)
			} else if tellMissing {
				problems = append(problems, problem{msg: errTraceNotFound.Error(), traceID: id})
			}
		}
		if !p.add(traces, raw) {
			return
		}
	}
	p.end(problems)
}

// tracesAnswer is a reply whose data are traces.
type tracesAnswer struct {
	*reply
	some bool // there is one already
}

func openTraces(w http.ResponseWriter, r *http.Request) *tracesAnswer {
	p := &tracesAnswer{reply: newReply(w, r)}
	p.openData()
	p.buf = append(p.buf, '[')
	return p
}

// add appends traces; ok is false when the client has gone.
func (p *tracesAnswer) add(traces []*trace.Trace, raw bool) (ok bool) {
	encoders := map[*storage.Spans]*tracesOf{}
	for _, t := range traces {
		if p.some {
			p.buf = append(p.buf, ',')
		}
		p.some = true
		of := encoders[t.Spans]
		if of == nil {
			of = &tracesOf{encoder: newEncoder(p.reply, t.Spans)}
			encoders[t.Spans] = of
		}
		v := of.view(t, raw)
		of.trace(&v)
		if p.err != nil {
			return false
		}
	}
	return true
}

func (p *tracesAnswer) end(problems []problem) {
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
