package columnar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/vfs"
)

// usedBytes is what is on a disk.
func usedBytes(t testing.TB, mem *vfs.Mem) int64 {
	t.Helper()
	space, err := mem.DiskSpace("/")
	if err != nil {
		t.Fatal(err)
	}
	return space.TotalBytes - space.FreeBytes
}

// tryWrite writes one request and returns its records, if they were taken.
// Every failure must be one after which senders try again.
func tryWrite(t testing.TB, s *Store, signal storage.Signal, id int64, n int) ([]modelRecord, error) {
	t.Helper()
	records := recordsOf(signal, -1, n, id)
	var err error
	if signal == storage.SignalLogs {
		_, err = s.Logs().WriteLogs(context.Background(), modelLogs(records))
	} else {
		_, err = s.Spans().WriteSpans(context.Background(), modelSpans(records))
	}
	if err != nil && !errors.Is(err, storage.ErrOverloaded) {
		t.Fatalf("a write fails in a way that no sender tries again: %v", err)
	}
	return records, err
}

// writeUntil writes until a write is taken, or refused. The log tries to go on
// by itself, with pauses.
func writeUntil(t testing.TB, s *Store, taken bool, id int64) (acked [][]modelRecord) {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); id += 100 {
		records, err := tryWrite(t, s, storage.SignalSpans, id, 20)
		if err == nil {
			acked = append(acked, records)
		}
		if (err == nil) == taken {
			return acked
		}
		if taken {
			time.Sleep(time.Millisecond)
		}
	}
	t.Fatalf("writes are never taken: %v", taken)
	return nil
}

// TestWatermarks fills the disk up to where writes are refused. Reads go on,
// and when there is room again writes are taken.
func TestWatermarks(t *testing.T) {
	mem := vfs.NewMem()
	o := stillOptions(t, mem)
	o.Retention.MinFreeBytes = 100_000
	s, parts := storeOfParts(t, o)
	defer s.Close()
	mem.SetCapacity(usedBytes(t, mem) + 200_000)
	s.disk.look()
	held := append(parts, writeUntil(t, s, true, 1000)...)
	mem.SetCapacity(usedBytes(t, mem) + 49_000) // less than half of what must be free
	s.disk.look()
	if _, err := tryWrite(t, s, storage.SignalSpans, 2000, 1); !errors.Is(err, storage.ErrOverloaded) {
		t.Fatalf("a write on a full disk: %v", err)
	}
	if _, err := tryWrite(t, s, storage.SignalLogs, 2000, 1); !errors.Is(err, storage.ErrOverloaded) {
		t.Fatalf("a write of log records on a full disk: %v", err)
	}
	wantHeld(t, s, held...)
	if st, _ := s.DiskStats(); !st.Full {
		t.Error("the store does not tell that it is full")
	}
	if s.disk.counts.expiredParts.Load() != 0 {
		t.Error("the present hour was given up for room")
	}
	mem.SetCapacity(usedBytes(t, mem) + 200_000)
	s.disk.look()
	held = append(held, writeUntil(t, s, true, 3000)...)
	wantHeld(t, s, held...)
}

// TestRefuseAtMaxBytes refuses writes when all parts together are too large,
// and gives nothing up.
func TestRefuseAtMaxBytes(t *testing.T) {
	mem := vfs.NewMem()
	o := stillOptions(t, mem)
	o.WhenFull = Refuse
	s, parts := storeOfParts(t, o)
	defer s.Close()
	s.disk.opts.Retention.MaxBytes = s.disk.partBytes()
	s.disk.look()
	if _, err := tryWrite(t, s, storage.SignalSpans, 2000, 1); !errors.Is(err, storage.ErrOverloaded) {
		t.Fatalf("a write to a full store: %v", err)
	}
	wantHeld(t, s, parts...)
	s.disk.opts.Retention.MaxBytes *= 2
	s.disk.look()
	wantHeld(t, s, append(parts, writeUntil(t, s, true, 3000)...)...)
}

