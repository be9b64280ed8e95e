package columnar

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// mesh makes the traffic of a service mesh: application spans and those of the
// sidecars, about 23 attributes each, UUID request ids, ephemeral ports, sizes,
// skewed users and products, 2 % errors with a stack trace. It is what the
// figures in DESIGN.md were measured with.
type mesh struct {
	r     *rand.Rand
	clock int64
	pods  [40][3]pod
	users *rand.Zipf
}

type pod struct{ service, name, ip, node, uid string }

func newMesh() *mesh {
	m := &mesh{r: rand.New(rand.NewPCG(1, 2)), clock: 1_700_000_000_000_000_000}
	m.users = rand.NewZipf(m.r, 1.2, 4, 50_000)
	for i := range m.pods {
		service := fmt.Sprint("shop-", i%20)
		if i >= 20 {
			service += "-proxy"
		}
		for j := range m.pods[i] {
			m.pods[i][j] = pod{service, fmt.Sprintf("%s-%08x-%05x", service, m.r.Uint32(), m.r.IntN(1<<20)),
				fmt.Sprintf("10.1.%d.%d", m.r.IntN(255), m.r.IntN(255)), fmt.Sprint("node-", m.r.IntN(12)), m.uuid()}
		}
	}
	return m
}

func (m *mesh) uuid() string {
	a, b := m.r.Uint64(), m.r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(a), uint16(a>>32), uint16(a>>48), uint16(b), b>>16)
}

// requests returns n requests of about 512 spans, those of 16 traces each.
func (m *mesh) requests(n int) []ptrace.Traces {
	out := make([]ptrace.Traces, n)
	for i := range out {
		out[i] = m.request(16, 32)
	}
	return out
}

// request has the spans of some traces, grouped by the pods that report them.
func (m *mesh) request(traces, size int) ptrace.Traces {
	td := ptrace.NewTraces()
	groups := map[*pod]ptrace.SpanSlice{}
	for range traces {
		var trace pcommon.TraceID
		binary.BigEndian.PutUint64(trace[:], m.r.Uint64())
		binary.BigEndian.PutUint64(trace[8:], m.r.Uint64())
		request, user := m.uuid(), fmt.Sprint("user-", m.users.Uint64())
		ids := make([]pcommon.SpanID, size)
		for i := range size {
			binary.BigEndian.PutUint64(ids[i][:], m.r.Uint64())
			p := &m.pods[m.r.IntN(40)][m.r.IntN(3)]
			spans, ok := groups[p]
			if !ok {
				rs := td.ResourceSpans().AppendEmpty()
				p.describe(rs.Resource().Attributes())
				ss := rs.ScopeSpans().AppendEmpty()
				ss.Scope().SetName("io.opentelemetry.http")
				ss.Scope().SetVersion("2.1.0")
				spans = ss.Spans()
				groups[p] = spans
			}
			s := spans.AppendEmpty()
			s.SetTraceID(trace)
			s.SetSpanID(ids[i])
			if i > 0 {
				s.SetParentSpanID(ids[m.r.IntN(i)])
			}
			m.clock += int64(m.r.ExpFloat64() * 100_000)
			s.SetStartTimestamp(pcommon.Timestamp(m.clock))
			s.SetEndTimestamp(pcommon.Timestamp(m.clock + int64(m.r.ExpFloat64()*5e6)))
			s.SetFlags(0x101)
			m.span(s, p, request, user)
		}
	}
	return td
}

func (p *pod) describe(a pcommon.Map) {
	a.PutStr("service.name", p.service)
	a.PutStr("service.namespace", "shop")
	a.PutStr("service.version", "v1.2.3")
	a.PutStr("service.instance.id", p.uid)
	a.PutStr("k8s.pod.name", p.name)
	a.PutStr("k8s.pod.uid", p.uid)
	a.PutStr("k8s.pod.ip", p.ip)
	a.PutStr("k8s.node.name", p.node)
	a.PutStr("k8s.namespace.name", "shop")
	a.PutStr("k8s.deployment.name", p.service)
	a.PutStr("k8s.cluster.name", "prod-1")
	a.PutStr("cloud.provider", "aws")
	a.PutStr("cloud.region", "eu-west-1")
	a.PutStr("cloud.availability_zone", "eu-west-1a")
	a.PutStr("telemetry.sdk.name", "opentelemetry")
	a.PutStr("telemetry.sdk.language", "java")
	a.PutStr("telemetry.sdk.version", "1.52.0")
	a.PutInt("process.pid", 7)
}

