package columnar

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// world is a store on a bad disk, and what it should hold.
type world struct {
	t       testing.TB
	rng     *rand.Rand
	disk    *weatherFS
	opts    DiskOptions
	store   *Store
	ledger  *ledger
	clock   atomic.Int64 // Unix ns
	nextID  int64
	trail   []string // what was done
	counts  map[string]int
	stopped bool
}

func newWorld(t testing.TB, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 0)), ledger: newLedger(), counts: map[string]int{}}
	w.clock.Store(modelEpoch)
	pick := func(list ...int) int { return list[w.rng.IntN(len(list))] }
	w.opts = DiskOptions{
		Dir: "/store", GroupRows: pick(8, 64), MaxMemoryBytes: 1 << 20, MaxWait: time.Millisecond,
		Retention: Retention{MaxAge: 5 * time.Hour, MinFreeBytes: -1}, DeleteWithin: 2 * time.Hour, Logger: quiet(), Durability: wal.Sync,
		still: true, segmentBytes: int64(pick(4<<10, 20<<10)), catalog: memoryCatalog(t), now: func() time.Time { return time.Unix(0, w.clock.Load()) },
	}
	w.opts.PartRows = w.opts.GroupRows * pick(1, 3, 8)
	w.disk = newWeatherFS(vfs.NewMem(), seed)
	w.opts.FS = w.disk
	w.open()
	return w
}

func (w *world) note(format string, a ...any) {
	w.trail = append(w.trail, fmt.Sprintf(format, a...))
}

func (w *world) fatalf(format string, a ...any) {
	w.t.Helper()
	trail := w.trail[max(0, len(w.trail)-60):]
	for _, line := range trail {
		w.t.Log(line)
	}
	w.t.Fatalf(format, a...)
}

// open opens the store, as often as it takes when the disk is bad.
func (w *world) open() {
	w.opts.SealRows = []int{5, 20, 60}[w.rng.IntN(3)] // options may change between two runs
	for range 10 {
		s, err := OpenDisk(context.Background(), w.opts)
		if err == nil {
			w.store = s
			return
		}
		w.note("opening failed: %v", err)
		w.restart()
	}
	w.fatalf("the store does not open")
}

// restart gives the disk fine weather, and power if it has none.
func (w *world) restart() {
	if w.disk.powerless() {
		w.disk = newWeatherFS(w.disk.crash(), w.rng.Uint64())
		w.opts.FS = w.disk
	}
	w.disk.set(fine)
}

// cut cuts the power and starts again.
func (w *world) cut() {
	w.disk.crash()
	_ = w.close() // it ends what runs, and may fail as it likes
	w.restart()
	if w.rng.IntN(4) == 0 {
		w.disk.set(weather(w.rng.IntN(int(cutSoon) + 1)))
		w.note("opening in weather %d", w.disk.now)
	}
	w.open()
	w.check()
}

func (w *world) write(signal storage.Signal, records []modelRecord) {
	a := w.ledger.begin(signal, records, w.opts.now())
	var out storage.Outcome
	var err error
	if signal == storage.SignalSpans {
		out, err = w.store.Spans().WriteSpans(context.Background(), modelSpans(records))
	} else {
		out, err = w.store.Logs().WriteLogs(context.Background(), modelLogs(records))
	}
	w.note("write of %v %d and %d more: %v", signal, records[0].id, len(records)-1, err)
	switch {
	case err == nil && out.Accepted == len(records):
		a.acked = true
	case err == nil:
		w.fatalf("%d of %d records were accepted: %+v", out.Accepted, len(records), out)
	case !errors.Is(err, storage.ErrOverloaded):
		w.fatalf("a write failed in a way that no sender tries again: %v", err)
	case errors.Is(err, wal.ErrFailed):
		w.counts["log failed"]++ // it may have been written before
	default:
		a.void = true
		w.counts["refused"]++
	}
}

func (w *world) writeNew() {
	signal := storage.SignalSpans
	if w.rng.IntN(3) == 0 {
		signal = storage.SignalLogs
	}
	var records []modelRecord
	for range 1 + w.rng.IntN(12) {
		records = append(records, newModelRecord(signal, w.nextID))
		w.nextID++
	}
	w.write(signal, records)
}

