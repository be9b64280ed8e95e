package columnar

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/heddle-io/heddle/storage"
)

// modelQuery is a question with the answer of a store and the right one, both
// as sorted lines.
type modelQuery struct {
	name string
	ask  func(context.Context, *Store) ([]string, error)
	want func(held []modelRecord) []string
}

func modelHolds(p storage.Predicate, m *modelRecord) bool {
	switch p := p.(type) {
	case nil:
		return true
	case storage.And:
		return !slices.ContainsFunc(p, func(p storage.Predicate) bool { return !modelHolds(p, m) })
	case storage.Or:
		return slices.ContainsFunc(p, func(p storage.Predicate) bool { return modelHolds(p, m) })
	case storage.Not:
		return !modelHolds(p.Of, m)
	case storage.Exists:
		return m.value(p.Key).Type() != storage.TypeAbsent
	case storage.Compare:
		return p.Holds(m.value(p.Key))
	}
	panic(fmt.Sprintf("unknown predicate %T", p))
}

// logPredicate is a predicate about spans for log records.
func logPredicate(p storage.Predicate) storage.Predicate {
	switch p := p.(type) {
	case storage.And:
		list := storage.And{}
		for _, one := range p {
			list = append(list, logPredicate(one))
		}
		return list
	case storage.Or:
		list := storage.Or{}
		for _, one := range p {
			list = append(list, logPredicate(one))
		}
		return list
	case storage.Not:
		return storage.Not{Of: logPredicate(p.Of)}
	case storage.Exists:
		return storage.Exists{Key: logKey(p.Key)}
	case storage.Compare:
		p.Key = logKey(p.Key)
		return p
	}
	return p
}

// randomPredicate is one that makes sense of both signals. maxID bounds ids.
func randomPredicate(r *rand.Rand, maxID int64, depth int) storage.Predicate {
	if depth > 0 && r.IntN(3) == 0 {
		a, b := randomPredicate(r, maxID, depth-1), randomPredicate(r, maxID, depth-1)
		switch r.IntN(3) {
		case 0:
			return storage.And{a, b}
		case 1:
			return storage.Or{a, b}
		}
		return storage.Not{Of: a}
	}
	op := []storage.Op{storage.Equal, storage.NotEqual, storage.Less, storage.GreaterEqual}[r.IntN(4)]
	id := r.Int64N(maxID + 1)
	trace := modelTrace(r.IntN(modelTraces + 1))
	return []storage.Predicate{
		storage.Compare{Key: modelUser, Op: op, Value: storage.String(fmt.Sprint("user-", r.IntN(7)))},
		storage.Compare{Key: modelID, Op: op, Value: storage.Int(id)},
		storage.Compare{Key: storage.KeyService, Op: op, Value: storage.String(modelServices[r.IntN(len(modelServices))])},
		storage.Compare{Key: storage.KeyName, Op: op, Value: storage.String(modelNames[r.IntN(len(modelNames))])},
		storage.Compare{Key: storage.KeyTraceID, Op: storage.Equal, Value: storage.Bytes(trace[:])},
		storage.Exists{Key: modelNote},
	}[r.IntN(6)]
}

func randomWindow(r *rand.Rand) storage.Window {
	if r.IntN(2) == 0 {
		return storage.AllTime()
	}
	from := modelEpoch + r.Int64N(3600e9)
	return storage.Window{FromNs: from, ToNs: from + r.Int64N(1800e9)}
}

// modelQueries asks everything about both signals once. maxID bounds ids.
func modelQueries(r *rand.Rand, maxID int64) []modelQuery {
	list := []modelQuery{queryTraces(someTraces(r)), queryEdges(randomWindow(r)), queryWholeTraces(randomWindow(r), nil), queryWholeTraces(randomWindow(r), randomPredicate(r, maxID, 1)),
		queryTally(randomWindow(r), nil, randomPredicate(r, maxID, 1)), queryTally(randomWindow(r), randomPredicate(r, maxID, 1), randomPredicate(r, maxID, 1))}
	for _, signal := range []storage.Signal{storage.SignalSpans, storage.SignalLogs} {
		list = append(list, queryScan(signal, storage.AllTime(), nil), queryScan(signal, randomWindow(r), randomPredicate(r, maxID, 2)),
			queryGroups(signal, randomWindow(r), randomPredicate(r, maxID, 1), modelUser), queryGroups(signal, randomWindow(r), nil, storage.KeyService),
			queryValues(signal, randomWindow(r), nil, modelUser), queryValues(signal, randomWindow(r), randomPredicate(r, maxID, 1), modelNote),
			queryKeys(signal, storage.AllTime()))
	}
	return append(list, queryValues(storage.SignalSpans, randomWindow(r), nil, modelEvent), queryRecords(randomWindow(r), randomPredicate(r, maxID, 1)))
}

