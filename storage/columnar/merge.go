package columnar

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// rowRef is a row of a source.
type rowRef struct{ source, row int32 }

// sourceCache holds the sources of a merge that were decoded last. A merge
// works through its sources roughly in the order of time, so that a few are
// enough; what is more only costs decoding it again.
type sourceCache[T any] struct {
	load  func(source int) (T, error)
	bytes func(source int) int64 // that a source takes
	limit int
	most  int64           // bytes of all that are held, unless it is one
	held  []heldSource[T] // used last comes last
}

type heldSource[T any] struct {
	source int
	table  T
}

// has says whether a source is held.
func (c *sourceCache[T]) has(source int) bool {
	return slices.ContainsFunc(c.held, func(h heldSource[T]) bool { return h.source == source })
}

func (c *sourceCache[T]) get(source int) (T, error) {
	for i, h := range c.held {
		if h.source == source {
			c.held = append(append(c.held[:i:i], c.held[i+1:]...), h)
			return h.table, nil
		}
	}
	room, drop := c.most-c.bytes(source), len(c.held)
	for drop > 0 && len(c.held)-drop < c.limit-1 && room >= c.bytes(c.held[drop-1].source) {
		drop--
		room -= c.bytes(c.held[drop].source)
	}
	c.held = append(c.held[:0:0], c.held[drop:]...) // before there is one more
	t, err := c.load(source)
	if err == nil {
		c.held = append(c.held, heldSource[T]{source, t})
	}
	return t, err
}

// spanMerge merges row groups of parts of spans: every trace comes into one
// row group, with others that started at about the same time, identical spans
// become one and hidden rows are left out. Memory is bounded by the number of
// traces and by a few decoded row groups.
type spanMerge struct {
	groupRows  int
	groupBytes int64       // decoded; see merge_bytes.go
	weights    []int64     // of a row, per source: bytes, on average
	sources    []*spanRows // opened anew for each use, so that nothing decoded is kept
	hidden     []bitmap    // per source; nil: none
	traces     []mergeTrace
	pieces     []mergePiece
	byID       map[storage.TraceID]int32
	cache      sourceCache[*spanTable]
	keepTwins  bool
	folded     int // identical spans that were left out
}

// mergeTrace is a trace of the result.
type mergeTrace struct {
	id      storage.TraceID
	firstNs int64 // start of its earliest span
	bytes   int64 // decoded, about
	rows    int
	last    int32 // of its pieces, -1 none
}

// mergePiece is a run of rows of one trace in a source.
type mergePiece struct {
	source, from, to int32
	before           int32 // piece of the same trace, -1 none
}

// mergeGroup is a row group of the result: whole traces, or some rows of a
// trace that is too long for one.
type mergeGroup struct {
	firstNs int64 // start of its earliest span
	traces  []int32
	rows    []rowRef
}

// heldSources is how many decoded row groups a merge keeps.
const heldSources = 4

// ordinaryGroup bounds a row group of the result in bytes if bound is not
// called.
const ordinaryGroup = 32 << 20

// bound sets what a row group of the result may take when it is decoded. The
// sources that are kept may take twice that.
func (m *spanMerge) bound(groupBytes int64) { m.groupBytes, m.cache.most = groupBytes, 2*groupBytes }
func (m *logMerge) bound(groupBytes int64)  { m.groupBytes, m.cache.most = groupBytes, 2*groupBytes }

// rowWeight is what a row of a row group takes when it is decoded.
func rowWeight(p *partFile, number int) int64 {
	return p.decodedBytes(number) / int64(max(p.file.RowGroups()[number].Rows, 1))
}

// newSpanMerge looks through the parts. hide returns the rows of a row group
// that the result should not have.
func newSpanMerge(ctx context.Context, parts []*partFile, groupRows int, hide func(part int, rows *spanRows) (bitmap, error)) (*spanMerge, error) {
	m := &spanMerge{groupRows: groupRows, byID: map[storage.TraceID]int32{}}
	for i, p := range parts {
		for number := range p.file.RowGroups() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rows := p.spanRows(number)
			hidden, err := hide(i, rows)
			if err != nil {
				return nil, err
			}
			m.weights = append(m.weights, rowWeight(p, number))
			m.addSource(rows, hidden)
			if rows.failed != nil {
				return nil, rows.failed
			}
			m.sources = append(m.sources, p.spanRows(number))
			m.hidden = append(m.hidden, hidden)
		}
	}
	m.byID = nil
	bytes := func(source int) int64 { return m.weights[source] * int64(m.sources[source].n) }
	m.cache = sourceCache[*spanTable]{limit: heldSources, bytes: bytes, load: func(source int) (*spanTable, error) {
		rows := m.sources[source].part.spanRows(m.sources[source].number)
		t := rows.load(rows.all())
		return t, rows.failed
	}}
	m.bound(ordinaryGroup)
	return m, nil
}

