package demo

import "strconv"

// outboundProxy is the span of the caller's proxy. At the ingress gateway it is
// the root of the trace, and of kind CLIENT as Istio makes it.
func (e *spanEmitter) outboundProxy(c *call) {
	p := c.from
	if p.proxySource < 0 || c.proxyStart == 0 {
		return
	}
	parent := c.id
	if c.under < 0 {
		parent = spanID{}
	}
	if p.svc.mesh == meshLinkerd {
		e.linkerd(p, c.proxyID, parent, kindClient, c, c.proxyStart, c.proxyEnd)
		return
	}
	e.open(p, c.proxyID, parent, kindClient, c.op.proxyName, c.proxyStart, c.proxyEnd)
	e.envoy(p, c, c.op.svc.cluster(c.to), c.status, c.flags)
	peer := p.ip
	if c.under < 0 {
		peer = e.tr.visitor.ip
	}
	e.str("peer.address", peer)
	e.envoyStatus(p, c.op, c.status, kindClient)
	e.close(p.proxySource, scopeProxy, c.proxyEnd)
}

// routerSpan is one try in proxies that report them one by one.
func (e *spanEmitter) routerSpan(c *call, a *attempt) {
	if a.routerID == (spanID{}) {
		return
	}
	p := c.from
	cluster := c.op.svc.cluster(a.to)
	status, flags := a.status, "-"
	if a.abandoned {
		status, flags = 504, "UT"
	}
	e.scratch = append(append(append(e.scratch[:0], "router "...), cluster...), " egress"...)
	e.open(p, a.routerID, c.proxyID, kindClient, string(e.scratch), a.sent, a.answered)
	e.envoy(p, c, cluster, status, flags)
	e.join("upstream_address", a.to.ip, ":", strconv.Itoa(c.op.svc.port))
	e.join("peer.address", a.to.ip, ":", strconv.Itoa(c.op.svc.port))
	if a.n > 1 {
		e.numText("retry.count", a.n-1)
	}
	e.envoyStatus(p, c.op, status, kindClient)
	e.close(p.proxySource, scopeProxy, a.answered)
}

// inboundProxy is the span of the callee's proxy.
func (e *spanEmitter) inboundProxy(c *call, a *attempt) {
	p := a.to
	if p.proxySource < 0 {
		return
	}
	parent := c.id
	if c.proxyID != (spanID{}) {
		parent = c.proxyID
	}
	if a.routerID != (spanID{}) {
		parent = a.routerID
	}
	if p.svc.mesh == meshLinkerd {
		e.linkerd(p, a.proxyID, parent, kindServer, c, a.proxyStart, a.proxyEnd)
		return
	}
	status, flags := a.status, "-"
	end := a.proxyEnd
	if a.abandoned { // the stream was reset before there was a response
		status, flags, end = 0, "DC", a.answered
	}
	e.open(p, a.proxyID, parent, kindServer, c.op.proxyName, a.proxyStart, end)
	e.envoy(p, c, p.svc.inboundCluster, status, flags)
	e.str("peer.address", c.from.ip)
	if a.n > 1 {
		e.numText("x-envoy-attempt-count", a.n)
	}
	e.envoyStatus(p, c.op, status, kindServer)
	e.close(p.proxySource, scopeProxy, end)
}

// envoy writes Envoy's tags and those that Istio adds. All are strings.
func (e *spanEmitter) envoy(p *pod, c *call, cluster string, status int, flags string) {
	s, op := p.svc, c.op
	e.str("component", "proxy")
	e.str("node_id", p.nodeID)
	e.str("zone", p.node.zone)
	e.str("guid:x-request-id", e.tr.visitor.requestID)
	path, method, httpVersion := c.path, op.method, "HTTP/1.1"
	code := status
	if op.rpcMethod != "" {
		path, method, httpVersion = "/"+op.rpcMethod, "POST", "HTTP/2"
		if status != 0 {
			code = 200
		}
		e.str("grpc.path", path)
		e.str("grpc.authority", op.svc.hostPort)
		e.str("grpc.content_type", "application/grpc")
		if status != 0 {
			e.numText("grpc.status_code", grpcCodes[status].number)
		}
	}
	if c.under < 0 {
		e.join("http.url", "https://shop.example", path)
	} else {
		e.join("http.url", "http://", op.svc.hostPort, path)
	}
	e.str("http.method", method)
	e.str("http.protocol", httpVersion)
	e.numText("http.status_code", code)
	e.str("downstream_cluster", "-")
	e.str("user_agent", e.callerAgent(c))
	e.numText("request_size", c.reqBytes)
	e.numText("response_size", c.respBytes)
	e.str("response_flags", flags)
	e.str("upstream_cluster", cluster)
	e.str("upstream_cluster.name", cluster)
	e.str("istio.canonical_service", s.name)
	e.str("istio.canonical_revision", p.version)
	e.str("istio.mesh_id", "cluster.local")
	e.str("istio.namespace", s.namespace)
	e.str("istio.cluster_id", clusterName)
	if status == 0 || status >= 500 || op.rpcMethod != "" && grpcCodes[status].number != 0 {
		e.str("error", "true")
	}
}

// envoyStatus sets the OTLP status as newer Envoys do, from the HTTP status
// code alone.
func (e *spanEmitter) envoyStatus(p *pod, op *operation, status int, kind uint64) {
	if oldEnvoy(p.svc) || op.rpcMethod != "" {
		return
	}
	if status >= 500 || kind == kindClient && status >= 400 {
		e.fail("")
	}
}

// linkerd is a span of a Linkerd proxy: the path is its name, strings only,
// nothing about the outcome but the HTTP status.
func (e *spanEmitter) linkerd(p *pod, id, parent spanID, kind uint64, c *call, start, end int64) {
	op := c.op
	path, method, status := c.path, op.method, c.status
	if op.rpcMethod != "" {
		path, method, status = "/"+op.rpcMethod, "POST", 200
	}
	e.open(p, id, parent, kind, path, start, end)
	e.str("http.request.method", method)
	e.str("url.scheme", "http")
	e.str("url.path", path)
	e.join("url.full", "http://", op.svc.hostPort, path)
	e.str("network.transport", "tcp")
	e.str("server.address", op.svc.host)
	e.numText("server.port", op.svc.port)
	e.str("user_agent.original", e.callerAgent(c))
	e.numText("http.request.header.content-length", c.reqBytes)
	e.str("http.request.header.content-type", "application/json")
	e.str("http.request.header.l5d-orig-proto", "HTTP/1.1")
	e.numText("http.response.status_code", status)
	e.close(p.proxySource, scopeProxy, end)
}
