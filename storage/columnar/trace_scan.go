package columnar

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// A reading of whole traces takes two ways. Traces that are in one row group
// and nowhere else, nearly all once parts are merged, are visited where they
// are: a batch is a row group, the rows between parent and child are in a
// column of it, and only the columns that are asked for are decoded
// (trace_scan_group.go). All others, those with spans in several row groups or
// in memory and those of parts with deleted rows, are brought together first,
// some at a time (trace_scan_join.go).

// traceReading implements storage.TraceReading.
type traceReading struct {
	snap    *snapshot
	q       storage.TraceScan
	tables  []traceTable // those in memory, then all row groups
	memory  int          // number of those in memory
	parts   []partTables
	stopped atomic.Bool // a visitor does not want more
}

// traceTable is a table in memory or a row group.
type traceTable struct {
	memory     *spanTable // nil: a row group
	tombstones []*tombstone
	group      groupRef
	part       int // of traceReading.parts, of a row group
}

// partTables says which tables are the row groups of a part.
type partTables struct {
	part   *livePart
	first  int // of traceReading.tables
	groups int

	traces *storage.TracePart // of those in one row group; nil: not all are selected
	known  bool               // to the consumer

	once   sync.Once
	starts []bitmap // by row group: where a trace begins
	failed error
}

var errEnough = errors.New("columnar: the visitor wants no more")

func (r spanStore) ReadTraces(ctx context.Context, q storage.TraceScan) (storage.TraceReading, error) {
	if err := checkPredicate(q.Where, checkSpanKey); err != nil {
		return nil, err
	}
	if err := checkKeys(q.Columns, checkSpanKey); err != nil {
		return nil, err
	}
	snap, err := r.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	reading := &traceReading{snap: snap, q: q}
	for _, t := range snap.spans {
		reading.tables = append(reading.tables, traceTable{memory: t.table, tombstones: snap.covering(storage.SignalSpans, t.maxLSN)})
	}
	reading.memory = len(reading.tables)
	if snap.version == nil {
		return reading, nil
	}
	reading.parts = make([]partTables, len(snap.version.spans))
	for i, p := range snap.version.spans {
		_, zones, err := p.openIndex()
		if err != nil {
			snap.done()
			return nil, err
		}
		to := &reading.parts[i]
		to.part, to.first, to.groups = p, len(reading.tables), len(zones)
		for g, zone := range zones {
			reading.tables = append(reading.tables, traceTable{group: groupRef{p, g, p.rowsOf(g), zone}, part: i})
		}
	}
	return reading, nil
}

func (r *traceReading) Close()       { r.snap.done() }
func (r *traceReading) Workers() int { return maxWorkers() }

// view is a table for one goroutine.
func (r *traceReading) view(table int) *spanView {
	t := &r.tables[table]
	if t.memory != nil {
		return &spanView{memoryView[spanSource](t.memory, t.tombstones)}
	}
	return r.snap.spanView(t.group)
}

// all says whether every span is selected.
func (r *traceReading) all() bool {
	if r.q.Where != nil {
		return false
	}
	for i := range r.tables {
		zone := r.tables[i].group.zone
		if m := r.tables[i].memory; m != nil {
			zone = m.zone
		}
		if zone.minNs < r.q.Window.FromNs || r.q.Window.ToNs <= zone.maxNs {
			return false
		}
	}
	return true
}

