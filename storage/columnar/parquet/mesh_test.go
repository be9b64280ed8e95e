package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// mesh makes tables like those of a service mesh's spans: sorted by trace,
// about 30 columns that every span has and 21 of 60 attributes, UUID request
// ids, ephemeral ports, URLs, skewed users, 2 % errors with an event that has a
// stack trace. It is what the figures in DESIGN.md were measured with.
type mesh struct {
	r       *rand.Rand
	users   *rand.Zipf
	pods    [40][3][]string
	columns []*meshColumn
	byName  map[string]*meshColumn
	rows    int
	events  int
	counts  []uint32 // events of each row
}

type meshColumn struct {
	Column
	Values
	places int
	codes  map[string]uint32
}

var resourceKeys = []string{"service.name", "service.namespace", "service.version", "service.instance.id", "k8s.pod.name", "k8s.pod.uid",
	"k8s.pod.ip", "k8s.node.name", "k8s.namespace.name", "k8s.deployment.name", "cloud.region", "telemetry.sdk.language"}

func newMesh(seed uint64) *mesh {
	m := &mesh{r: rand.New(rand.NewPCG(seed, 1)), byName: map[string]*meshColumn{}}
	m.users = rand.NewZipf(m.r, 1.2, 4, 50_000)
	for i := range m.pods {
		service := fmt.Sprint("shop-", i%20)
		if i >= 20 {
			service += "-proxy"
		}
		for j := range m.pods[i] {
			uid := m.uuid()
			m.pods[i][j] = []string{service, "shop", "v1.2.3", uid, fmt.Sprintf("%s-%08x-%05x", service, m.r.Uint32(), m.r.IntN(1<<20)), uid,
				fmt.Sprintf("10.1.%d.%d", m.r.IntN(255), m.r.IntN(255)), fmt.Sprint("node-", m.r.IntN(12)), "shop", service, "eu-west-1", "java"}
		}
	}
	return m
}

func (m *mesh) uuid() string {
	a, b := m.r.Uint64(), m.r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(a), uint16(a>>32), uint16(a>>48), uint16(b), b>>16)
}

// table returns columns and values of about that many rows; traces are whole.
func (m *mesh) table(rows int) ([]Column, []Values) {
	for m.rows < rows {
		m.trace(32)
	}
	// By name, so that every table has the same; columns of the list come last.
	slices.SortFunc(m.columns, func(a, b *meshColumn) int { return compareNames(&a.Column, &b.Column) })
	var columns []Column
	var values []Values
	for _, list := range []bool{false, true} {
		for _, c := range m.columns {
			if (c.List != "") == list {
				c.Present = append(c.Present, make([]uint64, max(0, (m.rows+63)/64-len(c.Present)))...)
				if list {
					c.Counts = append(m.counts, make([]uint32, m.rows-len(m.counts))...)
				}
				if !c.Optional {
					c.Present = nil
				}
				columns, values = append(columns, c.Column), append(values, c.Values)
			}
		}
	}
	return columns, values
}

// forget begins the next table.
func (m *mesh) forget() {
	m.columns, m.byName, m.rows, m.events, m.counts = nil, map[string]*meshColumn{}, 0, 0, nil
}

func (m *mesh) column(list, name string, kind Kind, logical Logical, length int, optional bool) *meshColumn {
	c := m.byName[list+name]
	if c == nil {
		c = &meshColumn{Column: Column{List: list, Name: name, Kind: kind, Logical: logical, Length: length, Optional: optional}, codes: map[string]uint32{}}
		m.byName[list+name] = c
		m.columns = append(m.columns, c)
	}
	place := m.rows
	if list != "" {
		place = m.events
	}
	for len(c.Present) <= place>>6 {
		c.Present = append(c.Present, 0)
	}
	c.Present[place>>6] |= 1 << (place & 63)
	return c
}

func (c *meshColumn) addText(s string) {
	code, ok := c.codes[s]
	if !ok {
		code = uint32(c.Dict.Len())
		c.codes[s] = code
		c.Dict.Text = append(c.Dict.Text, s...)
		c.Dict.Ends = append(c.Dict.Ends, uint32(len(c.Dict.Text)))
	}
	c.Codes = append(c.Codes, code)
}

