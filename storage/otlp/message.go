package otlp

import (
	"fmt"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
)

// Text is a run of bytes of a request. Message.String reads it.
type Text struct{ off, len uint32 }

// Len is the number of bytes.
func (t Text) Len() int { return int(t.len) }

// made marks text that is in Message.made, not in the request.
const made = 1 << 31

// Attr is one attribute, or the body of a log record.
type Attr struct {
	Key Text
	// Bits is the number of an int, the bits of a float, 0 or 1 of a bool.
	Bits uint64
	// Entries is the number of entries of the largest map inside an array or
	// map, that itself included, or TooDeep.
	Entries uint32
	Type    storage.Type
}

// TooDeep are the Entries of a value that has more than storage.MaxAnyDepth
// levels. Its Text is empty.
const TooDeep = 1<<32 - 1

// Text is the content of a string, of bytes, or of an array or map: the
// latter as storage.AppendAnyValue encodes them.
func (a *Attr) Text() Text {
	if a.Type == storage.TypeString || a.Type >= storage.TypeBytes && a.Type <= storage.TypeMap {
		return Text{uint32(a.Bits >> 32), uint32(a.Bits)}
	}
	return Text{}
}

func (a *Attr) setText(t storage.Type, off uint32, n int) {
	a.Type, a.Bits, a.Entries = t, uint64(off)<<32|uint64(uint32(n)), 0
}

func (a *Attr) setBits(t storage.Type, bits uint64) { a.Type, a.Bits, a.Entries = t, bits, 0 }

// Resource is an OTLP resource with the schema URL of its ResourceSpans or
// ResourceLogs.
type Resource struct {
	SchemaURL Text
	Dropped   uint32
	Scopes    storage.Range // into Message.Scopes
	attrs     storage.Range
}

// Scope is an OTLP instrumentation scope with the schema URL of its ScopeSpans
// or ScopeLogs.
type Scope struct {
	Name, Version, SchemaURL Text
	Dropped                  uint32
	Records                  storage.Range // into Spans.Spans or Logs.Records
	attrs                    storage.Range
}

// Message is what the requests of all signals have in common. Everything it
// holds is valid until it is decoded into again, and as long as the request's
// bytes do not change.
type Message struct {
	Resources []Resource
	Scopes    []Scope

	body          []byte
	made          []byte // arrays and maps that had to be encoded anew
	resourceAttrs []Attr
	scopeAttrs    []Attr
	recordAttrs   []Attr
	entries       uint32 // largest Attr.Entries of the record at hand
	wrong         string // what could not be read
}

// String reads a text. It shares the memory of the request.
func (m *Message) String(t Text) string {
	from := m.body
	if t.off >= made {
		from, t.off = m.made, t.off-made
	}
	from = from[t.off:][:t.len]
	return unsafe.String(unsafe.SliceData(from), len(from))
}

// ResourceAttrs are the attributes of a resource, in the order of their
// coming. The caller must not change any list that Message returns.
func (m *Message) ResourceAttrs(r *Resource) []Attr {
	return m.resourceAttrs[r.attrs.From:r.attrs.To]
}

// ScopeAttrs are the attributes of an instrumentation scope.
func (m *Message) ScopeAttrs(s *Scope) []Attr { return m.scopeAttrs[s.attrs.From:s.attrs.To] }

// start prepares for a request, keeping memory.
func (m *Message) start(body []byte) error {
	m.Resources, m.Scopes = m.Resources[:0], m.Scopes[:0]
	m.resourceAttrs, m.scopeAttrs, m.recordAttrs = m.resourceAttrs[:0], m.scopeAttrs[:0], m.recordAttrs[:0]
	m.made, m.body, m.wrong = m.made[:0], body, ""
	if len(body) >= made {
		m.body = nil
		return fmt.Errorf("otlp: the request has %d bytes, it must be smaller than 2 GiB; send several: %w", len(body), storage.ErrMalformed)
	}
	return nil
}

// fail notes what could not be read, unless something inside it was noted.
func (m *Message) fail(what string) int {
	if m.wrong == "" {
		m.wrong = what
	}
	return bad
}

// malformed tells where decoding stopped. records is how many there were then.
func (m *Message) malformed(records int) error {
	return fmt.Errorf("otlp: %s is cut or has a field of the wrong wire type or length, near resource %d, scope %d, record %d; check what sends it: %w",
		m.wrong, len(m.Resources), len(m.Scopes), records, storage.ErrMalformed)
}

// footprint is about what the slices take.
func (m *Message) footprint() int {
	return cap(m.made) + 24*(cap(m.resourceAttrs)+cap(m.scopeAttrs)+cap(m.recordAttrs)) + 32*cap(m.Resources) + 44*cap(m.Scopes)
}

// grown appends a zero element and returns it.
func grown[T any](list *[]T) *T {
	var zero T
	*list = append(*list, zero)
	return &(*list)[len(*list)-1]
}

func end[T any](list []T) uint32 { return uint32(len(list)) }
