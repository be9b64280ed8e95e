package storage

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// SpansFromPdata copies every span of td, unchecked.
func SpansFromPdata(td ptrace.Traces) *Spans {
	b := NewSpansBuilder(td.SpanCount())
	for _, rs := range td.ResourceSpans().All() {
		resource := b.AddResource(Resource{
			Attributes:        b.addMap(rs.Resource().Attributes()),
			DroppedAttributes: rs.Resource().DroppedAttributesCount(),
			SchemaURL:         b.Intern(rs.SchemaUrl()),
		})
		for _, ss := range rs.ScopeSpans().All() {
			scope := b.AddScope(InstrumentationScope{
				Name: b.Intern(ss.Scope().Name()), Version: b.Intern(ss.Scope().Version()),
				Attributes:        b.addMap(ss.Scope().Attributes()),
				DroppedAttributes: ss.Scope().DroppedAttributesCount(),
				SchemaURL:         b.Intern(ss.SchemaUrl()),
			})
			for _, span := range ss.Spans().All() {
				b.addPdataSpan(span, resource, scope)
			}
		}
	}
	return b.Spans()
}

func (b *SpansBuilder) addPdataSpan(s ptrace.Span, resource, scope uint32) {
	b.AddSpan(SpanFields{
		TraceID: s.TraceID(), SpanID: s.SpanID(), ParentID: s.ParentSpanID(),
		StartNs: int64(s.StartTimestamp()), DurationNs: int64(s.EndTimestamp()) - int64(s.StartTimestamp()),
		Kind: enum8(int32(s.Kind())), Status: enum8(int32(s.Status().Code())),
		Name: s.Name(), StatusMessage: s.Status().Message(), TraceState: s.TraceState().AsRaw(), Flags: s.Flags(),
		Resource: resource, Scope: scope,
		Dropped: Dropped{s.DroppedAttributesCount(), s.DroppedEventsCount(), s.DroppedLinksCount()},
	})
	b.spans.Attributes[b.spans.Len()-1] = b.addMap(s.Attributes())
	for _, e := range s.Events().All() {
		b.AddEvent(int64(e.Timestamp()), e.Name(), e.DroppedAttributesCount(), b.mapAttrs(e.Attributes())...)
	}
	for _, l := range s.Links().All() {
		b.AddLink(Link{
			TraceID: l.TraceID(), SpanID: l.SpanID(), TraceState: b.Intern(l.TraceState().AsRaw()),
			Flags: l.Flags(), DroppedAttributes: l.DroppedAttributesCount(),
		}, b.mapAttrs(l.Attributes())...)
	}
}

// enum8 keeps the enumerators that OTLP defines or may come to define; what is
// outside of a byte becomes 0, unspecified, not another enumerator.
func enum8(v int32) uint8 {
	if v < 0 || v > math.MaxUint8 {
		return 0
	}
	return uint8(v)
}

func (b *SpansBuilder) addMap(m pcommon.Map) Range { return b.AddAttrs(b.mapAttrs(m)...) }

func (b *SpansBuilder) mapAttrs(m pcommon.Map) []Attr {
	attrs := make([]Attr, 0, m.Len())
	for k, v := range m.All() {
		attrs = append(attrs, b.Attr(k, ValueOf(v)))
	}
	return attrs
}

// ToPdata copies the given rows, grouped by resource and scope in the order of
// their first row. It fails only on damaged array or map values.
func (s *Spans) ToPdata(rows []int) (ptrace.Traces, error) {
	td := ptrace.NewTraces()
	resources := map[uint32]ptrace.ResourceSpans{}
	scopes := map[[2]uint32]ptrace.ScopeSpans{}
	for _, row := range rows {
		r, sc := s.Resources[row], s.Scopes[row]
		rs, ok := resources[r]
		if !ok {
			rs = td.ResourceSpans().AppendEmpty()
			res := s.ResourceTable[r]
			rs.SetSchemaUrl(s.Strings[res.SchemaURL])
			rs.Resource().SetDroppedAttributesCount(res.DroppedAttributes)
			if err := s.CopyAttributes(res.Attributes, rs.Resource().Attributes()); err != nil {
				return td, err
			}
			resources[r] = rs
		}
		ss, ok := scopes[[2]uint32{r, sc}]
		if !ok {
			ss = rs.ScopeSpans().AppendEmpty()
			scope := s.ScopeTable[sc]
			ss.SetSchemaUrl(s.Strings[scope.SchemaURL])
			ss.Scope().SetName(s.Strings[scope.Name])
			ss.Scope().SetVersion(s.Strings[scope.Version])
			ss.Scope().SetDroppedAttributesCount(scope.DroppedAttributes)
			if err := s.CopyAttributes(scope.Attributes, ss.Scope().Attributes()); err != nil {
				return td, err
			}
			scopes[[2]uint32{r, sc}] = ss
		}
		if err := s.copySpan(row, ss.Spans().AppendEmpty()); err != nil {
			return td, err
		}
	}
	return td, nil
}

func (s *Spans) copySpan(row int, to ptrace.Span) error {
	to.SetTraceID(s.TraceIDs[row])
	to.SetSpanID(s.SpanIDs[row])
	to.SetParentSpanID(s.ParentIDs[row])
	to.SetName(s.Name(row))
	to.SetKind(ptrace.SpanKind(s.Kinds[row]))
	to.SetStartTimestamp(pcommon.Timestamp(s.StartsNs[row]))
	to.SetEndTimestamp(pcommon.Timestamp(s.EndNs(row)))
	to.SetFlags(s.Flags[row])
	to.TraceState().FromRaw(s.Strings[s.TraceStates[row]])
	to.Status().SetCode(ptrace.StatusCode(s.Statuses[row]))
	to.Status().SetMessage(s.Strings[s.StatusMessages[row]])
	to.SetDroppedAttributesCount(s.Dropped[row].Attributes)
	to.SetDroppedEventsCount(s.Dropped[row].Events)
	to.SetDroppedLinksCount(s.Dropped[row].Links)
	if err := s.CopyAttributes(s.Attributes[row], to.Attributes()); err != nil {
		return err
	}
	for _, e := range s.EventsOf(row) {
		event := to.Events().AppendEmpty()
		event.SetTimestamp(pcommon.Timestamp(e.TimeNs))
		event.SetName(s.Strings[e.Name])
		event.SetDroppedAttributesCount(e.DroppedAttributes)
		if err := s.CopyAttributes(e.Attributes, event.Attributes()); err != nil {
			return err
		}
	}
	for _, l := range s.LinksOf(row) {
		link := to.Links().AppendEmpty()
		link.SetTraceID(l.TraceID)
		link.SetSpanID(l.SpanID)
		link.TraceState().FromRaw(s.Strings[l.TraceState])
		link.SetFlags(l.Flags)
		link.SetDroppedAttributesCount(l.DroppedAttributes)
		if err := s.CopyAttributes(l.Attributes, link.Attributes()); err != nil {
			return err
		}
	}
	return nil
}

// CopyAttributes writes the attributes of a range into m, which should be
// empty. A key that was sent twice keeps its last value.
func (s *Spans) CopyAttributes(r Range, m pcommon.Map) error {
	m.EnsureCapacity(int(r.To - r.From))
	for _, a := range s.List(r) {
		if err := s.Value(a).CopyTo(m.PutEmpty(s.Strings[a.Key])); err != nil {
			return err
		}
	}
	return nil
}