// of are the records of a signal in a window that satisfy a predicate.
func of(held []modelRecord, signal storage.Signal, w storage.Window, where storage.Predicate) (list []*modelRecord) {
	for i := range held {
		if m := &held[i]; m.signal == signal && w.Contains(m.startNs) && modelHolds(where, m) {
			list = append(list, m)
		}
	}
	return list
}

// someTraces are two thirds of the traces, and one that is not stored.
func someTraces(r *rand.Rand) (ids []storage.TraceID) {
	for i := range modelTraces + 1 {
		if r.IntN(3) > 0 {
			ids = append(ids, modelTrace(i))
		}
	}
	return ids
}

func allTraces() (ids []storage.TraceID) {
	for i := range modelTraces {
		ids = append(ids, modelTrace(i))
	}
	return ids
}

func queryTraces(ids []storage.TraceID) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("Traces of %d", len(ids)),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			for spans, err := range s.Spans().Traces(ctx, ids) {
				if err != nil {
					return nil, err
				}
				for _, m := range recordsOfSpans(spans) {
					lines = append(lines, m.line())
				}
			}
			return lines, nil
		},
		want: func(held []modelRecord) (lines []string) {
			for _, m := range of(held, storage.SignalSpans, storage.AllTime(), nil) {
				if slices.Contains(ids, m.trace) {
					lines = append(lines, m.line())
				}
			}
			return lines
		},
	}
}

// scanLine is what a scan shows of a record.
func scanLine(at int64, id, user, note, service storage.Value) string {
	return fmt.Sprintf("%d at %d %s %s %s", id.Int(), at, user.Text(), note.Text(), service.Text())
}

func queryScan(signal storage.Signal, w storage.Window, where storage.Predicate) modelQuery {
	columns := []storage.Key{modelID, modelUser, modelNote, storage.KeyService}
	return modelQuery{
		name: fmt.Sprintf("Scan of %v in %v where %+v", signal, w, where),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			if signal == storage.SignalLogs {
				var keys []storage.Key
				for _, k := range columns {
					keys = append(keys, logKey(k))
				}
				for b, err := range s.Logs().ScanLogs(ctx, storage.LogScan{Window: w, Where: logPredicate(where), Columns: keys}) {
					if err != nil {
						return nil, err
					}
					for i := range b.Len() {
						lines = append(lines, scanLine(b.TimesNs[i], b.Columns[0].Value(i), b.Columns[1].Value(i), b.Columns[2].Value(i), b.Columns[3].Value(i)))
					}
				}
				return lines, nil
			}
			for b, err := range s.Spans().Scan(ctx, storage.Scan{Window: w, Where: where, Columns: columns}) {
				if err != nil {
					return nil, err
				}
				for i := range b.Len() {
					lines = append(lines, scanLine(b.StartsNs[i], b.Columns[0].Value(i), b.Columns[1].Value(i), b.Columns[2].Value(i), b.Columns[3].Value(i)))
				}
			}
			return lines, nil
		},
		want: func(held []modelRecord) (lines []string) {
			for _, m := range of(held, signal, w, where) {
				lines = append(lines, scanLine(m.startNs, m.value(modelID), m.value(modelUser), m.value(modelNote), m.value(storage.KeyService)))
			}
			return lines
		},
	}
}

// queryRecords asks for whole log records.
func queryRecords(w storage.Window, where storage.Predicate) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("records in %v where %+v", w, where),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			for b, err := range s.Logs().ScanLogs(ctx, storage.LogScan{Window: w, Where: logPredicate(where), WholeRecords: true}) {
				if err != nil {
					return nil, err
				}
				for _, m := range recordsOfLogs(b.Records) {
					lines = append(lines, m.line())
				}
			}
			return lines, nil
		},
		want: func(held []modelRecord) (lines []string) {
			for _, m := range of(held, storage.SignalLogs, w, where) {
				lines = append(lines, m.line())
			}
			return lines
		},
	}
}

