package jaeger

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// routeV3 finds the handler of a path below /api/v3/.
func (h *Handler) routeV3(rest string) http.HandlerFunc {
	switch rest {
	case "services":
		return h.servicesV3
	case "operations":
		return h.operationsV3
	case "traces":
		return h.findTracesV3
	case "trace-summaries":
		return h.summariesV3
	case "spans":
		return h.findSpansV3
	case "dependencies":
		return h.dependenciesV3
	case "capabilities":
		return capabilitiesV3HTTP
	}
	if id, ok := strings.CutPrefix(rest, "traces/"); ok && id != "" {
		return withTraceID(id, h.getTraceV3)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		writeErrorV3(w, http.StatusNotFound, errors.New("no such path: "+r.URL.Path))
	}
}

// writeErrorV3 answers as gRPC gateways do.
func writeErrorV3(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	b := strconv.AppendInt([]byte(`{"error":{"httpCode":`), int64(code), 10)
	b = jsontext.AppendString(append(b, `,"message":`...), err.Error())
	_, _ = w.Write(append(b, '}', '}', '\n')) // nobody is left to tell
}

func writeFailureV3(w http.ResponseWriter, err error) { writeErrorV3(w, failureCode(err), err) }

func (h *Handler) servicesV3(w http.ResponseWriter, r *http.Request) {
	names, err := h.serviceNames(r.Context())
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	p := newReply(w, r)
	p.buf = append(appendTexts(append(p.buf, `{"services":`...), names), '}')
	p.close()
}

func (h *Handler) operationsV3(w http.ResponseWriter, r *http.Request) {
	q := paramsV3{r.URL.Query()}
	found, err := h.operationsOf(r.Context(), q.text("service"), q.text("spanKind"))
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	p := newReply(w, r)
	p.buf = append(p.buf, `{"operations":[`...)
	for i, o := range found {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = jsontext.AppendString(append(p.buf, `{"name":`...), o.name)
		p.buf = jsontext.AppendString(append(p.buf, `,"spanKind":`...), kindV3(o.kind))
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, ']', '}')
	p.close()
}

func (h *Handler) getTraceV3(w http.ResponseWriter, r *http.Request, idText string) {
	q := paramsV3{r.URL.Query()}
	id, err := parseTraceID(idText)
	if err != nil {
		writeFailureV3(w, malformed("trace_id", err))
		return
	}
	for _, name := range []string{"startTime", "endTime"} { // hints that nothing here needs
		if _, _, err := q.timeNs(name); err != nil {
			writeFailureV3(w, err)
			return
		}
	}
	raw, err := q.bool("rawTraces")
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	writeTracesV3(w, r, inOrder(r.Context(), []storage.TraceID{id}, h.fetch), raw)
}

func (h *Handler) findTracesV3(w http.ResponseWriter, r *http.Request) {
	s, err := paramsV3{r.URL.Query()}.search(false)
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	writeTracesV3(w, r, h.find(s).traces(r.Context()), s.raw)
}

var errNoTraces = errors.New("No traces found") //nolint:staticcheck // Jaeger's wording, which clients look for

// writeTracesV3 answers with traces as OTLP JSON, all in one result. Chunks are
// sent as they come. After the first of them an error can only be told by
// breaking the connection off, which clients see: the JSON would end early.
func writeTracesV3(w http.ResponseWriter, r *http.Request, traces iter.Seq2[*trace.Trace, error], raw bool) {
	var p *reply
	fail := func(err error) {
		if p != nil {
			panic(http.ErrAbortHandler)
		}
		writeFailureV3(w, err)
	}
	chunks := chunksOf(raw)
	for t, err := range traces {
		if err != nil {
			fail(err)
			return
		}
		for td, err := range chunks(t) {
			var list []byte
			if err == nil {
				list, err = resourceSpansJSON(td)
			}
			if err != nil {
				fail(err)
				return
			}
			if p == nil {
				p = newReply(w, r)
				p.buf = append(p.buf, `{"result":{"resourceSpans":[`...)
			} else {
				p.buf = append(p.buf, ',')
			}
			if p.buf = append(p.buf, list...); !p.flush() {
				return
			}
		}
	}
	if p == nil {
		writeErrorV3(w, http.StatusNotFound, errNoTraces)
		return
	}
	p.buf = append(p.buf, `]}}`...)
	p.close()
}

