package storage

import "math"

// SpansBuilder fills a Spans. It interns text; the zero value is not usable,
// take NewSpansBuilder. Not safe for concurrent use.
//
// A span is added with AddSpan; the attributes, events and links that follow
// belong to it. Resources and scopes are added before the spans that use them.
type SpansBuilder struct {
	spans   *Spans
	strings map[string]uint32
}

// NewSpansBuilder returns a builder for about n spans.
func NewSpansBuilder(n int) *SpansBuilder {
	return &SpansBuilder{
		spans: &Spans{
			TraceIDs: make([]TraceID, 0, n), SpanIDs: make([]SpanID, 0, n), ParentIDs: make([]SpanID, 0, n),
			StartsNs: make([]int64, 0, n), DurationsNs: make([]int64, 0, n),
			Kinds: make([]uint8, 0, n), Statuses: make([]uint8, 0, n),
			Names: make([]uint32, 0, n), StatusMessages: make([]uint32, 0, n), TraceStates: make([]uint32, 0, n), Flags: make([]uint32, 0, n),
			Resources: make([]uint32, 0, n), Scopes: make([]uint32, 0, n),
			Attributes: make([]Range, 0, n), Events: make([]Range, 0, n), Links: make([]Range, 0, n), Dropped: make([]Dropped, 0, n),
			Strings: []string{""},
		},
		strings: map[string]uint32{"": 0},
	}
}

// Spans returns what was built. The builder must not be used afterwards.
func (b *SpansBuilder) Spans() *Spans { return b.spans }

// Len is the number of spans added so far.
func (b *SpansBuilder) Len() int { return b.spans.Len() }

// Intern returns the index of text in Strings. The text is kept, not copied.
func (b *SpansBuilder) Intern(text string) uint32 {
	if i, ok := b.strings[text]; ok {
		return i
	}
	i := uint32(len(b.spans.Strings))
	b.spans.Strings = append(b.spans.Strings, text)
	b.strings[text] = i
	return i
}

// Attr encodes an attribute for this builder's Spans.
func (b *SpansBuilder) Attr(key string, v Value) Attr {
	a := Attr{Key: b.Intern(key), Type: v.typ, Bits: v.bits}
	switch v.typ {
	case TypeString, TypeBytes, TypeArray, TypeMap:
		a.Bits = uint64(b.Intern(v.str))
	}
	return a
}

// AddAttrs appends a list of attributes and returns its range, for a resource
// or scope.
func (b *SpansBuilder) AddAttrs(attrs ...Attr) Range {
	from := uint32(len(b.spans.Attrs))
	b.spans.Attrs = append(b.spans.Attrs, attrs...)
	return Range{from, uint32(len(b.spans.Attrs))}
}

// AddResource appends a resource and returns its index. It does not look for
// an equal one.
func (b *SpansBuilder) AddResource(r Resource) uint32 {
	b.spans.ResourceTable = append(b.spans.ResourceTable, r)
	return uint32(len(b.spans.ResourceTable) - 1)
}

// AddScope appends a scope and returns its index. It does not look for an
// equal one.
func (b *SpansBuilder) AddScope(s InstrumentationScope) uint32 {
	b.spans.ScopeTable = append(b.spans.ScopeTable, s)
	return uint32(len(b.spans.ScopeTable) - 1)
}

// SpanFields are the fixed fields of a span.
type SpanFields struct {
	TraceID             TraceID
	SpanID, ParentID    SpanID
	StartNs, DurationNs int64
	Kind, Status        uint8
	Name, StatusMessage string
	TraceState          string
	Flags               uint32
	Resource, Scope     uint32
	Dropped             Dropped
}

// AddSpan appends a span without attributes, events and links.
func (b *SpansBuilder) AddSpan(f SpanFields) {
	s := b.spans
	s.TraceIDs = append(s.TraceIDs, f.TraceID)
	s.SpanIDs = append(s.SpanIDs, f.SpanID)
	s.ParentIDs = append(s.ParentIDs, f.ParentID)
	s.StartsNs = append(s.StartsNs, f.StartNs)
	s.DurationsNs = append(s.DurationsNs, f.DurationNs)
	s.Kinds = append(s.Kinds, f.Kind)
	s.Statuses = append(s.Statuses, f.Status)
	s.Names = append(s.Names, b.Intern(f.Name))
	s.StatusMessages = append(s.StatusMessages, b.Intern(f.StatusMessage))
	s.TraceStates = append(s.TraceStates, b.Intern(f.TraceState))
	s.Flags = append(s.Flags, f.Flags)
	s.Resources = append(s.Resources, f.Resource)
	s.Scopes = append(s.Scopes, f.Scope)
	s.Dropped = append(s.Dropped, f.Dropped)
	s.Attributes = append(s.Attributes, emptyRange(len(s.Attrs)))
	s.Events = append(s.Events, emptyRange(len(s.EventTable)))
	s.Links = append(s.Links, emptyRange(len(s.LinkTable)))
}

