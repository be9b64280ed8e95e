package jaeger

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

// Tags that stand for fields of an OTLP span.
const (
	tagSpanKind          = "span.kind"
	tagError             = "error"
	tagStatusCode        = "otel.status_code"
	tagStatusDescription = "otel.status_description"
	tagScopeName         = "otel.scope.name"
	tagScopeVersion      = "otel.scope.version"
	tagTraceState        = "w3c.tracestate"
	tagEvent             = "event"
)

// knownKeys are the indices in Strings of the keys that are treated
// specially, so that attributes are compared by number.
type knownKeys struct{ service, event, refType, ip, peerIPv4 uint32 }

func findKeys(s *storage.Spans) knownKeys {
	const none = math.MaxUint32
	k := knownKeys{none, none, none, none, none}
	for i, text := range s.Strings {
		switch text {
		case storage.KeyService.Name:
			k.service = uint32(i)
		case tagEvent:
			k.event = uint32(i)
		case "opentracing.ref_type":
			k.refType = uint32(i)
		case "ip":
			k.ip = uint32(i)
		case "peer.ipv4":
			k.peerIPv4 = uint32(i)
		}
	}
	return k
}

// spanTags appends the tags of a span: scope, attributes, then the fields, in
// the order of Jaeger's translation.
func (e *encoder) spanTags(row int, normalize bool) {
	s := e.s
	scope := &s.ScopeTable[s.Scopes[row]]
	first := e.textTag(tagScopeName, s.Strings[scope.Name], true)
	first = e.textTag(tagScopeVersion, s.Strings[scope.Version], first)
	for _, a := range s.List(s.Attributes[row]) {
		first = e.attribute(a, first, normalize)
	}
	first = e.textTag(tagSpanKind, kindTag(int64(s.Kinds[row])), first)
	switch s.Statuses[row] {
	case statusOK:
		first = e.textTag(tagStatusCode, "OK", first)
	case statusError:
		first = e.textTag(tagStatusCode, "ERROR", first)
		e.buf = append(e.buf, `,{"key":"error","type":"bool","value":true}`...)
	}
	first = e.textTag(tagStatusDescription, s.Strings[s.StatusMessages[row]], first)
	e.textTag(tagTraceState, s.Strings[s.TraceStates[row]], first)
}

// logFields appends the fields of an event: its name as the field "event",
// unless an attribute has that key, then its attributes.
func (e *encoder) logFields(event storage.Event, normalize bool) {
	attrs := e.s.List(event.Attributes)
	named := false
	for _, a := range attrs {
		named = named || a.Key == e.keys.event
	}
	first := true
	if !named {
		first = e.textTag(tagEvent, e.s.Strings[event.Name], first)
	}
	for _, a := range attrs {
		first = e.attribute(a, first, normalize)
	}
}

// textTag appends a tag unless its text is empty, and says whether the list
// is still empty.
func (e *encoder) textTag(key, text string, first bool) bool {
	if text == "" {
		return first
	}
	e.openTag(key, first)
	e.buf = append(e.buf, `string","value":`...)
	e.buf = append(jsontext.AppendString(e.buf, text), '}')
	return false
}

// attribute appends an attribute as a tag. Arrays and maps are their JSON as
// text, a value that is present but empty is an empty text.
func (e *encoder) attribute(a storage.Attr, first, normalize bool) bool {
	e.openTag(e.s.Strings[a.Key], first)
	v := e.s.Value(a)
	switch v.Type() {
	case storage.TypeInt:
		if normalize && (a.Key == e.keys.ip || a.Key == e.keys.peerIPv4) {
			e.buf = append(e.buf, `string","value":`...)
			e.buf = jsontext.AppendString(e.buf, dottedIPv4(v.Int()))
			break
		}
		e.buf = append(e.buf, `int64","value":`...)
		e.buf = appendInt(e.buf, v.Int())
	case storage.TypeFloat:
		e.buf = append(e.buf, `float64","value":`...)
		e.buf = jsontext.AppendFloat(e.buf, v.Float())
	case storage.TypeBool:
		if v.Bool() {
			e.buf = append(e.buf, `bool","value":true`...)
		} else {
			e.buf = append(e.buf, `bool","value":false`...)
		}
	case storage.TypeBytes:
		e.buf = append(e.buf, `binary","value":"`...)
		e.buf = base64.StdEncoding.AppendEncode(e.buf, []byte(v.Str()))
		e.buf = append(e.buf, '"')
	case storage.TypeString:
		e.buf = append(e.buf, `string","value":`...)
		e.buf = jsontext.AppendString(e.buf, v.Str())
	default:
		e.buf = append(e.buf, `string","value":`...)
		e.buf = jsontext.AppendString(e.buf, v.Text())
	}
	e.buf = append(e.buf, '}')
	return false
}

// openTag appends a tag up to the opening quote of its type.
func (e *encoder) openTag(key string, first bool) {
	if !first {
		e.buf = append(e.buf, ',')
	}
	e.buf = jsontext.AppendString(append(e.buf, `{"key":`...), key)
	e.buf = append(e.buf, `,"type":"`...)
}

// dottedIPv4 writes the number in which Zipkin's and Jaeger's old clients send
// an address.
func dottedIPv4(n int64) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b).String()
}
