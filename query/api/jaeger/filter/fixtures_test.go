package filter

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// noon is when everything happens.
var noon = time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)

// bakery has the spans that testdata/filters.txt asks for, by their names:
//
//	order    frontend, server, ok, 40 ms; zone=us-east on the span; retry.count=9, size="9", http.status_code=200
//	bake     oven, internal, 2 s; zone=us-east on the resource; retry.count=11, size="1024", http.status_code="500"
//	deliver  courier, consumer, error "door closed", 5 ms; zone=us-east on the scope; retry.count="09", size=700.5
//	idle     no service, 0 ms; nothing else
//
// bake has the events exception (type=Timeout, zone=eu-west, after 1 s) and
// retry (type=Manual, after 10 µs), deliver a link to order with zone=eu-west
// and an event of empty name.
func bakery() *storage.Spans {
	td := ptrace.NewTraces()
	span := func(service, name string, id byte, length time.Duration) (ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) {
		rs := td.ResourceSpans().AppendEmpty()
		if service != "" {
			rs.Resource().Attributes().PutStr("service.name", service)
		}
		ss := rs.ScopeSpans().AppendEmpty()
		s := ss.Spans().AppendEmpty()
		s.SetName(name)
		s.SetTraceID(pcommon.TraceID{15: id})
		s.SetSpanID(pcommon.SpanID{0xab, 7: id})
		start := noon.Add(time.Duration(id) * time.Minute)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(length)))
		return rs, ss, s
	}

	_, _, order := span("frontend", "order", 1, 40*time.Millisecond)
	order.SetKind(ptrace.SpanKindServer)
	order.Status().SetCode(ptrace.StatusCodeOk)
	order.TraceState().FromRaw("vendor=1")
	a := order.Attributes()
	a.PutStr("zone", "us-east")
	a.PutInt("retry.count", 9)
	a.PutStr("size", "9")
	a.PutInt("http.status_code", 200)
	a.PutBool("cached", true)
	a.PutStr("prompt", "Please refund my order. The refund-policy says: NO questions asked!")
	a.PutInt("before", 3)
	a.PutDouble("after", 3.5)
	a.PutStr("nothing", "")

	rs, ss, bake := span("oven", "bake", 2, 2*time.Second)
	rs.Resource().Attributes().PutStr("zone", "us-east")
	rs.SetSchemaUrl("https://example.org/schema/1")
	ss.Scope().SetName("io.oven")
	ss.Scope().SetVersion("1.2.3")
	bake.SetKind(ptrace.SpanKindInternal)
	bake.SetParentSpanID(pcommon.SpanID{0xab, 7: 1})
	a = bake.Attributes()
	a.PutInt("retry.count", 11)
	a.PutStr("size", "1024")
	a.PutStr("http.status_code", "500")
	a.PutStr("prompt", "the policy of refunds")
	a.PutInt("before", 5)
	a.PutInt("after", 4)
	a.PutEmpty("nothing")
	e := bake.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(bake.StartTimestamp() + pcommon.Timestamp(time.Second))
	e.Attributes().PutStr("type", "Timeout")
	e.Attributes().PutStr("zone", "eu-west")
	e = bake.Events().AppendEmpty()
	e.SetName("retry")
	e.SetTimestamp(bake.StartTimestamp() + pcommon.Timestamp(10*time.Microsecond))
	e.Attributes().PutStr("type", "Manual")

	_, ss, deliver := span("courier", "deliver", 3, 5*time.Millisecond)
	ss.Scope().Attributes().PutStr("zone", "us-east")
	ss.SetSchemaUrl("https://example.org/schema/2")
	deliver.SetKind(ptrace.SpanKindConsumer)
	deliver.Status().SetCode(ptrace.StatusCodeError)
	deliver.Status().SetMessage("door closed")
	a = deliver.Attributes()
	a.PutStr("retry.count", "09")
	a.PutDouble("size", 700.5)
	a.PutStr("zone", "nowhere")
	a.PutStr("before", "a")
	a.PutStr("after", "b")
	l := deliver.Links().AppendEmpty()
	l.SetTraceID(pcommon.TraceID{15: 1})
	l.SetSpanID(pcommon.SpanID{0xab, 7: 1})
	l.TraceState().FromRaw("vendor=2")
	l.Attributes().PutStr("zone", "eu-west")
	deliver.Events().AppendEmpty().SetTimestamp(deliver.StartTimestamp())

	span("", "idle", 4, 0)
	return storage.SpansFromPdata(td)
}
