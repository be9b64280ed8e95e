package otlp

import "github.com/heddle-io/heddle/storage"

// Spans is a decoded ExportTraceServiceRequest. The zero Spans is ready to be
// decoded into, again and again; it is for one goroutine at a time.
type Spans struct {
	Message
	Spans []Span

	events     []Event
	links      []Link
	eventAttrs []Attr
	linkAttrs  []Attr
}

// Span is one span as it was sent.
type Span struct {
	TraceID                         storage.TraceID
	SpanID, ParentID                storage.SpanID
	StartNs, EndNs                  uint64
	Name, TraceState, StatusMessage Text
	Kind, StatusCode                int32
	Flags                           uint32
	Dropped                         storage.Dropped

	attrs         storage.Range
	events, links storage.Range
	bytes         uint32 // no less than the bytes of all its text
	entries       uint32 // no less than Attr.Entries of all its attributes
}

// Event is a span event.
type Event struct {
	TimeNs  uint64
	Name    Text
	Dropped uint32
	attrs   storage.Range
}

// Link is a span link.
type Link struct {
	TraceID    storage.TraceID
	SpanID     storage.SpanID
	TraceState Text
	Flags      uint32
	Dropped    uint32
	attrs      storage.Range
}

// Attrs are the attributes of a span.
func (d *Spans) Attrs(s *Span) []Attr { return d.recordAttrs[s.attrs.From:s.attrs.To] }

// Events are the events of a span.
func (d *Spans) Events(s *Span) []Event { return d.events[s.events.From:s.events.To] }

// Links are the links of a span.
func (d *Spans) Links(s *Span) []Link { return d.links[s.links.From:s.links.To] }

// EventAttrs are the attributes of an event.
func (d *Spans) EventAttrs(e *Event) []Attr { return d.eventAttrs[e.attrs.From:e.attrs.To] }

// LinkAttrs are the attributes of a link.
func (d *Spans) LinkAttrs(l *Link) []Attr { return d.linkAttrs[l.attrs.From:l.attrs.To] }

// TextBytes is about what the text of a span takes, keys included: never
// less, and little more.
func (s *Span) TextBytes() int { return int(s.bytes) }

// Counts are the numbers of attributes of a span, of its events and links
// together, and of events and links.
func (d *Spans) Counts(s *Span) (attrs, children int) {
	attrs = int(s.attrs.To - s.attrs.From)
	if events := d.Events(s); len(events) > 0 {
		attrs += int(events[len(events)-1].attrs.To - events[0].attrs.From)
		children += len(events)
	}
	if links := d.Links(s); len(links) > 0 {
		attrs += int(links[len(links)-1].attrs.To - links[0].attrs.From)
		children += len(links)
	}
	return attrs, children
}

// Decode reads an ExportTraceServiceRequest. d keeps body, which must not
// change while d is in use. An error wraps storage.ErrMalformed; d is then to
// be decoded into or dropped.
func (d *Spans) Decode(body []byte) error { return d.decode(body, true) }

// DecodeData reads TracesData as ptrace.ProtoMarshaler writes it. In contrast
// to Decode it has no eyes for spans in the deprecated field, which pdata does
// not show either.
func (d *Spans) DecodeData(body []byte) error { return d.decode(body, false) }

func (d *Spans) decode(body []byte, deprecated bool) error {
	d.cut(0)
	return d.request(d, body, deprecated)
}

// Release lets go of the request. It returns about how many bytes d itself
// keeps for the next one.
func (d *Spans) Release() int {
	_ = d.start(nil)
	d.cut(0)
	return d.footprint() + 160*cap(d.Spans) + 28*cap(d.events) + 52*cap(d.links) + 24*(cap(d.eventAttrs)+cap(d.linkAttrs))
}

func (d *Spans) count() int { return len(d.Spans) }

func (d *Spans) cut(spans int) {
	if spans == len(d.Spans) {
		return
	}
	s := &d.Spans[spans]
	d.recordAttrs = d.recordAttrs[:s.attrs.From]
	d.cutChildren(s.events.From, s.links.From)
	d.Spans = d.Spans[:spans]
}

func (d *Spans) cutChildren(events, links uint32) {
	if int(events) < len(d.events) {
		d.eventAttrs = d.eventAttrs[:d.events[events].attrs.From]
		d.events = d.events[:events]
	}
	if int(links) < len(d.links) {
		d.linkAttrs = d.linkAttrs[:d.links[links].attrs.From]
		d.links = d.links[:links]
	}
}
