package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

type (
	mesh     string
	protocol string
)

const (
	meshIstio   mesh = "istio"
	meshLinkerd mesh = "linkerd"
	meshNone    mesh = "none"

	protoHTTP protocol = "http"
	protoGRPC protocol = "grpc"
)

// world is the shop at rest: it is built once and only read afterwards.
type world struct {
	services    map[string]*service
	list        []*service
	known       map[string]bool // every service of the table, also those left out
	topics      map[string]*topic
	topicList   []*topic
	routes      []route
	routeWeight int
	gateway     *service // the ingress gateway, which is all proxy and no application
	nodes       []node
	pods        []*pod
}

type node struct {
	name, id, zone, ip string
	skew               int64 // nanoseconds this node's clock is ahead of true time
}

type service struct {
	index           int
	name, lang      string
	namespace       string
	mesh            mesh
	proto           protocol
	port            int
	canary          float64 // share of requests that version v2 gets
	timeout         time.Duration
	stable          int // the first pods run v1, the rest v2
	pods            []*pod
	ops             map[string]*operation
	host            string // checkout.shop.svc.cluster.local
	hostPort        string
	rpcService      string // shop.inventory.v1.InventoryService
	canonical       string // checkout.shop, the service.name of its proxies
	retryOnBehalf   bool   // its proxy reports every attempt in a span of its own
	clusterV1       string // upstream_cluster towards v1
	clusterV2       string
	inboundCluster  string
	faas, queueOnly bool
}

type pod struct {
	svc                    *service
	index                  int
	version                string // v1 or v2
	canary                 bool
	release                string // 1.14.2
	name, uid, ip          string
	instance               string
	node                   *node
	nodeID                 string // Envoy's node id
	image, replicaSet      string
	clientPort             int
	appSource, proxySource int // where its spans are batched; -1 when it has none
}

type operation struct {
	svc           *service
	name          string // "GET /v1/search" or "CheckStock"
	method, route string // HTTP only
	rpcMethod     string // gRPC only: shop.inventory.v1.InventoryService/CheckStock
	proxyName     string // span name that Istio gives it
	work          float64
	refusal       refusal
	steps         [][]step // groups run in turn, steps of a group together
}

type stepKind uint8

const (
	stepCall stepKind = iota
	stepStore
	stepPublish
	stepExternal
	stepInternal
)

type step struct {
	kind               stepKind
	chance             float64
	times              int
	optional           bool
	otherwise          bool // runs when the step before it did not
	op                 *operation
	stmt               *statement
	topic              *topic
	host, method, path string
	name               string
	ms                 float64
}

type topic struct {
	name     string
	consumer *service
	batch    bool
}

type route struct {
	weight int
	op     *operation
}

// newWorld builds the shop from the tables. Names, addresses and placement
// follow from the seed.
func newWorld(seed uint64, limit int) (*world, error) {
	w := &world{services: map[string]*service{}, known: map[string]bool{}, topics: map[string]*topic{}}
	all, err := parseServices(serviceTable, -1)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		w.known[s.name] = true
	}
	if limit > 0 && limit < len(all) {
		all = all[:limit]
	}
	w.list = all
	for _, s := range all {
		w.services[s.name] = s
		s.complete()
	}
	w.gateway = &service{index: len(all), name: "istio-ingressgateway", namespace: "istio-system", mesh: meshIstio,
		proto: protoHTTP, port: 8080, stable: 2, pods: make([]*pod, 2), timeout: defaultTimeout * time.Millisecond}
	w.gateway.complete()
	if err := w.parseTopics(topicTable); err != nil {
		return nil, err
	}
	if err := w.parseOperations(operationTable); err != nil {
		return nil, err
	}
	if err := w.parseRoutes(routeTable); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0x70d5))
	w.placeNodes(rng)
	for _, s := range append(w.list[:len(w.list):len(w.list)], w.gateway) {
		for i := range s.pods {
			s.pods[i] = w.newPod(rng, s, i)
		}
	}
	return w, nil
}

// complete fills in what follows from the columns of the table.
func (s *service) complete() {
	s.host = s.name + "." + s.namespace + ".svc.cluster.local"
	if s.namespace == "serverless" {
		s.faas, s.host = true, s.name+".lambda-url.ap-northeast-2.on.aws"
	}
	s.queueOnly = s.name == "analytics" || s.name == "audit-log"
	s.hostPort = fmt.Sprintf("%s:%d", s.host, s.port)
	s.canonical = s.name + "." + s.namespace
	s.rpcService = s.namespace + "." + strings.ReplaceAll(s.name, "-", "") + ".v1." + camel(s.name) + "Service"
	s.clusterV1 = fmt.Sprintf("outbound|%d||%s", s.port, s.host)
	if s.stable < len(s.pods) {
		s.clusterV1 = fmt.Sprintf("outbound|%d|v1|%s", s.port, s.host)
		s.clusterV2 = fmt.Sprintf("outbound|%d|v2|%s", s.port, s.host)
	}
	s.inboundCluster = fmt.Sprintf("inbound|%d||", s.port)
	s.retryOnBehalf = s.name == "payment"
}

func newOperation(s *service, name string, work float64) *operation {
	op := &operation{svc: s, name: strings.Replace(name, ":", " ", 1), work: work}
	op.refusal = refusals[s.name+"/"+op.name]
	switch {
	case s.proto == protoGRPC && !strings.Contains(name, "."):
		op.rpcMethod = s.rpcService + "/" + name
		op.proxyName = s.hostPort + "/*"
	case strings.Contains(name, ":"):
		op.method, op.route, _ = strings.Cut(name, ":")
		op.proxyName = s.hostPort + "/*"
	}
	return op
}

// pick chooses the pod that serves a request.
func (s *service) pick(rng *rand.Rand) *pod {
	if s.stable < len(s.pods) && rng.Float64() < s.canary {
		return s.pods[s.stable+rng.IntN(len(s.pods)-s.stable)]
	}
	return s.pods[rng.IntN(s.stable)]
}

// cluster is the Envoy cluster through which a pod of s is reached.
func (s *service) cluster(p *pod) string {
	if p != nil && p.canary {
		return s.clusterV2
	}
	return s.clusterV1
}

func camel(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}
