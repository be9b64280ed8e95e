package columnar

import (
	"github.com/cespare/xxhash/v2"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// summary collects what the index beside a part says, row group by row group.
type summary struct {
	contents sidecar.Contents
	red      sidecar.REDBuilder
	keys     map[sidecar.Key]uint64
	edges    edgeSummary
}

func newSummary() *summary {
	return &summary{keys: map[sidecar.Key]uint64{}, edges: edgeSummary{names: map[string]uint32{}, calls: map[edgeCell]*edgeCount{}}}
}

// fingerprint is the part of a trace's identity by which an index finds it.
// It is the same in every process.
func fingerprint(id storage.TraceID) uint64 { return xxhash.Sum64(id[:]) }

// addSpans adds a row group that was written. split has the traces that are
// in other row groups of the part too.
func (s *summary) addSpans(g *arrangedSpans, split map[storage.TraceID]bool) {
	group := uint32(len(s.contents.Zones))
	z := sidecar.Zone{Rows: uint32(g.a.n), MinStartNs: g.times[0], MaxStartNs: g.times[0], MinDurationNs: g.durations[0], MaxDurationNs: g.durations[0]}
	for i, t := range g.times {
		z.MinStartNs, z.MaxStartNs = min(z.MinStartNs, t), max(z.MaxStartNs, t)
		z.MinDurationNs, z.MaxDurationNs = min(z.MinDurationNs, g.durations[i]), max(z.MaxDurationNs, g.durations[i])
	}
	s.contents.Zones = append(s.contents.Zones, z)
	services, failed := g.part.serviceNames(), g.failed()
	for from := 0; from < g.a.n; {
		to := from + 1
		for to < g.a.n && g.traceIDs[to] == g.traceIDs[from] {
			to++
		}
		id := g.traceIDs[from]
		s.contents.Traces = append(s.contents.Traces, sidecar.Trace{Fingerprint: fingerprint(id), Run: sidecar.Run{Group: group, FirstRow: uint32(from), Rows: uint32(to - from)}})
		if split[id] {
			s.contents.Edges.Excluded = append(s.contents.Edges.Excluded, fingerprint(id))
		} else {
			s.edges.add(g, services, failed, from, to)
		}
		from = to
	}
	s.addRED(g)
	s.addKeys(&g.part.origins.view, g.origin, listOf{storage.ScopeSpan, g.attrs}, listOf{storage.ScopeEvent, g.events.attrs}, listOf{storage.ScopeLink, g.links.attrs})
	f := filterHashes{}
	f.addText(storage.KeyName, storage.TypeString, g.names, g.name)
	f.addOrigins(&g.part.origins.view, g.origin)
	s.contents.Filters = append(s.contents.Filters, sidecar.NewFilter(append(f.hashes, g.hashes()...), filterBits, 0))
}

// filterBits are the bits that a value takes in a filter: of 100 values that a
// row group does not have, 10 seem to be there. That costs a look into the
// dictionary of a column; with 8 bits it were 3, and all parts 0.6 % larger.
const filterBits = 6

// hashes are those of all attributes, collected while they were written.
func (g *arrangedSpans) hashes() []uint64 {
	return append(append(g.attrs.hashes.hashes, g.events.attrs.hashes.hashes...), g.links.attrs.hashes.hashes...)
}

// addLogs adds a row group of log records.
func (s *summary) addLogs(g *arrangedLogs) {
	z := sidecar.Zone{Rows: uint32(g.a.n), MinStartNs: g.times[0], MaxStartNs: g.times[0]}
	for _, t := range g.times {
		z.MinStartNs, z.MaxStartNs = min(z.MinStartNs, t), max(z.MaxStartNs, t)
	}
	s.contents.Zones = append(s.contents.Zones, z)
	s.addKeys(&g.part.origins.view, g.origin, listOf{storage.ScopeLog, g.attrs})
	f := filterHashes{}
	f.addOrigins(&g.part.origins.view, g.origin)
	var last storage.TraceID
	for _, id := range g.traceIDs {
		if id != last && !id.IsEmpty() {
			f.add(storage.KeyTraceID, storage.TypeBytes, viewString(id[:]))
			last = id
		}
	}
	s.contents.Filters = append(s.contents.Filters, sidecar.NewFilter(append(f.hashes, g.attrs.hashes.hashes...), filterBits, 0))
}

// finish returns the contents of the index.
func (s *summary) finish() *sidecar.Contents {
	s.contents.RED = s.red.Contents()
	for key, n := range s.keys {
		key.Count = n
		s.contents.Keys = append(s.contents.Keys, key)
	}
	s.edges.finish(&s.contents.Edges)
	return &s.contents
}

// addRED counts the spans of a row group by service, name, kind and status.
func (s *summary) addRED(g *arrangedSpans) {
	services := make([]string, len(g.part.origins.view.pairs))
	for i := range services {
		services[i] = encodeValue(g.part.origins.view.resource(uint32(i)).lookup(storage.KeyService.Name))
	}
	type series struct {
		origin, name uint32
		kind, status uint8
	}
	type known struct {
		series
		number uint32
		used   bool
	}
	var cache [1024]known
	for i, start := range g.times {
		key := series{g.origin[i], g.names[i], g.kinds[i], g.statuses[i]}
		c := &cache[(key.origin*0x9E3779B1^key.name*0x85EBCA77^uint32(key.kind)<<4^uint32(key.status))%uint32(len(cache))]
		if !c.used || c.series != key {
			*c = known{key, s.red.Series(sidecar.Series{Service: services[key.origin], Name: g.name.at(key.name), Kind: key.kind, Status: key.status}), true}
		}
		s.red.Observe(c.number, start, g.durations[i])
	}
}

// encodeValue is a value as opaque text; that of the absent value is empty.
func encodeValue(v storage.Value) string {
	if v.Type() == storage.TypeAbsent {
		return ""
	}
	return string(storage.AppendKeyValue(nil, "", v))
}

// decodeValue reads what encodeValue wrote.
func decodeValue(enc string) (v storage.Value, err error) {
	err = storage.EachKeyValue(enc, func(_ string, value storage.Value) { v = value })
	return v, err
}

type listOf struct {
	scope storage.Scope
	attrs *arrangedAttrs
}

// addKeys counts the attributes of a row group.
func (s *summary) addKeys(o *origins, origin []uint32, lists ...listOf) {
	counts := make([]uint64, len(o.pairs))
	for _, id := range origin {
		counts[id]++
	}
	k := newKeyCounter()
	k.addOrigins(o, counts)
	for key, c := range k.counts {
		for t, n := range c {
			if n > 0 {
				s.keys[sidecar.Key{Scope: key.Scope, Name: key.Name, Type: storage.Type(t)}] += n
			}
		}
	}
	for _, l := range lists {
		for i, key := range l.attrs.kind.columns {
			if n := l.attrs.present[i].count(); n > 0 {
				s.keys[sidecar.Key{Scope: l.scope, Name: key.key, Type: key.typ}] += uint64(n)
			}
		}
		for _, enc := range l.attrs.over {
			// It was encoded by this process.
			_ = storage.EachKeyValue(viewString(enc), func(key string, v storage.Value) {
				s.keys[sidecar.Key{Scope: l.scope, Name: string([]byte(key)), Type: v.Type()}]++
			})
		}
	}
}

// filterHashes collects the text that a row group has, for its filter.
type filterHashes struct{ hashes []uint64 }

func hashKey(key storage.Key, t storage.Type) uint64 {
	b := append(make([]byte, 0, 64), byte(key.Scope), byte(t))
	return xxhash.Sum64(append(b, key.Name...))
}

func hashText(key uint64, content string) uint64 {
	hi := xxhash.Sum64String(content) ^ key
	hi ^= hi >> 32
	hi *= 0x9E3779B97F4A7C15
	return hi ^ hi>>29
}

func (f *filterHashes) add(key storage.Key, t storage.Type, content string) {
	f.hashes = append(f.hashes, hashText(hashKey(key, t), content))
}

// addText adds the entries of a dictionary that codes refer to.
func (f *filterHashes) addText(key storage.Key, t storage.Type, codes []uint32, d *dict) {
	k := hashKey(key, t)
	seen := newBitmap(d.len())
	for _, code := range codes {
		if !seen.has(int(code)) {
			seen.set(int(code))
			f.hashes = append(f.hashes, hashText(k, d.at(code)))
		}
	}
}

// addValues adds the values of an attribute column.
func (f *filterHashes) addValues(key storage.Key, t storage.Type, v *parquet.Values) {
	if textual(t) {
		f.addText(key, t, v.Codes, &dict{text: v.Dict.Text, ends: v.Dict.Ends})
	}
}

func (f *filterHashes) addValue(key storage.Key, v storage.Value) {
	if textual(v.Type()) {
		f.add(key, v.Type(), v.Str())
	}
}

func (f *filterHashes) addOrigins(o *origins, origin []uint32) {
	used := make([]bool, len(o.pairs))
	for _, id := range origin {
		used[id] = true
	}
	resources, scopes := make([]bool, len(o.resources)), make([]bool, len(o.scopes))
	for id, yes := range used {
		if yes {
			resources[o.pairs[id].resource], scopes[o.pairs[id].scope] = true, true
		}
	}
	f.addEntities(storage.ScopeResource, o.resources, resources)
	f.addEntities(storage.ScopeInstrumentation, o.scopes, scopes)
}

func (f *filterHashes) addEntities(scope storage.Scope, list []*entity, used []bool) {
	for i, e := range list {
		if !used[i] {
			continue
		}
		for _, a := range e.attrs {
			f.addValue(storage.Key{Scope: scope, Name: a.key}, a.value)
		}
	}
}

// serviceNames are the texts of service.name, per origin.
func (p *spanPart) serviceNames() []string {
	names := make([]string, len(p.origins.view.pairs))
	for i := range names {
		names[i] = p.origins.view.resource(uint32(i)).service()
	}
	return names
}

// edgeSummary counts the calls inside traces that are wholly in the part.
type edgeSummary struct {
	names map[string]uint32
	list  []string // names by number
	calls map[edgeCell]*edgeCount
	last  struct {
		cell  edgeCell
		count *edgeCount
	}
}

type edgeCell struct {
	caller, callee uint32
	minute         int64
}

type edgeCount struct{ calls, errors uint64 }

// add counts the calls of the trace in rows [from, to) of g, as an edgeJoin
// over these rows alone would.
func (s *edgeSummary) add(g *arrangedSpans, services []string, failed []bool, from, to int) {
	eachCall(g.joinRows(services, failed, from, to), func(caller, callee string, startNs int64, failed bool) {
		s.count(edgeCell{s.number(caller), s.number(callee), sidecar.MinuteOf(startNs)}, failed)
	})
}

func (s *edgeSummary) number(name string) uint32 {
	n, ok := s.names[name]
	if !ok {
		n = uint32(len(s.list))
		s.list = append(s.list, name)
		s.names[name] = n
	}
	return n
}

func (s *edgeSummary) count(cell edgeCell, failed bool) {
	if s.last.count == nil || s.last.cell != cell {
		c := s.calls[cell]
		if c == nil {
			c = new(edgeCount)
			s.calls[cell] = c
		}
		s.last.cell, s.last.count = cell, c
	}
	s.last.count.calls++
	if failed {
		s.last.count.errors++
	}
}

func (s *edgeSummary) finish(to *sidecar.Edges) {
	to.AllFailed = true
	to.Names = s.list
	for cell, n := range s.calls {
		to.List = append(to.List, sidecar.Edge{Caller: cell.caller, Callee: cell.callee, Minute: cell.minute, Calls: n.calls, Errors: n.errors})
	}
}

// joinRun is the spans of one trace, to find the calls in it.
type joinRun struct {
	spanIDs, parents []storage.SpanID
	times            []int64
	kinds            []uint8
	failed           []bool // see failedIn
	origin           []uint32
	services         []string             // per origin
	content          func(row int) string // everything that a span has
}

func (g *arrangedSpans) joinRows(services []string, failed []bool, from, to int) *joinRun {
	return &joinRun{
		spanIDs: g.spanIDs[from:to], parents: g.parents[from:to], times: g.times[from:to],
		kinds: g.kinds[from:to], failed: failed[from:to], origin: g.origin[from:to], services: services,
		content: func(row int) string { return g.content(from + row) },
	}
}

// failed says of every row whether the span failed.
func (g *arrangedSpans) failed() []bool {
	return place(g.a, nil, func(s int) []bool {
		t := g.sources[s]
		return failedIn(t, between(0, t.n), t.statuses[:t.n])
	})
}

// content is everything that the span in a row has.
func (g *arrangedSpans) content(row int) string {
	if g.back == nil {
		g.back = make([]spanRef, g.a.n)
		for s, to := range g.a.to {
			for from, at := range to {
				if at >= 0 {
					g.back[at] = spanRef{uint32(s), uint32(from)}
				}
			}
		}
	}
	at := g.back[row]
	return spanContent(g.sources[at.table].spans([]uint32{at.row}))
}

// eachCall calls f with the calls in a trace: SpanReader.Edges says what one is.
func eachCall(r *joinRun, f func(caller, callee string, startNs int64, failed bool)) {
	if len(r.spanIDs) > 64 {
		eachCallOfMany(r, f)
		return
	}
	for i, parent := range r.parents {
		if parent.IsEmpty() || r.repeats(i) {
			continue
		}
		var p parentSet
		for k := range r.spanIDs {
			if r.spanIDs[k] == parent {
				p.add(r, k)
			}
		}
		p.emit(r, i, f)
	}
}

func eachCallOfMany(r *joinRun, f func(caller, callee string, startNs int64, failed bool)) {
	byID := make(map[storage.SpanID][]uint32, len(r.spanIDs))
	for i, id := range r.spanIDs {
		byID[id] = append(byID[id], uint32(i))
	}
	contents := map[storage.SpanID]map[string]bool{}
	for i, parent := range r.parents {
		if parent.IsEmpty() {
			continue
		}
		if id := r.spanIDs[i]; len(byID[id]) > 1 {
			seen := contents[id]
			if seen == nil {
				seen = map[string]bool{}
				contents[id] = seen
			}
			content := r.content(i)
			if seen[content] {
				continue
			}
			seen[content] = true
		}
		var p parentSet
		for _, k := range byID[parent] {
			p.add(r, int(k))
		}
		p.emit(r, i, f)
	}
}

// repeats says whether an earlier span is identical.
func (r *joinRun) repeats(row int) bool {
	for k := range row {
		if r.spanIDs[k] == r.spanIDs[row] && !r.parents[k].IsEmpty() && r.content(k) == r.content(row) {
			return true
		}
	}
	return false
}

// parentSet are the spans that have the id of a parent. It chooses as
// parentInfo does, by name.
type parentSet struct {
	found   bool
	best    string
	serving bool
	others  []string // further services
}

func (p *parentSet) add(r *joinRun, row int) {
	service := r.services[r.origin[row]]
	kind := ptrace.SpanKind(r.kinds[row])
	serving := kind == ptrace.SpanKindServer || kind == ptrace.SpanKindConsumer
	switch {
	case !p.found:
		p.found, p.best, p.serving = true, service, serving
		return
	case service == p.best:
		p.serving = p.serving || serving
		return
	case serving && !p.serving || serving == p.serving && service < p.best:
		p.others = append(p.others, p.best)
		p.best, p.serving = service, serving
		return
	}
	p.others = append(p.others, service)
}

func (p *parentSet) emit(r *joinRun, child int, f func(caller, callee string, startNs int64, failed bool)) {
	callee := r.services[r.origin[child]]
	if !p.found || p.best == callee {
		return
	}
	for _, o := range p.others {
		if o == callee {
			return
		}
	}
	f(p.best, callee, r.times[child], r.failed[child])
}
