package storage

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func sampleTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	for r := range 2 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("resource schema")
		rs.Resource().Attributes().PutStr("service.name", []string{"front", "back"}[r])
		rs.Resource().SetDroppedAttributesCount(1)
		for range 2 {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.SetSchemaUrl("scope schema")
			ss.Scope().SetName("lib")
			ss.Scope().SetVersion("1")
			ss.Scope().Attributes().PutBool("b", true)
			for n := range 3 {
				s := ss.Spans().AppendEmpty()
				s.SetTraceID(pcommon.TraceID{1, byte(n)})
				s.SetSpanID(pcommon.SpanID{2, byte(n)})
				s.SetParentSpanID(pcommon.SpanID{3})
				s.SetName("name")
				s.SetKind(ptrace.SpanKindServer)
				s.SetStartTimestamp(100)
				s.SetEndTimestamp(pcommon.Timestamp(90 + n))
				s.SetFlags(1)
				s.TraceState().FromRaw("a=b")
				s.Status().SetCode(ptrace.StatusCodeError)
				s.Status().SetMessage("message")
				s.SetDroppedAttributesCount(1)
				s.SetDroppedEventsCount(2)
				s.SetDroppedLinksCount(3)
				anyValues().CopyTo(s.Attributes())
				e := s.Events().AppendEmpty()
				e.SetName("event")
				e.SetTimestamp(math.MaxUint64)
				anyValues().CopyTo(e.Attributes())
				s.Events().AppendEmpty()
				l := s.Links().AppendEmpty()
				l.SetTraceID(pcommon.TraceID{4})
				l.SetSpanID(pcommon.SpanID{5})
				l.TraceState().FromRaw("c=d")
				l.SetFlags(7)
				anyValues().CopyTo(l.Attributes())
			}
		}
	}
	return td
}

func encoded(t *testing.T, td ptrace.Traces) []byte {
	t.Helper()
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func allRows(s *Spans) []int {
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func TestSpansPdataRoundTrip(t *testing.T) {
	td := sampleTraces()
	s := SpansFromPdata(td)
	back, err := s.ToPdata(allRows(s))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(encoded(t, back), encoded(t, td)) {
		t.Error("spans changed on the way through Spans")
	}
	some, err := s.ToPdata([]int{11, 0})
	if err != nil || some.SpanCount() != 2 || some.ResourceSpans().Len() != 2 {
		t.Errorf("ToPdata of two rows: %d spans of %d resources, %v", some.SpanCount(), some.ResourceSpans().Len(), err)
	}
}

func TestSpansAccessors(t *testing.T) {
	s := SpansFromPdata(sampleTraces())
	if s.Service(0) != "front" || s.Service(11) != "back" || s.Name(0) != "name" || s.EndNs(0) != 90 || s.DurationsNs[0] != -10 {
		t.Errorf("got service %q and %q, name %q, end %d, duration %d", s.Service(0), s.Service(11), s.Name(0), s.EndNs(0), s.DurationsNs[0])
	}
	if v := s.Lookup(s.Attributes[3], "most"); v != Int(math.MaxInt64) {
		t.Errorf("Lookup: got %v", v)
	}
	if v := s.Lookup(s.Attributes[3], "none"); v.Type() != TypeAbsent {
		t.Errorf("Lookup of what is not there: got %v", v)
	}
	if len(s.EventsOf(5)) != 2 || len(s.LinksOf(5)) != 1 {
		t.Errorf("got %d events and %d links", len(s.EventsOf(5)), len(s.LinksOf(5)))
	}
	if s.Strings[0] != "" {
		t.Error("Strings[0] must be empty")
	}
}

func TestAddSpans(t *testing.T) {
	o := SpansFromPdata(sampleTraces())
	before := SpansFromPdata(sampleTraces())
	b := NewSpansBuilder(1)
	b.AddSpans(o, func(row int) bool { return row >= 9 })
	b.AddSpans(o, nil)
	s := b.Spans()
	if s.Len() != 3+12 || len(s.ResourceTable) != 1+2 {
		t.Fatalf("%d spans with %d resources, want 15 with 3", s.Len(), len(s.ResourceTable))
	}
	got, err := s.ToPdata(allRows(s)[3:])
	if err != nil || !slices.Equal(encoded(t, got), encoded(t, sampleTraces())) {
		t.Errorf("spans changed when they were added: %v", err)
	}
	if !reflect.DeepEqual(o, before) {
		t.Error("AddSpans changed its argument")
	}
}

func TestEnumeratorsOutsideOfAByte(t *testing.T) {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetKind(256 + ptrace.SpanKindServer)
	span.Status().SetCode(-1)
	if s := SpansFromPdata(td); s.Kinds[0] != 0 || s.Statuses[0] != 0 {
		t.Errorf("kind %d, status %d: what is no enumerator must not become another", s.Kinds[0], s.Statuses[0])
	}
}