// span fills in one of five kinds of span, with the attributes that such
// spans have.
func (m *mesh) span(s ptrace.Span, p *pod, request, user string) {
	r, a := m.r, s.Attributes()
	status := int64(200)
	if r.IntN(50) == 0 {
		status = 503
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage("no healthy upstream")
		e := s.Events().AppendEmpty()
		e.SetName("exception")
		e.SetTimestamp(s.StartTimestamp() + 5)
		e.Attributes().PutStr("exception.type", "java.net.SocketTimeoutException")
		e.Attributes().PutStr("exception.message", "connect timed out")
		e.Attributes().PutStr("exception.stacktrace", fmt.Sprintf("java.net.SocketTimeoutException\n\tat com.shop.Pay.charge(Pay.java:%d)\n\tat com.shop.Cart.checkout(Cart.java:%d)\n", r.IntN(400), r.IntN(400)))
	}
	product := r.IntN(20_000)
	route := fmt.Sprint("/api/v1/resource", r.IntN(8), "/{id}")
	path := fmt.Sprint("/api/v1/resource", r.IntN(8), "/", product)
	switch kind := r.IntN(10); {
	case len(p.service) > 8: // a sidecar
		s.SetKind(ptrace.SpanKindClient)
		s.SetName("ingress")
		a.PutStr("component", "proxy")
		a.PutStr("node_id", "sidecar~"+p.ip+"~"+p.name+".shop~shop.svc.cluster.local")
		a.PutStr("guid:x-request-id", request)
		a.PutStr("http.url", "http://"+p.service+".shop.svc.cluster.local:8080"+path)
		a.PutStr("http.method", "GET")
		a.PutStr("http.protocol", "HTTP/1.1")
		a.PutStr("http.status_code", fmt.Sprint(status))
		a.PutStr("downstream_cluster", "-")
		a.PutStr("user_agent", "Go-http-client/1.1")
		a.PutStr("upstream_cluster", "inbound|8080||")
		a.PutStr("upstream_cluster.name", "inbound|8080||;")
		a.PutStr("upstream_address", fmt.Sprint(p.ip, ":8080"))
		a.PutStr("peer.address", fmt.Sprintf("10.1.%d.%d", r.IntN(12), r.IntN(10)))
		a.PutStr("request_size", fmt.Sprint(r.IntN(3000)))
		a.PutStr("response_size", fmt.Sprint(r.IntN(40_000)))
		a.PutStr("response_flags", "-")
		a.PutStr("istio.mesh_id", "cluster.local")
		a.PutStr("istio.canonical_service", p.service)
		a.PutStr("istio.canonical_revision", "v1")
		a.PutStr("istio.namespace", "shop")
		a.PutStr("istio.cluster_id", "Kubernetes")
		a.PutStr("zone", "eu-west-1a")
	case kind < 4:
		s.SetKind(ptrace.SpanKindServer)
		s.SetName("GET " + route)
		m.network(a, p)
		a.PutStr("http.request.method", "GET")
		a.PutStr("http.route", route)
		a.PutStr("url.path", path)
		a.PutStr("url.scheme", "http")
		a.PutStr("url.query", "")
		a.PutInt("http.response.status_code", status)
		a.PutInt("http.request.body.size", int64(r.IntN(3000)))
		a.PutInt("http.response.body.size", int64(r.IntN(40_000)))
		a.PutStr("user_agent.original", "ShopApp/7.4.2 (iOS 18.5; iPhone16,2)")
		a.PutStr("http.request.header.x-request-id", request)
		a.PutStr("user.id", user)
		a.PutStr("session.id", request[:18]+user)
		a.PutStr("tenant.id", fmt.Sprint("tenant-", r.IntN(50)))
		a.PutBool("shop.cached", r.IntN(2) == 0)
		a.PutDouble("shop.score", float64(r.IntN(1000))/1000)
	case kind < 7:
		s.SetKind(ptrace.SpanKindClient)
		s.SetName("GET")
		m.network(a, p)
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.full", "http://shop:8080"+path)
		a.PutInt("http.response.status_code", status)
		a.PutStr("http.request.header.x-request-id", request)
		a.PutStr("peer.service", fmt.Sprint("shop-", r.IntN(20)))
		a.PutStr("user.id", user)
		a.PutInt("http.request.resend_count", int64(r.IntN(2)))
		a.PutStr("rpc.system", "http")
		a.PutStr("code.function.name", "com.shop.Client.call")
		a.PutInt("code.line.number", int64(r.IntN(40)))
	case kind < 9:
		s.SetKind(ptrace.SpanKindClient)
		s.SetName("SELECT shop.products")
		m.network(a, p)
		a.PutStr("db.system.name", "postgresql")
		a.PutStr("db.namespace", "shop")
		a.PutStr("db.collection.name", "products")
		a.PutStr("db.operation.name", "SELECT")
		a.PutStr("db.query.text", "SELECT id, name, price, stock FROM products WHERE id = $1 AND tenant = $2")
		a.PutInt("db.response.returned_rows", int64(r.IntN(100)))
		a.PutStr("db.query.parameter.0", fmt.Sprint(product))
		a.PutStr("db.client.connection.pool.name", "main")
		a.PutInt("db.client.connection.count", int64(r.IntN(20)))
		a.PutStr("tenant.id", fmt.Sprint("tenant-", r.IntN(50)))
		a.PutStr("user.id", user)
		a.PutStr("peer.service", "postgres")
	default:
		s.SetKind(ptrace.SpanKindInternal)
		s.SetName("render")
		m.network(a, p)
		for i := range 10 {
			a.PutStr(fmt.Sprint("app.detail.", i), fmt.Sprint("value-", r.IntN(30)))
		}
		a.PutInt("app.items", int64(r.IntN(30)))
	}
}

func (m *mesh) network(a pcommon.Map, p *pod) {
	a.PutInt("thread.id", int64(m.r.IntN(200)))
	a.PutStr("thread.name", fmt.Sprint("http-nio-8080-exec-", m.r.IntN(200)))
	a.PutStr("server.address", p.service)
	a.PutInt("server.port", 8080)
	a.PutStr("network.peer.address", p.ip)
	a.PutInt("network.peer.port", int64(32_768+m.r.IntN(28_000)))
	a.PutStr("network.protocol.version", "1.1")
	a.PutStr("network.transport", "tcp")
}
