package columnar

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

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

func (t *spanTable) joinable(rows runs) *joinColumns {
	services := make([]string, len(t.origins.pairs))
	for i := range services {
		services[i] = t.origins.resource(uint32(i)).service()
	}
	return &joinColumns{
		pickRuns(t.traceIDs, rows), pickRuns(t.spanIDs, rows), pickRuns(t.parents, rows), pickRuns(t.times, rows),
		pickRuns(t.kinds, rows), pickRuns(t.statuses, rows), pickRuns(t.origin, rows), services,
	}
}

func (t *spanTable) durationsIn(rows runs) []int64 { return pickRuns(t.durations, rows) }

// failedIn says of some rows of a table, which have these statuses, whether the
// span failed; see storage.Failed. Where no span has the attribute, the statuses
// are all that it looks at.
func failedIn(t table, rows runs, statuses []uint8) []bool {
	failed := make([]bool, len(statuses))
	for i, status := range statuses {
		failed[i] = ptrace.StatusCode(status) == ptrace.StatusCodeError
	}
	says := prepare(t, storage.SaysFailed())
	if says.kept == 0 {
		return failed
	}
	sel := newBitmap(t.len())
	for _, one := range rows {
		for row := one.from; row < one.to; row++ {
			sel.set(row)
		}
	}
	says.filter(sel)
	i := 0
	for _, one := range rows {
		for row := one.from; row < one.to; row++ {
			failed[i] = failed[i] || sel.has(row)
			i++
		}
	}
	return failed
}

// pickRuns returns some rows of a column, which it does not copy when they are
// one run.
func pickRuns[T any](column []T, rows runs) []T {
	if len(rows) == 1 {
		return column[rows[0].from:rows[0].to]
	}
	out := make([]T, 0, rows.len())
	for _, one := range rows {
		out = append(out, column[one.from:one.to]...)
	}
	return out
}

// service is the text of service.name.
func (e *entity) service() string { return e.lookup(storage.KeyService.Name).Text() }

// run is the trace in rows [from, to), of which failed says which failed.
func (c *joinColumns) run(failed []bool, from, to int) *joinRun {
	return &joinRun{
		spanIDs: c.spanIDs[from:to], parents: c.parents[from:to], times: c.times[from:to],
		kinds: c.kinds[from:to], failed: failed[from:to], origin: c.origin[from:to], services: c.services,
	}
}

// traceSpans are the spans of some traces, from any number of tables.
type traceSpans struct {
	adding   sync.Mutex // guards all that follows while spans are added
	numbers  map[string]uint32
	services []string
	chunks   []joinChunk
	pieces   []tracePiece
	last     map[storage.TraceID]int32 // piece of a trace
}

// joinChunk are rows of a table.
type joinChunk struct {
	table    spanSource
	columns  *joinColumns
	failed   []bool   // see failedIn
	services []uint32 // per origin: index into traceSpans.services
	hidden   bitmap   // by row of the table; nil: none
}

// tracePiece are rows of a chunk that have the same trace.
type tracePiece struct {
	chunk, before int32 // before: another piece of the trace, or -1
	from, to      int32 // of the chunk
	row           int32 // of the table, where from is
}

func newTraceSpans() *traceSpans {
	return &traceSpans{numbers: map[string]uint32{}, last: map[storage.TraceID]int32{}}
}

// add adds rows of a table, of which c has the columns and failed says which
// failed. It may be called concurrently.
func (s *traceSpans) add(t spanSource, rows runs, c *joinColumns, failed []bool, hidden bitmap) {
	s.adding.Lock()
	defer s.adding.Unlock()
	chunk := joinChunk{table: t, columns: c, failed: failed, services: make([]uint32, len(c.services)), hidden: hidden}
	for i, name := range c.services {
		n, ok := s.numbers[name]
		if !ok {
			n = uint32(len(s.services))
			s.services = append(s.services, name)
			s.numbers[name] = n
		}
		chunk.services[i] = n
	}
	number := int32(len(s.chunks))
	s.chunks = append(s.chunks, chunk)
	first := 0
	for _, one := range rows {
		end := first + one.to - one.from
		for from := first; from < end; {
			id, to := c.traceIDs[from], from+1
			for to < end && c.traceIDs[to] == id {
				to++
			}
			before, ok := s.last[id]
			if !ok {
				before = -1
			}
			s.last[id] = int32(len(s.pieces))
			s.pieces = append(s.pieces, tracePiece{number, before, int32(from), int32(to), int32(one.from + from - first)})
			from = to
		}
		first = end
	}
}

