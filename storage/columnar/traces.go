package columnar

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// traceChunk is the most spans in one chunk of Traces.
const traceChunk = 8192

// Traces copies what it returns: chunks share no memory with the store.
func (r spanStore) Traces(ctx context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) {
		ids := slices.Clone(ids)
		slices.SortFunc(ids, func(a, b storage.TraceID) int { return slices.Compare(a[:], b[:]) })
		ids = slices.Compact(ids) // an id may have been asked for twice
		var open []uint32         // rows in the builder: its index must be read together with the taking of its snapshot
		snap, err := r.s.snapshotWith(ctx, func(s *snapshot) {
			if r.s.spans.open.len() > 0 {
				open = s.spans[0].table.rowsOf(ids, &r.s.spans.open.t.index)
			}
		})
		if err != nil {
			yield(nil, err)
			return
		}
		defer snap.done()
		for chunk, err := range snap.traces(ctx, ids, open) {
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}

// traces yields the spans of traces, from memory and from parts.
func (s *snapshot) traces(ctx context.Context, ids []storage.TraceID, open []uint32) iter.Seq2[*storage.Spans, error] {
	return func(yield func(*storage.Spans, error) bool) {
		for _, t := range s.spans {
			rows := open
			if len(t.table.index.slots) > 0 {
				rows = t.table.rowsOf(ids, &t.table.index)
			}
			slices.Sort(rows)
			v := &spanView{memoryView[spanSource](t.table, s.covering(storage.SignalSpans, t.maxLSN))}
			if !yieldRows(ctx, v, v.shown(rows), yield) {
				return
			}
		}
		if s.version == nil {
			return
		}
		var found []foundRuns
		for _, p := range slices.Backward(s.version.spans) {
			runs, err := p.runsOf(ids)
			if err != nil {
				yield(nil, p.failed(err))
				return
			}
			for _, run := range runs {
				found = append(found, foundRuns{part: p, runs: run})
			}
		}
		stopped := false
		err := inOrder(ctx, len(found), func(i int) *foundRuns {
			found[i].read(s)
			return &found[i]
		}, func(_ int, f *foundRuns) bool {
			stopped = !f.yield(ctx, yield)
			*f = foundRuns{}
			return !stopped
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// foundRuns are rows of a row group that were asked for, the first of them read
// already.
type foundRuns struct {
	part  *livePart
	runs  groupRuns
	view  *spanView
	rows  []uint32 // all that are not hidden, ascending
	first *storage.Spans
}

// read reads the first traceChunk rows.
func (f *foundRuns) read(s *snapshot) {
	f.view = s.spanView(groupRef{f.part, f.runs.group, f.runs.groupRows, f.part.bounds()})
	f.rows = f.view.shown(f.runs.verified(f.view))
	if len(f.rows) > 0 && f.view.err() == nil {
		f.first = f.view.spans(f.rows[:min(len(f.rows), traceChunk)])
	}
}

// yield yields all rows; false: no more are wanted.
func (f *foundRuns) yield(ctx context.Context, yield func(*storage.Spans, error) bool) bool {
	if err := f.view.err(); err != nil {
		yield(nil, err)
		return false
	}
	if f.first == nil {
		return true
	}
	return yield(f.first, nil) && yieldRows(ctx, f.view, f.rows[f.first.Len():], yield)
}

// shown returns the rows that are not hidden.
func (v *view[T]) shown(rows []uint32) []uint32 {
	if len(rows) == 0 {
		return rows
	}
	if mask := v.mask(); mask != nil {
		rows = slices.DeleteFunc(slices.Clone(rows), func(row uint32) bool { return mask.has(int(row)) })
	}
	return rows
}

// yieldRows yields the spans in rows, which ascend.
func yieldRows(ctx context.Context, v *spanView, rows []uint32, yield func(*storage.Spans, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(nil, err)
		return false
	}
	for chunk := range slices.Chunk(rows, traceChunk) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		spans := v.spans(chunk)
		if v.err() != nil {
			break
		}
		if !yield(spans, nil) {
			return false
		}
	}
	if err := v.err(); err != nil {
		yield(nil, err)
		return false
	}
	return true
}

// rowsOf lists the rows of traces.
func (t *spanTable) rowsOf(ids []storage.TraceID, x *traceIndex) (rows []uint32) {
	for _, id := range ids {
		for row := x.last(t.traceIDs, id); row != noRow; row = t.prev[row] {
			rows = append(rows, row)
		}
	}
	return rows
}

// groupRuns are runs of rows of a row group that may belong to wanted traces.
type groupRuns struct {
	group, groupRows int
	runs             []idRun
}

type idRun struct {
	id       storage.TraceID
	from, to int
}

// runsOf asks the index of a part where traces are.
func (p *livePart) runsOf(ids []storage.TraceID) (list []groupRuns, err error) {
	index, _, err := p.openIndex()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		runs, err := index.Lookup(fingerprint(id))
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			rows := p.rowsOf(int(r.Group))
			if int(r.FirstRow)+int(r.Rows) > rows {
				return nil, errPart
			}
			at := slices.IndexFunc(list, func(g groupRuns) bool { return g.group == int(r.Group) })
			if at < 0 {
				at = len(list)
				list = append(list, groupRuns{group: int(r.Group), groupRows: rows})
			}
			list[at].runs = append(list[at].runs, idRun{id, int(r.FirstRow), int(r.FirstRow) + int(r.Rows)})
		}
	}
	return list, nil
}

// verified returns the rows of the runs whose trace is the wanted one: two
// traces may have the same fingerprint.
func (g *groupRuns) verified(v *spanView) (rows []uint32) {
	t, ok := v.get()
	if !ok {
		return nil
	}
	group := t.(*spanRows)
	slices.SortFunc(g.runs, func(a, b idRun) int { return cmp.Compare(a.from, b.from) })
	var all runs
	for _, r := range g.runs {
		if n := len(all); n > 0 && all[n-1].to >= r.from {
			all[n-1].to = max(all[n-1].to, r.to)
			continue
		}
		all = append(all, run{r.from, r.to})
	}
	found := ids[storage.TraceID](group.column(group.part.fixed.traceID), all)
	first := 0 // id of all[0]
	for _, r := range g.runs {
		for all[0].to < r.to {
			first += all[0].to - all[0].from
			all = all[1:]
		}
		for row := r.from; row < r.to; row++ {
			if found[first+row-all[0].from] == r.id {
				rows = append(rows, uint32(row))
			}
		}
	}
	return rows
}