func queryGroups(signal storage.Signal, w storage.Window, where storage.Predicate, by storage.Key) modelQuery {
	line := func(v storage.Value, count, measured uint64, low, high float64) string {
		return fmt.Sprintf("%s: %d, %d from %v to %v", v.Text(), count, measured, low, high)
	}
	return modelQuery{
		name: fmt.Sprintf("Aggregate of %v in %v by %v where %+v", signal, w, by, where),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			q := storage.Aggregation{Window: w, Where: where, By: []storage.Key{by}, Measure: modelID}
			ask := s.Spans().Aggregate
			if signal == storage.SignalLogs {
				q.Where, q.By[0], q.Measure = logPredicate(where), logKey(by), logKey(modelID)
				ask = s.Logs().AggregateLogs
			}
			groups, err := ask(ctx, q)
			for _, g := range groups {
				lines = append(lines, line(g.Values[0], g.Cells[0].Count, g.Cells[0].Measured, g.Cells[0].Min, g.Cells[0].Max))
			}
			return lines, err
		},
		want: func(held []modelRecord) (lines []string) {
			type cell struct {
				count     uint64
				low, high float64
			}
			cells := map[storage.Value]*cell{}
			for _, m := range of(held, signal, w, where) {
				c := cells[m.value(by)]
				if c == nil {
					c = &cell{low: math.Inf(1), high: math.Inf(-1)}
					cells[m.value(by)] = c
				}
				c.count++
				c.low, c.high = min(c.low, float64(m.id)), max(c.high, float64(m.id))
			}
			for v, c := range cells {
				lines = append(lines, line(v, c.count, c.count, c.low, c.high))
			}
			return lines
		},
	}
}

func queryValues(signal storage.Signal, w storage.Window, where storage.Predicate, key storage.Key) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("Values of %v of %v in %v where %+v", key, signal, w, where),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			q := storage.ValuesQuery{Window: w, Where: where, Key: key}
			ask := s.Spans().Values
			if signal == storage.SignalLogs {
				q.Where, q.Key = logPredicate(where), logKey(key)
				ask = s.Logs().LogValues
			}
			values, err := ask(ctx, q)
			for _, v := range values.Values {
				lines = append(lines, fmt.Sprintf("%d of %s", v.Count, v.Value.Text()))
			}
			return lines, err
		},
		want: func(held []modelRecord) (lines []string) {
			counts := map[string]int{}
			for _, m := range of(held, signal, w, where) {
				if v := m.value(key); v.Type() != storage.TypeAbsent {
					counts[v.Text()]++
				}
			}
			for text, n := range counts {
				lines = append(lines, fmt.Sprintf("%d of %s", n, text))
			}
			return lines
		},
	}
}

func queryKeys(signal storage.Signal, w storage.Window) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("Keys of %v in %v", signal, w),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			ask := s.Spans().Keys
			if signal == storage.SignalLogs {
				ask = s.Logs().LogKeys
			}
			keys, err := ask(ctx, w)
			for _, k := range keys {
				lines = append(lines, fmt.Sprintf("%d of %v %v", k.Count, k.Key, k.Types))
			}
			return lines, err
		},
		want: func(held []modelRecord) (lines []string) {
			counts := map[storage.Key]int{}
			for _, m := range of(held, signal, w, nil) {
				for _, k := range []storage.Key{modelID, modelUser, modelNote, modelEvent, storage.KeyService} {
					if m.value(k).Type() != storage.TypeAbsent {
						counts[k]++
					}
				}
			}
			for k, n := range counts {
				typ := storage.TypeString
				if k == modelID {
					typ = storage.TypeInt
				}
				if signal == storage.SignalLogs {
					k = logKey(k)
				}
				lines = append(lines, fmt.Sprintf("%d of %v %v", n, k, []storage.Type{typ}))
			}
			return lines
		},
	}
}

func queryEdges(w storage.Window) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("Edges in %v", w),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			edges, err := s.Spans().Edges(ctx, w)
			for _, e := range edges {
				lines = append(lines, fmt.Sprintf("%s to %s: %d, %d failed", e.Caller, e.Callee, e.Calls, e.Errors))
			}
			return lines, err
		},
		want: func(held []modelRecord) (lines []string) {
			type span struct {
				trace storage.TraceID
				id    storage.SpanID
			}
			spans := map[span]*modelRecord{} // ids of spans are unique
			for _, m := range of(held, storage.SignalSpans, storage.AllTime(), nil) {
				spans[span{m.trace, m.span}] = m
			}
			calls := map[[2]string][2]int{}
			for _, m := range spans {
				parent, ok := spans[span{m.trace, m.parent}]
				if !ok || !w.Contains(m.startNs) || parent.service == m.service {
					continue
				}
				n := calls[[2]string{parent.service, m.service}]
				n[0]++
				if m.status == 2 {
					n[1]++
				}
				calls[[2]string{parent.service, m.service}] = n
			}
			for e, n := range calls {
				lines = append(lines, fmt.Sprintf("%s to %s: %d, %d failed", e[0], e[1], n[0], n[1]))
			}
			return lines
		},
	}
}

