package columnar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/heddle-io/heddle/storage/vfs"

	"github.com/heddle-io/heddle/storage/storagetest"
)

// testClock is when the stores of these tests take what they get.
var testClock = time.Date(2026, 8, 1, 10, 30, 0, 0, time.UTC)

// fillDisk makes a store with spans and logs in parts and calls more with it,
// which may write something that is then only in the log. It returns the files
// as they are before the store is closed.
func fillDisk(t testing.TB, o DiskOptions, more func(*Store)) image {
	t.Helper()
	o.now, o.still = func() time.Time { return testClock }, true
	s := openDisk(t, o)
	m := newMesh()
	for range 3 {
		writeMesh(t, s, m)
		flushed{s}.flush()
	}
	if more != nil {
		more(s)
	}
	files := image{}
	if mem, ok := o.FS.(*vfs.Mem); ok {
		files.read(t, mem, "/")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return files
}

// writeMesh writes 180 spans and 120 log records.
func writeMesh(t testing.TB, s *Store, m *mesh) {
	t.Helper()
	if _, err := s.Spans().WriteSpans(context.Background(), m.request(6, 30)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Logs().WriteLogs(context.Background(), meshLogs(m, 120)); err != nil {
		t.Fatal(err)
	}
}

// image is a file system at rest: the content of its files, by path.
type image map[string][]byte

func (i image) read(t testing.TB, m *vfs.Mem, dir string) {
	t.Helper()
	names, err := m.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := m.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir {
			i.read(t, m, path)
			continue
		}
		if i[path], err = vfs.ReadFile(m, path, 1<<30); err != nil {
			t.Fatal(err)
		}
	}
}

// mem makes a file system with these files.
func (i image) mem(t testing.TB) *vfs.Mem {
	m := vfs.NewMem()
	for path, b := range i {
		putFile(t, m, path, b)
	}
	return m
}

// first is the first path that has all of some texts.
func (i image) first(t testing.TB, having ...string) string {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(i)) {
		if !slices.ContainsFunc(having, func(text string) bool { return !strings.Contains(path, text) }) {
			return path
		}
	}
	t.Fatalf("no file with %q among %q", having, slices.Sorted(maps.Keys(i)))
	return ""
}

// meshLogs has access logs of the pods of a mesh.
func meshLogs(m *mesh, n int) plog.Logs {
	ld := plog.NewLogs()
	for i := range n {
		p := &m.pods[i%7][i%3]
		rl := ld.ResourceLogs().AppendEmpty()
		p.describe(rl.Resource().Attributes())
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		m.clock += 1000
		r.SetTimestamp(pcommon.Timestamp(m.clock))
		r.SetSeverityText("INFO")
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.Body().SetStr(fmt.Sprintf("GET /products/%d 200", i%50))
		r.Attributes().PutStr("request_id", m.uuid())
		r.Attributes().PutInt("status", int64(200+i%3))
		if i%4 == 0 {
			r.SetTraceID([16]byte{1, byte(i)})
			r.SetSpanID([8]byte{2, byte(i)})
		}
	}
	return ld
}