func (m *mesh) text(key, v string) { m.column("", key, ByteArray, String, 0, true).addText(v) }
func (m *mesh) must(key, v string) { m.column("", key, ByteArray, String, 0, false).addText(v) }

func (m *mesh) int(key string, v int64) {
	c := m.column("", key, Int64, None, 0, true)
	c.Nums = append(c.Nums, uint64(v))
}

func (m *mesh) fixedInt(key string, kind Kind, logical Logical, v int64) {
	c := m.column("", key, kind, logical, 0, false)
	c.Nums = append(c.Nums, uint64(v))
}

func (m *mesh) id(key string, optional bool, v []byte) {
	c := m.column("", key, Fixed, None, len(v), optional)
	c.Values.Fixed = append(c.Values.Fixed, v...)
}

// trace appends the spans of one trace.
func (m *mesh) trace(size int) {
	r := m.r
	trace := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.Uint64()), r.Uint64())
	clock := 1_700_000_000_000_000_000 + r.Int64N(10_000_000_000)
	request, user := m.uuid(), fmt.Sprint("user-", m.users.Uint64())
	ids := make([][]byte, size)
	for i := range size {
		ids[i] = binary.BigEndian.AppendUint64(nil, r.Uint64())
		m.id("trace_id", false, trace)
		m.id("span_id", false, ids[i])
		if i > 0 {
			m.id("parent_span_id", true, ids[r.IntN(i)])
		}
		clock += int64(r.ExpFloat64() * 100_000)
		m.fixedInt("start", Int64, TimestampNs, clock)
		m.fixedInt("duration", Int64, None, int64(r.ExpFloat64()*5e6))
		m.fixedInt("flags", Int32, Uint32, 0x101)
		m.must("scope.name", "io.opentelemetry.http")
		m.must("scope.version", "2.1.0")
		p := m.pods[r.IntN(40)][r.IntN(3)]
		for k, key := range resourceKeys {
			m.must("resource."+key, p[k])
		}
		m.span(p, request, user)
		m.rows++
	}
}

