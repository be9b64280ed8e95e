package storage

// Spans holds whole spans in columns: row i of every per-row slice describes
// one span. Text is interned in Strings, resources and scopes in their own
// tables, attribute lists are ranges of Attrs in the order they were sent. It
// has no pointers per span, so that a trace of a million spans is a few dozen
// objects to the garbage collector.
//
// A Spans is a value for one owner; reading it concurrently is safe.
type Spans struct {
	TraceIDs       []TraceID
	SpanIDs        []SpanID
	ParentIDs      []SpanID // all zero where the span names no parent
	StartsNs       []int64
	DurationsNs    []int64  // negative where the span ends before it starts
	Kinds          []uint8  // OTLP SpanKind; 0 where it was sent as no byte
	Statuses       []uint8  // OTLP StatusCode; 0 where it was sent as no byte
	Names          []uint32 // index into Strings, like all text below
	StatusMessages []uint32
	TraceStates    []uint32
	Flags          []uint32
	Resources      []uint32 // index into ResourceTable
	Scopes         []uint32 // index into ScopeTable
	Attributes     []Range  // into Attrs
	Events         []Range  // into EventTable
	Links          []Range  // into LinkTable
	Dropped        []Dropped

	Attrs         []Attr
	EventTable    []Event
	LinkTable     []Link
	ResourceTable []Resource
	ScopeTable    []InstrumentationScope
	Strings       []string // Strings[0] is ""
}

// Range is a run of a table: From inclusive, To exclusive.
type Range struct{ From, To uint32 }

// Attr is one attribute. What Bits holds follows from Type as in Column, with
// Strings as the dictionary; read it with Spans.Value.
type Attr struct {
	Key  uint32 // index into Strings
	Type Type
	Bits uint64
}

// Dropped counts what the SDK left out of a span.
type Dropped struct{ Attributes, Events, Links uint32 }

// Event is a span event.
type Event struct {
	TimeNs            int64
	Name              uint32
	Attributes        Range
	DroppedAttributes uint32
}

// Link is a span link.
type Link struct {
	TraceID           TraceID
	SpanID            SpanID
	TraceState        uint32
	Flags             uint32
	Attributes        Range
	DroppedAttributes uint32
}

// Resource is an OTLP resource with the schema URL of its ResourceSpans.
type Resource struct {
	Attributes        Range
	DroppedAttributes uint32
	SchemaURL         uint32
}

// InstrumentationScope is an OTLP instrumentation scope with its schema URL.
type InstrumentationScope struct {
	Name, Version     uint32
	Attributes        Range
	DroppedAttributes uint32
	SchemaURL         uint32
}

// Len is the number of spans.
func (s *Spans) Len() int { return len(s.TraceIDs) }

// EndNs is the end of a span as it was recorded.
func (s *Spans) EndNs(row int) int64 { return s.StartsNs[row] + s.DurationsNs[row] }

// Name is the name of a span.
func (s *Spans) Name(row int) string { return s.Strings[s.Names[row]] }

// Service is the text of service.name of the span's resource, "" when it has
// none.
func (s *Spans) Service(row int) string { return s.ServiceOf(s.Resources[row]) }

// ServiceOf is the text of service.name of a resource, "" when it has none.
func (s *Spans) ServiceOf(resource uint32) string {
	return s.Lookup(s.ResourceTable[resource].Attributes, KeyService.Name).Text()
}

// List returns the attributes of a range. The caller must not change it.
func (s *Spans) List(r Range) []Attr { return s.Attrs[r.From:r.To:r.To] }

// Lookup returns the first value under key, absent when there is none.
func (s *Spans) Lookup(r Range, key string) Value {
	for _, a := range s.Attrs[r.From:r.To] {
		if s.Strings[a.Key] == key {
			return s.Value(a)
		}
	}
	return Value{}
}

// Value returns the value of an attribute.
func (s *Spans) Value(a Attr) Value { return makeValue(a.Type, a.Bits, s.Strings) }

// EventsOf returns the events of a span in the order they were sent. The
// caller must not change the slice.
func (s *Spans) EventsOf(row int) []Event {
	r := s.Events[row]
	return s.EventTable[r.From:r.To:r.To]
}

// LinksOf returns the links of a span in the order they were sent. The caller
// must not change the slice.
func (s *Spans) LinksOf(row int) []Link {
	r := s.Links[row]
	return s.LinkTable[r.From:r.To:r.To]
}
