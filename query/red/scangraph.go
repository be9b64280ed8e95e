package red

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// maxGraphEdges bounds a graph: each edge has two histograms of up to 1.3 kB. It
// is a variable for tests.
var maxGraphEdges = 20_000

// columns of the scan, before remoteKeys.
const (
	columnBy = iota
	columnError
	fixedColumns
)

// scannedGraph draws the graph from whole traces. Every worker of the reading
// tallies for itself.
func scannedGraph(ctx context.Context, r storage.SpanReader, q GraphQuery) (Graph, error) {
	all := newTally(&q, &batchTally{})
	var reading storage.TraceReading
	var err error
	if q.Of != nil {
		reading, err = q.Of.ReadTraces(ctx, q.columns())
	} else {
		scan := storage.TraceScan{Window: q.Window, Columns: q.columns()}
		if q.Cache != nil {
			scan.Known = func(p storage.TracePart) bool {
				known := q.Cache.get(q.cacheKey(p))
				if known != nil {
					all.merge(known, p.Table)
				}
				return known != nil
			}
		}
		reading, err = r.ReadTraces(ctx, scan)
	}
	if err != nil {
		return Graph{}, err
	}
	defer reading.Close()
	workers := make([]*graphWorker, reading.Workers())
	begin := time.Now()
	err = reading.Each(ctx, func(worker int, b *storage.TraceBatch) bool {
		w := workerOf(workers, worker, &q)
		if w.add(b) && q.MaxDuration > 0 && time.Since(begin) > q.MaxDuration {
			w.rest.partial = fmt.Sprintf("the time limit of %v was reached; a shorter window takes less", q.MaxDuration)
		}
		return w.rest.partial == ""
	})
	if err != nil {
		return Graph{}, err
	}
	mergeWorkers(all, workers)
	g := all.draw().graph()
	g.Scanned, g.Partial = all.scanned, all.partial
	if q.Of != nil {
		g.Scanned = q.Of.Stats.Scanned
		if g.Partial == "" {
			g.Partial = q.Of.Stats.Partial
		}
	}
	return g, identify(ctx, reading, g.Edges)
}

// columns are those of the scan.
func (q *GraphQuery) columns() []storage.Key {
	columns := []storage.Key{q.By, storage.KeyError}
	if !q.ServicesOnly {
		columns = append(columns, remoteKeys...)
	}
	return columns
}

// graphWorker tallies the batches of one worker.
type graphWorker struct {
	q     *GraphQuery
	batch batchTally
	rest  *tally // of what is in no part
	parts map[storage.TracePart]*tally
	edges int // of all tallies
}

// workerOf returns a worker, which it makes when it is needed first.
func workerOf(workers []*graphWorker, number int, q *GraphQuery) *graphWorker {
	w := workers[number]
	if w == nil {
		w = &graphWorker{q: q, parts: map[storage.TracePart]*tally{}}
		w.rest = newTally(q, &w.batch)
		workers[number] = w
	}
	return w
}

// add tallies a batch and says whether there may be more.
func (w *graphWorker) add(b *storage.TraceBatch) bool {
	t := w.rest
	if b.Part != nil {
		if t = w.parts[*b.Part]; t == nil {
			t = newTally(w.q, &w.batch)
			w.parts[*b.Part] = t
		}
	}
	before := t.edges
	t.add(b)
	if w.edges += t.edges - before; w.edges > maxGraphEdges {
		w.rest.partial = fmt.Sprintf("the graph has more than %d edges; a shorter window or another attribute has fewer", maxGraphEdges)
	}
	return w.rest.partial == ""
}

// mergeWorkers adds all tallies to one, and gives the cache those that are whole.
func mergeWorkers(all *tally, workers []*graphWorker) {
	parts := map[storage.TracePart]*tally{}
	for _, w := range workers {
		if w == nil {
			continue
		}
		all.merge(w.rest, 0)
		for p, t := range w.parts {
			if parts[p] == nil {
				parts[p] = newTally(all.q, nil)
			}
			parts[p].merge(t, -p.Table)
		}
	}
	for p, t := range parts {
		all.merge(t, p.Table)
		if t.batches == p.Batches {
			all.q.Cache.put(all.q.cacheKey(p), t)
		}
	}
}

