package tempo

import (
	"encoding/base64"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// getTrace answers GET /api/traces/{id}: the bare trace, 404 when it is not
// stored.
func (h *Handler) getTrace(text string) serveFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		t, err := h.trace(r, text)
		if err != nil {
			return err
		}
		if t == nil {
			return errNoTrace
		}
		if wantsProtobuf(r) {
			return writeTraceProto(w, t, false)
		}
		writeTraceJSON(w, t, `{"batches":[`, `]}`)
		return nil
	}
}

// getTraceV2 answers GET /api/v2/traces/{id}. The inner trace is always there,
// be it empty.
func (h *Handler) getTraceV2(text string) serveFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		t, err := h.trace(r, text)
		if err != nil {
			return err
		}
		if wantsProtobuf(r) {
			return writeTraceProto(w, t, true)
		}
		writeTraceJSON(w, t, `{"trace":{"resourceSpans":[`, `]},"metrics":{}}`)
		return nil
	}
}

// trace reads a trace, or the spans of it that the request selects; nil when
// it is not stored. It is looked for wherever in time it is, so that start and
// end need not be right.
func (h *Handler) trace(r *http.Request, text string) (*shownSpans, error) {
	id, err := storage.ParseTraceID(text)
	if err != nil {
		return nil, requestError{err}
	}
	q := r.URL.Query()
	if _, err := windowParam(q); err != nil {
		return nil, err
	}
	filter, err := parseTraceFilter(q)
	if err != nil {
		return nil, err
	}
	from := []storage.SpanReader{h.Spans}
	if h.Archive != nil {
		from = append(from, h.Archive)
	}
	traces, err := trace.FetchFrom(r.Context(), []storage.TraceID{id}, from...)
	if len(traces) == 0 || err != nil {
		return nil, err
	}
	t := traces[0]
	var wanted []bool
	if filter != nil {
		if wanted, err = filter.wanted(t); err != nil {
			return nil, err
		}
	}
	s := shown(t, wanted)
	return &s, nil
}

// writeTraceProto writes a trace in protobuf, bare or as the first field of a
// reply. On the wire a trace is what OTLP calls traces data.
func writeTraceProto(w http.ResponseWriter, t *shownSpans, wrapped bool) error {
	td := ptrace.NewTraces()
	if t != nil {
		var err error
		if td, err = t.spans.ToPdata(t.rows); err != nil {
			return err
		}
	}
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return err
	}
	setHeaders(w, typeProtobuf)
	if wrapped {
		const fieldTrace, fieldMetrics = 1, 2
		head := protowire.AppendTag(nil, fieldTrace, protowire.BytesType)
		_, _ = w.Write(protowire.AppendVarint(head, uint64(len(body))))
		body = append(body, protowire.AppendTag(nil, fieldMetrics, protowire.BytesType)...)
		body = append(body, 0)
	}
	_, _ = w.Write(body)
	return nil
}

// writeTraceJSON writes a trace, nil for an empty one, between head and tail.
func writeTraceJSON(w http.ResponseWriter, t *shownSpans, head, tail string) {
	setHeaders(w, typeJSON)
	e := &traceEncoder{w: w, buf: []byte(head)}
	if t != nil {
		e.s = t.spans
		e.batches(t.rows)
	}
	e.buf = append(e.buf, tail...)
	e.send()
}

func appendID(b []byte, name string, id []byte) []byte {
	b = append(b, `,"`+name+`":"`...)
	b = base64.StdEncoding.AppendEncode(b, id)
	return append(b, '"')
}