func (m *spanMerge) addSource(rows *spanRows, hidden bitmap) {
	f := &rows.part.fixed
	traces, times := ids[storage.TraceID](rows.column(f.traceID), rows.all()), ints[int64](rows.times(), rows.all())
	source := int32(len(m.sources))
	for from := 0; from < len(traces); {
		to, seen := from, 0
		firstNs := int64(math.MaxInt64) // of what is not hidden
		for ; to < len(traces) && traces[to] == traces[from]; to++ {
			if hidden == nil || !hidden.has(to) {
				seen++
				firstNs = min(firstNs, times[to])
			}
		}
		if seen > 0 {
			at, ok := m.byID[traces[from]]
			if !ok {
				at = int32(len(m.traces))
				m.byID[traces[from]] = at
				m.traces = append(m.traces, mergeTrace{id: traces[from], firstNs: firstNs, last: -1})
			}
			t := &m.traces[at]
			m.pieces = append(m.pieces, mergePiece{source, int32(from), int32(to), t.last})
			t.firstNs, t.rows, t.last = min(t.firstNs, firstNs), t.rows+seen, int32(len(m.pieces)-1)
			t.bytes += int64(seen) * m.weights[source]
		}
		from = to
	}
}

// groups divides the result into row groups, in the order of time. split are
// the traces that are in several.
func (m *spanMerge) groups() (groups []mergeGroup, split map[storage.TraceID]bool, err error) {
	order := make([]int32, len(m.traces))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.traces[a].firstNs, m.traces[b].firstNs), bytes.Compare(m.traces[a].id[:], m.traces[b].id[:]))
	})
	split = map[storage.TraceID]bool{}
	var g mergeGroup
	rows, bytes := 0, int64(0)
	for _, at := range order {
		t := &m.traces[at]
		if t.rows > m.groupRows || t.bytes > m.groupBytes && t.rows > 1 {
			split[t.id] = true
			parts, err := m.cut(t)
			if err != nil {
				return nil, nil, err
			}
			groups = append(groups, parts...)
			continue
		}
		if rows > 0 && (rows+t.rows > m.groupRows || bytes+t.bytes > m.groupBytes) {
			groups = append(groups, g)
			g, rows, bytes = mergeGroup{}, 0, 0
		}
		if rows == 0 {
			g.firstNs = t.firstNs
		}
		g.traces = append(g.traces, at)
		rows, bytes = rows+t.rows, bytes+t.bytes
	}
	if rows > 0 {
		groups = append(groups, g)
	}
	// Long traces go on while others begin.
	slices.SortStableFunc(groups, func(a, b mergeGroup) int { return cmp.Compare(a.firstNs, b.firstNs) })
	return groups, split, nil
}

