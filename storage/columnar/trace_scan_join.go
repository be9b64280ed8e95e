package columnar

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// maxJoined is about how many spans of shared traces are brought together at a
// time: some 100 bytes each. It is a variable for tests.
var maxJoined = 1 << 20

// joinedBatch is about how many spans a batch of shared traces has.
const joinedBatch = 16_384

// eachShared visits the wanted traces that are not in one row group. runs has
// where they are, by table; in memory they are looked for.
func (r *traceReading) eachShared(ctx context.Context, runs [][]sidecar.Trace, wanted *wantedTraces, visit func(worker int, b *storage.TraceBatch) error) error {
	total := 0
	for i := range r.tables {
		if m := r.tables[i].memory; m != nil {
			total += m.n
			continue
		}
		runs[i] = slices.DeleteFunc(runs[i], func(t sidecar.Trace) bool { return !wanted.has(t.Fingerprint) })
		slices.SortFunc(runs[i], func(a, b sidecar.Trace) int { return cmp.Compare(a.FirstRow, b.FirstRow) })
		for _, t := range runs[i] {
			total += int(t.Rows)
		}
	}
	pieces := uint64((total + maxJoined - 1) / maxJoined)
	for piece := range pieces {
		in := func(fingerprint uint64) bool {
			// The low bits are those that ranges of fingerprints do not go by.
			return (pieces == 1 || fingerprint%pieces == piece) && wanted.has(fingerprint)
		}
		j := &joinedTraces{r: r, last: map[storage.TraceID]int32{}}
		if err := inParallel(ctx, len(r.tables), func(_, i int) error { return j.load(i, runs[i], in) }); err != nil {
			return err
		}
		if err := j.each(ctx, visit); err != nil {
			return err
		}
	}
	return nil
}

// joinedTraces are the spans of some traces, from any number of tables.
type joinedTraces struct {
	r      *traceReading
	adding sync.Mutex // guards what follows while tables are loaded
	chunks []*joinedChunk
	pieces []tracePiece
	last   map[storage.TraceID]int32 // piece of a trace
}

// joinedChunk are spans of a table.
type joinedChunk struct {
	*joinColumns
	table     uint32
	rows      []uint32 // of the table
	durations []int64
	selected  []bool // nil: all of them
	hidden    bitmap // by row of the table; nil: none
	columns   []codedColumn
}

// codedColumn has the value of span i at codes[i]; the absent value is first.
// Without codes no span has a value.
type codedColumn struct {
	codes  []uint32
	values []storage.Value
}

// load adds the spans of a table whose traces are in the piece.
func (j *joinedTraces) load(table int, runs []sidecar.Trace, in func(fingerprint uint64) bool) error {
	rows, err := j.rowsIn(table, runs, in)
	if err != nil || len(rows) == 0 {
		return err
	}
	v := j.r.view(table)
	list := runsOf(rows)
	c := &joinedChunk{
		joinColumns: v.joinable(list), durations: v.durationsIn(list), table: uint32(table), rows: rows,
		hidden: v.mask(), columns: make([]codedColumn, len(j.r.q.Columns)),
	}
	if err := v.err(); err != nil {
		return err
	}
	if sel := selectRows(v, j.r.q.Window, j.r.q.Where); sel.count() < v.n {
		c.selected = make([]bool, len(rows))
		for i, row := range rows {
			c.selected[i] = sel != nil && sel.has(int(row))
		}
	}
	var out gathered
	for i, key := range j.r.q.Columns {
		vector := v.vector(key)
		if _, absent := vector.(absentVector); absent {
			continue
		}
		vector.gather(rows, &out)
		c.columns[i] = codesOf(out.column())
	}
	if err := v.err(); err != nil {
		return err
	}
	j.add(c)
	return nil
}