// TestNoSpace fills the disk to the last byte at every place in turn: the log,
// a part, its index, the manifest, a merge. Nothing that was acknowledged is
// lost, nothing is half there, and all goes on when there is space.
func TestNoSpace(t *testing.T) {
	steps := []int64{0, 1, 100, 600, 2000, 5000, 9000, 14_000, 20_000, 30_000, 45_000}
	if testing.Short() {
		steps = []int64{1, 5000, 30_000}
	}
	for _, step := range steps {
		t.Run(fmt.Sprint(step, " bytes left"), func(t *testing.T) {
			mem := vfs.NewMem()
			o := stillOptions(t, mem)
			now := time.Unix(0, modelEpoch)
			o.now = func() time.Time { return now }
			s, held := storeOfParts(t, o)
			now = now.Add(3 * time.Hour)
			mem.SetCapacity(usedBytes(t, mem) + step)
			flushFailed, mergeFailed, refused := 0, 0, 0
			maybe := map[int64]bool{} // first ids of requests that were refused
			for i := range int64(40) {
				signal := []storage.Signal{storage.SignalSpans, storage.SignalLogs}[i%2]
				records, err := tryWrite(t, s, signal, 10_000+i*100, 15)
				if err == nil {
					held = append(held, records)
				} else {
					refused++
					maybe[records[0].id] = true
				}
				s.mu.Lock()
				s.sealAll()
				s.mu.Unlock()
				if s.disk.flushAll(context.Background()) != nil {
					flushFailed++
				}
				if _, err := s.disk.mergeOne(context.Background()); err != nil {
					mergeFailed++
				}
			}
			t.Logf("refused %d writes, failed %d flushes and %d merges", refused, flushFailed, mergeFailed)
			if refused == 0 || step < 20_000 && mergeFailed == 0 {
				t.Errorf("%d refused, %d merges failed: the disk was not full", refused, mergeFailed)
			}
			shown := heldWith(t, s, held, maybe)
			wantHeld(t, s, shown...)
			if seed := uint64(step); step%2 == 0 {
				o.FS = mem.Crash(seed)
				mem = o.FS.(*vfs.Mem)
				_ = s.Close()
				mem.SetCapacity(0)
				s = openDisk(t, o)
			}
			mem.SetCapacity(0)
			held = append(heldWith(t, s, held, maybe), writeUntil(t, s, true, 50_000)...)
			flushed{s}.flush()
			now = now.Add(time.Hour)
			mergeAll(t, s)
			wantHeld(t, s, held...)
			mergeAll(t, s)
			if files, parts := len(filesBelow(t, mem, "/data/data")), len(s.disk.current.spans)+len(s.disk.current.logs); files != 2*parts {
				t.Errorf("%d files of %d parts", files, parts)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openDisk(t, o)
			defer s.Close()
			wantHeld(t, s, held...)
		})
	}
}

// heldWith adds those of the refused requests that are there: a request that
// the log refused while it was being written may have been stored.
func heldWith(t testing.TB, s *Store, held [][]modelRecord, maybe map[int64]bool) [][]modelRecord {
	t.Helper()
	there := map[ledgerKey]bool{}
	for b, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{modelID}}) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			there[ledgerKey{storage.SignalSpans, b.Columns[0].Value(i).Int()}] = true
		}
	}
	for b, err := range s.Logs().ScanLogs(context.Background(), storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range recordsOfLogs(b.Records) {
			there[ledgerKey{storage.SignalLogs, m.id}] = true
		}
	}
	list := append([][]modelRecord(nil), held...)
	for id := range maybe {
		for _, signal := range []storage.Signal{storage.SignalSpans, storage.SignalLogs} {
			if there[ledgerKey{signal, id}] {
				list = append(list, recordsOf(signal, -1, 15, id))
			}
		}
	}
	return list
}

// TestRoomIsMadeOnce makes room while a query reads what is given up, so that
// its files stay. One hour is enough, however often the store looks.
func TestRoomIsMadeOnce(t *testing.T) {
	mem := vfs.NewMem()
	o := stillOptions(t, mem)
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	t.Cleanup(func() { _ = s.Close() }) // after the query is done
	var hours [][]modelRecord
	for hour := range int64(6) {
		records := recordsOf(storage.SignalSpans, -1, 40, hour*100)
		writeRecords(t, s, storage.SignalSpans, records)
		flushed{s}.flush()
		hours = append(hours, records)
		now = now.Add(time.Hour)
	}
	snap, err := s.snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := sync.OnceFunc(snap.done)
	defer done()
	mem.SetCapacity(usedBytes(t, mem) + 50_000)
	s.disk.opts.Retention.MinFreeBytes = 50_001
	for range 5 {
		s.disk.look()
	}
	wantHeld(t, s, hours[1:]...)
	done()
	for range 5 {
		s.disk.look()
	}
	wantHeld(t, s, hours[1:]...)
}

