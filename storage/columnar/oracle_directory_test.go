package columnar

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// TestGoldenDirectoryOpens opens the data directory of a process that was
// killed: a manifest, two parts of each signal with their indexes, one of
// them merged, and a log with requests that are in no part. The text beside it is
// what is in it. Golden says when the directory may be written anew.
func TestGoldenDirectoryOpens(t *testing.T) {
	dir := filepath.Join("testdata", "directory") // and what is in it in directory.txt
	if os.Getenv(golden) != "" {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		killed := goldenDirectory(t)
		copyTree(t, killed, "/data", vfs.OS, dir)
	}
	o := goldenOptions()
	copyTree(t, vfs.OS, dir, o.FS, o.Dir)
	for _, start := range []string{"after the kill", "again"} {
		s := openDisk(t, o)
		if st, _ := s.DiskStats(); start == "after the kill" && (st.SpanParts != 2 || st.LogParts != 2 || st.MemoryBytes == 0 || st.DamagedParts > 0) {
			t.Errorf("there should be two parts of each signal, and a log: %+v", st)
		}
		got := storedText(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if os.Getenv(golden) != "" && start == "after the kill" {
			writeGolden(t, "directory.txt", []byte(strings.Join(got, "\n\n")))
		}
		want, err := os.ReadFile(dir + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := firstDifference(got, strings.Split(string(want), "\n\n")); diff != "" {
			t.Errorf("%s: %s", start, diff)
		}
	}
}

// TestNewerPartsStay: a store that has a part of a newer format is not opened,
// and no file of it moves.
func TestNewerPartsStay(t *testing.T) {
	o := goldenOptions()
	copyTree(t, vfs.OS, filepath.Join("testdata", "directory"), o.FS, o.Dir)
	m, state, _, err := manifest.Open(manifestFS{o.FS}, o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var newer manifest.Part
	for _, newer = range state.Parts {
	}
	newer.FormatVersion = partFormatNumber + 1
	if err := m.Apply(manifest.Edit{Remove: []string{newer.ID}, Add: []manifest.Part{newer}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := OpenDisk(t.Context(), o)
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, errFormat) || !strings.Contains(err.Error(), newer.ID) {
		t.Errorf("got %v, want an error that names part %s", err, newer.ID)
	}
	for _, suffix := range []string{suffixPart, suffixIndex} {
		if _, err := o.FS.Stat(partPath(o.Dir, newer) + suffix); err != nil {
			t.Error(err)
		}
	}
}

func goldenOptions() DiskOptions {
	o := diskOptions()
	o.FS, o.still, o.segmentBytes = vfs.NewMem(), true, 64<<10
	o.now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	return o
}

// goldenDirectory makes the directory and leaves it as a kill does.
func goldenDirectory(t *testing.T) vfs.FS {
	o := goldenOptions()
	o.keepTwins = false
	s := openDisk(t, o)
	r, m := rand.New(rand.NewPCG(7, 13)), newMesh()
	write := func() {
		if out, err := s.Spans().WriteSpans(t.Context(), m.request(2, 6)); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		if out, err := s.Logs().WriteLogs(t.Context(), m.accessLog(5)); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	for range mergeFanIn {
		write()
		flushed{s}.flush()
	}
	for more, err := true, error(nil); more; {
		if more, err = s.disk.mergeOne(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write()
	flushed{s}.flush()
	write()
	if out, err := s.Spans().WriteSpans(t.Context(), oddTraces(r, 20, 4)); err != nil || out.RejectedCount() > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	killed := vfs.NewMem()
	copyTree(t, o.FS, o.Dir, killed, o.Dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return killed
}

// copyTree copies the files below a directory, but for the lock. Zeros at the
// end of a segment of the log are room that was kept for it, and are left out.
func copyTree(t *testing.T, from vfs.FS, dir string, to vfs.FS, target string) {
	t.Helper()
	if err := to.MkdirAll(target); err != nil {
		t.Fatal(err)
	}
	names, err := from.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := from.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir {
			copyTree(t, from, path, to, filepath.Join(target, name))
			continue
		}
		if name == "LOCK" {
			continue
		}
		b, err := vfs.ReadFile(from, path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(dir) == "wal" {
			b = []byte(strings.TrimRight(string(b), "\x00"))
		}
		f, err := to.Create(filepath.Join(target, name))
		if err == nil {
			_, err = f.Write(b)
		}
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = to.SyncDir(target)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// storedText is everything that a store has, sorted.
func storedText(t *testing.T, s *Store) (list []string) {
	t.Helper()
	var ids []storage.TraceID
	for b, err := range s.Spans().Scan(t.Context(), storage.Scan{Window: storage.AllTime()}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, b.TraceIDs...)
	}
	for spans, err := range s.Spans().Traces(t.Context(), ids) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, dumpSpans(spans)...)
	}
	for logs, err := range s.Logs().ScanLogs(t.Context(), storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, dumpLogs(logs.Records)...)
	}
	slices.Sort(list)
	return list
}
