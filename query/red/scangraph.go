package red

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// maxParentTraces bounds the traces that are read for parents that start
// outside of the window. It is a variable for tests.
var maxParentTraces = 5000

// joiner pairs the spans of a window with their parents. Spans are known by a
// hash of trace and span id: 64 bits with a secret seed, so that nobody can
// make spans collide, and chance does it once in 10^7 graphs of 2 M spans.
type joiner struct {
	d     *drawing
	q     GraphQuery
	seed  [2]uint64
	spans []joinSpan
	ids   []storage.TraceID // parallel to spans
	own   []storage.SpanID
	head  spanTable
	seen  int      // spans in the window; those behind are parents from outside
	names []string // services by number

	byName   map[string]uint32
	nodeOf   []int    // service -> index into d.nodes, -1: none yet
	inDict   []uint32 // place in the dictionary of the batch -> service + 1
	remotes  []remote
	byRemote map[remote]int32
}

type joinSpan struct {
	key, parent         uint64 // hashes; parent is 0 where there is none
	startNs, durationNs int64
	next                int32 // span with the same key, -1: none
	service             uint32
	remote              int32 // index into remotes, -1: says nothing
	kind                uint8
	failed, statusError bool
	called              bool // a child of another service is stored
}

func scannedGraph(ctx context.Context, r storage.SpanReader, q GraphQuery) (Graph, error) {
	j := &joiner{
		d: newDrawing(), q: q, seed: [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1},
		byName: map[string]uint32{}, byRemote: map[remote]int32{},
	}
	partial, scanned, err := j.read(ctx, r)
	if err != nil {
		return Graph{}, err
	}
	j.seen = len(j.spans)
	missing := 0
	if q.Of == nil { // whole traces have the parents that are stored
		if missing, err = j.readParents(ctx, r); err != nil {
			return Graph{}, err
		}
	}
	if missing > 0 && partial == "" {
		partial = fmt.Sprintf("the parents of %d spans do not start in the window and were not looked for beyond %d traces; calls that cross a border of the window may be missing", missing, maxParentTraces)
	}
	j.count()
	g := j.d.graph()
	g.Scanned, g.Partial = scanned, partial
	return g, nil
}

// fixed columns of the scan, before remoteKeys.
const (
	columnBy = iota
	columnParent
	columnKind
	columnStatus
	columnError
	fixedColumns
)

// read loads the spans of the window.
func (j *joiner) read(ctx context.Context, r storage.SpanReader) (partial string, scanned int, err error) {
	scan := storage.Scan{Window: j.q.Window, Columns: []storage.Key{j.q.By, storage.KeyParentID, storage.KeyKind}}
	scan.Columns = append(scan.Columns, trace.ErrorKeys()...)
	if !j.q.ServicesOnly {
		scan.Columns = append(scan.Columns, remoteKeys...)
	}
	var batches iter.Seq2[*storage.Batch, error]
	if j.q.Of != nil {
		batches = j.q.Of.ScanTraces(ctx, scan.Columns)
	} else {
		if err := j.makeRoom(ctx, r); err != nil {
			return "", 0, err
		}
		batches = r.Scan(ctx, scan)
	}
	begin := time.Now()
	for batch, err := range batches {
		if err != nil {
			return "", 0, err
		}
		scanned += batch.Scanned
		j.inDict = append(j.inDict[:0], make([]uint32, len(batch.Columns[columnBy].Dict))...)
		for row := range batch.Len() {
			j.add(batch, row)
		}
		switch {
		case len(j.spans) >= j.q.MaxSpans:
			return fmt.Sprintf("%d spans were read, which is the limit; a shorter window has fewer", len(j.spans)), scanned, nil
		case j.q.MaxDuration > 0 && time.Since(begin) > j.q.MaxDuration:
			return fmt.Sprintf("the time limit of %v was reached; a shorter window takes less", j.q.MaxDuration), scanned, nil
		}
	}
	if j.q.Of != nil {
		return j.q.Of.Stats.Partial, j.q.Of.Stats.Scanned, nil
	}
	return "", scanned, nil
}

// makeRoom asks how many spans will come: growing on the way would copy them
// again and again.
func (j *joiner) makeRoom(ctx context.Context, r storage.SpanReader) error {
	groups, err := r.Aggregate(ctx, storage.Aggregation{Window: j.q.Window})
	if err != nil || len(groups) == 0 {
		return err
	}
	n := int(min(groups[0].Cells[0].Count, uint64(j.q.MaxSpans))) + 4096
	j.spans, j.ids, j.own = make([]joinSpan, 0, n), make([]storage.TraceID, 0, n), make([]storage.SpanID, 0, n)
	j.head.makeRoom(n)
	return nil
}

