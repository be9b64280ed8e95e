package columnar

import (
	"context"
	"iter"

	"github.com/heddle-io/heddle/storage"
)

// logSource is a table of log records, in memory or on disk.
type logSource interface {
	table
	// countKeys counts the attributes of the records in sel.
	countKeys(k *keyCounter, sel bitmap)
	// records copies whole records. rows ascend.
	records(rows []uint32) *storage.Logs
}

// logTables starts a reading call, like spanTables.
func (s *Store) logTables(ctx context.Context, w storage.Window) (tables []logSource, done func(), err error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range snap.logs {
		tables = append(tables, &logView{memoryView[logSource](t.table, snap.covering(storage.SignalLogs, t.maxLSN))})
	}
	groups, err := snap.groups(w, storage.SignalLogs)
	if err != nil {
		snap.done()
		return nil, nil, err
	}
	for _, g := range groups {
		v := &logView{groupView[logSource](snap, g)}
		v.open = func() (logSource, error) {
			f, err := g.part.open()
			if err != nil {
				return nil, err
			}
			return f.logRows(g.number), nil
		}
		tables = append(tables, v)
	}
	return tables, snap.done, nil
}

func (r logStore) ScanLogs(ctx context.Context, q storage.LogScan) iter.Seq2[*storage.LogBatch, error] {
	return func(yield func(*storage.LogBatch, error) bool) {
		tables, done, err := r.s.logTables(ctx, q.Window)
		if err != nil {
			yield(nil, err)
			return
		}
		defer done()
		if err := checkPredicate(q.Where, checkLogKey); err != nil {
			yield(nil, err)
			return
		}
		if err := checkKeys(q.Columns, checkLogKey); err != nil {
			yield(nil, err)
			return
		}
		var b storage.LogBatch
		stopped := false
		err = scan(ctx, tables, q.Window, q.Where, q.Columns, func(s *scanStep[logSource]) bool {
			b.TimesNs = append(b.TimesNs[:0], s.times...)
			b.Columns, b.NewestLeftNs, b.Scanned = s.columns, s.newestLeftNs, s.scanned
			if q.WholeRecords {
				b.Records = s.table.records(s.rows)
			}
			if s.table.err() != nil {
				return false // scan returns it
			}
			stopped = !yield(&b, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

func (r logStore) AggregateLogs(ctx context.Context, q storage.Aggregation) ([]storage.Group, error) {
	tables, done, err := r.s.logTables(ctx, q.Window)
	if err != nil {
		return nil, err
	}
	defer done()
	return aggregate(ctx, tables, q, checkLogKey)
}

func (r logStore) LogValues(ctx context.Context, q storage.ValuesQuery) (storage.Values, error) {
	tables, done, err := r.s.logTables(ctx, q.Window)
	if err != nil {
		return storage.Values{}, err
	}
	defer done()
	return values(ctx, tables, q, checkLogKey)
}

func (r logStore) LogKeys(ctx context.Context, w storage.Window) ([]storage.KeyInfo, error) {
	tables, done, err := r.s.logTables(ctx, w)
	if err != nil {
		return nil, err
	}
	defer done()
	k := newKeyCounter()
	asked := map[*livePart]bool{}
	for _, t := range tables {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if v := t.(*logView); v.keysFromIndex(w) {
			if !asked[v.part] {
				asked[v.part] = true
				if err := v.part.countKeys(k); err != nil {
					return nil, err
				}
			}
			continue
		}
		if overlaps(t, w) {
			t.countKeys(k, t.inWindow(w))
			if err := t.err(); err != nil {
				return nil, err
			}
		}
	}
	return k.list(), nil
}

func (t *logTable) countKeys(k *keyCounter, sel bitmap) {
	k.addRows(&t.rows, storage.ScopeLog, sel)
}

// records copies whole records out of a table. rows ascend.
func (t *logTable) records(rows []uint32) *storage.Logs {
	n := len(rows)
	out := &storage.Logs{
		TimesNs: make([]int64, n), ObservedNs: make([]int64, n), TraceIDs: make([]storage.TraceID, n), SpanIDs: make([]storage.SpanID, n),
		Severities: make([]uint8, n), SeverityTexts: make([]uint32, n), EventNames: make([]uint32, n), Bodies: make([]storage.Value, n),
		Flags: make([]uint32, n), Resources: make([]uint32, n), Scopes: make([]uint32, n), Attributes: make([]storage.Range, n),
		DroppedAttrs: make([]uint32, n),
	}
	c := newCopier()
	resources, scopes := map[uint32]uint32{}, map[uint32]uint32{}
	lists, bodies := newCursor(&t.attrs), newCursor(&t.body)
	for i, row := range rows {
		rare := t.rares[t.rare[row]]
		out.TimesNs[i], out.ObservedNs[i], out.TraceIDs[i], out.SpanIDs[i] = t.times[row], t.observed[row], t.traceIDs[row], t.spanIDs[row]
		out.Severities[i], out.SeverityTexts[i] = t.severities[row], c.text(t.text.at(rare.severityText))
		out.EventNames[i] = c.text(t.text.at(rare.eventName))
		out.Flags[i], out.DroppedAttrs[i] = rare.flags, rare.dropped
		bodies.each(int(row), func(id uint16, index uint32) {
			_, v := t.body.attr(id, index)
			out.Bodies[i] = cloneValue(v)
		})
		pair := t.origins.pairs[t.origin[row]]
		out.Resources[i] = copyOnce(resources, pair.resource, func() uint32 {
			out.ResourceTable = append(out.ResourceTable, c.resource(t.origins.resources[pair.resource]))
			return uint32(len(out.ResourceTable) - 1)
		})
		out.Scopes[i] = copyOnce(scopes, pair.scope, func() uint32 {
			out.ScopeTable = append(out.ScopeTable, c.scope(t.origins.scopes[pair.scope]))
			return uint32(len(out.ScopeTable) - 1)
		})
		out.Attributes[i] = c.list(lists, int(row))
	}
	out.Attrs, out.Strings = c.attrs, c.strings
	return out
}
