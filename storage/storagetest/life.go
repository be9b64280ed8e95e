package storagetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// lastError drains a sequence: an error must be its last element.
func lastError[T any](e *env, what string, seq iter.Seq2[T, error]) error {
	e.Helper()
	var last error
	for _, err := range seq {
		if last != nil {
			e.Errorf("%s: an error is the last element of a sequence", what)
		}
		last = err
	}
	return last
}

// everyCall makes every call on spans and returns their errors.
func everyCall(e *env, ctx context.Context) map[string]error {
	td := ptrace.NewTraces()
	simpleSpan(td, pcommon.TraceID{1}, 1, epoch)
	errs := map[string]error{}
	_, errs["WriteSpans"] = e.spans.WriteSpans(ctx, td)
	errs["Traces"] = lastError(e, "Traces", e.spans.Traces(ctx, []storage.TraceID{{1}}))
	errs["Scan"] = lastError(e, "Scan", e.spans.Scan(ctx, storage.Scan{Window: anyTime}))
	_, errs["Aggregate"] = e.spans.Aggregate(ctx, storage.Aggregation{Window: anyTime})
	_, errs["Keys"] = e.spans.Keys(ctx, anyTime)
	_, errs["Values"] = e.spans.Values(ctx, storage.ValuesQuery{Window: anyTime, Key: storage.KeyName})
	_, errs["Edges"] = e.spans.Edges(ctx, anyTime)
	errs["ReadTraces"] = readNothing(e, ctx)
	errs["Tally"] = e.spans.Tally(ctx, storage.Tally{Window: anyTime}, countNothing)
	return errs
}

func countNothing() func(storage.TallyBatch) bool {
	return func(b storage.TallyBatch) bool {
		b.Count(make([]uint32, b.Len()), 1, func(int, storage.Value, int, uint64) {})
		return true
	}
}

// readNothing reads all traces and returns the first error.
func readNothing(e *env, ctx context.Context) error {
	reading, err := e.spans.ReadTraces(ctx, storage.TraceScan{Window: anyTime})
	if err != nil {
		return err
	}
	defer reading.Close()
	return reading.Each(ctx, func(int, *storage.TraceBatch) bool { return true })
}

func testUnsupported(e *env) {
	e.fill(100)
	ctx := context.Background()
	unknown := storage.Key{Scope: storage.ScopeIntrinsic, Name: "no.such.field"}
	refused := func(what string, err error, mention string) {
		e.Helper()
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), mention) {
			e.Errorf("%s must be refused with an error that wraps errors.ErrUnsupported and names it (%s): got %v", what, mention, err)
		}
	}
	for _, k := range []storage.Key{unknown, storage.KeyTime, storage.KeyBody, storage.KeySeverity, {Scope: storage.ScopeLog, Name: "k1"}, {Scope: 99, Name: "x"}} {
		for _, p := range []storage.Predicate{storage.Exists{Key: k}, storage.Not{Of: storage.Or{storage.And{storage.Compare{Key: k, Value: storage.Int(1)}}}}} {
			refused("a predicate with a key that spans do not have", lastError(e, "Scan", e.spans.Scan(ctx, storage.Scan{Window: anyTime, Where: p})), k.Name)
			_, err := e.spans.Aggregate(ctx, storage.Aggregation{Window: anyTime, Where: p})
			refused("a predicate with a key that spans do not have", err, k.Name)
			_, err = e.spans.Values(ctx, storage.ValuesQuery{Window: anyTime, Key: storage.KeyName, Where: p})
			refused("a predicate with a key that spans do not have", err, k.Name)
			_, err = e.spans.ReadTraces(ctx, storage.TraceScan{Window: anyTime, Where: p})
			refused("a predicate with a key that spans do not have", err, k.Name)
			refused("a predicate with a key that spans do not have", e.spans.Tally(ctx, storage.Tally{Window: anyTime, Where: p}, countNothing), k.Name)
			refused("a mark with a key that spans do not have", e.spans.Tally(ctx, storage.Tally{Window: anyTime, Marks: []storage.Predicate{p}}, countNothing), k.Name)
		}
		refused("a projection of it", lastError(e, "Scan", e.spans.Scan(ctx, storage.Scan{Window: anyTime, Columns: []storage.Key{k}})), k.Name)
		_, err := e.spans.Aggregate(ctx, storage.Aggregation{Window: anyTime, By: []storage.Key{k}})
		refused("a grouping by it", err, k.Name)
		_, err = e.spans.ReadTraces(ctx, storage.TraceScan{Window: anyTime, Columns: []storage.Key{k}})
		refused("a projection of it", err, k.Name)
		refused("a count of its values", e.spans.Tally(ctx, storage.Tally{Window: anyTime, Keys: []storage.Key{k}}, countNothing), k.Name)
		_, err = e.spans.Aggregate(ctx, storage.Aggregation{Window: anyTime, Measure: k})
		refused("a measure of it", err, k.Name)
		_, err = e.spans.Values(ctx, storage.ValuesQuery{Window: anyTime, Key: k})
		refused("its values", err, k.Name)
	}
	for _, c := range []storage.Compare{
		{Key: storage.KeyName, Op: storage.Less, AsText: true, Value: storage.String("a")},
		{Key: storage.KeyName, Op: storage.Match},
		{Key: storage.KeyName, Op: 99},
	} {
		refused("comparison "+describe(c), lastError(e, "Scan", e.spans.Scan(ctx, storage.Scan{Window: anyTime, Where: c})), "name")
	}
	if !e.store.Capabilities().Metrics {
		_, err := e.store.Metrics().WriteMetrics(ctx, pmetric.NewMetrics())
		refused("a metric call without the capability", err, "metrics")
		refused("a metric call without the capability", lastError(e, "Select", e.store.Metrics().Select(ctx, storage.MetricQuery{})), "metrics")
	}
	if !e.store.Capabilities().Logs {
		_, err := e.store.Logs().WriteLogs(ctx, plog.NewLogs())
		refused("a log call without the capability", err, "logs")
	}
}

