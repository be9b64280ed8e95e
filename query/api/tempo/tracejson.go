package tempo

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

// flushBytes is how much of an answer is collected before it is sent.
const flushBytes = 64 << 10

// traceEncoder writes spans as protobuf's JSON mapping of OTLP: what is a
// default is left out, 64-bit integers are strings, bytes are base64, enums are
// names.
type traceEncoder struct {
	w   http.ResponseWriter
	buf []byte
	s   *storage.Spans
	err error // of the client's connection; nothing more is sent after it
}

func (e *traceEncoder) send() {
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// batches writes a batch for each resource and scope, in the order of their
// first span.
func (e *traceEncoder) batches(rows []int) {
	type source struct{ resource, scope uint32 }
	index := map[source]int{}
	var sources []source
	var spans [][]int
	for _, row := range rows {
		from := source{e.s.Resources[row], e.s.Scopes[row]}
		i, ok := index[from]
		if !ok {
			i = len(sources)
			index[from] = i
			sources, spans = append(sources, from), append(spans, nil)
		}
		spans[i] = append(spans[i], row)
	}
	for i, from := range sources {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.batch(from.resource, from.scope, spans[i])
		if e.err != nil {
			return
		}
	}
}

func (e *traceEncoder) batch(resource, scope uint32, rows []int) {
	r, s := e.s.ResourceTable[resource], e.s.ScopeTable[scope]
	e.buf = append(e.buf, `{"resource":{`...)
	e.fields(func() {
		e.attributes(r.Attributes)
		e.count("droppedAttributesCount", r.DroppedAttributes)
	})
	e.buf = append(e.buf, `},"scopeSpans":[{"scope":{`...)
	e.fields(func() {
		e.text("name", s.Name)
		e.text("version", s.Version)
		e.attributes(s.Attributes)
		e.count("droppedAttributesCount", s.DroppedAttributes)
	})
	e.buf = append(e.buf, `},"spans":[`...)
	for i, row := range rows {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.span(row)
		if len(e.buf) >= flushBytes {
			if e.send(); e.err != nil {
				return
			}
		}
	}
	e.buf = append(e.buf, ']')
	e.text("schemaUrl", s.SchemaURL)
	e.buf = append(e.buf, `}]`...)
	e.text("schemaUrl", r.SchemaURL)
	e.buf = append(e.buf, '}')
}

// fields writes the fields of an object that was just opened. Every field
// begins with a comma, of which the first is one too many.
func (e *traceEncoder) fields(write func()) {
	at := len(e.buf)
	write()
	if len(e.buf) > at {
		e.buf = append(e.buf[:at], e.buf[at+1:]...)
	}
}

var kindNames = [...]string{"", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"}

var statusNames = [...]string{"", "STATUS_CODE_OK", "STATUS_CODE_ERROR"}

func (e *traceEncoder) span(row int) {
	s := e.s
	e.buf = append(e.buf, '{')
	e.fields(func() {
		e.buf = appendID(e.buf, "traceId", s.TraceIDs[row][:])
		e.buf = appendID(e.buf, "spanId", s.SpanIDs[row][:])
		e.text("traceState", s.TraceStates[row])
		if !s.ParentIDs[row].IsEmpty() {
			e.buf = appendID(e.buf, "parentSpanId", s.ParentIDs[row][:])
		}
		e.count("flags", s.Flags[row])
		e.text("name", s.Names[row])
		e.enum("kind", s.Kinds[row], kindNames[:])
		e.time("startTimeUnixNano", s.StartsNs[row])
		e.time("endTimeUnixNano", s.EndNs(row))
		e.attributes(s.Attributes[row])
		e.count("droppedAttributesCount", s.Dropped[row].Attributes)
		e.events(s.EventsOf(row))
		e.count("droppedEventsCount", s.Dropped[row].Events)
		e.links(s.LinksOf(row))
		e.count("droppedLinksCount", s.Dropped[row].Links)
		e.buf = append(e.buf, `,"status":{`...)
		e.fields(func() {
			e.text("message", s.StatusMessages[row])
			e.enum("code", s.Statuses[row], statusNames[:])
		})
		e.buf = append(e.buf, '}')
	})
	e.buf = append(e.buf, '}')
}

func (e *traceEncoder) events(events []storage.Event) {
	for i, event := range events {
		e.item("events", i)
		e.fields(func() {
			e.time("timeUnixNano", event.TimeNs)
			e.text("name", event.Name)
			e.attributes(event.Attributes)
			e.count("droppedAttributesCount", event.DroppedAttributes)
		})
		e.buf = append(e.buf, '}')
	}
	e.closeList(len(events))
}

func (e *traceEncoder) links(links []storage.Link) {
	for i, link := range links {
		e.item("links", i)
		e.fields(func() {
			if !link.TraceID.IsEmpty() {
				e.buf = appendID(e.buf, "traceId", link.TraceID[:])
			}
			if !link.SpanID.IsEmpty() {
				e.buf = appendID(e.buf, "spanId", link.SpanID[:])
			}
			e.text("traceState", link.TraceState)
			e.attributes(link.Attributes)
			e.count("droppedAttributesCount", link.DroppedAttributes)
			e.count("flags", link.Flags)
		})
		e.buf = append(e.buf, '}')
	}
	e.closeList(len(links))
}

// item opens item i of a list, and with the first one the list.
func (e *traceEncoder) item(list string, i int) {
	if i == 0 {
		e.buf = append(e.buf, `,"`+list+`":[`...)
	} else {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '{')
}

func (e *traceEncoder) closeList(n int) {
	if n > 0 {
		e.buf = append(e.buf, ']')
	}
}

func (e *traceEncoder) attributes(r storage.Range) {
	attrs := e.s.List(r)
	for i, a := range attrs {
		e.item("attributes", i)
		e.buf = jsontext.AppendString(append(e.buf, `"key":`...), e.s.Strings[a.Key])
		e.buf = append(e.buf, `,"value":`...)
		e.buf = append(appendValue(e.buf, e.s.Value(a)), '}')
	}
	e.closeList(len(attrs))
}

func (e *traceEncoder) text(name string, index uint32) {
	if s := e.s.Strings[index]; s != "" {
		e.buf = jsontext.AppendString(append(e.buf, `,"`+name+`":`...), s)
	}
}

func (e *traceEncoder) count(name string, n uint32) {
	if n > 0 {
		e.buf = strconv.AppendUint(append(e.buf, `,"`+name+`":`...), uint64(n), 10)
	}
}

// time writes a time as the unsigned number that OTLP has.
func (e *traceEncoder) time(name string, ns int64) {
	if ns != 0 {
		e.buf = strconv.AppendUint(append(e.buf, `,"`+name+`":"`...), uint64(ns), 10)
		e.buf = append(e.buf, '"')
	}
}

// enum writes the name of a number; those without one as they are.
func (e *traceEncoder) enum(name string, n uint8, names []string) {
	switch {
	case n == 0:
	case int(n) < len(names):
		e.buf = append(e.buf, `,"`+name+`":"`+names[n]+`"`...)
	default:
		e.count(name, uint32(n))
	}
}

func appendValue(b []byte, v storage.Value) []byte {
	switch v.Type() {
	case storage.TypeString:
		return append(jsontext.AppendString(append(b, `{"stringValue":`...), v.Str()), '}')
	case storage.TypeInt:
		return append(strconv.AppendInt(append(b, `{"intValue":"`...), v.Int(), 10), `"}`...)
	case storage.TypeFloat:
		return append(jsontext.AppendFloat(append(b, `{"doubleValue":`...), v.Float()), '}')
	case storage.TypeBool:
		return append(strconv.AppendBool(append(b, `{"boolValue":`...), v.Bool()), '}')
	case storage.TypeBytes:
		return append(base64.StdEncoding.AppendEncode(append(b, `{"bytesValue":"`...), []byte(v.Str())), `"}`...)
	case storage.TypeArray, storage.TypeMap:
		p := pcommon.NewValueEmpty()
		if v.CopyTo(p) == nil { // only damaged ones fail
			return appendNested(b, p)
		}
	}
	return append(b, `{}`...)
}

// appendNested appends a list or a map; how deep they go the store bounds.
func appendNested(b []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeSlice:
		b = append(b, `{"arrayValue":{"values":[`...)
		for i, item := range v.Slice().All() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendNested(b, item)
		}
		return append(b, `]}}`...)
	case pcommon.ValueTypeMap:
		b = append(b, `{"kvlistValue":{"values":[`...)
		first := true
		for key, item := range v.Map().All() {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(jsontext.AppendString(append(b, `{"key":`...), key), `,"value":`...)
			b = append(appendNested(b, item), '}')
		}
		return append(b, `]}}`...)
	}
	return appendValue(b, storage.ValueOf(v))
}
