package trace

import (
	"cmp"
	"slices"
)

// estimateSkew estimates how far the clocks of hosts are apart.
//
// A server span must lie inside the client span that called it. With the
// client at [cs, ce] and the server at [ss, se], the server's clock must be
// moved by something in [cs-ss, ce-se]; assuming that request and reply take
// equally long, by the middle of it (Cristian 1989, also what Jaeger does for
// one pair). One pair is a guess, many are a measurement: per pair of hosts we
// take the median over all their calls, and only where the recorded times
// contradict causality, so that clocks that agree are left alone. From the
// first root's host the estimates add up along the calls.
func (b *builder) estimateSkew() {
	t := b.t
	if len(t.HostTable) < 2 {
		return
	}
	samples := map[hostPair]*skewSamples{}
	for p, parent := range t.Parents {
		if parent < 0 || t.Hosts[p] == t.Hosts[parent] {
			continue
		}
		client, server := int(t.Rows[parent]), int(t.Rows[p])
		if t.Spans.Kinds[client] != kindClient || t.Spans.Kinds[server] != kindServer {
			continue
		}
		low := t.Spans.StartsNs[client] - t.Spans.StartsNs[server]
		high := t.Spans.EndNs(client) - t.Spans.EndNs(server)
		if low > high {
			continue // the server took longer than its caller waited: this pair says nothing
		}
		// One direction per pair of hosts: moving b by x is moving a by -x.
		pair := hostPair{t.Hosts[parent], t.Hosts[p]}
		if pair.a > pair.b {
			pair = hostPair{pair.b, pair.a}
			low, high = -high, -low
		}
		if samples[pair] == nil {
			samples[pair] = &skewSamples{}
		}
		samples[pair].add(low, high)
	}
	b.spreadSkew(samples)
}

type hostPair struct{ a, b uint32 }

// skewSamples collects what the calls between two hosts say about moving the
// second one's clock.
type skewSamples struct {
	middles      []int64
	contradicted int // pairs that causality rules out with the clocks as they are
}

func (s *skewSamples) add(low, high int64) {
	s.middles = append(s.middles, low+(high-low)/2)
	if low > 0 || high < 0 {
		s.contradicted++
	}
}

// estimate is the median, or 0 when most calls are possible as recorded.
func (s *skewSamples) estimate() int64 {
	if 2*s.contradicted <= len(s.middles) {
		return 0
	}
	slices.Sort(s.middles)
	return s.middles[len(s.middles)/2]
}

type skewEdge struct {
	to     uint32
	skewNs int64
	calls  int
}

// spreadSkew adds the estimates up from the first root's host, breadth first,
// busiest pairs first.
func (b *builder) spreadSkew(samples map[hostPair]*skewSamples) {
	t := b.t
	edges := make([][]skewEdge, len(t.HostTable))
	for pair, s := range samples {
		by := s.estimate()
		edges[pair.a] = append(edges[pair.a], skewEdge{pair.b, by, len(s.middles)})
		edges[pair.b] = append(edges[pair.b], skewEdge{pair.a, -by, len(s.middles)})
	}
	known := make([]bool, len(t.HostTable))
	start := t.Hosts[t.First()]
	known[start] = true
	queue := []uint32{start}
	for len(queue) > 0 {
		host := queue[0]
		queue = queue[1:]
		slices.SortFunc(edges[host], func(x, y skewEdge) int {
			return cmp.Or(cmp.Compare(y.calls, x.calls), cmp.Compare(x.to, y.to))
		})
		for _, e := range edges[host] {
			if !known[e.to] {
				known[e.to] = true
				t.HostTable[e.to].SkewNs = t.HostTable[host].SkewNs + e.skewNs
				queue = append(queue, e.to)
			}
		}
	}
}