// queryTally counts the values of spans, apart for those that a mark holds of.
func queryTally(w storage.Window, where, mark storage.Predicate) modelQuery {
	keys := []storage.Key{modelUser, modelNote, modelID, storage.KeyService, storage.KeyName}
	type valueOf struct {
		key   int
		value string
		mark  bool
	}
	lines := func(counts map[valueOf]uint64) (lines []string) {
		for v, n := range counts {
			lines = append(lines, fmt.Sprintf("%s %q marked %v: %d", keys[v.key], v.value, v.mark, n))
		}
		return lines
	}
	return modelQuery{
		name: fmt.Sprintf("Tally in %v where %+v of %+v", w, where, mark),
		ask: func(ctx context.Context, s *Store) ([]string, error) {
			counts := map[valueOf]uint64{}
			var mu sync.Mutex
			err := s.Spans().Tally(ctx, storage.Tally{Window: w, Where: where, Keys: keys, Marks: []storage.Predicate{mark}}, func() func(storage.TallyBatch) bool {
				return func(b storage.TallyBatch) bool {
					mu.Lock()
					defer mu.Unlock()
					groups := make([]uint32, b.Len())
					for i, marks := range b.Marks() {
						groups[i] = uint32(marks)
					}
					b.Count(groups, 2, func(key int, v storage.Value, group int, spans uint64) {
						counts[valueOf{key, strings.Clone(v.Text()), group == 1}] += spans
					})
					return true
				}
			})
			return lines(counts), err
		},
		want: func(held []modelRecord) []string {
			counts := map[valueOf]uint64{}
			for _, m := range of(held, storage.SignalSpans, w, where) {
				for i, key := range keys {
					if v := m.value(key); v.Type() != storage.TypeAbsent {
						counts[valueOf{i, v.Text(), modelHolds(mark, m)}]++
					}
				}
			}
			return lines(counts)
		},
	}
}

// queryWholeTraces reads the traces that have a matching span.
func queryWholeTraces(w storage.Window, where storage.Predicate) modelQuery {
	return modelQuery{
		name: fmt.Sprintf("whole traces in %v where %+v", w, where),
		ask: func(ctx context.Context, s *Store) (lines []string, err error) {
			reading, err := s.Spans().ReadTraces(ctx, storage.TraceScan{Window: w, Where: where, Columns: []storage.Key{modelID, modelNote}})
			if err != nil {
				return nil, err
			}
			defer reading.Close()
			var mu sync.Mutex
			return lines, reading.Each(ctx, func(_ int, b *storage.TraceBatch) bool {
				mu.Lock()
				defer mu.Unlock()
				var ids, notes, parents storage.Column
				b.Columns.Column(0, b.Rows, &ids)
				b.Columns.Column(1, b.Rows, &notes)
				notes = storage.Column{Types: slices.Clone(notes.Types), Bits: slices.Clone(notes.Bits), Dict: slices.Clone(notes.Dict)}
				for i, row := range b.Rows {
					note, parent := "", int64(-1)
					if len(notes.Types) > 0 {
						note = notes.Value(i).Text()
					}
					if p := b.Parents[row]; p >= 0 {
						b.Columns.Column(0, []uint32{uint32(p)}, &parents)
						parent = parents.Value(0).Int()
						b.Columns.Column(0, b.Rows, &ids)
					}
					lines = append(lines, fmt.Sprintf("%d at %d kind %d note %q parent %d", ids.Value(i).Int(), b.Columns.StartsNs()[row], b.Columns.Kinds()[row], note, parent))
				}
				return true
			})
		},
		want: func(held []modelRecord) (lines []string) {
			wanted := map[storage.TraceID]bool{}
			for _, m := range of(held, storage.SignalSpans, w, where) {
				wanted[m.trace] = true
			}
			type span struct {
				trace storage.TraceID
				id    storage.SpanID
			}
			ids := map[span]int64{}
			all := of(held, storage.SignalSpans, storage.AllTime(), nil)
			for _, m := range all {
				ids[span{m.trace, m.span}] = m.id
			}
			for _, m := range all {
				if !wanted[m.trace] {
					continue
				}
				parent, ok := ids[span{m.trace, m.parent}]
				if !ok {
					parent = -1
				}
				lines = append(lines, fmt.Sprintf("%d at %d kind %d note %q parent %d", m.id, m.startNs, m.kind, m.note, parent))
			}
			return lines
		},
	}
}

// difference describes how two answers differ, "" when they do not.
func difference(got, want []string) string {
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return ""
	}
	counts := map[string]int{}
	for _, line := range got {
		counts[line]++
	}
	for _, line := range want {
		counts[line]--
	}
	var list []string
	for line, n := range counts {
		switch {
		case n > 0:
			list = append(list, fmt.Sprintf("%d too many of: %.150s", n, line))
		case n < 0:
			list = append(list, fmt.Sprintf("%d missing of: %.150s", -n, line))
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(a, b) })
	if len(list) > 12 {
		list = append(list[:12], fmt.Sprintf("and %d more", len(list)-12))
	}
	return fmt.Sprintf("%d lines, want %d:\n  %s", len(got), len(want), strings.Join(list, "\n  "))
}