// identify makes exemplars of references.
func identify(ctx context.Context, reading storage.TraceReading, edges []Edge) error {
	var refs []storage.SpanRef
	for _, e := range edges {
		for _, x := range e.Exemplars {
			refs = append(refs, x.ref)
		}
	}
	heads, err := reading.Spans(ctx, refs)
	if err != nil {
		return err
	}
	for _, e := range edges {
		for i := range e.Exemplars {
			x := &e.Exemplars[i]
			*x = Exemplar{heads[0].TraceID, heads[0].SpanID, heads[0].StartNs, heads[0].DurationNs, x.Error, storage.SpanRef{}}
			heads = heads[1:]
		}
	}
	return nil
}

// tally is the graph of some traces. Services and what spans call are numbered.
type tally struct {
	q        *GraphQuery
	services []string
	byName   map[string]uint32
	remotes  []remote
	byRemote map[remote]int32

	own       []Node    // by service: what its spans say
	between   edgeTable // caller, callee
	toTopic   edgeTable // service, remote: of a producer that does not name its topic
	fromTopic edgeTable // service, remote
	outwards  edgeTable // service, remote: calls of which no called span is stored
	edges     int
	scanned   int
	batches   int
	partial   string

	batch *batchTally // not its own
}

// batchTally is what is known of the spans of a batch. Slices without a remark
// are by row.
type batchTally struct {
	*storage.TraceBatch
	kinds, statuses []uint8
	durations       []int64
	service         []uint32
	remote          []int32 // -1: it says nothing
	failed          []bool
	called          []bool   // a child of another service is stored
	outer           []uint32 // rows of clients, producers and consumers
	column          storage.Column
	numbers         []uint32 // services by dictionary entry
	naming          remoteColumns
}

func newTally(q *GraphQuery, b *batchTally) *tally {
	return &tally{q: q, batch: b, byName: map[string]uint32{}, byRemote: map[remote]int32{}}
}

// add counts the traces of a batch.
func (t *tally) add(batch *storage.TraceBatch) {
	b := t.batch
	b.TraceBatch = batch
	b.kinds, b.statuses, b.durations = batch.Columns.Kinds(), batch.Columns.Statuses(), batch.Columns.DurationsNs()
	t.scanned += len(batch.Rows)
	t.batches++
	t.findServices()
	t.findErrors()
	t.findRemotes()
	t.countOwn()
	t.countCalls()
}

// counted says whether a span is one that the graph counts.
func (t *tally) counted(row uint32) bool {
	return t.q.Of != nil || t.batch.Selected == nil || t.batch.Selected[row]
}

func (t *tally) findServices() {
	b := t.batch
	b.service = sized(b.service, b.Len)
	c := &b.column
	b.Columns.Column(columnBy, b.Rows, c)
	if len(c.Types) == 0 {
		n := t.serviceNumber("")
		for _, row := range b.Rows {
			b.service[row] = n
		}
		return
	}
	b.numbers = sized(b.numbers, len(c.Dict))
	clear(b.numbers)
	for i, row := range b.Rows {
		if c.Types[i] != storage.TypeString {
			b.service[row] = t.serviceNumber(c.Value(i).Text())
			continue
		}
		n := &b.numbers[c.Bits[i]]
		if *n == 0 {
			*n = t.serviceNumber(c.Dict[c.Bits[i]]) + 1
		}
		b.service[row] = *n - 1
	}
}

func (t *tally) serviceNumber(name string) uint32 {
	n, ok := t.byName[name]
	if !ok {
		n = uint32(len(t.services))
		name = strings.Clone(name)
		t.byName[name] = n
		t.services = append(t.services, name)
		t.own = append(t.own, Node{Name: name, Kind: Service})
	}
	return n
}

