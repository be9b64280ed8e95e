package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	region      = "ap-northeast-2"
	clusterName = "shop-prod-1"
	nodeCount   = 12
)

// skews are the nodes whose clocks are off. Small enough to be plausible with
// NTP, large enough that a child can seem to start before its parent.
var skews = map[int]time.Duration{
	3: 11 * time.Millisecond,
	7: -6 * time.Millisecond,
	9: 2 * time.Millisecond,
}

func (w *world) placeNodes(rng *rand.Rand) {
	w.nodes = make([]node, nodeCount)
	for i := range w.nodes {
		ip := fmt.Sprintf("10.%d.0.%d", 40+i, 11+rng.IntN(200))
		w.nodes[i] = node{
			name: fmt.Sprintf("ip-10-%d-0-%s.%s.compute.internal", 40+i, ip[len("10.40.0."):], region),
			id:   fmt.Sprintf("i-0%016x", rng.Uint64()>>4), zone: region + string("abc"[i%3]), ip: ip, skew: int64(skews[i]),
		}
	}
}

func (w *world) newPod(rng *rand.Rand, s *service, i int) *pod {
	at := rng.IntN(nodeCount)
	p := &pod{svc: s, index: len(w.pods), node: &w.nodes[at], version: "v1", appSource: -1, proxySource: -1}
	p.release = fmt.Sprintf("1.%d.%d", 8+s.index%9, s.index%5)
	if i >= s.stable {
		p.canary, p.version, p.release = true, "v2", "2.0.0-rc.3"
	}
	p.replicaSet = fmt.Sprintf("%s-%s-%s", s.name, p.version, podHash(rng, 9))
	if s == w.gateway {
		p.version, p.release = "latest", "1.27.1"
		p.replicaSet = s.name + "-" + podHash(rng, 9)
	}
	p.name = p.replicaSet + "-" + podHash(rng, 5)
	p.uid, p.instance = uuid(rng), uuid(rng)
	p.ip = fmt.Sprintf("10.%d.%d.%d", 40+at, 1+rng.IntN(15), 2+rng.IntN(250))
	p.clientPort = 32768 + rng.IntN(28000)
	role := "sidecar"
	if s == w.gateway {
		role = "router"
	}
	p.nodeID = fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", role, p.ip, p.name, s.namespace, s.namespace)
	p.image = "registry.shop.example/" + s.namespace + "/" + s.name
	w.pods = append(w.pods, p)
	return p
}

// podHash draws from the letters that Kubernetes uses in generated names.
func podHash(rng *rand.Rand, n int) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}

func uuid(rng *rand.Rand) string {
	hi, lo := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(hi>>32), uint16(hi>>16), hi&0xfff, 0x8000|lo>>50, lo&(1<<48-1))
}
