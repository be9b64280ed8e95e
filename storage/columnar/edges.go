package columnar

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// Calls between services are found trace by trace, see eachCall. The index of a
// part has those of the part's own traces summed up by minute. That is right
// for a trace that is nowhere else; the calls of a shared trace, one that has
// spans in several parts or in memory, are found anew from all of its spans, and
// what the indexes say of it is taken off. Minutes that are not wholly in the
// window are found anew too.

// spanRef is a span by table and row.
type spanRef struct{ table, row uint32 }

// joinColumns are what finding calls takes of some spans.
type joinColumns struct {
	traceIDs         []storage.TraceID
	spanIDs, parents []storage.SpanID
	times            []int64
	kinds, statuses  []uint8
	origin           []uint32
	services         []string // per origin
}

func (t *spanTable) joinable(from, to int) *joinColumns {
	services := make([]string, len(t.origins.pairs))
	for i := range services {
		services[i] = t.origins.resource(uint32(i)).service()
	}
	return (&joinColumns{t.traceIDs, t.spanIDs, t.parents, t.times, t.kinds, t.statuses, t.origin, services}).slice(from, to)
}

// service is the text of service.name.
func (e *entity) service() string { return e.lookup(storage.KeyService.Name).Text() }

// edgeCounts sums up calls by caller and callee.
type edgeCounts map[[2]string]*storage.Edge

func (c edgeCounts) add(caller, callee string, calls, errors uint64) {
	key := [2]string{caller, callee}
	e := c[key]
	if e == nil {
		e = &storage.Edge{Caller: string([]byte(caller)), Callee: string([]byte(callee))}
		c[key] = e
	}
	e.Calls += calls
	e.Errors += errors
}