// writeAgain sends a request a second time, as senders do that got no answer.
func (w *world) writeAgain() {
	if n := len(w.ledger.attempts); n > 0 {
		a := w.ledger.attempts[w.rng.IntN(n)]
		w.write(a.signal, a.records)
	}
}

func (w *world) seal() {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.sealAll()
}

func (w *world) flush() {
	_, err := w.store.disk.flushOne(context.Background())
	w.note("flush: %v", err)
	w.counts["flushes"]++
}

func (w *world) merge() {
	more, err := w.store.disk.mergeOne(context.Background())
	w.note("merge: %v %v", more, err)
}

func (w *world) expire() {
	err := w.store.disk.expire()
	w.note("expire: %v", err)
	if err == nil {
		w.store.disk.current.each(func(p *livePart) {
			if p.Hour < w.keptFrom() {
				w.fatalf("a part of hour %d is there, all before %d should be given up", p.Hour, w.keptFrom())
			}
		})
	}
}

// keptFrom is the first hour that must be kept.
func (w *world) keptFrom() int64 {
	return (w.opts.now().Add(-w.opts.Retention.MaxAge).Unix()) / 3600
}

func (w *world) delete() {
	var match func(*modelRecord) bool
	order := storage.Deletion{Reason: "test"}
	if w.rng.IntN(2) == 0 {
		order.TraceID = modelTrace(w.rng.IntN(modelTraces))
		match = func(m *modelRecord) bool { return m.trace == order.TraceID }
	} else {
		order.Key, order.Value = modelUser, storage.String(fmt.Sprint("user-", w.rng.IntN(6)))
		signal := storage.SignalSpans
		if w.rng.IntN(2) == 0 {
			order.Key, signal = logKey(modelUser), storage.SignalLogs
		}
		match = func(m *modelRecord) bool { return m.signal == signal && m.user == order.Value.Str() }
	}
	_, err := w.store.Delete(context.Background(), order)
	w.note("delete %v %v %v: %v", order.TraceID, order.Key, order.Value.Text(), err)
	if err != nil {
		w.fatalf("delete: %v", err)
	}
	w.ledger.delete(match)
	w.counts["deletions"]++
}

// held is everything that scans show. The disk must be fine.
func (w *world) held() []modelRecord {
	var list []modelRecord
	for b, err := range w.store.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{modelID}}) {
		if err != nil {
			w.fatalf("scan: %v", err)
		}
		for i := range b.Len() {
			list = append(list, newModelRecord(storage.SignalSpans, b.Columns[0].Value(i).Int()))
		}
	}
	for b, err := range w.store.Logs().ScanLogs(context.Background(), storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			w.fatalf("scan of logs: %v", err)
		}
		list = append(list, recordsOfLogs(b.Records)...)
	}
	return list
}

// check compares the store with the ledger and asks it everything, in fine
// weather and then while reads fail: an answer may then be missing, never wrong.
func (w *world) check() {
	if w.disk.powerless() {
		return
	}
	before := w.disk.now
	w.disk.set(fine)
	held := w.held()
	if err := w.ledger.judge(held, w.keptFrom()); err != nil {
		w.fatalf("%v", err)
	}
	w.ask(held, false)
	for _, bad := range []weather{flips, badReads} {
		w.disk.set(bad)
		w.disk.often([]float64{0.003, 0.02, 0.1}[w.rng.IntN(3)])
		w.ask(held, true)
	}
	w.disk.set(before)
	w.counts["checks"]++
}

func (w *world) ask(held []modelRecord, mayFail bool) {
	for _, q := range modelQueries(w.rng, w.nextID) {
		got, err := q.ask(context.Background(), w.store)
		if err != nil {
			if !mayFail {
				w.fatalf("%s: %v", q.name, err)
			}
			w.counts["failed queries"]++
			continue
		}
		if d := difference(got, q.want(held)); d != "" {
			w.fatalf("%s (weather %d): %s", q.name, w.disk.now, d)
		}
		w.counts["queries"]++
	}
}