func (j *joiner) add(b *storage.Batch, row int) {
	kind := uint8(0)
	if c := &b.Columns[columnKind]; c.Types[row] == storage.TypeInt && c.Bits[row] <= kindConsumer {
		kind = uint8(c.Bits[row])
	}
	status := &b.Columns[columnStatus]
	s := joinSpan{
		key: j.hash(b.TraceIDs[row], b.SpanIDs[row]), startNs: b.StartsNs[row], durationNs: b.DurationsNs[row],
		service: j.serviceAt(&b.Columns[columnBy], row), remote: -1, kind: kind,
		failed:      trace.ErrorAt(status, &b.Columns[columnError], row),
		statusError: status.Types[row] == storage.TypeInt && status.Bits[row] == statusError,
	}
	// Identical copies that a retrying exporter sent count here as they do where
	// the store counts; as calls they do not.
	n := &j.d.nodes[j.serviceNode(&s)]
	n.Spans++
	if s.failed {
		n.Errors++
	}
	if serves(kind) {
		n.Served.observe(s.durationNs, s.failed)
	}
	if p := b.Columns[columnParent].Value(row).Str(); len(p) == 8 {
		var id storage.SpanID
		if copy(id[:], p); !id.IsEmpty() {
			s.parent = j.hash(b.TraceIDs[row], id)
		}
	}
	if !j.q.ServicesOnly && kind >= kindClient {
		remote, ok := remoteOf(func(i int) string { return b.Columns[fixedColumns+i].Value(row).Text() })
		if ok {
			s.remote = j.remoteNumber(remote)
		}
	}
	j.keep(s, b.TraceIDs[row], b.SpanIDs[row])
}

// keep stores a span unless an identical one is there: exporters retry.
func (j *joiner) keep(s joinSpan, traceID storage.TraceID, id storage.SpanID) {
	slot, first := j.head.find(j.spans, s.key)
	for i := first; i >= 0; i = j.spans[i].next {
		o := j.spans[i]
		o.next = s.next
		if o == s {
			return
		}
	}
	s.next = first
	j.head.set(slot, int32(len(j.spans)), first < 0)
	j.spans = append(j.spans, s)
	j.head.grow(j.spans)
	j.ids = append(j.ids, traceID)
	j.own = append(j.own, id)
}

// serviceAt is serviceNumber of a value in a batch.
func (j *joiner) serviceAt(c *storage.Column, row int) uint32 {
	if c.Types[row] != storage.TypeString {
		return j.serviceNumber(c.Value(row))
	}
	n := &j.inDict[c.Bits[row]]
	if *n == 0 {
		*n = j.serviceNumber(c.Value(row)) + 1
	}
	return *n - 1
}

func (j *joiner) serviceNumber(v storage.Value) uint32 {
	name := v.Str()
	if v.Type() != storage.TypeString {
		name = v.Text()
	}
	n, ok := j.byName[name]
	if !ok {
		n = uint32(len(j.names))
		name = strings.Clone(name)
		j.byName[name] = n
		j.names = append(j.names, name)
		j.nodeOf = append(j.nodeOf, -1)
	}
	return n
}

func (j *joiner) remoteNumber(r remote) int32 {
	n, ok := j.byRemote[r]
	if !ok {
		n = int32(len(j.remotes))
		r.name = strings.Clone(r.name)
		j.byRemote[r] = n
		j.remotes = append(j.remotes, r)
	}
	return n
}

// hash never returns 0.
func (j *joiner) hash(t storage.TraceID, s storage.SpanID) uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(t[:])^j.seed[0], binary.LittleEndian.Uint64(t[8:])^j.seed[1])
	high, low = bits.Mul64(high^low^binary.LittleEndian.Uint64(s[:]), j.seed[0]^j.seed[1]|1)
	return high ^ low | 1
}

// readParents loads the parents that are not in the window.
func (j *joiner) readParents(ctx context.Context, r storage.SpanReader) (missing int, err error) {
	wanted := map[uint64]bool{}
	traces := map[storage.TraceID]struct{}{}
	var ids []storage.TraceID
	for i := range j.spans {
		s := &j.spans[i]
		if s.parent == 0 {
			continue
		}
		if _, first := j.head.find(j.spans, s.parent); first >= 0 {
			continue
		}
		if _, ok := traces[j.ids[i]]; !ok {
			if len(ids) >= maxParentTraces {
				missing++
				continue
			}
			traces[j.ids[i]] = struct{}{}
			ids = append(ids, j.ids[i])
		}
		wanted[s.parent] = true
	}
	const chunk = 200
	for from := 0; from < len(ids); from += chunk {
		for spans, err := range r.Traces(ctx, ids[from:min(from+chunk, len(ids))]) {
			if err != nil {
				return 0, err
			}
			for row, id := range spans.TraceIDs {
				key := j.hash(id, spans.SpanIDs[row])
				if !wanted[key] {
					continue
				}
				v, err := trace.FirstValue(spans, row, j.q.By)
				if err != nil {
					return 0, err
				}
				j.keep(joinSpan{
					key: key, startNs: spans.StartsNs[row], durationNs: spans.DurationsNs[row],
					service: j.serviceNumber(v), remote: -1, kind: spans.Kinds[row],
				}, id, spans.SpanIDs[row])
			}
		}
	}
	return missing, nil
}

