package jaeger

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// day is when everything happens in the tests.
var day = time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(day.Add(d)) }

func traceID(high, low byte) pcommon.TraceID {
	return pcommon.TraceID{7: high, 15: low}
}

func spanID(low byte) pcommon.SpanID { return pcommon.SpanID{0xab, 7: low} }

// service adds a resource with a scope and returns where its spans go.
func service(td ptrace.Traces, name string, attrs map[string]any) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	if err := rs.Resource().Attributes().FromRaw(attrs); err != nil {
		panic(err)
	}
	if name != "" {
		rs.Resource().Attributes().PutStr("service.name", name)
	}
	return rs.ScopeSpans().AppendEmpty().Spans()
}

type fields struct {
	trace    pcommon.TraceID
	id       pcommon.SpanID
	parent   pcommon.SpanID
	name     string
	kind     ptrace.SpanKind
	from, to time.Duration
}

func add(spans ptrace.SpanSlice, f fields) ptrace.Span {
	s := spans.AppendEmpty()
	s.SetTraceID(f.trace)
	s.SetSpanID(f.id)
	s.SetParentSpanID(f.parent)
	s.SetName(f.name)
	s.SetKind(f.kind)
	s.SetStartTimestamp(at(f.from))
	s.SetEndTimestamp(at(f.to))
	return s
}

// shop is two traces: a checkout with everything that a span can have, with
// a 128-bit id, and a small failed payment with a 64-bit id, five minutes
// later.
func shop() ptrace.Traces {
	td := ptrace.NewTraces()
	checkout, payment := traceID(1, 1), traceID(0, 2)

	front := service(td, "frontend", map[string]any{"host.name": "node-a"})
	s := add(front, fields{trace: checkout, id: spanID(1), name: "GET /checkout", kind: ptrace.SpanKindServer, to: 100*time.Millisecond + 999})
	s.SetFlags(0x101)
	s.TraceState().FromRaw("vendor=1")
	s.Attributes().PutStr("http.method", "GET")
	s.Attributes().PutInt("http.response.status_code", 200)
	s.Attributes().PutStr("note", "a \"quoted\" line\n\u2028\x01 & <tag> é \xff")
	c := add(front, fields{trace: checkout, id: spanID(2), parent: spanID(1), name: "call cart", kind: ptrace.SpanKindClient, from: 10 * time.Millisecond, to: 60 * time.Millisecond})
	c.Attributes().PutStr("http.status_code", "200")

	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	rs.Resource().Attributes().PutStr("host.name", "node-b")
	rs.Resource().Attributes().PutStr("istio.cluster_id", "mesh-1")
	rs.Resource().Attributes().PutInt("process.pid", 42)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("io.cart")
	ss.Scope().SetVersion("1.2.3")
	ss.Scope().Attributes().PutStr("scope.flavor", "plain")
	full := add(ss.Spans(), fields{trace: checkout, id: spanID(3), parent: spanID(2), name: "cart.Get", kind: ptrace.SpanKindServer, from: 15 * time.Millisecond, to: 50 * time.Millisecond})
	a := full.Attributes()
	a.PutInt("safe", 1<<53-1)
	a.PutInt("unsafe", 1<<53)
	a.PutInt("negative", -(1 << 53))
	a.PutDouble("ratio", 0.1)
	a.PutDouble("tiny", 1e-9)
	a.PutBool("cached", true)
	a.PutEmptyBytes("raw").FromRaw([]byte{0, 1, 0xfe})
	a.PutEmpty("nothing")
	_ = a.PutEmptySlice("list").FromRaw([]any{"x", int64(1), true})
	_ = a.PutEmptyMap("map").FromRaw(map[string]any{"k": "v"})
	a.PutInt("peer.ipv4", 0x0a000001)
	full.Status().SetCode(ptrace.StatusCodeOk)
	e := full.Events().AppendEmpty()
	e.SetName("cache miss")
	e.SetTimestamp(at(20 * time.Millisecond))
	e.Attributes().PutStr("cache.key", "user:7")
	e = full.Events().AppendEmpty()
	e.SetName("ignored")
	e.SetTimestamp(at(21 * time.Millisecond))
	e.Attributes().PutStr("event", "from an attribute")
	l := full.Links().AppendEmpty()
	l.SetTraceID(payment)
	l.SetSpanID(spanID(1))
	l = full.Links().AppendEmpty()
	l.SetTraceID(checkout)
	l.SetSpanID(spanID(1))
	l.Attributes().PutStr("opentracing.ref_type", "child_of")
	full.Links().AppendEmpty()
	worker := add(ss.Spans(), fields{trace: checkout, id: spanID(4), parent: spanID(3), name: "cart.Expire", kind: ptrace.SpanKindInternal, from: 49 * time.Millisecond, to: 51 * time.Millisecond})
	l = worker.Links().AppendEmpty()
	l.SetTraceID(checkout)
	l.SetSpanID(spanID(3))

	pay := service(td, "payment", map[string]any{"host.name": "node-a"})
	p := add(pay, fields{trace: payment, id: spanID(1), name: "charge", kind: ptrace.SpanKindConsumer, from: 5 * time.Minute, to: 5*time.Minute + 2*time.Second})
	p.Status().SetCode(ptrace.StatusCodeError)
	p.Status().SetMessage("card declined")
	return td
}