func (t *tally) remoteNumber(r remote) int32 {
	n, ok := t.byRemote[r]
	if !ok {
		n = int32(len(t.remotes))
		r.name = strings.Clone(r.name)
		t.byRemote[r] = n
		t.remotes = append(t.remotes, r)
	}
	return n
}

func (t *tally) findErrors() {
	b := t.batch
	b.failed = sized(b.failed, b.Len)
	for _, row := range b.Rows {
		b.failed[row] = b.statuses[row] == statusError
	}
	c := &b.column
	b.Columns.Column(columnError, b.Rows, c)
	for i := range c.Types {
		if c.Types[i] != storage.TypeAbsent && storage.IsErrorValue(c, i) {
			b.failed[b.Rows[i]] = true
		}
	}
}

// findRemotes reads what spans say of the other side.
func (t *tally) findRemotes() {
	b := t.batch
	b.outer = b.outer[:0]
	if b.remote = sized(b.remote, b.Len); t.q.ServicesOnly {
		for _, row := range b.Rows {
			b.remote[row] = -1
		}
		return
	}
	for _, row := range b.Rows {
		b.remote[row] = -1
		if kind := b.kinds[row]; kindClient <= kind && kind <= kindConsumer {
			b.outer = append(b.outer, row)
		}
	}
	if !b.naming.read(b.Columns, b.outer) {
		return
	}
	for i, row := range b.outer {
		b.remote[row] = b.naming.numberAt(i, t.remoteNumber)
	}
}

// countOwn counts the spans of every service. Identical copies that a retrying
// exporter sent count as they do where the store counts, and in whole traces
// once.
func (t *tally) countOwn() {
	b := t.batch
	for _, row := range b.Rows {
		if !t.counted(row) || t.q.Of != nil && b.Twins != nil && t.isCopy(row) {
			continue
		}
		n := &t.own[b.service[row]]
		n.Spans++
		if b.failed[row] {
			n.Errors++
		}
		if serves(b.kinds[row]) {
			n.Served.observe(b.durations[row], b.failed[row])
		}
	}
}

// countCalls draws the edges. Who calls whom is found for all spans, also those
// that do not count: a call whose other side does is known from it.
func (t *tally) countCalls() {
	b := t.batch
	b.called = sized(b.called, b.Len)
	for _, row := range b.Rows {
		b.called[row] = false
	}
	for _, row := range b.Rows {
		if b.Twins != nil && t.isCopy(row) {
			continue
		}
		if caller := t.callerOf(row); caller >= 0 {
			t.pair(row, uint32(caller))
		} else if b.kinds[row] == kindConsumer && b.Parents[row] < 0 && t.isMessage(b.remote[row]) && t.counted(row) {
			t.edge(&t.fromTopic, b.service[row], uint32(b.remote[row])).call(t.exemplar(row, b.failed[row]))
		}
	}
	for _, row := range b.outer {
		if !calls(b.kinds[row]) || b.remote[row] < 0 || b.called[row] || !t.counted(row) {
			continue
		}
		if b.Twins != nil && (t.isCopy(row) || t.isServed(row)) {
			continue
		}
		t.edge(&t.outwards, b.service[row], uint32(b.remote[row])).call(t.exemplar(row, b.failed[row]))
	}
}

// callerOf finds the span that called another one, -1 when that is no call; see
// storage.SpanReader.Edges.
func (t *tally) callerOf(row uint32) int32 {
	b := t.batch
	first := b.Parents[row]
	if first < 0 || b.service[first] == b.service[row] {
		return -1
	}
	if b.Twins == nil {
		return first
	}
	best := first
	for p := b.Twins[first]; p != first; p = b.Twins[p] {
		if b.service[p] == b.service[row] {
			return -1
		}
		if t.isBefore(p, best) {
			best = p
		}
	}
	return best
}