// clear waits until the store took a write after the disk became fine again:
// that it does so by itself is a promise.
func (w *world) clear() {
	w.disk.set(fine)
	if w.disk.powerless() {
		w.cut()
		return
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		record := []modelRecord{newModelRecord(storage.SignalSpans, w.nextID)}
		w.nextID++
		w.write(storage.SignalSpans, record)
		if w.ledger.attempts[len(w.ledger.attempts)-1].acked {
			break
		}
		if err := w.store.disk.flushAll(context.Background()); err != nil {
			w.fatalf("flush on a disk that is fine: %v", err)
		}
		if time.Now().After(until) {
			w.fatalf("writes are not taken although the disk is fine")
		}
	}
	if err := w.store.disk.flushAll(context.Background()); err != nil {
		w.fatalf("flush on a disk that is fine: %v", err)
	}
}

func (w *world) step() {
	switch n := w.rng.IntN(100); {
	case n < 34:
		w.writeNew()
	case n < 38:
		w.writeAgain()
	case n < 44:
		w.seal()
	case n < 56:
		w.flush()
	case n < 70:
		w.merge()
	case n < 75:
		w.clock.Add(int64(w.rng.IntN(90)) * int64(time.Minute))
	case n < 79:
		w.expire()
	case n < 84:
		w.delete()
	case n < 87:
		w.note("power cut")
		w.counts["cuts"]++
		w.cut()
	case n < 89:
		w.note("close")
		err := w.close()
		if err != nil && w.disk.now == fine {
			w.fatalf("close: %v", err)
		}
		w.restart()
		w.open()
		w.check()
	case n < 95:
		if w.disk.now != fine {
			w.clear()
			break
		}
		w.disk.set(badWrites + weather(w.rng.IntN(int(cutSoon))))
		w.note("weather %d", w.disk.now)
	default:
		w.check()
	}
	if w.disk.powerless() {
		w.note("the power was cut")
		w.counts["cuts"]++
		w.cut()
	}
}

// end makes sure that all is well after all that: everything is there, merging
// comes to an end and deletions are carried out.
func (w *world) end() {
	w.clear()
	w.clock.Add(int64(w.opts.DeleteWithin)) // parts rest no more, and what is in quarantine must go
	w.check()
	w.seal()
	if err := w.store.disk.flushAll(context.Background()); err != nil {
		w.fatalf("flush: %v", err)
	}
	for n := 0; ; n++ {
		more, err := w.store.disk.mergeOne(context.Background())
		if err != nil {
			w.fatalf("merge: %v", err)
		}
		if !more {
			break
		}
		if n > 500 {
			w.fatalf("merging does not end")
		}
	}
	w.check()
	if n := len(w.store.disk.tombstones); n > 0 {
		w.fatalf("%d deletions are not carried out", n)
	}
	if err := w.close(); err != nil {
		w.fatalf("close: %v", err)
	}
	w.open()
	w.check()
	if err := w.close(); err != nil {
		w.fatalf("close: %v", err)
	}
	w.verify()
}

// verify has the checker of stores look at the closed store.
func (w *world) verify() {
	x, err := Inspect(InspectOptions{Dir: w.opts.Dir, FS: w.opts.FS, Logger: quiet(), withoutCatalog: true})
	if err != nil {
		w.fatalf("inspect: %v", err)
	}
	for f, err := range x.Verify(context.Background(), nil) {
		if err != nil || f.Severity == Damage {
			w.fatalf("verify: %v %v", f, err)
		}
	}
	if err := x.Close(); err != nil {
		w.fatalf("inspect: %v", err)
	}
}

// close ends the store. No part may have been taken for damaged: none is.
func (w *world) close() error {
	c := &w.store.disk.counts
	w.counts["parts"] += int(c.parts.Load())
	w.counts["merges"] += int(c.merges.Load())
	w.counts["purges"] += int(c.purges.Load())
	w.counts["expired"] += int(c.expiredParts.Load())
	if n := c.damagedParts.Load(); n > 0 {
		w.fatalf("%d parts were taken for damaged, none is", n)
	}
	return w.store.Close()
}
