package e2e

import (
	"crypto/rand"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func newTraceID() (id trace.TraceID) {
	// crypto/rand does not fail.
	_, _ = rand.Read(id[:])
	return id
}

func newSpanID() (id trace.SpanID) {
	_, _ = rand.Read(id[:])
	return id
}

// spansOf is what must come back of spans that the SDK recorded.
func spansOf(recorded []sdktrace.ReadOnlySpan) []span {
	var list []span
	for _, r := range recorded {
		resourceAttrs := attrsOf(r.Resource().Attributes())
		instrumentation := r.InstrumentationScope()
		s := span{
			TraceID: r.SpanContext().TraceID().String(), SpanID: r.SpanContext().SpanID().String(),
			TraceState: r.SpanContext().TraceState().String(),
			// OTLP: the W3C flags, and two bits on whether the parent was in another process.
			Flags: uint32(r.SpanContext().TraceFlags()) | 0x100,
			Name:  r.Name(), Kind: r.SpanKind().String(),
			Start:      strconv.FormatInt(r.StartTime().UnixNano(), 10),
			DurationNs: r.EndTime().UnixNano() - r.StartTime().UnixNano(),
			Status:     spanStatus{strings.ToLower(r.Status().Code.String()), r.Status().Description},
			Service:    find(resourceAttrs, "service.name").Value.(string),
			Resource:   spanResource{resourceAttrs, r.Resource().SchemaURL()},
			Scope: spanScope{instrumentation.Name, instrumentation.Version,
				attrsOf(instrumentation.Attributes.ToSlice()), instrumentation.SchemaURL},
			Attributes: attrsOf(r.Attributes()),
			Events:     []event{},
			Links:      []link{},
		}
		if r.Parent().IsValid() {
			s.ParentSpanID = r.Parent().SpanID().String()
		}
		if r.Parent().IsRemote() {
			s.Flags |= 0x200
			s.Notes = []string{noteOrphan}
		}
		for _, e := range r.Events() {
			s.Events = append(s.Events, event{e.Name, strconv.FormatInt(e.Time.UnixNano(), 10), attrsOf(e.Attributes)})
		}
		for _, l := range r.Links() {
			// The exporter does not send the trace state of links.
			s.Links = append(s.Links, link{l.SpanContext.TraceID().String(), l.SpanContext.SpanID().String(), "", attrsOf(l.Attributes)})
		}
		list = append(list, s)
	}
	return list
}

func attrsOf(in []attribute.KeyValue) []attr {
	list := []attr{}
	for _, kv := range in {
		list = append(list, attrOf(string(kv.Key), kv.Value))
	}
	return list
}

func attrOf(key string, v attribute.Value) attr {
	switch v.Type() {
	case attribute.STRING:
		return textAttr(key, v.AsString())
	case attribute.INT64:
		return intAttr(key, v.AsInt64())
	case attribute.FLOAT64:
		return doubleAttr(key, v.AsFloat64())
	case attribute.BOOL:
		return boolAttr(key, v.AsBool())
	case attribute.BYTESLICE:
		return bytesAttr(key, v.AsByteSlice())
	case attribute.MAP:
		m := map[string]any{}
		for _, kv := range v.AsMap() {
			m[string(kv.Key)] = attrOf("", kv.Value).Value
		}
		return attr{key, "kvlist", m}
	case attribute.SLICE:
		items := []any{}
		for _, item := range v.AsSlice() {
			items = append(items, attrOf("", item).Value)
		}
		return attr{key, "array", items}
	}
	return attr{key, "array", v.AsInterface()} // a slice of one type
}