// rowsIn lists the rows of a table, ascending, whose traces are in the piece.
func (j *joinedTraces) rowsIn(table int, runs []sidecar.Trace, in func(fingerprint uint64) bool) (rows []uint32, err error) {
	t := &j.r.tables[table]
	if t.memory == nil {
		next := uint32(0)
		for _, run := range runs { // in the order of rows
			if run.FirstRow < next {
				return nil, t.group.part.failed(errPart)
			}
			next = run.FirstRow + run.Rows
			for row := run.FirstRow; row < next && in(run.Fingerprint); row++ {
				rows = append(rows, row)
			}
		}
		return rows, nil
	}
	yes := false
	for row, id := range t.memory.traceIDs[:t.memory.n] {
		if row == 0 || id != t.memory.traceIDs[row-1] {
			yes = in(fingerprint(id))
		}
		if yes {
			rows = append(rows, uint32(row))
		}
	}
	return rows, nil
}

// codesOf numbers the values of a column, which is used again.
func codesOf(c storage.Column) codedColumn {
	out := codedColumn{codes: make([]uint32, len(c.Types)), values: []storage.Value{{}}}
	known := make([]uint32, len(c.Dict)) // of strings
	others := map[storage.Value]uint32{}
	for i, t := range c.Types {
		if t == storage.TypeAbsent {
			continue
		}
		if t == storage.TypeString {
			code := &known[c.Bits[i]]
			if *code == 0 {
				*code = uint32(len(out.values))
				out.values = append(out.values, c.Value(i))
			}
			out.codes[i] = *code
			continue
		}
		v := c.Value(i)
		code, ok := others[v]
		if !ok {
			code = uint32(len(out.values))
			others[v] = code
			out.values = append(out.values, v)
		}
		out.codes[i] = code
	}
	if len(out.values) == 1 {
		return codedColumn{}
	}
	return out
}

// add adds a chunk. It may be called concurrently.
func (j *joinedTraces) add(c *joinedChunk) {
	j.adding.Lock()
	defer j.adding.Unlock()
	number := int32(len(j.chunks))
	j.chunks = append(j.chunks, c)
	for from := 0; from < len(c.rows); {
		id, to := c.traceIDs[from], from+1
		for to < len(c.rows) && c.traceIDs[to] == id {
			to++
		}
		before, ok := j.last[id]
		if !ok {
			before = -1
		}
		j.last[id] = int32(len(j.pieces))
		j.pieces = append(j.pieces, tracePiece{chunk: number, before: before, from: int32(from), to: int32(to)})
		from = to
	}
}