func testCancel(e *env) {
	e.fill(600)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for call, err := range everyCall(e, ctx) {
		if !errors.Is(err, context.Canceled) {
			e.Errorf("%s with a cancelled context returns its error: got %v", call, err)
		}
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	n, last := 0, error(nil)
	for b, err := range e.spans.Scan(ctx, storage.Scan{Window: anyTime}) {
		if last = err; err == nil && b.NewestLeftNs != storage.NoneLeft {
			n++
			cancel()
		}
	}
	if n > 2 || n > 0 && !errors.Is(last, context.Canceled) {
		e.Errorf("a scan stops soon after its context is cancelled: %d more batches, then %v", n-1, last)
	}
}

func testEarlyStop(e *env) {
	e.fill(600)
	before := runtime.NumGoroutine()
	for range 50 {
		for _, err := range e.spans.Scan(context.Background(), storage.Scan{Window: anyTime}) {
			e.must(err)
			break
		}
		for _, err := range e.spans.Traces(context.Background(), []storage.TraceID{{1, 1}, {1, 2}}) {
			e.must(err)
			break
		}
		e.must(e.spans.Tally(context.Background(), storage.Tally{Window: anyTime}, func() func(storage.TallyBatch) bool {
			return func(storage.TallyBatch) bool { return false }
		}))
		next, stop := iter.Pull2(e.spans.Scan(context.Background(), storage.Scan{Window: anyTime}))
		_, err, _ := next()
		e.must(err)
		stop()
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i > 6000 {
			e.Fatalf("a consumer stops by returning: %d goroutines more than before", runtime.NumGoroutine()-before)
		}
		time.Sleep(10 * time.Millisecond)
	}
	closed := make(chan error, 1)
	go func() { closed <- e.store.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			e.Errorf("Close: %v", err)
		}
	case <-time.After(time.Minute):
		e.Fatalf("Close waits for a sequence that was stopped early")
	}
}

func testReadYourWrites(e *env) {
	for n := range 300 {
		td := ptrace.NewTraces()
		id := pcommon.TraceID{7, byte(n >> 8), byte(n)}
		simpleSpan(td, id, n, epoch+int64(n))
		e.write(td)
		if got := len(e.stored(id).dumps(nil)); got != 1 {
			e.Fatalf("Traces sees every acknowledged write: write %d is missing", n)
		}
		p := storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "n"}, Value: storage.Int(int64(n))}
		if got := len(e.scanDumps(anyTime, p)); got != 1 {
			e.Fatalf("Scan sees every acknowledged write: write %d is missing", n)
		}
	}
}

