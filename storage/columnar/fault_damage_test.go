package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/vfs"
)

// filesBelow lists the files in a directory and those below it.
func filesBelow(t testing.TB, fsys vfs.FS, dir string) (list []string) {
	t.Helper()
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := fsys.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir {
			list = append(list, filesBelow(t, fsys, path)...)
		} else {
			list = append(list, path)
		}
	}
	return list
}

func contentsOf(t testing.TB, fsys vfs.FS, path string) []byte {
	t.Helper()
	r, err := fsys.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b := make([]byte, r.Size())
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return b
}

// changeFile replaces what is in a file; nil removes it.
func changeFile(t testing.TB, fsys vfs.FS, path string, to func(b []byte) []byte) {
	t.Helper()
	b := to(contentsOf(t, fsys, path))
	if err := fsys.Remove(path); err != nil {
		t.Fatal(err)
	}
	if b == nil {
		return
	}
	if err := vfs.WriteFile(fsys, path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// damages are what may happen to a file.
var damages = map[string]func([]byte) []byte{
	"missing": func([]byte) []byte { return nil },
	"short":   func(b []byte) []byte { return b[:len(b)/2] },
	"empty":   func([]byte) []byte { return []byte{} },
	"zeros":   func(b []byte) []byte { clear(b); return b },
	"wrong in the middle": func(b []byte) []byte {
		for i := len(b) / 4; i < len(b)/2; i += 50 { // so that some of it is read by every query
			b[i] ^= 4
		}
		return b
	},
	"wrong at the end": func(b []byte) []byte {
		b[len(b)-9] ^= 4
		return b
	},
}

// storeOfParts is a still store with two parts of spans and two of log records,
// and what is in each.
func storeOfParts(t *testing.T, o DiskOptions) (*Store, [][]modelRecord) {
	t.Helper()
	s := openDisk(t, o)
	var parts [][]modelRecord
	for n := range 4 {
		signal := []storage.Signal{storage.SignalSpans, storage.SignalLogs}[n%2]
		records := recordsOf(signal, -1, 40, int64(n*100))
		writeRecords(t, s, signal, records)
		flushed{s}.flush()
		parts = append(parts, records)
	}
	return s, parts
}

func stillOptions(t testing.TB, fsys vfs.FS) DiskOptions {
	o := diskOptions()
	o.FS, o.still, o.SealRows, o.catalog = fsys, true, 1000, memoryCatalog(t)
	return o
}

// askAll asks everything and says whether something failed.
func askAll(t testing.TB, s *Store) (failed bool) {
	for _, q := range []modelQuery{queryScan(storage.SignalSpans, storage.AllTime(), nil), queryRecords(storage.AllTime(), nil), queryTraces(allTraces())} {
		_, err := q.ask(context.Background(), s)
		failed = failed || err != nil
	}
	return failed
}

// TestDamagedFiles damages the files of one part of each signal, of a store
// that is closed and of one that is running. A damaged index costs nothing, a
// damaged part costs its own records, and is kept.
func TestDamagedFiles(t *testing.T) {
	for name, damage := range damages {
		for _, suffix := range []string{suffixPart, suffixIndex} {
			for _, running := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s%s/running %v", name, suffix, running), func(t *testing.T) {
					mem := vfs.NewMem()
					o := stillOptions(t, mem)
					s, parts := storeOfParts(t, o)
					var paths []string
					for _, p := range []*livePart{s.disk.current.spans[0], s.disk.current.logs[0]} {
						paths = append(paths, p.path+suffix)
					}
					if !running {
						if err := s.Close(); err != nil {
							t.Fatal(err)
						}
					}
					for _, path := range paths {
						changeFile(t, mem, path, damage)
					}
					if !running {
						s = openDisk(t, o)
					}
					for range 20 { // each query may find one of the damages
						if !askAll(t, s) {
							break
						}
						if _, err := s.disk.mergeOne(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
					held := parts
					if suffix == suffixPart {
						held = parts[2:]
					}
					wantHeld(t, s, held...)
					aside := filesBelow(t, mem, "/data/quarantine")
					if n := s.disk.counts.damagedParts.Load(); suffix == suffixPart && n != 2 || suffix == suffixIndex && n != 0 {
						t.Errorf("%d parts are damaged: %v", n, aside)
					}
					if suffix == suffixPart && len(aside) < 4 {
						t.Errorf("only %v are in quarantine", aside)
					}
					for _, path := range aside {
						if strings.HasSuffix(path, suffixReason) && !strings.Contains(string(contentsOf(t, mem, path)), "MaxLSN") {
							t.Errorf("%s does not tell what the part was: %s", path, contentsOf(t, mem, path))
						}
					}
					// What is set aside survives the power cut, and does not come back.
					after := mem.Crash(1)
					_ = s.Close()
					o.FS = after
					s = openDisk(t, o)
					defer s.Close()
					wantHeld(t, s, held...)
					if again := filesBelow(t, after, "/data/quarantine"); !slices.Equal(aside, again) {
						t.Errorf("%v were in quarantine, after a power cut %v are", aside, again)
					}
				})
			}
		}
	}
}

// TestWrongReadsAreNoDamage reads wrong bits once while parts are opened and
// merged. On the disk nothing is wrong, so no part may be set aside.
func TestWrongReadsAreNoDamage(t *testing.T) {
	step := int64(3)
	if testing.Short() {
		step = 17
	}
	for read := int64(1); ; read += step {
		mem := vfs.NewMem()
		var left atomic.Int64
		o := stillOptions(t, vfs.Inject(mem, func(op vfs.Op) error {
			if op.Kind == vfs.OpRead && strings.Contains(op.Path, "/default/") && left.Add(-1) == 0 {
				return &vfs.BitFlipError{Bit: 1013 * read}
			}
			return nil
		}))
		now := time.Unix(0, modelEpoch)
		o.now = func() time.Time { return now }
		s, parts := storeOfParts(t, o)
		left.Store(read)
		now = now.Add(3 * time.Hour) // the hour has ended: parts are merged
		for range 3 {
			_, _ = s.disk.mergeOne(context.Background())
			now = now.Add(mergeRest)
		}
		askAll(t, s)
		all := left.Swap(-1) > 0
		mergeAll(t, s)
		if n := s.disk.counts.merges.Load(); n != 2 {
			t.Errorf("wrong bits in read %d: %d merges, want 2", read, n)
		}
		wantHeld(t, s, parts...)
		if c := s.disk.counts.damagedParts.Load(); c != 0 {
			t.Errorf("wrong bits in read %d: %d parts were taken for damaged", read, c)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if all {
			t.Logf("%d reads", read)
			break
		}
	}
}

// TestUnreadablePart has a part that the disk does not give out. The others
// are merged and deletions in them are carried out.
func TestUnreadablePart(t *testing.T) {
	mem := vfs.NewMem()
	var broken atomic.Pointer[string]
	o := stillOptions(t, vfs.Inject(mem, func(op vfs.Op) error {
		if p := broken.Load(); op.Kind == vfs.OpRead && p != nil && strings.HasPrefix(op.Path, *p) {
			return errDisk
		}
		return nil
	}))
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s := openDisk(t, o)
	defer s.Close()
	for i := range 10 {
		writeRecords(t, s, storage.SignalSpans, recordsOf(storage.SignalSpans, -1, 5, int64(i*100)))
		flushed{s}.flush()
	}
	broken.Store(&s.disk.current.spans[2].path)
	now = now.Add(3 * time.Hour)
	for range 20 {
		_, _ = s.disk.mergeOne(context.Background())
	}
	if !askAll(t, s) {
		t.Error("queries leave out a part that cannot be read, they must fail")
	}
	broken.Store(nil)
	now = now.Add(mergeRest)
	mergeAll(t, s)
	if n := len(s.disk.current.spans); n != 1 {
		t.Errorf("%d parts are left", n)
	}
	if askAll(t, s) || s.disk.counts.damagedParts.Load() != 0 {
		t.Error("a disk that works again must give all back")
	}
}

// TestFailedManifestLeavesNoFiles fails to write the manifest many times: the
// part is written once, and nothing is left that nobody needs.
func TestFailedManifestLeavesNoFiles(t *testing.T) {
	mem := vfs.NewMem()
	var failing atomic.Bool
	o := stillOptions(t, vfs.Inject(mem, func(op vfs.Op) error {
		if failing.Load() && strings.Contains(op.Path, "MANIFEST") && (op.Kind == vfs.OpSync || op.Kind == vfs.OpRename) {
			return errDisk
		}
		return nil
	}))
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s, parts := storeOfParts(t, o)
	records := recordsOf(storage.SignalSpans, -1, 10, 5000)
	writeRecords(t, s, storage.SignalSpans, records)
	held := append(parts, records)
	s.mu.Lock()
	s.sealAll()
	s.mu.Unlock()
	failing.Store(true)
	for range 5 {
		if err := s.disk.flushAll(context.Background()); !errors.Is(err, errDisk) {
			t.Fatalf("flush: %v", err)
		}
		if files := filesBelow(t, mem, "/data/data"); len(files) != 10 {
			t.Fatalf("%d files, want those of 5 parts: %v", len(files), files)
		}
	}
	wantHeld(t, s, held...)
	now = now.Add(3 * time.Hour)
	if _, err := s.disk.mergeOne(context.Background()); !errors.Is(err, errDisk) {
		t.Fatalf("merge: %v", err)
	}
	failing.Store(false)
	if err := s.disk.flushAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(mergeRest)
	mergeAll(t, s)
	wantHeld(t, s, held...)
	mergeAll(t, s)
	if files := filesBelow(t, mem, "/data/data"); len(files) != 4 {
		t.Errorf("%d files, want those of 2 parts: %v", len(files), files)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRemovalsAreTriedAgain fails to remove the files of parts that were
// merged. They go later, and so do the directories of hours that are over.
func TestRemovalsAreTriedAgain(t *testing.T) {
	mem := vfs.NewMem()
	var failing atomic.Bool
	o := stillOptions(t, vfs.Inject(mem, func(op vfs.Op) error {
		if failing.Load() && op.Kind == vfs.OpRemove && (strings.HasSuffix(op.Path, suffixPart) || strings.HasSuffix(op.Path, suffixIndex)) {
			return errDisk
		}
		return nil
	}))
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s, parts := storeOfParts(t, o)
	now = now.Add(3 * time.Hour)
	failing.Store(true)
	mergeAll(t, s)
	if files := filesBelow(t, mem, "/data/data"); len(files) != 12 {
		t.Fatalf("%d files, want those of 4 old and 2 new parts", len(files))
	}
	if n := s.disk.leftBytes(); n == 0 {
		t.Error("the files that could not be removed are not counted")
	}
	failing.Store(false)
	mergeAll(t, s)
	if files := filesBelow(t, mem, "/data/data"); len(files) != 4 || s.disk.leftBytes() != 0 {
		t.Errorf("%d files, want those of 2 parts: %v", len(files), files)
	}
	wantHeld(t, s, parts...)
	now = now.Add(100 * 24 * time.Hour)
	s.disk.opts.Retention.MaxAge = time.Hour
	if err := s.disk.expire(); err != nil {
		t.Fatal(err)
	}
	mergeAll(t, s)
	wantHeld(t, s)
	for _, signal := range []string{"spans", "logs"} {
		if names, err := mem.ReadDir("/data/data/default/" + signal); err != nil || len(names) != 0 {
			t.Errorf("%s: %v, %v: want no directory of a day", signal, names, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