// resourceSpansJSON is the content of the list of a document of OTLP JSON.
func resourceSpansJSON(td ptrace.Traces) ([]byte, error) {
	document, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	if err != nil {
		return nil, err
	}
	list, opened := bytes.CutPrefix(document, []byte(`{"resourceSpans":[`))
	list, closed := bytes.CutSuffix(list, []byte(`]}`))
	if !opened || !closed {
		return nil, fmt.Errorf("jaeger: OTLP JSON begins unexpectedly with %.40q", document)
	}
	return list, nil
}

func (h *Handler) summariesV3(w http.ResponseWriter, r *http.Request) {
	s, err := paramsV3{r.URL.Query()}.search(true)
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	search := h.find(s)
	var found []trace.Summary
	for t, err := range search.summaries(r.Context()) {
		if err != nil {
			writeFailureV3(w, err)
			return
		}
		found = append(found, t)
	}
	p := newReply(w, r)
	p.buf = append(p.buf, `{"summaries":[`...)
	for i, t := range found {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		if p.buf = appendSummary(p.buf, t); !p.flush() {
			return
		}
	}
	p.buf = append(appendNextPage(append(p.buf, ']'), search.next), '}')
	p.close()
}

// appendSummary appends a summary. Nanoseconds are text, as protobuf's JSON has
// 64-bit integers, and zeros are not left out.
func appendSummary(b []byte, t trace.Summary) []byte {
	b = append(append(append(b, `{"traceId":"`...), t.ID.String()...), '"')
	b = jsontext.AppendString(append(b, `,"rootServiceName":`...), t.RootService)
	b = jsontext.AppendString(append(b, `,"rootOperationName":`...), t.RootName)
	b = strconv.AppendUint(append(b, `,"minStartTimeUnixNano":"`...), uint64(t.StartNs), 10)
	b = strconv.AppendUint(append(b, `","maxEndTimeUnixNano":"`...), uint64(t.StartNs+t.DurationNs), 10)
	b = strconv.AppendInt(append(b, `","spanCount":`...), int64(t.Spans), 10)
	b = strconv.AppendInt(append(b, `,"errorSpanCount":`...), int64(t.Errors), 10)
	b = strconv.AppendInt(append(b, `,"orphanSpanCount":`...), int64(t.Orphans), 10)
	b = append(b, `,"services":[`...)
	for i, c := range t.Services {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsontext.AppendString(append(b, `{"name":`...), c.Name)
		b = strconv.AppendInt(append(b, `,"spanCount":`...), int64(c.Spans), 10)
		b = strconv.AppendInt(append(b, `,"errorSpanCount":`...), int64(c.Errors), 10)
		b = append(b, '}')
	}
	return append(b, ']', '}')
}

func (h *Handler) dependenciesV3(w http.ResponseWriter, r *http.Request) {
	window, err := paramsV3{r.URL.Query()}.window("startTime", "endTime")
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	edges, err := h.edges(r.Context(), window)
	if err != nil {
		writeFailureV3(w, err)
		return
	}
	p := newReply(w, r)
	p.buf = append(p.buf, `{"dependencies":[`...)
	for i, e := range edges {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = jsontext.AppendString(append(p.buf, `{"parent":`...), e.Caller)
		p.buf = jsontext.AppendString(append(p.buf, `,"child":`...), e.Callee)
		p.buf = strconv.AppendUint(append(p.buf, `,"callCount":"`...), e.Calls, 10)
		p.buf = append(p.buf, '"', '}')
	}
	p.buf = append(p.buf, ']', '}')
	p.close()
}

// appendNextPage appends the member with the token of the next page, if there
// is one.
func appendNextPage(b []byte, next string) []byte {
	if next == "" {
		return b
	}
	return jsontext.AppendString(append(b, `,"nextPageToken":`...), next)
}

func capabilitiesV3HTTP(w http.ResponseWriter, r *http.Request) {
	p := newReply(w, r)
	p.buf = append(p.buf, `{"search":{"withoutServiceName":true,"sameSpanConjunction":true,"filter":{"levels":`...)
	p.buf = append(appendTexts(p.buf, filter.Levels()), `,"operators":`...)
	p.buf = append(appendTexts(p.buf, filter.Operators()), `},"paginated":true,"spanSearch":true,"spanSorting":true}}`...)
	p.close()
}