// isBefore says which of two spans with the same id is taken for the caller:
// one that serves, then by service. Of several of one service it is one that
// makes calls, then the longest, so that what is said of the call does not depend
// on the order of rows.
func (t *tally) isBefore(a, o int32) bool {
	b := t.batch
	switch {
	case serves(b.kinds[a]) != serves(b.kinds[o]):
		return serves(b.kinds[a])
	case b.service[a] != b.service[o]:
		return t.services[b.service[a]] < t.services[b.service[o]]
	case b.kinds[a] != b.kinds[o]:
		return b.kinds[a] > b.kinds[o]
	case b.durations[a] != b.durations[o]:
		return b.durations[a] > b.durations[o]
	case b.failed[a] != b.failed[o]:
		return b.failed[a]
	case b.remote[a] != b.remote[o]:
		return b.remoteBefore(t, a, o)
	}
	return a < o
}

func (b *batchTally) remoteBefore(t *tally, a, o int32) bool {
	if b.remote[a] < 0 || b.remote[o] < 0 {
		return b.remote[a] >= 0
	}
	x, y := t.remotes[b.remote[a]], t.remotes[b.remote[o]]
	return x.kind < y.kind || x.kind == y.kind && x.name < y.name
}

// isCopy says whether a row before is the same span, sent again.
func (t *tally) isCopy(row uint32) bool {
	b := t.batch
	for o := b.Twins[row]; o != int32(row); o = b.Twins[o] {
		if o < int32(row) && t.isSame(uint32(o), row) {
			return true
		}
	}
	return false
}

func (t *tally) isSame(x, y uint32) bool {
	b := t.batch
	starts := b.Columns.StartsNs()
	return starts[x] == starts[y] && b.durations[x] == b.durations[y] && b.service[x] == b.service[y] &&
		b.kinds[x] == b.kinds[y] && b.statuses[x] == b.statuses[y] && b.failed[x] == b.failed[y] &&
		b.remote[x] == b.remote[y] && b.sameParent(x, y)
}

func (b *batchTally) sameParent(x, y uint32) bool {
	p, o := b.Parents[x], b.Parents[y]
	if p == o || p < 0 || o < 0 {
		return p == o
	}
	for at := b.Twins[p]; at != p; at = b.Twins[at] {
		if at == o {
			return true
		}
	}
	return false
}

// isServed says whether the called span has the same id, as Zipkin's have.
func (t *tally) isServed(row uint32) bool {
	b := t.batch
	for o := b.Twins[row]; o != int32(row); o = b.Twins[o] {
		if serves(b.kinds[o]) {
			return true
		}
	}
	return false
}

func (t *tally) isMessage(remote int32) bool {
	return remote >= 0 && t.remotes[remote].kind == Messaging
}

// pair counts a call of which both spans are stored.
func (t *tally) pair(callee, caller uint32) {
	b := t.batch
	counted := t.counted(callee)
	if topic := t.topicOf(callee, caller); topic >= 0 {
		if !t.isMessage(b.remote[caller]) { // else it makes its edge by itself
			b.called[caller] = true
			if counted {
				t.edge(&t.toTopic, b.service[caller], uint32(topic)).call(t.exemplar(caller, b.failed[caller]))
			}
		}
		if counted {
			t.edge(&t.fromTopic, b.service[callee], uint32(topic)).call(t.exemplar(callee, b.failed[callee]))
		}
		return
	}
	b.called[caller] = true
	if !counted {
		return
	}
	measured := callee
	if calls(b.kinds[caller]) {
		measured = caller
	}
	t.edge(&t.between, b.service[caller], b.service[callee]).call(t.exemplar(measured, b.failed[callee]))
}

// topicOf is the topic between a consumer and its producer, -1: none is known.
func (t *tally) topicOf(callee, caller uint32) int32 {
	b := t.batch
	if b.kinds[callee] != kindConsumer || b.kinds[caller] != kindProducer {
		return -1
	}
	for _, remote := range []int32{b.remote[caller], b.remote[callee]} {
		if t.isMessage(remote) {
			return remote
		}
	}
	return -1
}

