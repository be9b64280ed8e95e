package storagetest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// write stores td and demands that all of it is accepted.
func (e *env) write(td ptrace.Traces) {
	e.Helper()
	out, err := e.spans.WriteSpans(context.Background(), td)
	if err != nil {
		e.Fatalf("WriteSpans: %v", err)
	}
	if out.Accepted != td.SpanCount() || out.RejectedCount() != 0 {
		e.Fatalf("WriteSpans: %d of %d spans accepted, rejected %v", out.Accepted, td.SpanCount(), out.Rejected)
	}
}

// fill writes random traces in several requests and returns what they hold.
func (e *env) fill(n int) *model {
	e.Helper()
	m := &model{}
	for range 8 {
		td := randomTraces(e.rng, n/8)
		m.add(td)
		e.write(td)
	}
	return m
}

// stored fetches traces.
func (e *env) stored(ids ...storage.TraceID) *model {
	e.Helper()
	m := &model{}
	for s, err := range e.spans.Traces(context.Background(), ids) {
		if err != nil {
			e.Fatalf("Traces: %v", err)
		}
		if len(s.Strings) == 0 || s.Strings[0] != "" {
			e.Fatalf("Spans: Strings[0] must be the empty string")
		}
		m.all = append(m.all, s)
	}
	return m
}

func (e *env) same(clause string, got, want []string) {
	e.Helper()
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	at := func(list []string) string {
		if i < len(list) {
			return list[i]
		}
		return "(nothing)"
	}
	e.Fatalf("%s: %d records, want %d; the first difference is at %d\n got %s\nwant %s", clause, len(got), len(want), i, at(got), at(want))
}

// everyField is a span with every field and every type of value.
func everyField() ptrace.Traces {
	td := ptrace.NewTraces()
	for n := range 2 { // equal resources and scopes in two places
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("https://example.org/resource")
		rs.Resource().SetDroppedAttributesCount(7)
		everyType(rs.Resource().Attributes())
		rs.Resource().Attributes().PutStr("service.name", "front")
		ss := rs.ScopeSpans().AppendEmpty()
		ss.SetSchemaUrl("https://example.org/scope")
		ss.Scope().SetName("lib")
		ss.Scope().SetVersion("1.2.3")
		ss.Scope().SetDroppedAttributesCount(8)
		everyType(ss.Scope().Attributes())
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255})
		s.SetSpanID(pcommon.SpanID{255, 1, 2, 3, 4, 5, 6, byte(n)})
		s.SetParentSpanID(pcommon.SpanID{0, 0, 0, 0, 0, 0, 0, 1})
		s.SetName("name")
		s.SetKind(ptrace.SpanKindConsumer)
		s.SetStartTimestamp(math.MaxInt64 - 10)
		s.SetEndTimestamp(5) // ends long before it starts
		s.SetFlags(math.MaxUint32)
		s.TraceState().FromRaw("a=b,c=d")
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage("it broke")
		s.SetDroppedAttributesCount(1)
		s.SetDroppedEventsCount(2)
		s.SetDroppedLinksCount(math.MaxUint32)
		everyType(s.Attributes())
		for range 3 {
			ev := s.Events().AppendEmpty()
			ev.SetName("event")
			ev.SetTimestamp(12)
			ev.SetDroppedAttributesCount(3)
			everyType(ev.Attributes())
			l := s.Links().AppendEmpty()
			l.SetTraceID(pcommon.TraceID{5})
			l.SetSpanID(pcommon.SpanID{6})
			l.SetFlags(257)
			l.SetDroppedAttributesCount(4)
			l.TraceState().FromRaw("e=f")
			everyType(l.Attributes())
		}
		ev := s.Events().AppendEmpty() // with nothing in it
		ev.SetTimestamp(math.MaxUint64)
		s.Links().AppendEmpty()
		bare := ss.Spans().AppendEmpty()
		bare.SetTraceID(s.TraceID())
		bare.SetSpanID(pcommon.SpanID{3})
	}
	return td
}

func everyType(m pcommon.Map) {
	m.PutStr("z.first", "order is kept")
	m.PutStr("", "empty key")
	m.PutStr("string.empty", "")
	m.PutStr("string", "text é \x00")
	for i, v := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		m.PutInt(fmt.Sprint("int.", i), v)
	}
	for i, v := range []float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64} {
		m.PutDouble(fmt.Sprint("double.", i), v)
	}
	m.PutBool("bool.true", true)
	m.PutBool("bool.false", false)
	m.PutEmpty("empty")
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 255, 1})
	m.PutEmptyBytes("bytes.empty")
	m.PutEmptySlice("array.empty")
	m.PutEmptyMap("map.empty")
	a := m.PutEmptySlice("array")
	a.AppendEmpty().SetStr("x")
	a.AppendEmpty()
	a.AppendEmpty().SetEmptySlice().AppendEmpty().SetInt(-5)
	kv := a.AppendEmpty().SetEmptyMap()
	kv.PutDouble("nan", math.NaN())
	kv.PutEmptyMap("deep").PutEmptyBytes("deeper").FromRaw([]byte("\xff"))
	m.PutStr("a.last", "order is kept")
}