func testConcurrent(e *env) {
	const writers, writes, size = 4, 40, 30
	stop := make(chan struct{})
	var readers, writing sync.WaitGroup
	fail := make(chan error, 100)
	tell := func(err error) {
		select {
		case fail <- err:
		default:
		}
	}
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for call, err := range readOnly(e) {
					if err != nil {
						tell(fmt.Errorf("%s while others write: %w", call, err))
					}
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for n := range writes {
				td := ptrace.NewTraces()
				id := pcommon.TraceID{8, byte(w), byte(n)}
				for i := range size {
					s := simpleSpan(td, id, i, epoch+int64(n))
					s.Attributes().PutStr(fmt.Sprint("key.", w, ".", n), "x")
					s.Events().AppendEmpty().Attributes().PutInt("e", int64(i))
				}
				if out, err := e.spans.WriteSpans(context.Background(), td); err != nil || out.Accepted != size {
					tell(fmt.Errorf("concurrent write: %+v, %w", out, err))
					return
				}
				seen := 0
				for s, err := range e.spans.Traces(context.Background(), []storage.TraceID{id}) {
					if err != nil {
						tell(err)
						return
					}
					seen += s.Len()
				}
				if seen != size {
					tell(fmt.Errorf("a write is visible when it was acknowledged, others or not: %d of %d spans", seen, size))
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	readers.Wait()
	select {
	case err := <-fail:
		e.Fatal(err)
	default:
	}
	if n := len(e.scanDumps(anyTime, nil)); n != writers*writes*size {
		e.Errorf("no span is lost or doubled under concurrency: %d, want %d", n, writers*writes*size)
	}
}

// readOnly makes every reading call.
func readOnly(e *env) map[string]error {
	ctx := context.Background()
	errs := map[string]error{}
	for _, err := range e.spans.Scan(ctx, storage.Scan{Window: anyTime, Columns: []storage.Key{{Scope: storage.ScopeSpan, Name: "n"}, {Scope: storage.ScopeEvent, Name: "e"}, storage.KeyService}}) {
		if err != nil {
			errs["Scan"] = err
		}
	}
	for _, err := range e.spans.Traces(ctx, []storage.TraceID{{8, 0, 0}, {8, 1, 5}}) {
		if err != nil {
			errs["Traces"] = err
		}
	}
	_, errs["Aggregate"] = e.spans.Aggregate(ctx, storage.Aggregation{Window: anyTime, By: []storage.Key{storage.KeyService, storage.KeyName}, Measure: storage.KeyDuration, Histogram: true})
	_, errs["Keys"] = e.spans.Keys(ctx, anyTime)
	_, errs["Values"] = e.spans.Values(ctx, storage.ValuesQuery{Window: anyTime, Key: storage.KeyName})
	_, errs["Edges"] = e.spans.Edges(ctx, anyTime)
	errs["ReadTraces"] = readNothing(e, ctx)
	errs["Tally"] = e.spans.Tally(ctx, storage.Tally{Window: anyTime, Keys: []storage.Key{{Scope: storage.ScopeSpan, Name: "n"}, {Scope: storage.ScopeEvent, Name: "e"}, storage.KeyService}}, countNothing)
	e.store.Stats()
	return errs
}

func testStats(e *env) {
	if st := e.store.Stats(); st.Spans != 0 || st.OldestSpanNs != 0 || st.NewestSpanNs != 0 {
		e.Errorf("Stats of an empty store: %+v", st)
	}
	td := ptrace.NewTraces()
	for n := range 5 {
		simpleSpan(td, pcommon.TraceID{1}, n, epoch+int64(n))
	}
	s := simpleSpan(td, pcommon.TraceID{}, 5, epoch)
	s.SetName(bad)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(2).SetName(bad)
	if _, err := e.spans.WriteSpans(context.Background(), td); err != nil {
		e.Fatal(err)
	}
	st := e.store.Stats()
	if st.Spans != 5 || st.AcceptedSpans != 5 || st.RepairedSpans != 1 || st.RejectedSpans[storage.ReasonNoTraceID] != 1 || st.Bytes == 0 {
		e.Errorf("Stats count what was accepted, repaired, rejected and is held: %+v", st)
	}
	if st.OldestSpanNs != epoch || st.NewestSpanNs != epoch+4 {
		e.Errorf("Stats tell the starts of the oldest and newest span: %d, %d", st.OldestSpanNs, st.NewestSpanNs)
	}
	st.RejectedSpans["mine"] = 1
	if e.store.Stats().RejectedSpans["mine"] != 0 {
		e.Errorf("Stats.RejectedSpans is owned by the caller")
	}
}

func testClosed(e *env) {
	e.fill(100)
	if err := e.store.Close(); err != nil {
		e.Fatalf("Close: %v", err)
	}
	for call, err := range everyCall(e, context.Background()) {
		if !errors.Is(err, storage.ErrClosed) {
			e.Errorf("%s after Close fails with ErrClosed: got %v", call, err)
		}
	}
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}