// cut divides a trace that is too large for a row group by time.
func (m *spanMerge) cut(t *mergeTrace) (groups []mergeGroup, err error) {
	type start struct {
		ns int64
		at rowRef
	}
	var all []start
	for at := t.last; at >= 0; at = m.pieces[at].before {
		p := m.pieces[at]
		rows := m.sources[p.source].part.spanRows(m.sources[p.source].number)
		times := ints[int64](rows.times(), between(int(p.from), int(p.to)))
		if rows.failed != nil {
			return nil, rows.failed
		}
		for i, ns := range times {
			if row := p.from + int32(i); m.hidden[p.source] == nil || !m.hidden[p.source].has(int(row)) {
				all = append(all, start{ns, rowRef{p.source, row}})
			}
		}
	}
	slices.SortFunc(all, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.ns, b.ns), cmp.Compare(a.at.source, b.at.source), cmp.Compare(a.at.row, b.at.row))
	})
	for _, some := range chunked(all, m.groupRows, m.groupBytes, func(s start) int64 { return m.weights[s.at.source] }) {
		g := mergeGroup{firstNs: some[0].ns}
		for _, s := range some {
			g.rows = append(g.rows, s.at)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// arrange decodes what a row group needs of the sources and orders its rows.
// The result has no row when all of them were identical with others.
func (m *spanMerge) arrange(g *mergeGroup) (sources []*spanTable, a *arrangement, err error) {
	lists := [][]rowRef{g.rows}
	if g.rows == nil {
		lists = lists[:0] // the traces are in the order of their first start already
		for _, at := range g.traces {
			lists = append(lists, m.rowsOf(&m.traces[at]))
		}
	}
	a = &arrangement{}
	number := map[int32]int{} // of a source in the result
	var needs []mergePiece    // what is needed of each
	for _, list := range lists {
		for _, ref := range list {
			at, ok := number[ref.source]
			if !ok {
				at = len(needs)
				number[ref.source] = at
				needs = append(needs, mergePiece{source: ref.source, from: ref.row, to: ref.row + 1})
			}
			needs[at].from, needs[at].to = min(needs[at].from, ref.row), max(needs[at].to, ref.row+1)
		}
	}
	for i := range needs {
		t, err := m.load(&needs[i])
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, t)
		to := make([]int32, t.n)
		for i := range to {
			to[i] = leftOut
		}
		a.to = append(a.to, to)
	}
	var order originOrder
	order.of(sources)
	for _, list := range lists {
		for i, ref := range list {
			list[i].row -= needs[number[ref.source]].from
		}
		for _, r := range order.sort(m.unfolded(list, number, sources), number, sources) {
			a.to[number[r.source]][r.row] = int32(a.n)
			a.n++
		}
	}
	return sources, a, nil
}

// load decodes the rows of a source that are needed, and sets need.from to the
// first row it decoded. A trace that lasts long has some rows in every source:
// for those not all of each are decoded, which would be the whole result.
func (m *spanMerge) load(need *mergePiece) (*spanTable, error) {
	source := int(need.source)
	rows := m.sources[source].part.spanRows(m.sources[source].number)
	if int(need.to-need.from) >= rows.n/2 || m.cache.has(source) {
		need.from = 0
		return m.cache.get(source)
	}
	t := rows.load(between(int(need.from), int(need.to)))
	return t, rows.failed
}

func (m *spanMerge) rowsOf(t *mergeTrace) (rows []rowRef) {
	for at := t.last; at >= 0; at = m.pieces[at].before {
		p := m.pieces[at]
		for row := p.from; row < p.to; row++ {
			if m.hidden[p.source] == nil || !m.hidden[p.source].has(int(row)) {
				rows = append(rows, rowRef{p.source, row})
			}
		}
	}
	return rows
}

// unfolded orders the rows of a trace by start and span, and leaves out those
// that are identical with one before.
func (m *spanMerge) unfolded(list []rowRef, number map[int32]int, sources []*spanTable) (kept []rowRef) {
	table := func(r rowRef) *spanTable { return sources[number[r.source]] }
	slices.SortFunc(list, func(x, y rowRef) int {
		tx, ty := table(x), table(y)
		return cmp.Or(cmp.Compare(tx.times[x.row], ty.times[y.row]), bytes.Compare(tx.spanIDs[x.row][:], ty.spanIDs[y.row][:]),
			cmp.Compare(x.source, y.source), cmp.Compare(x.row, y.row))
	})
	kept = list[:0]
	first := 0 // of the kept rows with the same start and span
	for _, r := range list {
		if first < len(kept) {
			if t, f := table(r), kept[first]; t.times[r.row] != table(f).times[f.row] || t.spanIDs[r.row] != table(f).spanIDs[f.row] {
				first = len(kept)
			}
		}
		if !m.keepTwins && m.repeats(kept[first:], r, table) {
			m.folded++
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// originOrder puts the spans of a trace that come from one place together, places
// by their first span. What is a property of the resource then changes every few
// rows and not with every row: 3 % of a part.
type originOrder struct {
	keys  [][]uint64 // of each origin, per source; what makes origins equal
	first map[uint64]int
	ranks []int
	ends  []int
	out   []rowRef
}

// orderedRows is the most rows of a trace for which that is done: who wants a
// minute of a trace that lasts for hours should not have to read all of it.
const orderedRows = 4096

func (o *originOrder) of(sources []*spanTable) {
	o.first = map[uint64]int{}
	for _, t := range sources {
		hash := func(list []*entity) []uint64 {
			out := make([]uint64, len(list))
			for i, e := range list {
				out[i] = maphash.String(textSeed, e.encoding)
			}
			return out
		}
		resources, scopes := hash(t.origins.resources), hash(t.origins.scopes)
		keys := make([]uint64, len(t.origins.pairs))
		for i, pair := range t.origins.pairs {
			keys[i] = resources[pair.resource] ^ bits.RotateLeft64(scopes[pair.scope], 32)
		}
		o.keys = append(o.keys, keys)
	}
}

// sort sorts the rows of a trace, which are by start. The result is good until
// the next call.
func (o *originOrder) sort(list []rowRef, number map[int32]int, sources []*spanTable) []rowRef {
	if len(list) > orderedRows {
		return list
	}
	clear(o.first)
	o.ranks, o.ends = o.ranks[:0], o.ends[:0]
	for _, r := range list {
		source := number[r.source]
		key := o.keys[source][sources[source].origin[r.row]]
		rank, ok := o.first[key]
		if !ok {
			rank = len(o.ends)
			o.first[key], o.ends = rank, append(o.ends, 0)
		}
		o.ranks, o.ends[rank] = append(o.ranks, rank), o.ends[rank]+1
	}
	at := 0
	for rank, n := range o.ends { // to where each begins
		o.ends[rank], at = at, at+n
	}
	o.out = resize(o.out, len(list))
	for i, r := range list {
		o.out[o.ends[o.ranks[i]]] = r
		o.ends[o.ranks[i]]++
	}
	return o.out
}

func (m *spanMerge) repeats(before []rowRef, r rowRef, table func(rowRef) *spanTable) bool {
	if len(before) == 0 {
		return false
	}
	content := spanContent(table(r).spans([]uint32{uint32(r.row)}))
	for _, b := range before {
		if spanContent(table(b).spans([]uint32{uint32(b.row)})) == content {
			return true
		}
	}
	return false
}

// logMerge merges row groups of parts of log records: records of about the
// same time come into one row group.
type logMerge struct {
	groupRows  int
	groupBytes int64   // as of spanMerge
	weights    []int64 // as of spanMerge
	sources    []*logRows
	order      []logRef // of all rows, by time
	cache      sourceCache[*logTable]
}

type logRef struct {
	ns int64
	rowRef
}

func newLogMerge(ctx context.Context, parts []*partFile, groupRows int, hide func(part int, rows *logRows) (bitmap, error)) (*logMerge, error) {
	m := &logMerge{groupRows: groupRows}
	for i, p := range parts {
		for number := range p.file.RowGroups() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rows := p.logRows(number)
			hidden, err := hide(i, rows)
			if err != nil {
				return nil, err
			}
			source := int32(len(m.sources))
			for row, ns := range ints[int64](rows.times(), rows.all()) {
				if hidden == nil || !hidden.has(row) {
					m.order = append(m.order, logRef{ns, rowRef{source, int32(row)}})
				}
			}
			if rows.failed != nil {
				return nil, rows.failed
			}
			m.sources = append(m.sources, p.logRows(number))
			m.weights = append(m.weights, rowWeight(p, number))
		}
	}
	slices.SortFunc(m.order, func(a, b logRef) int {
		return cmp.Or(cmp.Compare(a.ns, b.ns), cmp.Compare(a.source, b.source), cmp.Compare(a.row, b.row))
	})
	bytes := func(source int) int64 { return m.weights[source] * int64(m.sources[source].n) }
	m.cache = sourceCache[*logTable]{limit: heldSources, bytes: bytes, load: func(source int) (*logTable, error) {
		rows := m.sources[source].part.logRows(m.sources[source].number)
		t := rows.load(rows.all())
		return t, rows.failed
	}}
	m.bound(ordinaryGroup)
	return m, nil
}

// groups divides the result into row groups, in the order of time.
func (m *logMerge) groups() [][]logRef {
	return chunked(m.order, m.groupRows, m.groupBytes, func(r logRef) int64 { return m.weights[r.source] })
}

// arrange decodes the sources of a row group and orders its rows by stream and
// time.
func (m *logMerge) arrange(group []logRef) (sources []*logTable, a *arrangement, err error) {
	a = &arrangement{n: len(group)}
	number := map[int32]int{}
	streams := map[string]int{} // of resources, by encoding
	type ordered struct {
		stream, source int
		row            int32
	}
	rows := make([]ordered, len(group))
	for i, ref := range group {
		at, ok := number[ref.source]
		if !ok {
			t, err := m.cache.get(int(ref.source))
			if err != nil {
				return nil, nil, err
			}
			at = len(sources)
			number[ref.source] = at
			sources = append(sources, t)
			to := make([]int32, t.n)
			for i := range to {
				to[i] = leftOut
			}
			a.to = append(a.to, to)
		}
		t := sources[at]
		enc := t.origins.resource(t.origin[ref.row]).encoding
		stream, ok := streams[enc]
		if !ok {
			stream = len(streams)
			streams[enc] = stream
		}
		rows[i] = ordered{stream, at, ref.row}
	}
	slices.SortStableFunc(rows, func(a, b ordered) int { return cmp.Compare(a.stream, b.stream) })
	for i, r := range rows {
		a.to[r.source][r.row] = int32(i)
	}
	return sources, a, nil
}