func testRoundTrip(e *env) {
	td := everyField()
	want := &model{}
	want.add(td)
	e.write(td)
	got := e.stored(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceID())
	e.same("Traces returns every field as it was written", got.dumps(nil), want.dumps(nil))
	for _, s := range got.all {
		rows := make([]int, s.Len())
		for i := range rows {
			rows[i] = i
		}
		back, err := s.ToPdata(rows)
		if err != nil {
			e.Fatalf("ToPdata: %v", err)
		}
		again := &model{}
		again.add(back)
		one := &model{all: []*storage.Spans{s}}
		e.same("Spans survive the way through pdata", again.dumps(nil), one.dumps(nil))
	}
}

func testDuplicateKeys(e *env) {
	td := ptrace.NewTraces()
	s := simpleSpan(td, pcommon.TraceID{1}, 1, epoch)
	s.Attributes().PutStr(firstOfTwo, "first")
	s.Attributes().PutInt("between", 1)
	s.Attributes().PutStr(secondOfTwo, "second")
	td = duplicateKeys(td)
	want := &model{}
	want.add(td)
	e.write(td)
	e.same("a key that was sent twice is stored twice", e.stored(pcommon.TraceID{1}).dumps(nil), want.dumps(nil))
	key := storage.Key{Scope: storage.ScopeSpan, Name: firstOfTwo}
	for text, found := range map[string]int{"first": 1, "second": 0} {
		p := storage.Compare{Key: key, Value: storage.String(text)}
		if n := len(e.scanDumps(anyTime, p)); n != found {
			e.Errorf("where a list has a key twice its first value is the value: %q found %d spans, want %d", text, n, found)
		}
	}
}

func testRandomRoundTrip(e *env) {
	want := e.fill(800)
	for n := range 32 {
		id := pcommon.TraceID{1, byte(n)}
		e.same("Traces returns every span of a trace", e.stored(id).dumps(nil), want.dumps(func(r row) bool { return r.s.TraceIDs[r.i] == id }))
	}
	var all []storage.TraceID
	for n := range 32 {
		all = append(all, pcommon.TraceID{1, byte(n)})
	}
	e.same("Traces of many ids", e.stored(all...).dumps(nil), want.dumps(nil))
}

func testRejected(e *env) {
	td := ptrace.NewTraces()
	id := pcommon.TraceID{1}
	for n := range 8 {
		simpleSpan(td, id, n, epoch)
	}
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	spans.At(0).SetTraceID(pcommon.TraceID{})
	spans.At(2).SetSpanID(pcommon.SpanID{})
	spans.At(3).SetStartTimestamp(math.MaxInt64 + 1)
	spans.At(4).SetEndTimestamp(math.MaxUint64)
	spans.At(5).SetEndTimestamp(pcommon.Timestamp(epoch - 500)) // kept
	deep := spans.At(6).Attributes().PutEmpty("deep")
	for range 70 {
		deep = deep.SetEmptySlice().AppendEmpty()
	}
	out, err := e.spans.WriteSpans(context.Background(), td)
	if err != nil {
		e.Fatalf("invalid spans must not fail the write: %v", err)
	}
	if out.Accepted != 3 || out.RejectedCount() != 5 {
		e.Errorf("invalid spans are told in the Outcome and the rest is stored: got %+v, want 3 accepted, 5 rejected", out)
	}
	want := map[storage.Reason]int{storage.ReasonNoTraceID: 1, storage.ReasonNoSpanID: 1, storage.ReasonTimeRange: 2, storage.ReasonTooLarge: 1}
	for _, r := range out.Rejected {
		if want[r.Reason] != r.Count || r.Example == "" {
			e.Errorf("one entry a reason, with an example: got %+v, want %d", r, want[r.Reason])
		}
	}
	if n := len(e.stored(id).dumps(nil)); n != 3 {
		e.Errorf("only valid spans are stored: Traces found %d, want 3", n)
	}
	got := e.stored(id)
	found := false
	got.rows(anyTime, nil, func(r row) { found = found || r.s.DurationsNs[r.i] == -500 })
	if !found {
		e.Errorf("a span that ends before it starts is kept with a negative duration")
	}
}

