package columnar

import (
	"bytes"
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

// TestDeletedBytesAreGone deletes records and looks for their text in every
// file there is: of parts, indexes, the log, and what is in quarantine. It
// must be gone when the deletion says that it is carried out, which must come
// to pass before the deadline without any traffic.
func TestDeletedBytesAreGone(t *testing.T) {
	for name, change := range map[string]func(o *DiskOptions){
		"one segment of the log": func(o *DiskOptions) {},
		"small segments":         func(o *DiskOptions) { o.segmentBytes = 4 << 10 },
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			o := stillOptions(t, mem)
			now := time.Unix(0, modelEpoch)
			o.now, o.SealAge, o.DeleteWithin = func() time.Time { return now }, 10*time.Minute, time.Hour
			change(&o)
			s := openDisk(t, o)
			secret := func(signal storage.Signal, id int64) []modelRecord {
				list := recordsOf(signal, 3, 3, id)
				for i := range list {
					list[i].note = fmt.Sprintf("%s %d", marker, list[i].id)
				}
				return list
			}
			// Parts of both signals, merged and not, one of them damaged; a table
			// that is sealed, an open one, and what comes later.
			held := [][]modelRecord{}
			put := func(signal storage.Signal, records []modelRecord, flush bool) {
				writeRecords(t, s, signal, records)
				if flush {
					flushed{s}.flush()
				}
			}
			for i := range int64(3) {
				other := recordsOf(storage.SignalSpans, 4, 3, 100*i)
				put(storage.SignalSpans, other, false)
				put(storage.SignalSpans, secret(storage.SignalSpans, 1000+100*i), false)
				put(storage.SignalLogs, secret(storage.SignalLogs, 1000+100*i), true)
				held = append(held, other)
			}
			damagedPart := s.disk.current.spans[0]
			held = held[1:]
			changeFile(t, mem, damagedPart.path+suffixPart, damages["wrong at the end"])
			for askAll(t, s) {
				mergeAll(t, s)
			}
			put(storage.SignalSpans, secret(storage.SignalSpans, 2000), false)
			put(storage.SignalLogs, secret(storage.SignalLogs, 2000), false)
			if n := len(filesWith(t, mem, marker)); n < 4 {
				t.Fatalf("%d files have the marker: this test wants it in parts, the log and quarantine", n)
			}
			deleteTrace(t, s, 3)
			wantHeld(t, s, held...)
			later := secret(storage.SignalSpans, 3000)
			for i := range later {
				later[i].note = "later"
			}
			put(storage.SignalSpans, later, false)
			held = append(held, later)
			wantHeld(t, s, held...)
			for minute := 0; minute < 59; minute++ {
				now = now.Add(time.Minute)
				tickOnce(t, s)
				list, err := s.Deletions(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if files := filesWith(t, mem, marker); list[0].DoneNs != 0 && len(files) > 0 {
					t.Fatalf("minute %d: carried out, and %v have the marker", minute, files)
				} else if list[0].DoneNs != 0 {
					t.Logf("carried out after %d minutes", minute+1)
					wantHeld(t, s, held...)
					after := mem.Crash(1)
					_ = s.Close()
					if files := filesWith(t, after, marker); len(files) > 0 {
						t.Errorf("after a power cut %v have the marker again", files)
					}
					o.FS = after
					s = openDisk(t, o)
					defer s.Close()
					wantHeld(t, s, held...)
					return
				}
			}
			t.Errorf("the deletion is not carried out before its deadline; %v have the marker", filesWith(t, mem, marker))
		})
	}
}

// marker is text that must be gone.
const marker = "remember-me-not"

// tickOnce does what the background does in a minute.
func tickOnce(t testing.TB, s *Store) {
	t.Helper()
	s.disk.sealOld()
	s.disk.look()
	if err := s.disk.expire(); err != nil {
		t.Fatal(err)
	}
	if err := s.disk.flushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	mergeAll(t, s)
}

// filesWith lists the files that contain a text, as it is or in any encoding
// that the store uses. The log and the parts compress only what is longer than
// it is here.
func filesWith(t testing.TB, fsys vfs.FS, text string) (list []string) {
	t.Helper()
	for _, path := range filesBelow(t, fsys, "/data") {
		if bytes.Contains(contentsOf(t, fsys, path), []byte(text)) {
			list = append(list, path)
		}
	}
	return list
}
