package columnar

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/vfs"
)

// What became of a record, as its writer knows. It only grows.
const (
	unknown  = iota // perhaps it is there
	acked           // it is there
	leaving         // perhaps it is there, or all of it will be gone soon
	departed        // it was deleted
)

// fates are those of records, by id.
type fates []atomic.Int32

func (f fates) now() []int32 {
	list := make([]int32, len(f))
	for i := range f {
		list[i] = f[i].Load()
	}
	return list
}

// judge compares what a query saw, counts by id, with what was known before
// and after it.
func (f fates) judge(counts map[int64]int, before []int32) error {
	after := f.now()
	for id := range before {
		n, least, most := counts[int64(id)], 0, 1
		switch {
		case before[id] == departed:
			most = 0
		case before[id] == acked && after[id] == acked:
			least = 1
		}
		if n < least || n > most {
			return fmt.Errorf("record %d was seen %d times, want %d to %d (%d, later %d)", id, n, least, most, before[id], after[id])
		}
	}
	return nil
}

// TestReadersBesideEverything reads without a pause while records are written,
// flushed, merged, deleted and given up. No query may fail or see a part of
// what there is, or twice.
func TestReadersBesideEverything(t *testing.T) {
	const requests, perRequest = 400, 12
	var clock atomic.Int64
	clock.Store(modelEpoch)
	o := stillOptions(t, vfs.NewMem())
	o.still, o.keepTwins = false, false
	o.SealRows, o.GroupRows, o.PartRows, o.SealAge, o.tick = 40, 64, 600, time.Millisecond, time.Millisecond
	o.segmentBytes = 8 << 10
	o.Retention = Retention{MaxAge: 3 * time.Hour, MinFreeBytes: -1}
	o.now = func() time.Time { return time.Unix(0, clock.Add(1000)) }
	s := openDisk(t, o)
	fates := make(fates, requests*perRequest)
	signalOf := func(id int) storage.Signal {
		if id/perRequest%3 == 0 {
			return storage.SignalLogs
		}
		return storage.SignalSpans
	}
	written := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				before := fates.now()
				counts, err := seenBy(t.Context(), s)
				if err == nil {
					err = fates.judge(counts, before)
				}
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	readers.Go(func() { // traces
		for {
			before := fates.now()
			counts := map[int64]int{}
			for spans, err := range s.Spans().Traces(t.Context(), allTraces()) {
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range recordsOfSpans(spans) {
					counts[m.id]++
				}
			}
			for id := range before { // of spans only
				if signalOf(id) == storage.SignalLogs {
					before[id] = unknown
				}
			}
			if err := fates.judge(counts, before); err != nil {
				t.Errorf("traces: %v", err)
				return
			}
			select {
			case <-written:
				return
			default:
			}
		}
	})
	rng := rand.New(rand.NewPCG(1, 1))
	hourFrom := 0 // the first record of the present hour
	for r := range requests {
		var records []modelRecord
		for i := range perRequest {
			records = append(records, newModelRecord(signalOf(r*perRequest), int64(r*perRequest+i)))
		}
		writeRecords(t, s, signalOf(r*perRequest), records)
		for _, m := range records {
			fates[m.id].Store(acked)
		}
		if r%7 == 3 {
			id := rng.IntN((r + 1) * perRequest)
			key := modelID
			if signalOf(id) == storage.SignalLogs {
				key = logKey(key)
			}
			fates[id].Store(leaving)
			if _, err := s.Delete(t.Context(), storage.Deletion{Key: key, Value: storage.Int(int64(id))}); err != nil {
				t.Fatal(err)
			}
			fates[id].Store(departed)
		}
		if r%80 == 79 {
			for id := range hourFrom {
				if fates[id].Load() == acked {
					fates[id].Store(leaving)
				}
			}
			hourFrom = (r + 1) * perRequest
			clock.Add(int64(2 * time.Hour))
		}
	}
	close(written)
	readers.Wait()
	merges, expired := s.disk.counts.merges.Load(), s.disk.counts.expiredParts.Load()
	if merges == 0 {
		t.Error("nothing was merged meanwhile")
	}
	t.Logf("%d merges, %d purges, %d parts given up", merges, s.disk.counts.purges.Load(), expired)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// seenBy counts the records that scans show.
func seenBy(ctx context.Context, s *Store) (map[int64]int, error) {
	counts := map[int64]int{}
	for b, err := range s.Spans().Scan(ctx, storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{modelID, modelUser}}) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			id := b.Columns[0].Value(i).Int()
			if m := newModelRecord(storage.SignalSpans, id); b.Columns[1].Value(i).Str() != m.user || b.SpanIDs[i] != m.span {
				return nil, fmt.Errorf("span %d is mixed up with another", id)
			}
			counts[id]++
		}
	}
	for b, err := range s.Logs().ScanLogs(ctx, storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			return nil, err
		}
		for _, m := range recordsOfLogs(b.Records) {
			counts[m.id]++
		}
	}
	return counts, nil
}
