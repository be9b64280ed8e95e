package e2e

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of OTLP that the tests write by hand, because no SDK writes
// what they want to send.
const (
	fieldResourceSpans = 1 // of ExportTraceServiceRequest
	fieldResource      = 1 // of ResourceSpans
	fieldScopeSpans    = 2
	fieldSpans         = 2 // of ScopeSpans
	fieldAttribute     = 1 // of Resource
	fieldKey           = 1 // of KeyValue
	fieldValue         = 2
	fieldString        = 1 // of AnyValue

	fieldTraceID       = 1 // of Span
	fieldSpanID        = 2
	fieldParentSpanID  = 4
	fieldName          = 5
	fieldKind          = 6
	fieldStart         = 7
	fieldEnd           = 8
	fieldSpanAttribute = 9
)

// wireSpan is a span that may be wrong in every way.
type wireSpan struct {
	traceID, spanID, parent []byte
	name                    string
	kind                    uint64
	start, end              uint64
	attributes              [][2]string
}

func (w wireSpan) encode() []byte {
	var b []byte
	b = appendBytes(b, fieldTraceID, w.traceID)
	b = appendBytes(b, fieldSpanID, w.spanID)
	b = appendBytes(b, fieldParentSpanID, w.parent)
	b = appendBytes(b, fieldName, []byte(w.name))
	b = protowire.AppendVarint(protowire.AppendTag(b, fieldKind, protowire.VarintType), w.kind)
	b = protowire.AppendFixed64(protowire.AppendTag(b, fieldStart, protowire.Fixed64Type), w.start)
	b = protowire.AppendFixed64(protowire.AppendTag(b, fieldEnd, protowire.Fixed64Type), w.end)
	for _, a := range w.attributes {
		b = appendBytes(b, fieldSpanAttribute, keyValue(a[0], a[1]))
	}
	return b
}

// exportRequest is an OTLP trace request of one service.
func exportRequest(service string, spans ...wireSpan) []byte {
	var scope []byte
	for _, s := range spans {
		scope = appendBytes(scope, fieldSpans, s.encode())
	}
	res := appendBytes(nil, fieldResource, appendBytes(nil, fieldAttribute, keyValue("service.name", service)))
	return appendBytes(nil, fieldResourceSpans, appendBytes(res, fieldScopeSpans, scope))
}

func keyValue(key, value string) []byte {
	b := appendBytes(nil, fieldKey, []byte(key))
	return appendBytes(b, fieldValue, appendBytes(nil, fieldString, []byte(value)))
}

// appendBytes appends a field of bytes, nothing when there are none.
func appendBytes(b []byte, field protowire.Number, content []byte) []byte {
	if content == nil {
		return b
	}
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}
