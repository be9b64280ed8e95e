package demo

import "strconv"

// grpcCodes: the gRPC status that stands for an HTTP status in the model.
var grpcCodes = map[int]struct {
	number int
	name   string
}{
	200: {0, "OK"}, 400: {3, "INVALID_ARGUMENT"}, 401: {16, "UNAUTHENTICATED"}, 402: {9, "FAILED_PRECONDITION"},
	404: {5, "NOT_FOUND"}, 409: {6, "ALREADY_EXISTS"}, 422: {3, "INVALID_ARGUMENT"}, 429: {8, "RESOURCE_EXHAUSTED"},
	500: {13, "INTERNAL"}, 502: {13, "INTERNAL"}, 503: {14, "UNAVAILABLE"}, 504: {4, "DEADLINE_EXCEEDED"},
}

// oldConventions: languages whose instrumentation still writes the RPC
// attributes of before 2025.
func oldConventions(lang string) bool { return lang == "python" || lang == "cpp" || lang == "rust" }

// serverSpan is the callee's own span of one attempt.
func (e *spanEmitter) serverSpan(c *call, a *attempt) {
	p, op := a.to, c.op
	parent := c.id
	for _, nearer := range [...]spanID{c.proxyID, a.routerID, a.proxyID} {
		if nearer != (spanID{}) {
			parent = nearer
		}
	}
	sc, name := scopeServer, op.name
	if op.rpcMethod != "" {
		sc, name = scopeRPC, op.rpcMethod
	}
	if p.svc.faas {
		name = p.svc.name
	}
	e.open(p, a.id, parent, kindServer, name, a.start, a.end)
	peer := "127.0.0.6" // what an application behind a sidecar sees
	if p.svc.mesh == meshNone {
		peer = c.from.ip
	}
	if op.rpcMethod != "" {
		e.rpc(p.svc, op, a.status)
	} else {
		e.str("http.request.method", op.method)
		e.str("http.route", op.route)
		e.str("url.scheme", "http")
		e.str("url.path", c.path)
		e.num("http.response.status_code", a.status)
		e.str("network.protocol.version", "1.1")
		e.str("user_agent.original", e.callerAgent(c))
		e.num("http.request.body.size", c.reqBytes)
		e.num("http.response.body.size", c.respBytes)
	}
	e.str("server.address", p.svc.host)
	e.num("server.port", p.svc.port)
	e.str("client.address", e.tr.visitor.ip)
	e.str("network.peer.address", peer)
	e.num("network.peer.port", 30000+int(a.start/1000%20000))
	e.str("network.transport", "tcp")
	e.list("http.request.header.x-request-id", e.tr.visitor.requestID)
	if a.n > 1 {
		e.list("http.request.header.x-envoy-attempt-count", strconv.Itoa(a.n))
	}
	e.who()
	e.process(p, op.name, a.start)
	switch {
	case p.svc.faas:
		e.str("faas.trigger", "http")
		e.str("faas.invocation_id", e.tr.visitor.requestID)
		e.flag("faas.coldstart", a.start%23 == 0)
	case p.svc.namespace == "payments":
		e.str("shop.order.id", e.tr.visitor.order)
	}
	switch {
	case a.fail != nil:
		e.exception(p, a.end, op.name, a.fail)
	case a.status >= 500:
		e.str("error.type", strconv.Itoa(a.status))
		e.fail("")
	}
	e.close(p.appSource, sc, a.end)
}