// tracesAtOnce is how many traces a goroutine takes.
const tracesAtOnce = 256

// calls calls f with the calls in every trace, concurrently for different
// workers, which are below maxWorkers.
func (s *traceSpans) calls(ctx context.Context, f func(worker int, caller, callee string, startNs int64, failed bool)) error {
	traces := make([]int32, 0, len(s.last))
	for _, last := range s.last {
		traces = append(traces, last)
	}
	joins := make([]*traceJoin, maxWorkers())
	err := inParallel(ctx, (len(traces)+tracesAtOnce-1)/tracesAtOnce, func(worker, i int) error {
		if joins[worker] == nil {
			joins[worker] = newTraceJoin(s)
		}
		for _, last := range traces[i*tracesAtOnce : min((i+1)*tracesAtOnce, len(traces))] {
			joins[worker].gather(last)
			eachCall(&joins[worker].run, func(caller, callee string, startNs int64, failed bool) { f(worker, caller, callee, startNs, failed) })
		}
		return nil
	})
	for _, c := range s.chunks {
		if err := c.table.err(); err != nil {
			return err
		}
	}
	return err
}

// traceJoin brings the spans of one trace at a time together.
type traceJoin struct {
	of   *traceSpans
	run  joinRun
	refs []spanRef // per row of run
}

func newTraceJoin(s *traceSpans) *traceJoin {
	j := &traceJoin{of: s}
	j.run.services = s.services
	j.run.content = func(row int) string {
		// Tables are for one goroutine, and this is rare.
		s.adding.Lock()
		defer s.adding.Unlock()
		ref := j.refs[row]
		return spanContent(s.chunks[ref.table].table.spans([]uint32{ref.row}))
	}
	return j
}

// gather makes run the spans of the trace that has the piece.
func (j *traceJoin) gather(last int32) {
	r := &j.run
	r.spanIDs, r.parents, r.times = r.spanIDs[:0], r.parents[:0], r.times[:0]
	r.kinds, r.failed, r.origin = r.kinds[:0], r.failed[:0], r.origin[:0]
	j.refs = j.refs[:0]
	for at := last; at >= 0; at = j.of.pieces[at].before {
		p := j.of.pieces[at]
		chunk := &j.of.chunks[p.chunk]
		c := chunk.columns
		for i := p.from; i < p.to; i++ {
			row := p.row + i - p.from
			if chunk.hidden != nil && chunk.hidden.has(int(row)) {
				continue
			}
			r.spanIDs, r.parents, r.times = append(r.spanIDs, c.spanIDs[i]), append(r.parents, c.parents[i]), append(r.times, c.times[i])
			r.kinds, r.failed = append(r.kinds, c.kinds[i]), append(r.failed, chunk.failed[i])
			r.origin = append(r.origin, chunk.services[c.origin[i]])
			j.refs = append(j.refs, spanRef{uint32(p.chunk), uint32(row)})
		}
	}
}

// joinRuns calls f with each of the traces of a row group, and adds their rows to
// all, unless that is nil.
func joinRuns(v *spanView, traces []sidecar.Trace, all *traceSpans, f func(sidecar.Trace, *joinRun)) error {
	if len(traces) == 0 {
		return nil
	}
	slices.SortFunc(traces, func(a, b sidecar.Trace) int { return cmp.Compare(a.FirstRow, b.FirstRow) })
	var rows runs
	for _, t := range traces {
		from, to := int(t.FirstRow), int(t.FirstRow+t.Rows)
		switch n := len(rows); {
		case n > 0 && rows[n-1].to > from:
			return errPart
		case n > 0 && rows[n-1].to == from:
			rows[n-1].to = to
		default:
			rows = append(rows, run{from, to})
		}
	}
	c := v.joinable(rows)
	if err := v.err(); err != nil {
		return err
	}
	failed := failedIn(v, rows, c.statuses)
	if err := v.err(); err != nil {
		return err
	}
	first := 0
	for _, t := range traces {
		r := c.run(failed, first, first+int(t.Rows))
		r.content = func(row int) string { return spanContent(v.spans([]uint32{uint32(int(t.FirstRow) + row)})) }
		first += int(t.Rows)
		f(t, r)
	}
	if all != nil {
		all.add(v, rows, c, failed, v.mask())
	}
	return v.err()
}

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
