package columnar

import (
	"cmp"
	"context"
	"slices"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// Calls between services are found trace by trace, see eachCall. The index of a
// part has those of the part's own traces summed up by minute. That is right
// for a trace that is nowhere else; the calls of a shared trace, one that has
// spans in several parts or in memory, are found anew from all of its spans, and
// what the indexes say of it is taken off. Minutes that are not wholly in the
// window are found anew too, and all of a part whose index does not know of every
// call that failed.

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

// edges finds the calls whose callee starts in the window.
func (s *snapshot) edges(ctx context.Context, w storage.Window) ([]storage.Edge, error) {
	counts := edgeCounts{}
	if w.Empty() {
		return counts.list(), nil
	}
	all := newTraceSpans()
	memory := map[uint64]bool{} // fingerprints
	for _, t := range s.spans {
		v := &spanView{memoryView[spanSource](t.table, s.covering(storage.SignalSpans, t.maxLSN))}
		rows := between(0, v.n)
		c := v.joinable(rows)
		all.add(v, rows, c, failedIn(v, rows, c.statuses), v.mask())
		if err := v.err(); err != nil {
			return nil, err
		}
		for i, id := range t.table.traceIDs {
			if i == 0 || id != t.table.traceIDs[i-1] {
				memory[fingerprint(id)] = true
			}
		}
	}
	mine := make([]edgeCounts, maxWorkers())
	for i := range mine {
		mine[i] = edgeCounts{}
	}
	if s.version != nil {
		shared, err := s.sharedTraces(ctx, memory)
		if err != nil {
			return nil, err
		}
		if err := inParallel(ctx, len(shared), func(worker, i int) error {
			return s.edgesOfPart(s.version.spans[i], w, mine[worker], all, shared[i])
		}); err != nil {
			return nil, err
		}
	}
	err := all.calls(ctx, func(worker int, caller, callee string, startNs int64, failed bool) {
		if w.Contains(startNs) {
			mine[worker].add(caller, callee, 1, one(failed))
		}
	})
	for _, c := range mine {
		for key, e := range c {
			counts.add(key[0], key[1], e.Calls, e.Errors)
		}
	}
	return counts.list(), err
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// edgesOfPart counts the calls of the part's own traces and adds its spans of
// shared ones to all.
func (s *snapshot) edgesOfPart(p *livePart, w storage.Window, counts edgeCounts, all *traceSpans, shared []sidecar.Trace) (err error) {
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
	anew := func(z zone) bool { return cutMinutes(w, z) }
	if known, err := failuresKnown(index, edges); err != nil {
		return err
	} else if !known {
		from, to = 0, 0
		anew = func(z zone) bool { return w.FromNs <= z.maxNs && z.minNs < w.ToNs }
	}
	for _, e := range edges.Between(from, to) {
		counts.add(edges.Names[e.Caller], edges.Names[e.Callee], e.Calls, e.Errors)
	}
	excluded := map[uint64]bool{}
	for _, fp := range edges.Excluded {
		excluded[fp] = true
	}
	sharedRuns, err := p.byGroup(shared, len(zones))
	if err != nil {
		return err
	}
	otherRuns, err := p.otherTraces(index, zones, shared, anew)
	if err != nil {
		return err
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

// failuresKnown says whether the edges of an index count every call that failed.
// An earlier version did not look at the attribute error, which matters where
// spans have it. Merging such parts counts again.
func failuresKnown(index *sidecar.Index, edges *sidecar.Edges) (bool, error) {
	if edges.AllFailed {
		return true, nil
	}
	keys, err := index.Keys()
	return !slices.ContainsFunc(keys, func(k sidecar.Key) bool {
		return storage.Key{Scope: k.Scope, Name: k.Name} == storage.KeyError
	}), err
}

// byGroup sorts runs into the row groups of the part.
func (p *livePart) byGroup(list []sidecar.Trace, groups int) ([][]sidecar.Trace, error) {
	out := make([][]sidecar.Trace, groups)
	for _, t := range list {
		g := int(t.Group)
		if g >= groups || int(t.FirstRow)+int(t.Rows) > p.rowsOf(g) {
			return nil, errPart
		}
		out[g] = append(out[g], t)
	}
	return out, nil
}

// otherTraces returns by row group the traces that are not shared, of the groups
// whose zones are wanted.
func (p *livePart) otherTraces(index *sidecar.Index, zones []zone, shared []sidecar.Trace, wanted func(zone) bool) ([][]sidecar.Trace, error) {
	if !slices.ContainsFunc(zones, wanted) {
		return make([][]sidecar.Trace, len(zones)), nil
	}
	elsewhere := make(map[uint64]bool, len(shared))
	for _, t := range shared {
		elsewhere[t.Fingerprint] = true
	}
	var list []sidecar.Trace
	for block, err := range index.TraceBlocks(0) {
		if err != nil {
			return nil, err
		}
		for _, t := range block {
			if g := int(t.Group); g < len(zones) && wanted(zones[g]) && !elsewhere[t.Fingerprint] {
				list = append(list, t)
			}
		}
	}
	return p.byGroup(list, len(zones))
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