// clientSpan is the caller's own span of a request. The gateway has none.
func (e *spanEmitter) clientSpan(c *call) {
	p, op := c.from, c.op
	if p.appSource < 0 {
		return
	}
	if op.rpcMethod != "" {
		e.open(p, c.id, e.caller(c), kindClient, op.rpcMethod, c.start, c.end)
		e.rpc(op.svc, op, c.status)
	} else {
		e.open(p, c.id, e.caller(c), kindClient, op.name, c.start, c.end)
		e.str("http.request.method", op.method)
		if op.svc.faas {
			e.join("url.full", "https://", op.svc.host, c.path)
		} else {
			e.join("url.full", "http://", op.svc.hostPort, c.path)
		}
		e.str("url.template", op.route)
		e.num("http.response.status_code", c.status)
		e.str("network.protocol.version", "1.1")
		e.num("http.request.body.size", c.reqBytes)
		e.num("http.response.body.size", c.respBytes)
	}
	e.str("server.address", op.svc.host)
	e.num("server.port", op.svc.port)
	e.str("network.peer.address", serviceIP(op.svc))
	e.num("network.peer.port", op.svc.port)
	e.str("network.transport", "tcp")
	e.str("network.type", "ipv4")
	if c.resend > 0 {
		e.num("http.request.resend_count", c.resend)
	}
	if op.svc.faas {
		e.str("faas.invoked_name", op.svc.name)
		e.str("faas.invoked_provider", "aws")
		e.str("faas.invoked_region", region)
	}
	e.who()
	e.process(p, op.name, c.start)
	switch {
	case c.fail != nil:
		e.str("error.type", strconv.Itoa(c.status))
		e.fail(c.fail.message)
	case c.status >= 400:
		e.str("error.type", strconv.Itoa(c.status))
		e.fail("")
	}
	sc := scopeClient
	if op.rpcMethod != "" {
		sc = scopeRPC
	}
	e.close(p.appSource, sc, c.end)
}

// rpc writes the attributes of a gRPC call to s.
func (e *spanEmitter) rpc(s *service, op *operation, status int) {
	code := grpcCodes[status]
	if oldConventions(s.lang) {
		e.str("rpc.system", "grpc")
		e.str("rpc.service", s.rpcService)
		e.str("rpc.method", op.name)
		e.num("rpc.grpc.status_code", code.number)
		return
	}
	e.str("rpc.system.name", "grpc")
	e.str("rpc.method", op.rpcMethod)
	e.str("rpc.response.status_code", code.name)
}

// who writes the visitor, as the shop's baggage processor does on every span.
func (e *spanEmitter) who() {
	v := &e.tr.visitor
	if v.user == "" {
		return
	}
	e.str("user.id", v.user)
	e.str("session.id", v.session)
	e.str("shop.tenant.id", v.tenant)
	e.str("shop.channel", v.channel)
	e.str("shop.locale", v.locale)
}

// process writes where in the process a span was made.
func (e *spanEmitter) process(p *pod, op string, at int64) {
	if name := threads[p.svc.lang]; name != "" {
		e.num("thread.id", 24+int(at>>10%180))
		e.str("thread.name", name)
	}
	e.join("code.function.name", p.svc.canonical, ".", op)
}

// threads are the thread names of the languages whose SDKs report them.
var threads = map[string]string{
	"java": "http-nio-8080-exec", "python": "AnyIO worker thread", "dotnet": ".NET TP Worker", "ruby": "puma srv tp",
}

// callerAgent is the User-Agent of a request: the visitor's at the front, the
// calling library's inside.
func (e *spanEmitter) callerAgent(c *call) string {
	if c.under < 0 {
		return e.tr.visitor.agent
	}
	agent := libraryAgents[c.from.svc.lang]
	if c.op.rpcMethod != "" {
		return agent.grpc
	}
	return agent.http
}

var libraryAgents = map[string]struct{ http, grpc string }{
	"go":     {"Go-http-client/1.1", "grpc-go/1.78.0"},
	"java":   {"Java-http-client/25.0.1", "grpc-java-netty/1.78.0"},
	"nodejs": {"undici", "grpc-node-js/1.14.2"},
	"python": {"python-httpx/0.28.1", "grpc-python/1.76.0"},
	"dotnet": {"dotnet-http/10.0", "grpc-dotnet/2.76.0"},
	"ruby":   {"Ruby", "grpc-ruby/1.76.0"},
	"php":    {"GuzzleHttp/7", "grpc-php/1.76.0"},
	"rust":   {"hyper/1.8", "tonic/0.14.2"},
	"cpp":    {"libcurl/8.17", "grpc-c++/1.76.0"},
}

func (e *spanEmitter) internalSpan(c *call) {
	p := c.from
	e.open(p, c.id, e.caller(c), kindInternal, c.step.name, c.start, c.end)
	e.who()
	e.process(p, c.step.name, c.start)
	e.str("shop.component", p.svc.name)
	e.num("shop.items", 1+int(c.start/1000%40))
	e.close(p.appSource, scopeApp, c.end)
}