// each visits the traces in batches.
func (j *joinedTraces) each(ctx context.Context, visit func(worker int, b *storage.TraceBatch) error) error {
	var batches [][]int32 // last pieces of traces
	var batch []int32
	spans := 0
	for _, last := range j.last {
		for at := last; at >= 0; at = j.pieces[at].before {
			spans += int(j.pieces[at].to - j.pieces[at].from)
		}
		if batch = append(batch, last); spans >= joinedBatch {
			batches = append(batches, batch)
			batch, spans = nil, 0
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	makers := make([]*joinedSpans, maxWorkers())
	return inParallel(ctx, len(batches), func(worker, i int) error {
		m := makers[worker]
		if m == nil {
			m = &joinedSpans{of: j, out: make([]gathered, len(j.r.q.Columns))}
			makers[worker] = m
		}
		b := m.gather(batches[i])
		if len(b.Rows) == 0 {
			return nil
		}
		return visit(worker, b)
	})
}

// joinedSpans brings the spans of some traces at a time together, and are the
// columns of that batch.
type joinedSpans struct {
	of       *joinedTraces
	ids      idTable
	batch    storage.TraceBatch
	refs     []spanRef // chunk and number in it, by row
	spanIDs  []storage.SpanID
	named    []storage.SpanID // parents
	parents  []int32
	selected []bool
	kinds    []uint8
	statuses []uint8
	times    []int64
	duration []int64
	out      []gathered
}

var _ storage.TraceColumns = (*joinedSpans)(nil)

// gather makes the batch of the traces that have the pieces and a selected span.
func (m *joinedSpans) gather(traces []int32) *storage.TraceBatch {
	m.refs, m.spanIDs, m.named = m.refs[:0], m.spanIDs[:0], m.named[:0]
	m.kinds, m.statuses, m.times, m.duration = m.kinds[:0], m.statuses[:0], m.times[:0], m.duration[:0]
	m.parents, m.selected = m.parents[:0], m.selected[:0]
	b := &m.batch
	*b = storage.TraceBatch{Rows: b.Rows[:0], Ends: b.Ends[:0], Columns: m}
	all := true
	for _, last := range traces {
		from := len(m.refs)
		some := false
		for at := last; at >= 0; at = m.of.pieces[at].before {
			p := m.of.pieces[at]
			c := m.of.chunks[p.chunk]
			for i := p.from; i < p.to; i++ {
				if c.hidden != nil && c.hidden.has(int(c.rows[i])) {
					continue
				}
				selected := c.selected == nil || c.selected[i]
				some, all = some || selected, all && selected
				m.refs = append(m.refs, spanRef{uint32(p.chunk), uint32(i)})
				m.spanIDs, m.named = append(m.spanIDs, c.spanIDs[i]), append(m.named, c.parents[i])
				m.kinds, m.statuses = append(m.kinds, c.kinds[i]), append(m.statuses, c.statuses[i])
				m.times, m.duration = append(m.times, c.times[i]), append(m.duration, c.durations[i])
				m.selected = append(m.selected, selected)
			}
		}
		if !some {
			m.cut(from)
			continue
		}
		for row := from; row < len(m.refs); row++ {
			b.Rows = append(b.Rows, uint32(row))
		}
		b.Ends = append(b.Ends, uint32(len(b.Rows)))
	}
	b.Len = len(m.refs)
	if !all {
		b.Selected = m.selected
	}
	m.link()
	return b
}

// cut drops the rows from one on.
func (m *joinedSpans) cut(from int) {
	m.refs, m.spanIDs, m.named = m.refs[:from], m.spanIDs[:from], m.named[:from]
	m.kinds, m.statuses, m.times, m.duration = m.kinds[:from], m.statuses[:from], m.times[:from], m.duration[:from]
	m.selected = m.selected[:from]
}

// link finds parents and twins.
func (m *joinedSpans) link() {
	b := &m.batch
	m.parents = resize(m.parents, b.Len)
	from := uint32(0)
	for _, end := range b.Ends {
		m.ids.reset(int(end - from))
		for row := from; row < end; row++ {
			b.Twins = m.ids.add(m.spanIDs, int32(row), b.Twins)
		}
		for row := from; row < end; row++ {
			m.parents[row] = -1
			if !m.named[row].IsEmpty() {
				_, m.parents[row] = m.ids.find(m.spanIDs, m.named[row])
			}
		}
		from = end
	}
	b.Parents = m.parents
}

func (m *joinedSpans) Kinds() []uint8       { return m.kinds }
func (m *joinedSpans) Statuses() []uint8    { return m.statuses }
func (m *joinedSpans) StartsNs() []int64    { return m.times }
func (m *joinedSpans) DurationsNs() []int64 { return m.duration }

func (m *joinedSpans) Column(i int, rows []uint32, to *storage.Column) {
	out := &m.out[i]
	*to = storage.Column{}
	none := func(row uint32) bool { return m.of.chunks[m.refs[row].table].columns[i].codes == nil }
	if !slices.ContainsFunc(rows, func(row uint32) bool { return !none(row) }) {
		return
	}
	out.reset(len(rows))
	known := map[spanRef]uint64{} // of chunk and code
	for at, row := range rows {
		ref := m.refs[row]
		c := &m.of.chunks[ref.table].columns[i]
		if c.codes == nil || c.codes[ref.row] == 0 {
			continue
		}
		code := c.codes[ref.row]
		value := c.values[code]
		bits, ok := known[spanRef{ref.table, code}]
		if !ok {
			bits = out.encode(value)
			known[spanRef{ref.table, code}] = bits
		}
		out.types[at], out.bits[at] = value.Type(), bits
	}
	*to = out.column()
}

func (m *joinedSpans) TraceIDs(rows []uint32, to []storage.TraceID) []storage.TraceID {
	for _, row := range rows {
		ref := m.refs[row]
		to = append(to, m.of.chunks[ref.table].traceIDs[ref.row])
	}
	return to
}

func (m *joinedSpans) Ref(row uint32) storage.SpanRef {
	c := m.of.chunks[m.refs[row].table]
	return storage.SpanRef{Table: c.table, Row: c.rows[m.refs[row].row]}
}