// broken is one trace with everything that reconstruction warns about.
func broken() ptrace.Traces {
	td := ptrace.NewTraces()
	id := traceID(0, 9)
	a := service(td, "a", map[string]any{"host.name": "node-a"})
	add(a, fields{trace: id, id: spanID(1), name: "root", kind: ptrace.SpanKindServer, to: 100 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(2), parent: spanID(1), name: "shared client", kind: ptrace.SpanKindClient, from: 10 * time.Millisecond, to: 50 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(3), parent: spanID(1), name: "twice", kind: ptrace.SpanKindInternal, from: 60 * time.Millisecond, to: 61 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(3), parent: spanID(1), name: "twice, otherwise", kind: ptrace.SpanKindInternal, from: 62 * time.Millisecond, to: 63 * time.Millisecond})
	for range 2 {
		add(a, fields{trace: id, id: spanID(4), parent: spanID(1), name: "sent twice", kind: ptrace.SpanKindInternal, from: 64 * time.Millisecond, to: 65 * time.Millisecond})
	}
	add(a, fields{trace: id, id: spanID(5), parent: spanID(99), name: "orphan", kind: ptrace.SpanKindInternal, from: 70 * time.Millisecond, to: 71 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(6), parent: spanID(7), name: "loop", kind: ptrace.SpanKindInternal, from: 72 * time.Millisecond, to: 73 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(7), parent: spanID(6), name: "loop too", kind: ptrace.SpanKindInternal, from: 74 * time.Millisecond, to: 75 * time.Millisecond})
	add(a, fields{trace: id, id: spanID(8), parent: spanID(1), name: "backwards", kind: ptrace.SpanKindInternal, from: 80 * time.Millisecond, to: 79 * time.Millisecond})
	b := service(td, "b", map[string]any{"host.name": "node-b"})
	const ahead = 3 * time.Second // node-b's clock
	add(b, fields{trace: id, id: spanID(2), parent: spanID(1), name: "shared server", kind: ptrace.SpanKindServer, from: ahead + 15*time.Millisecond, to: ahead + 45*time.Millisecond})
	add(b, fields{trace: id, id: spanID(11), parent: spanID(2), name: "query", kind: ptrace.SpanKindInternal, from: ahead + 20*time.Millisecond, to: ahead + 21*time.Millisecond})
	none := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	add(none, fields{trace: id, id: spanID(12), parent: spanID(1), name: "unnamed", kind: ptrace.SpanKindUnspecified, from: 90 * time.Millisecond, to: 91 * time.Millisecond})
	return td
}

const hour = time.Hour

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// tagText is what a person types to search for a tag that they see.
func tagText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	return fmt.Sprint(value)
}
