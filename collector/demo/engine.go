package demo

import "math/rand/v2"

const (
	batchMessages = 24         // a batch consumer takes at most this many messages,
	batchWait     = int64(2e9) // or what has come after this long
)

// engine moves simulated time: visitors arrive, traces are played, spans end
// and batches leave.
type engine struct {
	sim      *simulator
	batch    *batcher
	emitters []emitter
	arrivals *rand.Rand
	next     int64 // when the next visitor arrives
	index    uint64
	pending  map[*topic][]message
	traces   int64
}

// newEngine makes a shop at rest whose time is start (unix nanoseconds).
func newEngine(w *world, seed uint64, set faultSet, start int64) *engine {
	e := &engine{
		sim:      newSimulator(w, seed, set, start),
		batch:    newBatcher(w, start),
		arrivals: rand.New(rand.NewPCG(seed, 0xa221)),
		next:     start,
		pending:  map[*topic][]message{},
	}
	e.emitters = []emitter{&spanEmitter{out: e.batch}}
	return e
}

// now is the simulated time reached so far.
func (e *engine) now() int64 { return e.batch.now }

// step moves time by one slot while visitors arrive at the given mean rate per
// second; 0 lets the shop finish what it has begun.
func (e *engine) step(rate float64) {
	end := e.batch.now + slotLength
	if rate <= 0 {
		e.next = end
	}
	for e.next < end {
		e.play(e.sim.visit(e.index, e.next))
		e.next += int64(e.arrivals.ExpFloat64() / (rate * demand(e.next)) * 1e9)
	}
	for _, t := range e.sim.w.topicList {
		if t.batch {
			e.consumeBatches(t, end, rate <= 0)
		}
	}
	e.batch.step()
}

// consumeBatches lets a batch consumer take messages, all of them if the shop
// closes.
func (e *engine) consumeBatches(t *topic, now int64, closing bool) {
	for {
		waiting := e.pending[t]
		if len(waiting) == 0 || !closing && len(waiting) < batchMessages && now-waiting[0].at < batchWait {
			return
		}
		n := min(len(waiting), batchMessages)
		at := now
		for _, m := range waiting[:n] {
			at = max(at, m.at+1e6)
		}
		e.play(e.sim.consumeBatch(e.index, t, waiting[:n], at))
		e.pending[t] = append(waiting[:0], waiting[n:]...)
	}
}

// play hands a trace to all emitters.
func (e *engine) play(tr *trace) {
	e.index++
	e.traces++
	for _, m := range e.sim.batched {
		e.pending[m.topic] = append(e.pending[m.topic], m)
	}
	for _, em := range e.emitters {
		em.emit(tr)
	}
}

// drain sends everything that has begun.
func (e *engine) drain() {
	e.step(0)
	e.batch.drain()
}
