package demo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// simulator plays one trace at a time. Every trace has a random stream of its
// own, derived from seed and index, so that a trace does not depend on the
// ones before it.
type simulator struct {
	w      *world
	seed   uint64
	epoch  uint64 // of trace ids: shops that start at different times share none
	pcg    *rand.PCG
	rng    *rand.Rand
	faults faultSet

	tr      trace
	level   [faultCount]float64 // of the faults, at the trace's start
	strain  float64             // how much slower than idle everything is
	batched []message           // published in this trace to batch topics
}

// message waits for a batch consumer.
type message struct {
	topic *topic
	at    int64
	from  link
}

// newSimulator makes a simulator for a shop that starts at a time (unix
// nanoseconds).
func newSimulator(w *world, seed uint64, set faultSet, start int64) *simulator {
	pcg := rand.NewPCG(seed, 0)
	return &simulator{w: w, seed: seed, epoch: mix(uint64(start)), pcg: pcg, rng: rand.New(pcg), faults: set}
}

// visit plays the trace of one visitor. The trace is valid until the next.
func (s *simulator) visit(index uint64, start int64) *trace {
	s.begin(index, start)
	s.tr.visitor = newVisitor(s.rng)
	n := s.rng.IntN(s.w.routeWeight)
	op := s.w.routes[0].op
	for _, r := range s.w.routes {
		if op = r.op; n < r.weight {
			break
		}
		n -= r.weight
	}
	s.exchange(-1, s.w.gateway.pick(s.rng), op, start, 0)
	return &s.tr
}

// consumeBatch plays the trace of a consumer that takes many messages at once.
func (s *simulator) consumeBatch(index uint64, t *topic, messages []message, start int64) *trace {
	s.begin(index, start)
	s.tr.visitor = visitor{}
	for _, m := range messages {
		s.tr.links = append(s.tr.links, m.from)
	}
	s.consume(t, -1, start)
	return &s.tr
}

func (s *simulator) begin(index uint64, start int64) {
	s.pcg.Seed(mix(s.seed), mix(index+0x9e3779b97f4a7c15))
	tr := &s.tr
	binary.BigEndian.PutUint64(tr.id[:8], s.rng.Uint64()|1)
	binary.BigEndian.PutUint64(tr.id[8:], s.rng.Uint64()^s.epoch)
	tr.start, tr.calls, tr.attempts, tr.links = start, tr.calls[:0], tr.attempts[:0], tr.links[:0]
	s.batched = s.batched[:0]
	for i := range s.level {
		s.level[i] = 0
		if s.faults[i] {
			s.level[i] = faults[i].wave.at(start)
		}
	}
	s.strain = max(0.75, 1+0.4*(demand(start)-1))
}

// mix spreads neighbouring numbers over the whole range (SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// demand is how busy the shop is: 1 on average, following a day that lasts 20
// minutes and a burst every three and a half.
func demand(unixNano int64) float64 {
	const second = 1e9
	day := math.Sin(2 * math.Pi * float64(unixNano%(1200*second)) / (1200 * second))
	burst := wave{peak: 0.7, period: 210 * second, active: 30 * second}.at(unixNano)
	const mean = 1 + 0.7*2/math.Pi*30/210
	return (1 + 0.35*day + burst) / mean
}

// ms draws a time with the given median in milliseconds: log-normal, with a
// rare slow outlier, and longer when the shop is busy.
func (s *simulator) ms(median float64) int64 {
	d := median * s.strain * math.Exp(0.4*s.rng.NormFloat64())
	if s.rng.IntN(300) == 0 {
		d *= 4
	}
	return int64(d*1e6) + 1
}

func (s *simulator) chance(p float64) bool { return p > 0 && s.rng.Float64() < p }

func (s *simulator) newID() (id spanID) {
	binary.BigEndian.PutUint64(id[:], s.rng.Uint64()|1)
	return id
}

// network is the time one way between two pods.
func (s *simulator) network(a, b *pod) int64 {
	switch {
	case a.node == b.node:
		return s.ms(0.05)
	case a.node.zone == b.node.zone:
		return s.ms(0.18)
	}
	return s.ms(0.65)
}