func inspect(t testing.TB, fsys vfs.FS, dir string) *Inspection {
	t.Helper()
	x, err := Inspect(InspectOptions{FS: fsys, Dir: dir, Logger: quiet(), TempDir: t.TempDir(), withoutCatalog: fsys != vfs.OS})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// findings verifies a directory.
func findings(t testing.TB, fsys vfs.FS, dir string) (list []Finding, checked Checked) {
	t.Helper()
	x := inspect(t, fsys, dir)
	defer x.Close()
	for f, err := range x.Verify(context.Background(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list, x.Checked()
}

func TestInspectRefusesForeignDirectories(t *testing.T) {
	m := vfs.NewMem()
	for _, dir := range []string{"/empty", "/foreign/wal", "/agent/queue"} {
		if err := m.MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	putFile(t, m, "/foreign/notes.txt", []byte("x"))
	putFile(t, m, "/file", []byte("x"))
	for dir, want := range map[string]string{
		"/missing": "there is no directory /missing", "/empty": "no MANIFEST, no log and no parts",
		"/foreign": "no MANIFEST, no log and no parts", "/agent": "no MANIFEST", "/file": "/file is a file",
	} {
		if _, err := Inspect(InspectOptions{FS: m, Dir: dir}); !errors.Is(err, ErrNoStore) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestInspectionChangesNothing lets every change fail, and looks whether one
// was tried.
func TestInspectionChangesNothing(t *testing.T) {
	o := diskOptions()
	files := fillDisk(t, o, func(s *Store) { writeMesh(t, s, newMesh()) })
	files[files.first(t, ".idx")][40] ^= 1
	files[files.first(t, "MANIFEST")][60] ^= 1
	log := files.first(t, "/wal/")
	files[log] = append(files[log], 1, 2, 3)
	mem := files.mem(t)
	changed := func(op vfs.Op) error {
		switch op.Kind {
		case vfs.OpOpen, vfs.OpRead, vfs.OpReadDir, vfs.OpStat, vfs.OpDiskSpace:
			return nil
		}
		t.Errorf("%s of %s", op.Kind, op.Path)
		return errors.New("changed")
	}
	guarded := vfs.Inject(mem, changed)
	x, err := Inspect(InspectOptions{FS: guarded, Dir: o.Dir, Logger: quiet(), withoutCatalog: true})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if _, err := x.Stats(t.Context(), StatsOptions{Columns: 5}); err != nil {
		t.Fatal(err)
	}
	for _, err := range x.Verify(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatsAddUp(t *testing.T) {
	o := diskOptions()
	fillDisk(t, o, nil)
	x := inspect(t, o.FS, o.Dir)
	defer x.Close()
	last, of := int64(-1), int64(0)
	st, err := x.Stats(t.Context(), StatsOptions{Columns: 1000, Progress: func(done, total int64) {
		if done <= last || done >= total {
			t.Errorf("%d bytes of %d are done after %d", done, total, last)
		}
		last, of = done, total
	}})
	if err != nil {
		t.Fatal(err)
	}
	if of == 0 {
		t.Error("there was no progress")
	}
	if len(st.Periods) != 2 || st.Periods[0].Signal != "spans" || st.Periods[1].Signal != "logs" || st.Periods[0].Tenant != "default" {
		t.Fatalf("periods: %+v", st.Periods)
	}
	if day := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC); !st.Periods[0].Start.Equal(day) {
		t.Errorf("the day is %v", st.Periods[0].Start)
	}
	if st.Periods[0].Rows != 540 || st.Periods[1].Rows != 360 || st.Running || !st.Log.Read || st.Log.OnlyInLog != 0 {
		t.Errorf("%+v", st)
	}
	var levels, files PartStats
	for _, l := range st.Levels {
		levels.Add(l.PartStats)
	}
	for _, p := range st.Periods {
		files.Add(p.PartStats)
	}
	if levels != files || files.Parts == 0 {
		t.Errorf("levels have %+v, periods %+v", levels, files)
	}
	columns := uint64(0)
	for _, c := range st.Columns {
		columns += c.Bytes
		if c.Signal == "spans" && c.Column == "span_id" && (c.Values != 540 || c.Rows != 540 || c.BytesPerRow() < 8) {
			t.Errorf("%+v", c)
		}
	}
	if columns == 0 || columns > files.Bytes-files.IndexBytes {
		t.Errorf("columns have %d bytes of %d", columns, files.Bytes-files.IndexBytes)
	}
	hours, err := x.Stats(t.Context(), StatsOptions{ByHour: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := hours.Periods[0].Start; !got.Equal(testClock.Truncate(time.Hour)) || hours.Columns != nil {
		t.Errorf("the hour is %v, columns %v", got, hours.Columns)
	}
}

func TestStatsTellKeysWithManyValuesAndOverflow(t *testing.T) {
	storagetest.Long(t)
	o := diskOptions()
	o.SealRows, o.GroupRows, o.PartRows = 65536, 65536, 65536
	s := openDisk(t, o)
	m := newMesh()
	for i := range 120 {
		td := m.request(4, 32)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					span.Attributes().PutStr("request", span.SpanID().String()) // more than a dictionary takes
				}
			}
		}
		if i == 0 {
			for k := range 1001 {
				td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutInt(fmt.Sprint("key-", k), 1)
			}
		}
		if _, err := s.Spans().WriteSpans(t.Context(), td); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	x := inspect(t, o.FS, o.Dir)
	defer x.Close()
	st, err := x.Stats(t.Context(), StatsOptions{Columns: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Columns) != 3 || len(st.ManyValues) == 0 || st.ManyValues[0].Column != "span.request" {
		t.Errorf("columns %+v, many values %+v", st.Columns, st.ManyValues)
	}
	if len(st.Overflow) != 1 || st.Overflow[0].Rows == 0 || st.Overflow[0].Keys == 0 || st.Overflow[0].Bytes == 0 {
		t.Errorf("overflow: %+v", st.Overflow)
	}
}

// TestInspectBesideARunningStore looks at a directory that a store has open.
func TestInspectBesideARunningStore(t *testing.T) {
	o := diskOptions()
	o.FS, o.Dir = vfs.OS, t.TempDir()
	o.now, o.still = func() time.Time { return testClock }, true
	s := openDisk(t, o)
	defer s.Close()
	m := newMesh()
	td := m.request(4, 32)
	write := func() {
		if _, err := s.Spans().WriteSpans(t.Context(), td); err != nil {
			t.Fatal(err)
		}
	}
	write()
	flushed{s}.flush()
	td = m.request(1, 10)
	write() // and stays in memory
	x := inspect(t, vfs.OS, o.Dir)
	defer x.Close()
	if !x.Running() || len(x.Notes()) == 0 || !strings.Contains(x.Notes()[0], "heddle is running") {
		t.Fatalf("running %v, notes %v", x.Running(), x.Notes())
	}
	st, err := x.Stats(t.Context(), StatsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if st.Periods[0].Rows != 128 || st.Log.Read || st.Log.Files == 0 || st.Catalog.Problem != "" {
		t.Errorf("%+v", st)
	}
	for f, err := range x.Verify(t.Context(), nil) {
		t.Error(f, err)
	}
	if c := x.Checked(); c.Rows != 128 || c.LogSegments != 0 {
		t.Errorf("%+v", c)
	}
}

// TestVerifyGoesOnBesideMerges merges parts after the inspection has read their
// list.
func TestVerifyGoesOnBesideMerges(t *testing.T) {
	o := diskOptions()
	o.FS, o.Dir, o.still = vfs.OS, t.TempDir(), true
	fillDisk(t, o, nil)
	s := openDisk(t, o)
	defer s.Close()
	x := inspect(t, vfs.OS, o.Dir)
	defer x.Close()
	s.mu.RLock()
	parts := slices.Clone(s.disk.current.spans)
	s.mu.RUnlock()
	if err := s.disk.runMerge(t.Context(), &mergeJob{parts: parts, level: 5}); err != nil {
		t.Fatal(err)
	}
	for f, err := range x.Verify(t.Context(), nil) {
		t.Error(f, err)
	}
	if c := x.Checked(); c.Rows != 540+360 {
		t.Errorf("%+v", c)
	}
}

func putFile(t testing.TB, fsys vfs.FS, path string, b []byte) {
	t.Helper()
	if err := fsys.MkdirAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Create(path)
	if err == nil {
		_, err = f.Write(b)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}