// count draws the edges.
func (j *joiner) count() {
	for i := range j.spans[:j.seen] {
		s := &j.spans[i]
		if caller := j.callerOf(s); caller >= 0 {
			j.pair(i, int(caller))
		} else if j.isMessage(s.remote) && s.kind == kindConsumer && !j.hasParent(s) {
			j.d.edge(j.remoteNode(s.remote), j.serviceNode(s)).call(j.exemplar(i, s.statusError))
		}
	}
	for i := range j.spans[:j.seen] {
		if s := &j.spans[i]; calls(s.kind) && s.remote >= 0 && !s.called {
			j.callRemote(i)
		}
	}
}

// callerOf finds the span that called s, -1 when s is no call; see
// storage.SpanReader.Edges.
func (j *joiner) callerOf(s *joinSpan) int32 {
	if s.parent == 0 {
		return -1
	}
	_, i := j.head.find(j.spans, s.parent)
	best := int32(-1)
	for ; i >= 0; i = j.spans[i].next {
		p := &j.spans[i]
		if p.service == s.service {
			return -1
		}
		if best < 0 {
			best = i
			continue
		}
		b := &j.spans[best]
		if serves(p.kind) != serves(b.kind) {
			if serves(p.kind) {
				best = i
			}
		} else if j.names[p.service] < j.names[b.service] {
			best = i
		}
	}
	return best
}

func (j *joiner) hasParent(s *joinSpan) bool {
	_, first := j.head.find(j.spans, s.parent)
	return first >= 0 && s.parent != 0
}

func (j *joiner) isMessage(remote int32) bool {
	return remote >= 0 && j.remotes[remote].kind == Messaging
}

func (j *joiner) serviceNode(s *joinSpan) int {
	n := &j.nodeOf[s.service]
	if *n < 0 {
		*n = j.d.node(Service, j.names[s.service])
	}
	return *n
}

func (j *joiner) remoteNode(remote int32) int {
	return j.d.node(j.remotes[remote].kind, j.remotes[remote].name)
}

func (j *joiner) exemplar(i int, failed bool) Exemplar {
	return Exemplar{j.ids[i], j.own[i], j.spans[i].startNs, j.spans[i].durationNs, failed}
}

// pair counts a call of which both spans are stored.
func (j *joiner) pair(callee, caller int) {
	s, p := &j.spans[callee], &j.spans[caller]
	if topic := j.topicOf(s, p); topic >= 0 {
		if !j.isMessage(p.remote) { // else it makes its edge by itself
			p.called = true
			j.d.edge(j.serviceNode(p), j.remoteNode(topic)).call(j.exemplar(caller, p.statusError))
		}
		j.d.edge(j.remoteNode(topic), j.serviceNode(s)).call(j.exemplar(callee, s.statusError))
		return
	}
	p.called = true
	measured := callee
	if calls(p.kind) {
		measured = caller
	}
	j.d.edge(j.serviceNode(p), j.serviceNode(s)).call(j.exemplar(measured, s.statusError))
}

// topicOf is the topic between a consumer and its producer, -1: none is known.
func (j *joiner) topicOf(s, p *joinSpan) int32 {
	if s.kind != kindConsumer || p.kind != kindProducer {
		return -1
	}
	for _, remote := range []int32{p.remote, s.remote} {
		if j.isMessage(remote) {
			return remote
		}
	}
	return -1
}

// callRemote counts a call of which only the calling span is stored.
func (j *joiner) callRemote(i int) {
	s := &j.spans[i]
	for _, o := j.head.find(j.spans, s.key); o >= 0; o = j.spans[o].next {
		if serves(j.spans[o].kind) { // Zipkin: the called span has the same id
			return
		}
	}
	if n, ok := j.d.byKey[nodeKey{Service, j.remotes[s.remote].name}]; ok && j.remotes[s.remote].kind == Uninstrumented {
		if n != j.serviceNode(s) {
			j.d.edge(j.serviceNode(s), n).ClientOnly++
		}
		return
	}
	to := j.remoteNode(s.remote)
	n := &j.d.nodes[to]
	n.Spans++
	if s.failed {
		n.Errors++
	}
	n.Served.observe(s.durationNs, s.failed)
	j.d.edge(j.serviceNode(s), to).call(j.exemplar(i, s.failed))
}
