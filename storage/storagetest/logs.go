package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/heddle-io/heddle/storage"
)

var everyLogKey = logKeys()

func logKeys() []storage.Key {
	keys := []storage.Key{
		storage.KeyTraceID, storage.KeySpanID, storage.KeyTime, storage.KeySeverity, storage.KeySeverityText,
		storage.KeyBody, storage.KeyEventName, storage.KeyScopeName, storage.KeyScopeVersion, storage.KeyService,
	}
	for _, s := range []storage.Scope{storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeLog} {
		for _, n := range append([]string{"nobody.has.this"}, keyNames...) {
			keys = append(keys, storage.Key{Scope: s, Name: n})
		}
	}
	return keys
}

func runLogs(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, c := range []struct {
		clause string
		test   func(*env)
	}{
		{"RoundTrip", testLogRoundTrip},
		{"InvalidRecordsAreToldAndNotStored", testLogRejected},
		{"TextIsRepaired", testLogRepair},
		{"ScanEqualsReference", testLogScan},
		{"AggregateEqualsReference", testLogAggregate},
		{"KeysAndValuesEqualReference", testLogListing},
		{"LifeOfTheStore", testLogLife},
		{"ConcurrentWritersAndReaders", testLogConcurrent},
	} {
		t.Run("Logs/"+c.clause, func(t *testing.T) {
			e := newEnv(t, open)
			if !e.store.Capabilities().Logs {
				t.Skip("the backend does not store logs")
			}
			c.test(e)
		})
	}
}

func (e *env) writeLogs(ld plog.Logs) {
	e.Helper()
	out, err := e.store.Logs().WriteLogs(context.Background(), ld)
	if err != nil || out.Accepted != ld.LogRecordCount() {
		e.Fatalf("WriteLogs: %+v, %v, want all %d accepted", out, err, ld.LogRecordCount())
	}
}

func (e *env) fillLogs(n int) *logModel {
	e.Helper()
	m := &logModel{}
	for range 6 {
		ld := randomLogs(e.rng, n/6)
		m.all = append(m.all, ld)
		e.writeLogs(ld)
	}
	return m
}

// scanLogs returns the found records whole, followed by the projection.
func (e *env) scanLogs(w storage.Window, p storage.Predicate, columns ...storage.Key) []string {
	e.Helper()
	var list []string
	var kept []*storage.Logs
	bound := int64(math.MaxInt64)
	for b, err := range e.store.Logs().ScanLogs(context.Background(), storage.LogScan{Window: w, Where: p, Columns: columns, WholeRecords: true}) {
		if err != nil {
			e.Fatalf("ScanLogs: %v", err)
		}
		kept = append(kept, b.Records)
		for i := range b.Len() {
			if b.TimesNs[i] > bound {
				e.Errorf("NewestLeftNs: no later batch has a newer record: %d after %d", b.TimesNs[i], bound)
			}
			line := dumpLog(b.Records, i)
			for k, c := range b.Columns {
				line += "\n  " + columns[k].String() + "=" + show(c.Value(i))
			}
			list = append(list, line)
		}
		bound = min(bound, b.NewestLeftNs)
	}
	n := 0
	for _, l := range kept { // records belong to the consumer
		for i := range l.Len() {
			if !strings.HasPrefix(list[n], dumpLog(l, i)) {
				e.Fatalf("Records changed after the next batch was asked for")
			}
			n++
		}
	}
	return sorted(list)
}

func (m *logModel) lines(w storage.Window, p storage.Predicate, columns ...storage.Key) (list []string) {
	m.rows(w, p, func(r logRow) {
		line := r.dump()
		for _, k := range columns {
			line += "\n  " + k.String() + "=" + show(r.value(k))
		}
		list = append(list, line)
	})
	return sorted(list)
}

func testLogRoundTrip(e *env) {
	ld := everyLogField()
	e.writeLogs(ld)
	m := &logModel{all: []plog.Logs{ld}}
	e.same("ScanLogs returns every field as it was written", e.scanLogs(anyTime, nil), m.lines(anyTime, nil))
	for b, err := range e.store.Logs().ScanLogs(context.Background(), storage.LogScan{Window: anyTime}) {
		if err != nil || b.Records != nil {
			e.Errorf("Records is nil unless asked for: %v, %v", b.Records, err)
		}
	}
}