func (r *traceReading) Each(ctx context.Context, visit func(worker int, b *storage.TraceBatch) bool) error {
	err := r.each(ctx, func(worker int, b *storage.TraceBatch) error {
		if r.stopped.Load() {
			return errEnough
		}
		if !visit(worker, b) {
			r.stopped.Store(true)
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func (r *traceReading) each(ctx context.Context, visit func(worker int, b *storage.TraceBatch) error) error {
	if r.q.Window.Empty() {
		return ctx.Err()
	}
	shared := make([][]sidecar.Trace, len(r.parts))
	wanted := &wantedTraces{all: r.all()}
	if len(r.parts) > 0 {
		var err error
		if shared, err = r.snap.sharedTraces(ctx, r.inMemory()); err != nil {
			return err
		}
	}
	runs := make([][]sidecar.Trace, len(r.tables)) // the shared ones by table
	for i := range r.parts {
		byGroup, err := r.parts[i].part.byGroup(shared[i], r.parts[i].groups)
		if err != nil {
			return r.parts[i].part.failed(err)
		}
		for g, list := range byGroup {
			runs[r.parts[i].first+g] = list
		}
	}
	if !wanted.all {
		for i := range r.memory {
			if err := r.wantedInMemory(ctx, i, wanted); err != nil {
				return err
			}
		}
	}
	r.askWhatIsKnown(runs, wanted)
	scanners := make([]*groupTraces, maxWorkers())
	err := inParallel(ctx, len(r.tables)-r.memory, func(worker, i int) error {
		table := r.memory + i
		if p := &r.parts[r.tables[table].part]; !r.mayHave(table) || p.known || r.q.PartsOnly && p.traces == nil {
			return nil
		}
		if scanners[worker] == nil {
			scanners[worker] = &groupTraces{r: r}
		}
		return scanners[worker].visit(table, runs[table], wanted, func(b *storage.TraceBatch) error { return visit(worker, b) })
	})
	if err != nil || r.q.PartsOnly {
		return err
	}
	return r.eachShared(ctx, runs, wanted, visit)
}

// mayHave says whether spans of a table may be selected.
func (r *traceReading) mayHave(table int) bool {
	t, w := &r.tables[table], r.q.Window
	zone := t.group.zone
	if t.memory != nil {
		zone = t.memory.zone
	}
	return w.FromNs <= zone.maxNs && zone.minNs < w.ToNs
}

// askWhatIsKnown describes the parts of which everything is selected, and asks
// which of them are known. runs are the shared traces by table.
func (r *traceReading) askWhatIsKnown(runs [][]sidecar.Trace, wanted *wantedTraces) {
	if r.q.Known == nil || r.q.Where != nil {
		return
	}
	for i := range r.parts {
		p := &r.parts[i]
		shared := xxhash.New()
		traces, covered := storage.TracePart{Table: uint32(p.first), NewestNs: math.MinInt64}, true
		for table := p.first; table < p.first+p.groups; table++ {
			zone := r.tables[table].group.zone
			covered = covered && r.q.Window.FromNs <= zone.minNs && zone.maxNs < r.q.Window.ToNs
			// Runs come in no order.
			rows := 0
			first := make([]uint32, 0, len(runs[table]))
			for _, run := range runs[table] {
				rows += int(run.Rows)
				first = append(first, run.FirstRow)
			}
			slices.Sort(first)
			_ = binary.Write(shared, binary.LittleEndian, append(first, uint32(table-p.first)))
			if left := r.tables[table].group.rows - rows; left > 0 {
				traces.Batches++
				traces.Spans += left
			}
			traces.NewestNs = max(traces.NewestNs, zone.maxNs)
		}
		if !covered || traces.Batches == 0 {
			continue
		}
		traces.ID = fmt.Sprintf("%s-%x", p.part.ID, shared.Sum64())
		p.traces = &traces
		if p.known = r.q.Known(traces); p.known {
			for _, list := range runs[p.first : p.first+p.groups] {
				fingerprints := make([]uint64, len(list))
				for i, run := range list {
					fingerprints[i] = run.Fingerprint
				}
				wanted.add(fingerprints)
			}
		}
	}
}

// inMemory has the fingerprints of the traces with spans in memory.
func (r *traceReading) inMemory() map[uint64]bool {
	memory := map[uint64]bool{}
	for i := range r.memory {
		t := r.tables[i].memory
		for row, id := range t.traceIDs[:t.n] {
			if row == 0 || id != t.traceIDs[row-1] {
				memory[fingerprint(id)] = true
			}
		}
	}
	return memory
}

// wantedTraces are the shared traces that have a selected span.
type wantedTraces struct {
	all    bool
	adding sync.Mutex
	known  map[uint64]bool // fingerprints
}

func (w *wantedTraces) add(fingerprints []uint64) {
	if w.all || len(fingerprints) == 0 {
		return
	}
	w.adding.Lock()
	defer w.adding.Unlock()
	if w.known == nil {
		w.known = map[uint64]bool{}
	}
	for _, fp := range fingerprints {
		w.known[fp] = true
	}
}

func (w *wantedTraces) has(fingerprint uint64) bool { return w.all || w.known[fingerprint] }

func (r *traceReading) wantedInMemory(ctx context.Context, table int, wanted *wantedTraces) error {
	if err := ctx.Err(); err != nil || !r.mayHave(table) {
		return err
	}
	v := r.view(table)
	var list []uint64
	ids := r.tables[table].memory.traceIDs
	last := -1
	for _, row := range selectRows(v, r.q.Window, r.q.Where).rows() {
		if last < 0 || ids[row] != ids[last] {
			list = append(list, fingerprint(ids[row]))
		}
		last = int(row)
	}
	wanted.add(list)
	return v.err()
}

// Spans reads the heads of spans, those of a table together.
func (r *traceReading) Spans(ctx context.Context, refs []storage.SpanRef) ([]storage.SpanHead, error) {
	heads := make([]storage.SpanHead, len(refs))
	byTable := map[uint32][]int{}
	var tables []uint32
	for i, ref := range refs {
		if int(ref.Table) >= len(r.tables) {
			return nil, errBadQuery
		}
		if byTable[ref.Table] == nil {
			tables = append(tables, ref.Table)
		}
		byTable[ref.Table] = append(byTable[ref.Table], i)
	}
	err := inParallel(ctx, len(tables), func(_, i int) error {
		list := byTable[tables[i]]
		v := r.view(int(tables[i]))
		var rows []uint32
		for _, at := range list {
			if int(refs[at].Row) >= v.n {
				return errBadQuery
			}
			rows = append(rows, refs[at].Row)
		}
		slices.Sort(rows)
		rows = slices.Compact(rows)
		b := v.heads(rows)
		if err := v.err(); err != nil {
			return err
		}
		for _, at := range list {
			n, _ := slices.BinarySearch(rows, refs[at].Row)
			heads[at] = storage.SpanHead{TraceID: b.TraceIDs[n], SpanID: b.SpanIDs[n], StartNs: b.StartsNs[n], DurationNs: b.DurationsNs[n]}
		}
		return nil
	})
	return heads, err
}

// heads returns the columns that every batch has, of rows that are few.
func (v *spanView) heads(rows []uint32) (b storage.Batch) {
	t, ok := v.get()
	if !ok {
		return b
	}
	g, ok := t.(*spanRows)
	if !ok {
		t.fill(&b, rows)
		b.StartsNs = t.timesOf(rows, nil)
		return b
	}
	list, f := runsOf(rows), &g.part.fixed
	b.TraceIDs, b.SpanIDs = ids[storage.TraceID](g.column(f.traceID), list), ids[storage.SpanID](g.column(f.spanID), list)
	b.StartsNs, b.DurationsNs = ints[int64](g.times(), list), ints[int64](g.column(f.duration), list)
	return b
}
