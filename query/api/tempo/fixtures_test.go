package tempo

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// day is when everything happens in the tests: a whole minute.
var day = time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)

// now is an hour after it.
func now() time.Time { return day.Add(time.Hour) }

func at(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(day.Add(d)) }

func spanID(low byte) pcommon.SpanID { return pcommon.SpanID{0xab, 7: low} }

var (
	checkoutID = pcommon.TraceID{7: 1, 15: 1}
	failedID   = pcommon.TraceID{0: 0xfe, 15: 2}
	sharedID   = pcommon.TraceID{15: 9}
)

const ms = time.Millisecond

func resource(td ptrace.Traces, name string, attrs map[string]any) ptrace.ResourceSpans {
	rs := td.ResourceSpans().AppendEmpty()
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		if err := rs.Resource().Attributes().PutEmpty(key).FromRaw(attrs[key]); err != nil {
			panic(err)
		}
	}
	if name != "" {
		rs.Resource().Attributes().PutStr("service.name", name)
	}
	return rs
}

func spansOf(td ptrace.Traces, name string, attrs map[string]any) ptrace.SpanSlice {
	return resource(td, name, attrs).ScopeSpans().AppendEmpty().Spans()
}

type fields struct {
	trace    pcommon.TraceID
	id       byte
	parent   byte // 0: none
	name     string
	kind     ptrace.SpanKind
	from, to time.Duration
}

func add(spans ptrace.SpanSlice, f fields) ptrace.Span {
	s := spans.AppendEmpty()
	s.SetTraceID(f.trace)
	s.SetSpanID(spanID(f.id))
	if f.parent != 0 {
		s.SetParentSpanID(spanID(f.parent))
	}
	s.SetName(f.name)
	s.SetKind(f.kind)
	s.SetStartTimestamp(at(f.from))
	s.SetEndTimestamp(at(f.to))
	return s
}

// shop is three traces of a mesh: a checkout with everything that a span can
// have; one that fails, a minute later; and one in which a proxy and the service
// behind it share a span id, the parent of another is lost, and one is sent
// twice.
func shop() ptrace.Traces {
	td := ptrace.NewTraces()
	istio := map[string]any{"host.name": "node-a", "istio.cluster_id": "east"}

	front := spansOf(td, "frontend", istio)
	s := add(front, fields{trace: checkoutID, id: 1, name: "GET /checkout", kind: ptrace.SpanKindServer, to: 100*ms + 999})
	s.SetFlags(0x101)
	s.TraceState().FromRaw("vendor=1")
	s.Attributes().PutStr("http.method", "GET")
	s.Attributes().PutInt("http.status_code", 200)
	s.Attributes().PutStr("component", "proxy")
	s.Attributes().PutStr("node_id", "sidecar~10.0.0.1~frontend-1.shop~shop.svc")
	s.Attributes().PutStr("response_flags", "-")
	s.Attributes().PutStr("note", "a \"quoted\" line\n\u2028\x01 & <tag> é \xff")
	add(front, fields{trace: checkoutID, id: 2, parent: 1, name: "call cart", kind: ptrace.SpanKindClient, from: 10 * ms, to: 60 * ms})

	rs := resource(td, "cart", map[string]any{"host.name": "node-b", "istio.cluster_id": "east", "process.pid": 42})
	rs.SetSchemaUrl("https://example.com/resource")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.SetSchemaUrl("https://example.com/scope")
	ss.Scope().SetName("io.cart")
	ss.Scope().SetVersion("1.2.3")
	ss.Scope().Attributes().PutStr("scope.flavor", "plain")
	full := add(ss.Spans(), fields{trace: checkoutID, id: 3, parent: 2, name: "cart.Get", kind: ptrace.SpanKindServer, from: 15 * ms, to: 50 * ms})
	a := full.Attributes()
	a.PutInt("big", 1<<53+1)
	a.PutDouble("ratio", 0.1)
	a.PutDouble("tiny", 1e-9)
	a.PutBool("cached", true)
	a.PutEmptyBytes("raw").FromRaw([]byte{0, 1, 0xfe})
	a.PutEmpty("nothing")
	_ = a.PutEmptySlice("list").FromRaw([]any{"x", int64(1), true, []any{}})
	_ = a.PutEmptyMap("map").FromRaw(map[string]any{"k": "v"})
	full.Status().SetCode(ptrace.StatusCodeOk)
	full.SetDroppedAttributesCount(1)
	full.SetDroppedEventsCount(2)
	full.SetDroppedLinksCount(3)
	e := full.Events().AppendEmpty()
	e.SetName("cache miss")
	e.SetTimestamp(at(20 * ms))
	e.Attributes().PutStr("cache.key", "user:7")
	e.SetDroppedAttributesCount(4)
	full.Events().AppendEmpty()
	l := full.Links().AppendEmpty()
	l.SetTraceID(failedID)
	l.SetSpanID(spanID(1))
	l.TraceState().FromRaw("a=b")
	l.SetFlags(1)
	l.Attributes().PutStr("why", "retry")
	full.Links().AppendEmpty()
	other := rs.ScopeSpans().AppendEmpty() // a second scope of the same resource
	other.Scope().SetName("redis")
	add(other.Spans(), fields{trace: checkoutID, id: 4, parent: 3, name: "GET", kind: ptrace.SpanKindClient, from: 20 * ms, to: 21 * ms})

	s = add(spansOf(td, "frontend", istio), fields{trace: failedID, id: 1, name: "POST /pay", kind: ptrace.SpanKindServer, from: time.Minute, to: time.Minute + 300*ms})
	s.Attributes().PutInt("http.status_code", 500)
	s.Status().SetCode(ptrace.StatusCodeError)
	p := add(spansOf(td, "payment", map[string]any{"host.name": "node-a"}), fields{trace: failedID, id: 2, parent: 1, name: "charge", kind: ptrace.SpanKindServer, from: time.Minute + 10*ms, to: time.Minute + 260*ms})
	p.Status().SetCode(ptrace.StatusCodeError)
	p.Status().SetMessage("card declined")
	e = p.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(at(time.Minute + 200*ms))
	e.Attributes().PutStr("exception.message", "card declined")
	e.Attributes().PutStr("exception.type", "CardError")
	e.Attributes().PutStr("exception.stacktrace", "at pay()\nat main()")

	proxy := spansOf(td, "gateway", map[string]any{"host.name": "node-a"})
	add(proxy, fields{trace: sharedID, id: 1, name: "ingress", kind: ptrace.SpanKindServer, from: 2 * time.Minute, to: 2*time.Minute + 80*ms})
	add(proxy, fields{trace: sharedID, id: 2, parent: 1, name: "egress", kind: ptrace.SpanKindClient, from: 2*time.Minute + 5*ms, to: 2*time.Minute + 70*ms})
	for range 2 {
		add(proxy, fields{trace: sharedID, id: 5, parent: 99, name: "sent twice", kind: ptrace.SpanKindInternal, from: 2*time.Minute + 6*ms, to: 2*time.Minute + 7*ms})
	}
	app := spansOf(td, "app", map[string]any{"host.name": "node-b"})
	add(app, fields{trace: sharedID, id: 2, parent: 1, name: "handle", kind: ptrace.SpanKindServer, from: 2*time.Minute + 8*ms, to: 2*time.Minute + 60*ms})
	add(app, fields{trace: sharedID, id: 3, parent: 2, name: "work", kind: ptrace.SpanKindInternal, from: 2*time.Minute + 9*ms, to: 2*time.Minute + 50*ms})
	return td
}