func (t *tally) exemplar(row uint32, failed bool) Exemplar {
	return Exemplar{DurationNs: t.batch.durations[row], Error: failed, ref: t.batch.Columns.Ref(row)}
}

// sized returns a slice with n elements, which are not cleared.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// edgeTable has edges by the numbers of their ends.
type edgeTable struct {
	byEnds map[[2]uint32]*edgeInMaking
	recent *[256]recentEdge // in front of byEnds
}

type recentEdge struct {
	from, to uint32
	edge     *edgeInMaking
}

func (t *tally) edge(of *edgeTable, from, to uint32) *edgeInMaking {
	if of.recent == nil {
		of.recent = new([256]recentEdge)
	}
	recent := &of.recent[(from*0x9E3779B1^to*0x85EBCA77)>>24]
	if recent.edge != nil && recent.from == from && recent.to == to {
		return recent.edge
	}
	e := of.byEnds[[2]uint32{from, to}]
	if e == nil {
		if of.byEnds == nil {
			of.byEnds = map[[2]uint32]*edgeInMaking{}
		}
		e = &edgeInMaking{picked: picker{most: edgeExemplars}}
		of.byEnds[[2]uint32{from, to}] = e
		t.edges++
	}
	*recent = recentEdge{from, to, e}
	return e
}

// merge adds another tally, whose references count tables from a first one. It
// leaves the other as it is and keeps nothing of it.
func (t *tally) merge(o *tally, firstTable uint32) {
	t.scanned += o.scanned
	t.batches += o.batches
	if t.partial == "" {
		t.partial = o.partial
	}
	services, remotes := make([]uint32, len(o.services)), make([]uint32, len(o.remotes))
	for i, name := range o.services {
		services[i] = t.serviceNumber(name)
		n, from := &t.own[services[i]], &o.own[i]
		n.Spans, n.Errors = n.Spans+from.Spans, n.Errors+from.Errors
		n.Served.add(&from.Served)
	}
	for i, r := range o.remotes {
		remotes[i] = uint32(t.remoteNumber(r))
	}
	for _, pair := range []struct {
		to, from *edgeTable
		ends     []uint32
	}{{&t.between, &o.between, services}, {&t.toTopic, &o.toTopic, remotes}, {&t.fromTopic, &o.fromTopic, remotes}, {&t.outwards, &o.outwards, remotes}} {
		for ends, e := range pair.from.byEnds {
			t.edge(pair.to, services[ends[0]], pair.ends[ends[1]]).add(e, firstTable)
		}
	}
}

// draw names what was counted.
func (t *tally) draw() *drawing {
	d := newDrawing()
	for _, n := range t.own {
		if n.Spans > 0 {
			d.nodes[d.node(Service, n.Name)] = n
		}
	}
	service := func(n uint32) int { return d.node(Service, t.services[n]) }
	other := func(n uint32) int { return d.node(t.remotes[n].kind, t.remotes[n].name) }
	for ends, e := range t.between.byEnds {
		d.edge(service(ends[0]), service(ends[1])).add(e, 0)
	}
	for ends, e := range t.toTopic.byEnds {
		d.edge(service(ends[0]), other(ends[1])).add(e, 0)
	}
	for ends, e := range t.fromTopic.byEnds {
		d.edge(other(ends[1]), service(ends[0])).add(e, 0)
	}
	for ends, e := range t.outwards.byEnds {
		r := t.remotes[ends[1]]
		if n, ok := d.byKey[nodeKey{Service, r.name}]; ok && r.kind == Uninstrumented {
			if n != service(ends[0]) {
				d.edge(service(ends[0]), n).ClientOnly += e.Calls
			}
			continue
		}
		n := &d.nodes[other(ends[1])]
		n.Spans, n.Errors = n.Spans+e.Calls, n.Errors+e.Errors
		n.Served.add(&e.Latency)
		d.edge(service(ends[0]), other(ends[1])).add(e, 0)
	}
	return d
}