func testLogRejected(e *env) {
	ld := randomLogs(e.rng, 3)
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for range 3 {
		records.AppendEmpty()
	}
	n := ld.LogRecordCount()
	records.At(0).SetTimestamp(math.MaxUint64)
	records.At(1).SetObservedTimestamp(math.MaxInt64 + 1)
	deep := records.At(2).Body()
	for range 70 {
		deep = deep.SetEmptySlice().AppendEmpty()
	}
	out, err := e.store.Logs().WriteLogs(context.Background(), ld)
	if err != nil || out.Accepted != n-3 || out.RejectedCount() != 3 {
		e.Errorf("invalid records are told in the Outcome and the rest is stored: got %+v, %v, want %d accepted, 3 rejected", out, err, n-3)
	}
	if got := len(e.scanLogs(anyTime, nil)); got != n-3 {
		e.Errorf("only valid records are stored: found %d, want %d", got, n-3)
	}
	if st := e.store.Stats(); st.Logs != uint64(n-3) || st.AcceptedLogs != uint64(n-3) || st.RejectedLogs[storage.ReasonTimeRange] != 2 {
		e.Errorf("Stats count log records: %+v", st)
	}
}

func testLogRepair(e *env) {
	build := func(text string) plog.Logs {
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		records.AppendEmpty().Body().SetStr(text)
		records.AppendEmpty().SetSeverityText(text)
		records.AppendEmpty().SetEventName(text)
		records.AppendEmpty().Attributes().PutStr(text, text)
		records.AppendEmpty().Body().SetEmptyMap().PutStr("k", text)
		records.AppendEmpty().Body().SetEmptyBytes().FromRaw([]byte("\xff"))
		return ld
	}
	out, err := e.store.Logs().WriteLogs(context.Background(), build(bad))
	if err != nil || out.Accepted != 6 || out.Repaired != 5 {
		e.Errorf("text that is not UTF-8 is replaced and counted: got %+v, %v, want 6 accepted, 5 repaired", out, err)
	}
	want := &logModel{all: []plog.Logs{build(good)}}
	e.same("what is not UTF-8 becomes U+FFFD", e.scanLogs(anyTime, nil), want.lines(anyTime, nil))
}

func testLogScan(e *env) {
	want := e.fillLogs(900)
	e.same("projection of every key", e.scanLogs(anyTime, nil, everyLogKey...), want.lines(anyTime, nil, everyLogKey...))
	for range Fewer(80) {
		w, p := e.randomWindow(), e.randomLogPredicate(2)
		k := pick(e.rng, everyLogKey)
		e.same("ScanLogs finds what the predicate is true of: "+describe(p), e.scanLogs(w, p, k), want.lines(w, p, k))
	}
}

func (e *env) randomLogPredicate(depth int) storage.Predicate {
	if depth == 0 || e.rng.IntN(3) == 0 {
		k := pick(e.rng, everyLogKey)
		if e.rng.IntN(4) == 0 {
			return storage.Exists{Key: k}
		}
		c := e.randomCompare(k)
		switch {
		case e.rng.IntN(2) == 0 || c.Op >= storage.Match:
		case k == storage.KeySeverity:
			c.Value = storage.Int(e.rng.Int64N(25))
		case k == storage.KeyTime:
			c.Value = storage.Int(epoch + e.rng.Int64N(hour))
		case k == storage.KeyBody:
			c.Value = storage.String(fmt.Sprintf("request %d took 5 ms", e.rng.IntN(500)))
		}
		return c
	}
	list := []storage.Predicate{e.randomLogPredicate(depth - 1), e.randomLogPredicate(depth - 1)}
	switch e.rng.IntN(3) {
	case 0:
		return storage.And(list)
	case 1:
		return storage.Or(list)
	}
	return storage.Not{Of: list[0]}
}

func testLogAggregate(e *env) {
	want := e.fillLogs(900)
	for range Fewer(40) {
		q := storage.Aggregation{Window: e.randomWindow(), Where: e.randomLogPredicate(1), Measure: storage.KeySeverity}
		for range e.rng.IntN(3) {
			q.By = append(q.By, pick(e.rng, everyLogKey))
		}
		if q.Window != anyTime {
			q.StepNs = max(1, (q.Window.ToNs-q.Window.FromNs)/10)
		}
		got, err := e.store.Logs().AggregateLogs(context.Background(), q)
		if err != nil {
			e.Fatalf("AggregateLogs: %v", err)
		}
		e.same(fmt.Sprintf("AggregateLogs by %v where %s", q.By, describe(q.Where)), groupLines(got), groupLines(want.aggregate(q)))
	}
}

func (m *logModel) aggregate(q storage.Aggregation) (list []storage.Group) {
	at := map[string]int{}
	m.rows(q.Window, q.Where, func(r logRow) {
		g := storage.Group{Cells: make([]storage.Cell, 1)}
		if q.StepNs > 0 {
			g.Cells = make([]storage.Cell, (q.Window.ToNs-q.Window.FromNs+q.StepNs-1)/q.StepNs)
		}
		name := ""
		for _, k := range q.By {
			g.Values = append(g.Values, r.value(k))
			name += show(r.value(k)) + "\x00"
		}
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, g)
		}
		cell := 0
		if q.StepNs > 0 {
			cell = int((r.timeNs() - q.Window.FromNs) / q.StepNs)
		}
		observe(&list[i].Cells[cell], q, r.value(q.Measure))
	})
	return list
}