func (m *mesh) span(p []string, request, user string) {
	r := m.r
	service, pod, ip := p[0], p[4], p[6]
	status, code := int64(200), int64(0)
	if r.IntN(50) == 0 {
		status, code = 503, 2
		m.text("status_message", "no healthy upstream")
		m.column("events", "name", ByteArray, String, 0, false).addText("exception")
		t := m.column("events", "time", Int64, TimestampNs, 0, false)
		t.Nums = append(t.Nums, 1_700_000_000_000_000_000+r.Uint64N(10_000_000_000))
		if r.IntN(4) > 0 {
			m.column("events", "exception.type", ByteArray, String, 0, true).addText("java.net.SocketTimeoutException")
		}
		m.column("events", "exception.stacktrace", ByteArray, String, 0, true).addText(
			fmt.Sprintf("java.net.SocketTimeoutException\n\tat com.shop.Pay.charge(Pay.java:%d)\n\tat com.shop.Cart.checkout(Cart.java:%d)\n", r.IntN(400), r.IntN(400)))
		m.events++
		m.counts = append(m.counts, make([]uint32, m.rows+1-len(m.counts))...)
		m.counts[m.rows]++
	}
	m.fixedInt("status", Int32, Uint8, code)
	route := fmt.Sprint("/api/v1/resource", r.IntN(8), "/{id}")
	path := fmt.Sprint("/api/v1/resource", r.IntN(8), "/", r.IntN(20_000))
	if len(service) > 8 {
		m.fixedInt("kind", Int32, Uint8, 3)
		m.must("name", "ingress")
		for _, kv := range [][2]string{{"component", "proxy"}, {"node_id", "sidecar~" + ip + "~" + pod + ".shop~shop.svc.cluster.local"},
			{"guid:x-request-id", request}, {"http.url", "http://" + service + ".shop.svc.cluster.local:8080" + path}, {"http.method", "GET"},
			{"http.protocol", "HTTP/1.1"}, {"http.status_code", fmt.Sprint(status)}, {"downstream_cluster", "-"}, {"user_agent", "Go-http-client/1.1"},
			{"upstream_cluster", "inbound|8080||"}, {"upstream_cluster.name", "inbound|8080||;"}, {"upstream_address", ip + ":8080"},
			{"response_flags", "-"}, {"istio.mesh_id", "cluster.local"}, {"istio.canonical_service", service}, {"istio.canonical_revision", "v1"},
			{"istio.namespace", "shop"}, {"istio.cluster_id", "Kubernetes"}, {"zone", "eu-west-1a"}} {
			m.text("a."+kv[0], kv[1])
		}
		m.text("a.peer.address", fmt.Sprintf("10.1.%d.%d", r.IntN(12), r.IntN(10)))
		m.text("a.request_size", fmt.Sprint(r.IntN(3000)))
		m.text("a.response_size", fmt.Sprint(r.IntN(40_000)))
		return
	}
	m.network(ip)
	m.text("a.http.request.method", "GET")
	switch kind := r.IntN(10); {
	case kind < 4:
		m.fixedInt("kind", Int32, Uint8, 2)
		m.must("name", "GET "+route)
		m.text("a.http.route", route)
		m.text("a.url.path", path)
		m.text("a.url.scheme", "http")
		m.text("a.url.query", "")
		m.int("a.http.response.status_code", status)
		m.int("a.http.request.body.size", int64(r.IntN(3000)))
		m.int("a.http.response.body.size", int64(r.IntN(40_000)))
		m.text("a.user_agent.original", "ShopApp/7.4.2 (iOS 18.5; iPhone16,2)")
		m.text("a.http.request.header.x-request-id", request)
		m.text("a.user.id", user)
		m.text("a.session.id", request[:18]+user)
		m.text("a.tenant.id", fmt.Sprint("tenant-", r.IntN(50)))
		c := m.column("", "a.shop.cached", Boolean, None, 0, true)
		c.Nums = append(c.Nums, r.Uint64N(2))
		c = m.column("", "a.shop.score", Double, None, 0, true)
		c.Nums = append(c.Nums, math.Float64bits(float64(r.IntN(1000))/1000))
	case kind < 7:
		m.fixedInt("kind", Int32, Uint8, 3)
		m.must("name", "GET")
		m.text("a.url.full", "http://shop:8080"+path)
		m.int("a.http.response.status_code", status)
		m.text("a.http.request.header.x-request-id", request)
		m.text("a.peer.service", fmt.Sprint("shop-", r.IntN(20)))
		m.text("a.user.id", user)
		m.int("a.http.request.resend_count", int64(r.IntN(2)))
		m.text("a.rpc.system", "http")
		m.text("a.code.function.name", "com.shop.Client.call")
		m.int("a.code.line.number", int64(r.IntN(40)))
	case kind < 9:
		m.fixedInt("kind", Int32, Uint8, 3)
		m.must("name", "SELECT shop.products")
		m.text("a.db.system.name", "postgresql")
		m.text("a.db.namespace", "shop")
		m.text("a.db.collection.name", "products")
		m.text("a.db.operation.name", "SELECT")
		m.text("a.db.query.text", fmt.Sprint("SELECT * FROM products WHERE id = $1 AND region = $2 LIMIT ", r.IntN(30)))
		m.int("a.db.response.returned_rows", int64(r.IntN(30)))
		m.text("a.db.user", "shop")
		m.text("a.user.id", user)
		for i := range 6 {
			m.text(fmt.Sprint("a.db.param.", i), fmt.Sprint("value-", r.IntN(1<<(2*i))))
		}
	default:
		m.fixedInt("kind", Int32, Uint8, 1)
		m.must("name", fmt.Sprint("internal-", r.IntN(12)))
		m.text("a.code.function.name", fmt.Sprint("com.shop.Work.step", r.IntN(30)))
		m.int("a.code.line.number", int64(r.IntN(400)))
		m.text("a.user.id", user)
		for i := range 8 {
			m.text(fmt.Sprint("a.shop.step.", i), fmt.Sprint("s", r.IntN(8)))
		}
	}
}

func (m *mesh) network(ip string) {
	r := m.r
	m.text("a.network.peer.address", fmt.Sprintf("10.1.%d.%d", r.IntN(12), r.IntN(10)))
	m.int("a.network.peer.port", int64(32768+r.IntN(28_000)))
	m.text("a.server.address", ip)
	m.int("a.server.port", 8080)
	m.text("a.network.protocol.version", "1.1")
	m.text("a.thread.name", fmt.Sprint("http-nio-8080-exec-", r.IntN(200)))
	m.int("a.thread.id", int64(r.IntN(200)))
}