func (c edgeCounts) list() []storage.Edge {
	list := make([]storage.Edge, 0, len(c))
	for _, e := range c {
		if e.Calls > 0 {
			list = append(list, *e)
		}
	}
	slices.SortFunc(list, func(a, b storage.Edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return list
}

// traceSpans are the spans of some traces, from any number of tables.
type traceSpans struct {
	adding  sync.Mutex  // guards all that follows while spans are added
	columns joinColumns // services by number, not per origin
	numbers map[string]uint32
	tables  []spanSource
	refs    []spanRef // per span
	last    map[storage.TraceID]int32
	before  []int32 // per span: another of its trace, or -1
}

func newTraceSpans() *traceSpans {
	return &traceSpans{numbers: map[string]uint32{}, last: map[storage.TraceID]int32{}}
}

// add adds rows of a table from a row on, of which c has the columns, apart
// from those in hidden. It may be called concurrently.
func (s *traceSpans) add(t spanSource, from int, c *joinColumns, hidden bitmap) {
	s.adding.Lock()
	defer s.adding.Unlock()
	if n := len(s.tables); n == 0 || s.tables[n-1] != t {
		s.tables = append(s.tables, t)
	}
	table := uint32(len(s.tables) - 1)
	services := make([]uint32, len(c.services))
	for i, name := range c.services {
		n, ok := s.numbers[name]
		if !ok {
			n = uint32(len(s.columns.services))
			s.columns.services = append(s.columns.services, name)
			s.numbers[name] = n
		}
		services[i] = n
	}
	for i, id := range c.traceIDs {
		if hidden != nil && hidden.has(from+i) {
			continue
		}
		before, ok := s.last[id]
		if !ok {
			before = -1
		}
		s.last[id] = int32(len(s.refs))
		s.before = append(s.before, before)
		s.refs = append(s.refs, spanRef{table, uint32(from + i)})
		a := &s.columns
		a.spanIDs, a.parents, a.times = append(a.spanIDs, c.spanIDs[i]), append(a.parents, c.parents[i]), append(a.times, c.times[i])
		a.kinds, a.statuses, a.origin = append(a.kinds, c.kinds[i]), append(a.statuses, c.statuses[i]), append(a.origin, services[c.origin[i]])
	}
}

// slice returns the columns of rows [from, to).
func (c *joinColumns) slice(from, to int) *joinColumns {
	return &joinColumns{
		c.traceIDs[from:to], c.spanIDs[from:to], c.parents[from:to], c.times[from:to],
		c.kinds[from:to], c.statuses[from:to], c.origin[from:to], c.services,
	}
}

// calls calls f with the calls in every trace.
func (s *traceSpans) calls(ctx context.Context, f func(caller, callee string, startNs int64, failed bool)) error {
	r := joinRun{services: s.columns.services}
	var rows []int32
	r.content = func(row int) string {
		ref := s.refs[rows[row]]
		return spanContent(s.tables[ref.table].spans([]uint32{ref.row}))
	}
	n := 0
	for _, last := range s.last {
		if n++; n&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		rows = rows[:0]
		for row := last; row >= 0; row = s.before[row] {
			rows = append(rows, row)
		}
		r.spanIDs, r.parents, r.times = pick(r.spanIDs, s.columns.spanIDs, rows), pick(r.parents, s.columns.parents, rows), pick(r.times, s.columns.times, rows)
		r.kinds, r.statuses = pick(r.kinds, s.columns.kinds, rows), pick(r.statuses, s.columns.statuses, rows)
		r.origin = pick(r.origin, s.columns.origin, rows)
		eachCall(&r, f)
	}
	for _, t := range s.tables {
		if err := t.err(); err != nil {
			return err
		}
	}
	return nil
}

func pick[T any](to, from []T, rows []int32) []T {
	to = to[:0]
	for _, row := range rows {
		to = append(to, from[row])
	}
	return to
}

// edges finds the calls whose callee starts in the window.
func (s *snapshot) edges(ctx context.Context, w storage.Window) ([]storage.Edge, error) {
	counts := edgeCounts{}
	if w.Empty() {
		return counts.list(), nil
	}
	all := newTraceSpans()
	shared := map[uint64]bool{} // fingerprints of traces that are not wholly in one part
	for _, t := range s.spans {
		v := &spanView{memoryView[spanSource](t.table, s.covering(storage.SignalSpans, t.maxLSN))}
		all.add(v, 0, v.joinable(0, v.n), v.mask())
		if err := v.err(); err != nil {
			return nil, err
		}
		for _, id := range t.table.traceIDs {
			shared[fingerprint(id)] = true
		}
	}
	if s.version != nil {
		if err := s.partEdges(ctx, w, counts, all, shared); err != nil {
			return nil, err
		}
	}
	err := all.calls(ctx, func(caller, callee string, startNs int64, failed bool) {
		if w.Contains(startNs) {
			counts.add(caller, callee, 1, one(failed))
		}
	})
	return counts.list(), err
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// partEdges counts the calls in parts, apart from those of shared traces: their
// spans it adds to all.
func (s *snapshot) partEdges(ctx context.Context, w storage.Window, counts edgeCounts, all *traceSpans, shared map[uint64]bool) error {
	seen := map[uint64]int32{} // part by fingerprint
	for i, p := range s.version.spans {
		if err := ctx.Err(); err != nil {
			return err
		}
		masked := len(covering(s.tombstones, storage.SignalSpans, p.MaxLSN, p.PurgedTo)) > 0
		index, _, err := p.openIndex()
		if err != nil {
			return p.failed(err)
		}
		for block, err := range index.TraceBlocks() {
			if err != nil {
				return p.failed(err)
			}
			for _, t := range block {
				if part, ok := seen[t.Fingerprint]; masked || ok && part != int32(i) {
					shared[t.Fingerprint] = true
				} else if !ok {
					seen[t.Fingerprint] = int32(i)
				}
			}
		}
		edges, err := index.Edges()
		if err != nil {
			return p.failed(err)
		}
		for _, fp := range edges.Excluded {
			shared[fp] = true
		}
	}
	mine := make([]edgeCounts, maxWorkers())
	err := inParallel(ctx, len(s.version.spans), func(worker, i int) error {
		if mine[worker] == nil {
			mine[worker] = edgeCounts{}
		}
		return s.edgesOfPart(s.version.spans[i], w, mine[worker], all, shared)
	})
	for _, c := range mine {
		for key, e := range c {
			counts.add(key[0], key[1], e.Calls, e.Errors)
		}
	}
	return err
}

// edgesOfPart counts the calls of the part's own traces and adds its spans of
// shared ones to all.
func (s *snapshot) edgesOfPart(p *livePart, w storage.Window, counts edgeCounts, all *traceSpans, shared map[uint64]bool) (err error) {
	defer func() { _ = p.failed(err) }()
	index, zones, err := p.openIndex()
	if err != nil {
		return err
	}
	edges, err := index.Edges()
	if err != nil {
		return err
	}
	from, to := wholeMinutes(w)
	for _, e := range edges.Between(from, to) {
		counts.add(edges.Names[e.Caller], edges.Names[e.Callee], e.Calls, e.Errors)
	}
	excluded := map[uint64]bool{}
	for _, fp := range edges.Excluded {
		excluded[fp] = true
	}
	// By row group: the runs of shared traces, and all others where the window
	// cuts a minute in which the group has spans.
	sharedRuns, otherRuns := make([][]sidecar.Trace, len(zones)), make([][]sidecar.Trace, len(zones))
	for block, err := range index.TraceBlocks() {
		if err != nil {
			return err
		}
		for _, t := range block {
			switch g := int(t.Group); {
			case g >= len(zones) || int(t.FirstRow)+int(t.Rows) > p.rowsOf(g):
				return errPart
			case shared[t.Fingerprint]:
				sharedRuns[g] = append(sharedRuns[g], t)
			case cutMinutes(w, zones[g]):
				otherRuns[g] = append(otherRuns[g], t)
			}
		}
	}
	for g := range zones {
		if len(sharedRuns[g])+len(otherRuns[g]) == 0 {
			continue
		}
		v := s.spanView(groupRef{p, g, p.rowsOf(g), zones[g]})
		if err := joinRuns(v, sharedRuns[g], all, func(t sidecar.Trace, r *joinRun) {
			if excluded[t.Fingerprint] {
				return
			}
			eachCall(r, func(caller, callee string, startNs int64, failed bool) {
				if minute := sidecar.MinuteOf(startNs); from <= minute && minute < to {
					counts.add(caller, callee, ^uint64(0), -one(failed)) // take it off
				}
			})
		}); err != nil {
			return err
		}
		if err := joinRuns(v, otherRuns[g], nil, func(_ sidecar.Trace, r *joinRun) {
			eachCall(r, func(caller, callee string, startNs int64, failed bool) {
				if minute := sidecar.MinuteOf(startNs); w.Contains(startNs) && (minute < from || to <= minute) {
					counts.add(caller, callee, 1, one(failed))
				}
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

// wholeMinutes are the minutes [from, to) that are wholly in the window.
func wholeMinutes(w storage.Window) (from, to int64) {
	from, to = sidecar.MinuteOf(w.FromNs), sidecar.MinuteOf(w.ToNs)
	if from*nsPerMinute != w.FromNs {
		from++
	}
	return from, max(from, to)
}

// cutMinutes says whether rows in a zone may be in a minute that the window
// cuts.
func cutMinutes(w storage.Window, z zone) bool {
	from, to := wholeMinutes(w)
	first, last := sidecar.MinuteOf(z.minNs), sidecar.MinuteOf(z.maxNs)
	begins, ends := sidecar.MinuteOf(w.FromNs), sidecar.MinuteOf(w.ToNs)
	return begins < from && first <= begins && begins <= last || to <= ends && ends*nsPerMinute != w.ToNs && first <= ends && ends <= last
}

// joinRuns calls f with each of the runs, and adds their rows to all, unless
// that is nil.
func joinRuns(v *spanView, runs []sidecar.Trace, all *traceSpans, f func(sidecar.Trace, *joinRun)) error {
	slices.SortFunc(runs, func(a, b sidecar.Trace) int { return cmp.Compare(a.FirstRow, b.FirstRow) })
	// Runs that are near to each other are decoded together.
	for from := 0; from < len(runs); {
		to := from + 1
		for to < len(runs) && runs[to].FirstRow-(runs[to-1].FirstRow+runs[to-1].Rows) < nearRows {
			to++
		}
		begin, end := int(runs[from].FirstRow), int(runs[to-1].FirstRow+runs[to-1].Rows)
		c := v.joinable(begin, end)
		if err := v.err(); err != nil {
			return err
		}
		for _, t := range runs[from:to] {
			run := c.slice(int(t.FirstRow)-begin, int(t.FirstRow+t.Rows)-begin)
			f(t, &joinRun{
				spanIDs: run.spanIDs, parents: run.parents, times: run.times, kinds: run.kinds, statuses: run.statuses,
				origin: run.origin, services: run.services,
				content: func(row int) string { return spanContent(v.spans([]uint32{uint32(int(t.FirstRow) + row)})) },
			})
			if all != nil {
				all.add(v, int(t.FirstRow), run, v.mask())
			}
		}
		from = to
	}
	return v.err()
}

// nearRows is how many rows two runs may be apart to be decoded together: a
// page holds as many.
const nearRows = 4096

// spanContent is everything that the only span of s has, as it was sent: two
// spans are duplicates when it is the same.
func spanContent(s *storage.Spans) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(s.StartsNs[0]))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.DurationsNs[0]))
	b = append(append(b, s.ParentIDs[0][:]...), s.Kinds[0], s.Statuses[0])
	b = binary.LittleEndian.AppendUint32(b, s.Flags[0])
	// The remaining fields index text in the order of its first use, which
	// equal spans share, followed by that text.
	b, _ = binary.Append(b, binary.LittleEndian, []uint32{s.Names[0], s.StatusMessages[0], s.TraceStates[0]})
	b, _ = binary.Append(b, binary.LittleEndian, s.Dropped[0])
	b, _ = binary.Append(b, binary.LittleEndian, s.ResourceTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.ScopeTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.Attributes)
	b, _ = binary.Append(b, binary.LittleEndian, s.Attrs)
	b, _ = binary.Append(b, binary.LittleEndian, s.EventTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.LinkTable)
	for _, text := range s.Strings {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return string(b)
}