func testLogListing(e *env) {
	want := e.fillLogs(900)
	for range Fewer(30) {
		q := storage.ValuesQuery{Window: e.randomWindow(), Key: pick(e.rng, everyLogKey), Where: e.randomLogPredicate(1)}
		counts := map[storage.Value]uint64{}
		want.rows(q.Window, q.Where, func(r logRow) {
			if v := r.value(q.Key); v.Type() != storage.TypeAbsent {
				counts[v]++
			}
		})
		var ref []string
		for v, n := range counts {
			ref = append(ref, fmt.Sprint(n, " ", show(v)))
		}
		got, err := e.store.Logs().LogValues(context.Background(), q)
		if err != nil || got.More {
			e.Fatalf("LogValues: more %v, %v", got.More, err)
		}
		var lines []string
		for _, v := range got.Values {
			lines = append(lines, fmt.Sprint(v.Count, " ", show(v.Value)))
		}
		if !slices.IsSortedFunc(got.Values, func(a, b storage.ValueCount) int { return cmp.Compare(b.Count, a.Count) }) {
			e.Errorf("LogValues: most frequent first: %v", lines)
		}
		e.same(fmt.Sprintf("LogValues of %s where %s", q.Key, describe(q.Where)), sorted(lines), sorted(ref))
	}
	keys, err := e.store.Logs().LogKeys(context.Background(), anyTime)
	if err != nil {
		e.Fatal(err)
	}
	var got, ref []string
	for _, k := range keys {
		got = append(got, k.Key.String())
	}
	want.rows(anyTime, nil, func(r logRow) {
		for scope, m := range map[storage.Scope]pcommon.Map{
			storage.ScopeLog: r.record.Attributes(), storage.ScopeResource: r.resource.Resource().Attributes(), storage.ScopeInstrumentation: r.scope.Scope().Attributes(),
		} {
			for k := range m.All() {
				ref = append(ref, storage.Key{Scope: scope, Name: k}.String())
			}
		}
	})
	e.same("LogKeys", sorted(got), slices.Compact(sorted(ref)))
}

func testLogLife(e *env) {
	e.fillLogs(60)
	logs := e.store.Logs()
	calls := func(ctx context.Context) map[string]error {
		errs := map[string]error{}
		_, errs["WriteLogs"] = logs.WriteLogs(ctx, plog.NewLogs())
		errs["ScanLogs"] = lastError(e, "ScanLogs", logs.ScanLogs(ctx, storage.LogScan{Window: anyTime}))
		_, errs["AggregateLogs"] = logs.AggregateLogs(ctx, storage.Aggregation{Window: anyTime})
		_, errs["LogKeys"] = logs.LogKeys(ctx, anyTime)
		_, errs["LogValues"] = logs.LogValues(ctx, storage.ValuesQuery{Window: anyTime, Key: storage.KeyBody})
		return errs
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for call, err := range calls(ctx) {
		if !errors.Is(err, context.Canceled) {
			e.Errorf("%s with a cancelled context returns its error: got %v", call, err)
		}
	}
	for _, k := range []storage.Key{storage.KeyDuration, storage.KeyKind, {Scope: storage.ScopeSpan, Name: "k1"}, {Scope: storage.ScopeIntrinsic, Name: "nonsense"}} {
		err := lastError(e, "ScanLogs", logs.ScanLogs(context.Background(), storage.LogScan{Window: anyTime, Where: storage.Exists{Key: k}}))
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), k.Name) {
			e.Errorf("a key that log records do not have is refused: %s: got %v", k, err)
		}
	}
	if err := e.store.Close(); err != nil {
		e.Fatal(err)
	}
	for call, err := range calls(context.Background()) {
		if !errors.Is(err, storage.ErrClosed) {
			e.Errorf("%s after Close fails with ErrClosed: got %v", call, err)
		}
	}
}

func testLogConcurrent(e *env) {
	const writers, writes = 3, 25
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range writes {
				ld := plog.NewLogs()
				records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
				for i := range 20 {
					r := records.AppendEmpty()
					r.SetTimestamp(pcommon.Timestamp(epoch))
					r.Body().SetStr(fmt.Sprint("body ", w, n, i))
				}
				if _, err := e.store.Logs().WriteLogs(context.Background(), ld); err != nil {
					e.Errorf("WriteLogs: %v", err)
				}
				for _, err := range e.store.Logs().ScanLogs(context.Background(), storage.LogScan{Window: anyTime, Columns: []storage.Key{storage.KeyBody}, WholeRecords: true}) {
					if err != nil {
						e.Errorf("ScanLogs: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	if n := len(e.scanLogs(anyTime, nil)); n != writers*writes*20 {
		e.Errorf("no record is lost or doubled under concurrency: %d, want %d", n, writers*writes*20)
	}
}
