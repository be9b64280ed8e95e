package demo

import "strings"

// scope is the instrumentation library that reports a span.
type scope uint8

const (
	scopeServer scope = iota
	scopeClient
	scopeRPC
	scopeStore
	scopeQueue
	scopeApp
	scopeProxy
	scopeCount
)

// spanSink takes finished spans. The bytes are only valid during the call.
type spanSink interface {
	add(source int, sc scope, end int64, span []byte)
}

// spanEmitter reports a trace as the applications and the proxies in it would,
// each by the clock of its node.
type spanEmitter struct {
	spanWriter
	out spanSink
	tr  *trace
}

func (e *spanEmitter) emit(tr *trace) {
	e.tr = tr
	for i := range tr.calls {
		c := &tr.calls[i]
		switch c.kind {
		case callRequest:
			e.clientSpan(c)
			e.outboundProxy(c)
		case callStore:
			e.storeSpan(c)
		case callPublish:
			e.publishSpan(c)
		case callExternal:
			e.externalSpan(c)
		case callInternal:
			e.internalSpan(c)
		}
	}
	for i := range tr.attempts {
		a := &tr.attempts[i]
		c := &tr.calls[a.call]
		if c.kind == callConsume {
			e.consumeSpan(c, a)
			continue
		}
		e.routerSpan(c, a)
		e.inboundProxy(c, a)
		e.serverSpan(c, a)
	}
}

// open starts a span in the time of the pod's node.
func (e *spanEmitter) open(p *pod, id, parent spanID, kind uint64, name string, start, end int64) {
	e.begin(&e.tr.id, id, parent, kind, name, start+p.node.skew, end+p.node.skew)
}

// close hands the span on; end is true time.
func (e *spanEmitter) close(source int, sc scope, end int64) {
	e.out.add(source, sc, end, e.b)
}

// caller is the application span under which a call was made.
func (e *spanEmitter) caller(c *call) spanID {
	if c.under < 0 {
		return spanID{}
	}
	return e.tr.attempts[c.under].id
}

// exception adds the event that an SDK records for a thrown error.
func (e *spanEmitter) exception(p *pod, at int64, op string, f *failure) {
	name, trace := describeException(p.svc, op, f)
	e.str("error.type", name)
	e.event(at+p.node.skew, "exception", "exception.type", name, "exception.message", f.message, "exception.stacktrace", trace)
	e.fail(f.message)
}

// describeException words a failure as the service's language would.
func describeException(s *service, op string, f *failure) (name, trace string) {
	frame := camel(strings.Map(letterOrDash, strings.ToLower(strings.Trim(op, "/{}"))))
	short := strings.ReplaceAll(s.name, "-", "")
	switch s.lang {
	case "java":
		name = "example.shop." + short + "." + f.exception
		trace = name + ": " + f.message +
			"\n\tat example.shop." + short + ".service." + frame + "Handler.handle(" + frame + "Handler.java:118)" +
			"\n\tat example.shop." + short + ".service." + frame + "Handler.lambda$invoke$3(" + frame + "Handler.java:74)" +
			"\n\tat example.shop.platform.server.RequestPipeline.call(RequestPipeline.java:211)" +
			"\n\tat java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1090)" +
			"\n\tat java.base/java.lang.Thread.run(Thread.java:1474)"
	case "python":
		name = short + ".errors." + f.exception
		trace = "Traceback (most recent call last):\n  File \"/app/" + short + "/server.py\", line 93, in handle\n    return self." +
			strings.ToLower(frame) + "(request)\n  File \"/app/" + short + "/service.py\", line 41, in " + strings.ToLower(frame) + "\n" + name + ": " + f.message
	case "nodejs":
		name = f.exception
		trace = name + ": " + f.message + "\n    at " + frame + ".handle (/app/dist/" + short + "/handlers.js:87:13)" +
			"\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n    at async /app/dist/server.js:52:20"
	case "go":
		name = "*" + short + "." + f.exception
		trace = "goroutine 418 [running]:\nshop.example/" + short + "/internal/server.(*Server)." + frame + "(...)\n\t/src/internal/server/" + short + ".go:132 +0x2a4"
	default:
		name = f.exception
		trace = name + ": " + f.message + "\n  in " + short + "/" + frame + " line 61"
	}
	return name, trace
}

func letterOrDash(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	if r == ' ' || r == '/' || r == '{' {
		return '-'
	}
	return -1
}