// bad is not UTF-8, good is what becomes of it.
const bad, good = "a\xffb", "a\uFFFDb"

func testRepair(e *env) {
	build := func(text string) ptrace.Traces {
		td := ptrace.NewTraces()
		for n := range 12 {
			s := simpleSpan(td, pcommon.TraceID{1}, n, epoch)
			switch n {
			case 0:
				s.SetName(text)
			case 1:
				s.Status().SetMessage(text)
			case 2:
				s.TraceState().FromRaw(text)
			case 3:
				s.Attributes().PutStr(text, "value")
			case 4:
				s.Attributes().PutStr("key", text)
			case 5:
				s.Attributes().PutEmptySlice("array").AppendEmpty().SetStr(text)
			case 6:
				s.Attributes().PutEmptyMap("map").PutEmptyMap("inner").PutStr(text, "x")
			case 7:
				s.Events().AppendEmpty().SetName(text)
			case 8:
				s.Events().AppendEmpty().Attributes().PutStr("key", text)
			case 9:
				s.Links().AppendEmpty().TraceState().FromRaw(text)
			case 10:
				s.Attributes().PutEmptyBytes("bytes").FromRaw([]byte("\xff")) // is not text
			}
		}
		return td
	}
	for round := range 2 { // what was repaired once is told again
		out, err := e.spans.WriteSpans(context.Background(), build(bad))
		if err != nil || out.Accepted != 12 || out.Repaired != 10 {
			e.Fatalf("round %d: text that is not UTF-8 is replaced and counted, bytes are not text: got %+v, %v, want 12 accepted, 10 repaired", round, out, err)
		}
	}
	want := &model{}
	want.add(build(good))
	want.add(build(good))
	e.same("what is not UTF-8 becomes U+FFFD", e.stored(pcommon.TraceID{1}).dumps(nil), want.dumps(nil))

	td := ptrace.NewTraces()
	simpleSpan(td, pcommon.TraceID{2}, 1, epoch)
	simpleSpan(td, pcommon.TraceID{2}, 2, epoch)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("r", bad)
	if out, err := e.spans.WriteSpans(context.Background(), td); err != nil || out.Repaired != 2 {
		e.Errorf("text of a resource counts for each of its spans: got %+v, %v, want 2 repaired", out, err)
	}
}

func testNoAliasing(e *env) {
	td := randomTraces(e.rng, 300)
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		e.Fatal(err)
	}
	want := &model{}
	want.add(td)
	kept, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(bytes.Clone(enc))
	if err != nil {
		e.Fatal(err)
	}
	e.write(kept)
	for _, rs := range kept.ResourceSpans().All() {
		rs.Resource().Attributes().Clear()
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				s.SetName(strings.Repeat("x", 10))
				s.Attributes().Clear()
				s.Events().RemoveIf(func(ptrace.SpanEvent) bool { return true })
			}
		}
	}
	var ids []storage.TraceID
	for n := range 32 {
		ids = append(ids, pcommon.TraceID{1, byte(n)})
	}
	e.same("the writer must not keep memory of the request", e.stored(ids...).dumps(nil), want.dumps(nil))
}

func testSpreadTrace(e *env) {
	want := &model{}
	for n := range 60 {
		td := ptrace.NewTraces()
		simpleSpan(td, pcommon.TraceID{1}, n, epoch+int64(n)*hour)
		want.add(td)
		for i := range 25 {
			simpleSpan(td, pcommon.TraceID{2, byte(n)}, i, epoch)
		}
		e.write(td)
	}
	e.same("Traces returns every span, wherever and whenever it was written",
		e.stored(pcommon.TraceID{1}).dumps(nil), want.dumps(func(r row) bool { return r.s.TraceIDs[r.i] == pcommon.TraceID{1} }))
}

func testTracesDuplicates(e *env) {
	td := ptrace.NewTraces()
	simpleSpan(td, pcommon.TraceID{1}, 1, epoch)
	e.write(td)
	e.write(td)
	if n := len(e.stored(pcommon.TraceID{1}).dumps(nil)); n != 2 {
		e.Errorf("Traces includes duplicates: got %d spans, want 2", n)
	}
	if n := len(e.stored(pcommon.TraceID{1}, pcommon.TraceID{7}, pcommon.TraceID{1}).dumps(nil)); n != 2 {
		e.Errorf("a trace that is not stored is left out, one asked for twice comes once: got %d spans, want 2", n)
	}
	if n := len(e.stored().dumps(nil)); n != 0 {
		e.Errorf("no ids, no spans: got %d", n)
	}
}