// TestMergesLeaveRoom does not merge when that would take the room that is
// kept for what comes in.
func TestMergesLeaveRoom(t *testing.T) {
	mem := vfs.NewMem()
	o := stillOptions(t, mem)
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s, parts := storeOfParts(t, o)
	defer s.Close()
	now = now.Add(time.Hour * 3)
	s.disk.opts.WhenFull, s.disk.opts.Retention.MinFreeBytes = Refuse, 20_000
	mem.SetCapacity(usedBytes(t, mem) + 12_000)
	for range 3 {
		if _, err := s.disk.mergeOne(t.Context()); err == nil && s.disk.counts.merges.Load() > 0 {
			t.Fatal("parts were merged although there is no room for it")
		}
	}
	deleteTrace(t, s, 1)
	for range 10 {
		now = now.Add(mergeRest)
		_, _ = s.disk.mergeOne(t.Context())
	}
	mem.SetCapacity(0)
	now = now.Add(mergeRest)
	mergeAll(t, s)
	if n := len(s.disk.current.spans) + len(s.disk.current.logs); n != 2 {
		t.Errorf("%d parts are left", n)
	}
	for i := range parts {
		parts[i] = without(parts[i], 1)
	}
	wantHeld(t, s, parts...)
}

// without leaves out the records of a trace.
func without(list []modelRecord, trace int) (rest []modelRecord) {
	for _, m := range list {
		if m.trace != modelTrace(trace) {
			rest = append(rest, m)
		}
	}
	return rest
}

// TestFailingSync lets syncs of the log fail: nothing is acknowledged until
// they work again, and what was acknowledged survives the power cut.
func TestFailingSync(t *testing.T) {
	for seed := range uint64(10) {
		mem := vfs.NewMem()
		var failing atomic.Bool
		o := stillOptions(t, vfs.Inject(mem, func(op vfs.Op) error {
			if failing.Load() && op.Kind == vfs.OpSync {
				return errDisk
			}
			return nil
		}))
		s := openDisk(t, o)
		held := writeUntil(t, s, true, 0)
		failing.Store(true)
		maybe := map[int64]bool{}
		for i := range int64(5) {
			records, err := tryWrite(t, s, storage.SignalSpans, 1000+i*100, 15)
			if err == nil {
				t.Fatal("a write is acknowledged that was not synced")
			}
			maybe[records[0].id] = true
		}
		if seed%2 == 0 { // the disk recovers before the power is cut
			failing.Store(false)
			held = append(held, writeUntil(t, s, true, 10_000)...)
		}
		o.FS = mem.Crash(seed)
		_ = s.Close()
		s = openDisk(t, o)
		wantHeld(t, s, heldWith(t, s, held, maybe)...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRetentionByBytes gives up whole hours of both signals, the oldest first,
// until what is left is small enough.
func TestRetentionByBytes(t *testing.T) {
	o := stillOptions(t, vfs.NewMem())
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	defer s.Close()
	var hours [][]modelRecord
	for hour := range int64(5) {
		for _, signal := range []storage.Signal{storage.SignalSpans, storage.SignalLogs} {
			records := recordsOf(signal, -1, 30, hour*100)
			writeRecords(t, s, signal, records)
			flushed{s}.flush()
			hours = append(hours, records)
		}
		now = now.Add(time.Hour)
	}
	s.disk.opts.Retention.MaxBytes = s.disk.partBytes()
	for left := 5; left > 0; left-- {
		if err := s.disk.expire(); err != nil {
			t.Fatal(err)
		}
		wantHeld(t, s, hours[10-2*left:]...)
		s.disk.opts.Retention.MaxBytes = s.disk.partBytes() - 1
	}
	if st := s.Stats(); st.EvictedSpans != 4*30 || st.EvictedLogs != 4*30 {
		t.Errorf("%d spans and %d log records were given up", st.EvictedSpans, st.EvictedLogs)
	}
}

// TestRetentionByBytesWithinAnHour fills a store several times within an hour.
// It never holds much more than it may, and never much less.
func TestRetentionByBytesWithinAnHour(t *testing.T) {
	o := stillOptions(t, vfs.NewMem())
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	defer s.Close()
	var written []modelRecord
	for n := range int64(40) {
		records := recordsOf(storage.SignalSpans, -1, 30, n*100)
		writeRecords(t, s, storage.SignalSpans, records)
		flushed{s}.flush()
		written = append(written, records...)
		if n == 9 {
			s.disk.opts.Retention.MaxBytes = s.disk.partBytes()
		}
		s.disk.look()
		now = now.Add(time.Second)
	}
	most, left := s.disk.opts.Retention.MaxBytes, s.disk.partBytes()
	if left > most || left < most*3/4 {
		t.Errorf("%d bytes are left of %d that may be", left, most)
	}
	rows := s.Stats().Spans
	wantHeld(t, s, written[len(written)-int(rows):])
}