// SetAttributes gives the last span its attributes.
func (b *SpansBuilder) SetAttributes(attrs ...Attr) {
	b.spans.Attributes[b.spans.Len()-1] = b.AddAttrs(attrs...)
}

// AddEvent appends an event to the last span.
func (b *SpansBuilder) AddEvent(timeNs int64, name string, dropped uint32, attrs ...Attr) {
	s := b.spans
	e := Event{TimeNs: timeNs, Name: b.Intern(name), Attributes: b.AddAttrs(attrs...), DroppedAttributes: dropped}
	s.EventTable = append(s.EventTable, e)
	s.Events[s.Len()-1].To = uint32(len(s.EventTable))
}

// AddLink appends a link to the last span. l.Attributes is set from attrs.
func (b *SpansBuilder) AddLink(l Link, attrs ...Attr) {
	s := b.spans
	l.Attributes = b.AddAttrs(attrs...)
	s.LinkTable = append(s.LinkTable, l)
	s.Links[s.Len()-1].To = uint32(len(s.LinkTable))
}

func emptyRange(at int) Range {
	if at > math.MaxUint32 {
		panic("storage: Spans holds more than 2^32 attributes")
	}
	return Range{uint32(at), uint32(at)}
}

// AddSpans appends every span of o for which keep is true (nil: all), with
// the resources and scopes that they use. o is left as it is; its strings are
// shared.
func (b *SpansBuilder) AddSpans(o *Spans, keep func(row int) bool) {
	text := lazyMap(len(o.Strings), func(i uint32) uint32 { return b.Intern(o.Strings[i]) })
	attr := func(a Attr) Attr {
		a.Key = text(a.Key)
		switch a.Type {
		case TypeString, TypeBytes, TypeArray, TypeMap:
			a.Bits = uint64(text(uint32(a.Bits)))
		}
		return a
	}
	list := func(r Range) Range {
		from := uint32(len(b.spans.Attrs))
		for _, a := range o.List(r) {
			b.spans.Attrs = append(b.spans.Attrs, attr(a))
		}
		return Range{from, uint32(len(b.spans.Attrs))}
	}
	resource := lazyMap(len(o.ResourceTable), func(i uint32) uint32 {
		r := o.ResourceTable[i]
		return b.AddResource(Resource{list(r.Attributes), r.DroppedAttributes, text(r.SchemaURL)})
	})
	scope := lazyMap(len(o.ScopeTable), func(i uint32) uint32 {
		s := o.ScopeTable[i]
		return b.AddScope(InstrumentationScope{text(s.Name), text(s.Version), list(s.Attributes), s.DroppedAttributes, text(s.SchemaURL)})
	})
	for row := range o.Len() {
		if keep != nil && !keep(row) {
			continue
		}
		b.AddSpan(SpanFields{
			TraceID: o.TraceIDs[row], SpanID: o.SpanIDs[row], ParentID: o.ParentIDs[row],
			StartNs: o.StartsNs[row], DurationNs: o.DurationsNs[row], Kind: o.Kinds[row], Status: o.Statuses[row],
			Name: o.Strings[o.Names[row]], StatusMessage: o.Strings[o.StatusMessages[row]], TraceState: o.Strings[o.TraceStates[row]],
			Flags: o.Flags[row], Resource: resource(o.Resources[row]), Scope: scope(o.Scopes[row]), Dropped: o.Dropped[row],
		})
		at := b.spans.Len() - 1
		b.spans.Attributes[at] = list(o.Attributes[row])
		for _, e := range o.EventsOf(row) {
			e.Name, e.Attributes = text(e.Name), list(e.Attributes)
			b.spans.EventTable = append(b.spans.EventTable, e)
		}
		b.spans.Events[at].To = uint32(len(b.spans.EventTable))
		for _, l := range o.LinksOf(row) {
			l.TraceState, l.Attributes = text(l.TraceState), list(l.Attributes)
			b.spans.LinkTable = append(b.spans.LinkTable, l)
		}
		b.spans.Links[at].To = uint32(len(b.spans.LinkTable))
	}
}

// lazyMap translates indices with compute, once each.
func lazyMap(n int, compute func(uint32) uint32) func(uint32) uint32 {
	const unset = math.MaxUint32
	known := make([]uint32, n)
	for i := range known {
		known[i] = unset
	}
	return func(i uint32) uint32 {
		if known[i] == unset {
			known[i] = compute(i)
		}
		return known[i]
	}
}
