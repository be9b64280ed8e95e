package columnar

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// recordsOf lists n records of a trace, or of all when it is -1, from an id on.
func recordsOf(signal storage.Signal, trace, n int, from int64) (list []modelRecord) {
	for id := from; len(list) < n; id++ {
		if m := newModelRecord(signal, id); trace < 0 || m.trace == modelTrace(trace) {
			list = append(list, m)
		}
	}
	return list
}

// wantHeld compares all that a store shows with what it should.
func wantHeld(t testing.TB, s *Store, want ...[]modelRecord) {
	t.Helper()
	var held []modelRecord
	for _, list := range want {
		held = append(held, list...)
	}
	for _, q := range []modelQuery{
		queryScan(storage.SignalSpans, storage.AllTime(), nil), queryRecords(storage.AllTime(), nil), queryTraces(allTraces()),
		queryGroups(storage.SignalSpans, storage.AllTime(), nil, modelUser), queryValues(storage.SignalLogs, storage.AllTime(), nil, modelUser),
		queryKeys(storage.SignalSpans, storage.AllTime()), queryEdges(storage.AllTime()),
	} {
		got, err := q.ask(context.Background(), s)
		if err != nil {
			t.Errorf("%s: %v", q.name, err)
		} else if d := difference(got, q.want(held)); d != "" {
			t.Errorf("%s: %s", q.name, d)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

func deleteTrace(t testing.TB, s *Store, trace int) {
	t.Helper()
	if _, err := s.Delete(context.Background(), storage.Deletion{TraceID: modelTrace(trace), Reason: "test"}); err != nil {
		t.Fatal(err)
	}
}

// mergeAll merges until there is nothing left to merge.
func mergeAll(t testing.TB, s *Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.disk.mergeOne(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDeletionSurvivesPowerCuts deletes what is only in the log and cuts the
// power at once. What comes afterwards must stay, though it is of the same
// trace.
func TestDeletionSurvivesPowerCuts(t *testing.T) {
	mem := vfs.NewMem()
	o := diskOptions()
	o.FS, o.still, o.SealRows, o.catalogDir = mem, true, 1000, t.TempDir()
	s := openDisk(t, o)
	cut := func(seed uint64) {
		t.Helper()
		mem = mem.Crash(seed)
		_ = s.Close()
		o.FS = mem
		s = openDisk(t, o)
	}
	gone, stays := recordsOf(storage.SignalSpans, 3, 20, 0), recordsOf(storage.SignalSpans, 4, 20, 0)
	goneLogs := recordsOf(storage.SignalLogs, 3, 20, 0)
	writeRecords(t, s, storage.SignalSpans, gone)
	writeRecords(t, s, storage.SignalLogs, goneLogs)
	writeRecords(t, s, storage.SignalSpans, stays)
	deleteTrace(t, s, 3)
	wantHeld(t, s, stays)
	cut(1)
	wantHeld(t, s, stays)
	later, laterLogs := recordsOf(storage.SignalSpans, 3, 20, 5000), recordsOf(storage.SignalLogs, 3, 20, 5000)
	writeRecords(t, s, storage.SignalSpans, later)
	writeRecords(t, s, storage.SignalLogs, laterLogs)
	wantHeld(t, s, stays, later, laterLogs)
	cut(2)
	wantHeld(t, s, stays, later, laterLogs)
	flushed{s}.flush()
	wantHeld(t, s, stays, later, laterLogs)
	cut(3)
	mergeAll(t, s)
	wantHeld(t, s, stays, later, laterLogs)
	if n := len(s.disk.tombstones); n != 0 {
		t.Errorf("%d deletions are not carried out", n)
	}
	cut(4)
	wantHeld(t, s, stays, later, laterLogs)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReplayBehindADeletion makes sure that not each request that is replayed
// behind a deletion becomes a part of its own.
func TestReplayBehindADeletion(t *testing.T) {
	mem := vfs.NewMem()
	o := diskOptions()
	o.FS, o.still, o.SealRows, o.catalog = mem, true, 1000, memoryCatalog(t)
	s := openDisk(t, o)
	writeRecords(t, s, storage.SignalSpans, recordsOf(storage.SignalSpans, 3, 5, 0))
	deleteTrace(t, s, 3)
	for i := range 20 {
		writeRecords(t, s, storage.SignalSpans, recordsOf(storage.SignalSpans, -1, 5, int64(1000+i*10)))
	}
	o.FS = mem.Crash(1)
	_ = s.Close()
	s = openDisk(t, o)
	defer s.Close()
	if n := len(s.spans.view()); n != 2 {
		t.Errorf("%d tables after the replay, want one before the deletion and one after it", n)
	}
}

// TestPositionsAreNotUsedAgain deletes, loses the end of the log, which was
// not synced, and writes. What is written must not get the position of what
// was deleted.
func TestPositionsAreNotUsedAgain(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			mem := vfs.NewMem()
			o := diskOptions()
			o.FS, o.still, o.catalog, o.Durability, o.SyncInterval = mem, true, memoryCatalog(t), wal.Interval, time.Hour
			s := openDisk(t, o)
			for i := range 5 {
				writeRecords(t, s, storage.SignalSpans, recordsOf(storage.SignalSpans, 3, 2, int64(1000*i)))
			}
			deleteTrace(t, s, 3)
			o.FS = mem.Crash(seed)
			_ = s.Close()
			s = openDisk(t, o)
			defer s.Close()
			later := recordsOf(storage.SignalSpans, 3, 5, 50_000)
			writeRecords(t, s, storage.SignalSpans, later)
			wantHeld(t, s, later)
			flushed{s}.flush()
			mergeAll(t, s)
			wantHeld(t, s, later)
		})
	}
}
