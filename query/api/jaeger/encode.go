package jaeger

import (
	"strconv"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

// encoder writes traces that share one Spans as JSON, without an object per
// span.
type encoder struct {
	*reply
	s         *storage.Spans
	keys      knownKeys
	processes processes
}

func newEncoder(p *reply, s *storage.Spans) *encoder {
	return &encoder{reply: p, s: s, keys: findKeys(s), processes: newProcesses(s)}
}

// trace appends one trace.
func (e *encoder) trace(v *view) {
	e.processes.reset()
	e.buf = append(e.buf, `{"traceID":"`...)
	e.buf = appendTraceID(e.buf, v.id)
	e.buf = append(e.buf, `","spans":[`...)
	for p := range v.rows {
		if p > 0 {
			e.buf = append(e.buf, ',')
		}
		e.span(v, int32(p))
		if !e.flush() {
			return
		}
	}
	e.buf = append(e.buf, `],"processes":{`...)
	for i, resource := range e.processes.used {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.process(i+1, resource)
	}
	e.buf = append(e.buf, `},"warnings":`...)
	e.warnings(v.traceWarnings())
	e.buf = append(e.buf, '}')
	e.flush()
}

func (e *encoder) span(v *view, p int32) {
	s, row := e.s, int(v.rows[p])
	b := append(e.buf, `{"traceID":"`...)
	b = appendTraceID(b, v.id)
	b = append(b, `","spanID":"`...)
	b = appendSpanID(b, v.spanID(s, p))
	if s.Flags[row]&flagSampled != 0 {
		b = append(b, `","flags":1,"operationName":`...)
	} else {
		b = append(b, `","operationName":`...)
	}
	b = jsontext.AppendString(b, s.Name(row))
	b = append(b, `,"references":[`...)
	e.buf = b
	e.references(v, p)
	b = append(e.buf, `],"startTime":`...)
	b = appendMicros(b, s.StartsNs[row])
	b = append(b, `,"duration":`...)
	b = appendMicros(b, max(0, s.DurationsNs[row]))
	b = append(b, `,"tags":[`...)
	e.buf = b
	e.spanTags(row, v.rebuilt != nil)
	e.buf = append(e.buf, `],"logs":[`...)
	e.logs(row, v.rebuilt != nil)
	e.buf = append(e.buf, `],"processID":"p`...)
	e.buf = strconv.AppendInt(e.buf, int64(e.processes.number(s.Resources[row])), 10)
	e.buf = append(e.buf, `","warnings":`...)
	e.warnings(v.warningsOf(p))
	e.buf = append(e.buf, '}')
}

// flagSampled is the sampled bit of the W3C trace flags in a span's flags.
const flagSampled = 1

// appendMicros rounds towards zero, as Jaeger does.
func appendMicros(b []byte, ns int64) []byte { return strconv.AppendInt(b, ns/1000, 10) }

func (e *encoder) process(number int, resource uint32) {
	b := append(e.buf, `"p`...)
	b = strconv.AppendInt(b, int64(number), 10)
	b = append(b, `":{"serviceName":`...)
	b = jsontext.AppendString(b, shownService(e.s.ServiceOf(resource)))
	e.buf = append(b, `,"tags":[`...)
	first := true
	for _, a := range e.s.List(e.s.ResourceTable[resource].Attributes) {
		if a.Key != e.keys.service {
			first = e.attribute(a, first, false)
		}
	}
	e.buf = append(e.buf, ']', '}')
}

func (e *encoder) logs(row int, normalize bool) {
	for i, event := range e.s.EventsOf(row) {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = append(e.buf, `{"timestamp":`...)
		e.buf = appendMicros(e.buf, event.TimeNs)
		e.buf = append(e.buf, `,"fields":[`...)
		e.logFields(event, normalize)
		e.buf = append(e.buf, ']', '}')
	}
}
