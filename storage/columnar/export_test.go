package columnar

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// exporting is a store and all that was written to it, by content.
type exporting struct {
	t     *testing.T
	o     DiskOptions
	s     *Store
	spans []ptrace.Traces
	logs  []plog.Logs
	m     *mesh
}

func newExporting(t *testing.T) *exporting {
	e := &exporting{t: t, o: diskOptions(), m: newMesh()}
	e.o.FS, e.o.Dir, e.o.still = vfs.OS, t.TempDir(), true
	e.o.now = func() time.Time { return testClock }
	e.s = openDisk(t, e.o)
	t.Cleanup(func() { _ = e.s.Close() }) // it may be closed already
	return e
}

func (e *exporting) write() {
	e.t.Helper()
	e.writeSpans(e.m.request(5, 30))
	ld := meshLogs(e.m, 90)
	if _, err := e.s.Logs().WriteLogs(context.Background(), ld); err != nil {
		e.t.Fatal(err)
	}
	e.logs = append(e.logs, ld)
}

func (e *exporting) writeSpans(td ptrace.Traces) {
	e.t.Helper()
	if _, err := e.s.Spans().WriteSpans(context.Background(), td); err != nil {
		e.t.Fatal(err)
	}
	e.spans = append(e.spans, td)
}

func (e *exporting) flush() { flushed{e.s}.flush() }

// crash leaves what is in memory to the log.
func (e *exporting) crash() {
	e.t.Helper()
	dir := e.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(e.o.Dir)); err != nil {
		e.t.Fatal(err)
	}
	if err := e.s.Close(); err != nil {
		e.t.Fatal(err)
	}
	e.o.Dir = dir
}

// spanTexts are the spans that keep lets pass, by content.
func (e *exporting) spanTexts(keep func(s *storage.Spans, row int) bool) (list []string) {
	for _, td := range e.spans {
		s := storage.SpansFromPdata(td)
		for row := range s.Len() {
			if keep(s, row) {
				list = append(list, spanText(e.t, s, row))
			}
		}
	}
	slices.Sort(list)
	return list
}

func allSpans(*storage.Spans, int) bool { return true }

func spanText(t testing.TB, s *storage.Spans, row int) string {
	td, err := s.ToPdata([]int{row})
	if err != nil {
		t.Fatal(err)
	}
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// logTexts are all records, by content.
func logTexts(t testing.TB, list []plog.Logs) (texts []string) {
	for _, ld := range list {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					one := plog.NewLogs()
					orl := one.ResourceLogs().AppendEmpty()
					rl.Resource().CopyTo(orl.Resource())
					orl.SetSchemaUrl(rl.SchemaUrl())
					osl := orl.ScopeLogs().AppendEmpty()
					sl.Scope().CopyTo(osl.Scope())
					r.CopyTo(osl.LogRecords().AppendEmpty())
					b, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
					if err != nil {
						t.Fatal(err)
					}
					texts = append(texts, string(b))
				}
			}
		}
	}
	slices.Sort(texts)
	return texts
}

// inspect looks at the directory, whether its store is open or not.
func (e *exporting) inspect() *Inspection {
	x := inspect(e.t, vfs.OS, e.o.Dir)
	e.t.Cleanup(func() { _ = x.Close() })
	return x
}

func (e *exporting) parquet(o ExportOptions) ([]byte, ExportResult) {
	e.t.Helper()
	x := e.inspect()
	defer x.Close()
	var b bytes.Buffer
	o.groupRows, o.batchRows = 128, 400
	r, err := x.ExportParquet(context.Background(), &b, o)
	if err != nil {
		e.t.Fatal(err)
	}
	return b.Bytes(), r
}

func (e *exporting) lines(o ExportOptions) ([]string, ExportResult) {
	e.t.Helper()
	x := e.inspect()
	defer x.Close()
	var b strings.Builder
	r, err := x.ExportOTLPJSON(context.Background(), &b, o)
	if err != nil {
		e.t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(b.String(), "\n"), func(l string) bool { return l == "" }), r
}

// openExport opens an exported file as a part.
func openExport(t testing.TB, b []byte) *partFile {
	t.Helper()
	file, err := parquet.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := openPart("export", bytes.NewReader(b), int64(len(b)), make([]zone, len(file.RowGroups())), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parquetSpans(t testing.TB, b []byte) (list []string) {
	f := openExport(t, b)
	for group := range f.file.RowGroups() {
		rows := f.spanRows(group)
		s := rows.load(rows.all()).spans(allRows(rows.n))
		if rows.err() != nil {
			t.Fatal(rows.err())
		}
		for row := range s.Len() {
			list = append(list, spanText(t, s, row))
		}
	}
	slices.Sort(list)
	return list
}

func jsonSpans(t testing.TB, lines []string) (list []string) {
	for _, line := range lines {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		s := storage.SpansFromPdata(td)
		for row := range s.Len() {
			list = append(list, spanText(t, s, row))
		}
	}
	slices.Sort(list)
	return list
}

// equal compares contents.
func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: row %d is %q, want %q", what, i, got[i], want[i])
		}
	}
}

// checkSpans exports spans in both formats and compares them.
func (e *exporting) checkSpans(what string, o ExportOptions, want []string) ExportResult {
	e.t.Helper()
	o.Signal = storage.SignalSpans
	b, r := e.parquet(o)
	if len(want) > 0 {
		equal(e.t, what+", parquet", parquetSpans(e.t, b), want)
	}
	lines, r2 := e.lines(o)
	equal(e.t, what+", otlp-json", jsonSpans(e.t, lines), want)
	if r != r2 || r.Rows != uint64(len(want)) {
		e.t.Errorf("%s: parquet says %+v, otlp-json %+v, there are %d rows", what, r, r2, len(want))
	}
	return r
}

// oddSpans has what the spans of a mesh do not have.
func oddSpans() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl("https://example.com/resource")
	rs.Resource().SetDroppedAttributesCount(1)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.SetSchemaUrl("https://example.com/scope")
	ss.Scope().Attributes().PutBool("scoped", true)
	for i := range 3 {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID([16]byte{9, byte(i / 2)})
		s.SetSpanID([8]byte{byte(i + 1)})
		s.SetParentSpanID([8]byte{7, 7})
		s.SetName("odd")
		s.SetStartTimestamp(1)
		s.TraceState().FromRaw("a=b")
		s.SetFlags(257)
		s.Status().SetMessage("why")
		s.SetDroppedAttributesCount(1)
		s.SetDroppedEventsCount(2)
		s.SetDroppedLinksCount(3)
		a := s.Attributes()
		a.PutEmpty("empty")
		a.PutDouble("double", -0.5)
		a.PutBool("bool", i == 1)
		a.PutEmptyBytes("bytes").FromRaw([]byte{0, 255, byte(i)})
		a.PutEmptySlice("array").AppendEmpty().SetInt(int64(i))
		a.PutEmptyMap("map").PutStr("k", "v")
		for n := range i {
			ev := s.Events().AppendEmpty()
			ev.SetName("event")
			ev.SetTimestamp(2)
			ev.SetDroppedAttributesCount(4)
			ev.Attributes().PutInt("n", int64(n))
			l := s.Links().AppendEmpty()
			l.SetTraceID([16]byte{8})
			l.SetSpanID([8]byte{8})
			l.TraceState().FromRaw("c=d")
			l.SetFlags(1)
			l.Attributes().PutStr("link", "x")
		}
	}
	return td
}

func TestExportHasEverySpan(t *testing.T) {
	e := newExporting(t)
	for i := range 5 {
		e.write()
		if i != 3 {
			e.flush()
		}
	}
	e.writeSpans(oddSpans())
	want := e.spanTexts(allSpans)
	e.crash()
	r := e.checkSpans("all", ExportOptions{}, want)
	if r.Parts < 5 || r.Deleted != 0 {
		t.Errorf("%+v", r)
	}
}

func TestExportHasEveryLogRecord(t *testing.T) {
	e := newExporting(t)
	for i := range 4 {
		e.write()
		if i != 2 {
			e.flush()
		}
	}
	want := logTexts(t, e.logs)
	e.crash()
	lines, r := e.lines(ExportOptions{Signal: storage.SignalLogs})
	var back []plog.Logs
	for _, line := range lines {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, ld)
	}
	equal(t, "otlp-json", logTexts(t, back), want)
	b, r2 := e.parquet(ExportOptions{Signal: storage.SignalLogs})
	f := openExport(t, b)
	back = nil
	for group := range f.file.RowGroups() {
		rows := f.logRows(group)
		ld, err := rows.load(rows.all()).records(allRows(rows.n)).ToPdata(upTo[int](rows.n))
		if err = errors.Join(err, rows.err()); err != nil {
			t.Fatal(err)
		}
		back = append(back, ld)
	}
	equal(t, "parquet", logTexts(t, back), want)
	if r != r2 || r.Rows != uint64(len(want)) {
		t.Errorf("otlp-json says %+v, parquet %+v", r, r2)
	}
}

func TestExportOfAPartOfTheStore(t *testing.T) {
	e := newExporting(t)
	for range 4 {
		e.write()
		e.flush()
	}
	if err := e.s.Close(); err != nil {
		t.Fatal(err)
	}
	all := storage.SpansFromPdata(e.spans[1])
	from, to, trace, service := all.StartsNs[3], all.StartsNs[90], all.TraceIDs[7], all.Service(11)
	window := storage.Window{FromNs: min(from, to), ToNs: max(from, to)}
	e.checkSpans("window", ExportOptions{Window: window}, e.spanTexts(func(s *storage.Spans, row int) bool { return window.Contains(s.StartsNs[row]) }))
	e.checkSpans("trace", ExportOptions{TraceID: trace}, e.spanTexts(func(s *storage.Spans, row int) bool { return s.TraceIDs[row] == trace }))
	ofService := func(s *storage.Spans, row int) bool { return s.Service(row) == service }
	e.checkSpans("service", ExportOptions{Service: service}, e.spanTexts(ofService))
	e.checkSpans("service of a trace", ExportOptions{Service: service, TraceID: trace}, e.spanTexts(func(s *storage.Spans, row int) bool { return ofService(s, row) && s.TraceIDs[row] == trace }))
	e.checkSpans("nothing", ExportOptions{Service: "nobody"}, nil)

	b, _ := e.parquet(ExportOptions{Signal: storage.SignalSpans, Service: service})
	f := openExport(t, b)
	for _, r := range f.origins.resources {
		if r.service() != service {
			t.Errorf("the export of %s tells of %s", service, r.service())
		}
	}
}

// TestExportWithoutIndexes damages the indexes of parts, which have nothing that
// the parts do not have.
func TestExportWithoutIndexes(t *testing.T) {
	e := newExporting(t)
	for range 3 {
		e.write()
		e.flush()
	}
	paths := []string{}
	for _, p := range e.s.disk.current.spans {
		paths = append(paths, p.path+suffixIndex)
	}
	if err := e.s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(paths[1])
	for i := 50; i < len(b)-300; i++ { // all but the footer
		b[i] ^= 1
	}
	if err = errors.Join(err, os.Remove(paths[0]), os.WriteFile(paths[1], b, 0o600)); err != nil {
		t.Fatal(err)
	}
	e.checkSpans("all", ExportOptions{}, e.spanTexts(allSpans))
	service := storage.SpansFromPdata(e.spans[1]).Service(4)
	e.checkSpans("service", ExportOptions{Service: service}, e.spanTexts(func(s *storage.Spans, row int) bool { return s.Service(row) == service }))
}

// TestExportForOtherReaders looks at what those need that know Parquet only.
func TestExportForOtherReaders(t *testing.T) {
	e := newExporting(t)
	e.write()
	e.flush()
	b, _ := e.parquet(ExportOptions{Signal: storage.SignalSpans})
	f := openExport(t, b)
	id, ok := f.file.Column("", "parent_span_id")
	if !ok {
		t.Fatal("there is no column parent_span_id")
	}
	for group := range f.file.RowGroups() {
		rows := f.spanRows(group)
		if !slices.Equal(ids[storage.SpanID](rows.column(id), rows.all()), rows.load(rows.all()).parents) {
			t.Error("parents differ")
		}
	}
	empty, _ := e.parquet(ExportOptions{Signal: storage.SignalSpans, Service: "nobody"})
	if file, err := parquet.Open(bytes.NewReader(empty), int64(len(empty))); err != nil || file.Rows() != 0 || len(file.Columns()) < 20 {
		t.Errorf("an export without rows: %v", err)
	}
}

// TestExportLeavesOutWhatWasDeleted orders deletions that are not carried out:
// in parts, and in what is only in the log, before and after the order.
func TestExportLeavesOutWhatWasDeleted(t *testing.T) {
	e := newExporting(t)
	e.write()
	e.flush()
	e.write()
	all := storage.SpansFromPdata(e.spans[0])
	trace, service := storage.SpansFromPdata(e.spans[1]).TraceIDs[0], all.Service(0)
	for _, d := range []storage.Deletion{{TraceID: trace, Reason: "test"}, {Key: storage.KeyService, Value: storage.String(service), Reason: "test"}} {
		if _, err := e.s.Delete(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	before := len(e.spans)
	e.write() // has the service, too
	e.write()
	if c := e.spanTexts(func(s *storage.Spans, row int) bool { return s.Service(row) == service }); len(c) < 2 {
		t.Fatal("the test needs more spans of a service")
	}
	want := (&exporting{t: t, spans: e.spans[:before]}).spanTexts(func(s *storage.Spans, row int) bool { return s.TraceIDs[row] != trace && s.Service(row) != service })
	flushedOnly := slices.Clone(want)
	want = append(want, (&exporting{t: t, spans: e.spans[before:]}).spanTexts(allSpans)...)
	slices.Sort(want)
	everything := e.spanTexts(allSpans)

	// Beside the store only parts are seen; the deletion sealed what came before.
	if _, err := e.s.disk.flushOne(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.s.disk.flushOne(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := e.checkSpans("beside the store", ExportOptions{}, flushedOnly); r.Deleted == 0 {
		t.Errorf("%+v", r)
	}

	e.crash()
	if r := e.checkSpans("after a crash", ExportOptions{}, want); int(r.Deleted) != len(everything)-len(want) {
		t.Errorf("%+v, %d were deleted", r, len(everything)-len(want))
	}
	e.checkSpans("with what was deleted", ExportOptions{IncludeDeleted: true}, everything)

	if err := os.RemoveAll(filepath.Join(e.o.Dir, "catalog")); err != nil {
		t.Fatal(err)
	}
	x := e.inspect()
	if _, err := x.ExportParquet(t.Context(), &bytes.Buffer{}, ExportOptions{Signal: storage.SignalSpans}); !errors.Is(err, ErrDeletionsUnknown) {
		t.Errorf("without the catalog: %v", err)
	}
	x.Close()
	e.checkSpans("without the catalog", ExportOptions{IncludeDeleted: true}, everything)
}

// TestExportBesideMerges merges all parts when the export has begun: every row
// must come once.
func TestExportBesideMerges(t *testing.T) {
	e := newExporting(t)
	for range 4 {
		e.write()
		e.flush()
	}
	want := e.spanTexts(allSpans)
	for _, format := range []string{"parquet", "otlp-json"} {
		x := e.inspect()
		merged := false
		o := ExportOptions{Signal: storage.SignalSpans, batchRows: 200, Progress: func(int64, int64) {
			if merged {
				return
			}
			merged = true
			parts := slices.Clone(e.s.disk.current.spans)
			if err := e.s.disk.runMerge(context.Background(), &mergeJob{parts: parts, level: 1}); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(parts[0].path + suffixPart); err == nil {
				t.Error("the merge left the parts")
			}
		}}
		var b bytes.Buffer
		export := x.ExportParquet
		if format == "otlp-json" {
			export = x.ExportOTLPJSON
		}
		if _, err := export(t.Context(), &b, o); err != nil || !merged {
			t.Fatal(err, merged)
		}
		if format == "parquet" {
			equal(t, format, parquetSpans(t, b.Bytes()), want)
		} else {
			equal(t, format, jsonSpans(t, strings.Split(strings.TrimSpace(b.String()), "\n")), want)
		}
		x.Close()
	}
}

func TestLinesAreShort(t *testing.T) {
	storagetest.Long(t)
	e := newExporting(t)
	td := e.m.request(2, 200)
	for _, rs := range td.ResourceSpans().All() {
		for _, s := range rs.ScopeSpans().At(0).Spans().All() {
			s.Attributes().PutStr("padding", strings.Repeat("x", 20_000))
		}
	}
	e.writeSpans(td)
	e.flush()
	lines, r := e.lines(ExportOptions{Signal: storage.SignalSpans})
	for _, l := range lines {
		if len(l) > 1<<20 {
			t.Errorf("a line has %d bytes", len(l))
		}
	}
	if len(lines) < 8 || r.Rows != 400 {
		t.Errorf("%d lines, %+v", len(lines), r)
	}
}

func TestExportFails(t *testing.T) {
	e := newExporting(t)
	e.write()
	e.flush()
	x := e.inspect()
	defer x.Close()
	broken := errors.New("broken pipe")
	for name, export := range map[string]func(context.Context, failingWriter, ExportOptions) (ExportResult, error){
		"parquet": func(ctx context.Context, w failingWriter, o ExportOptions) (ExportResult, error) {
			return x.ExportParquet(ctx, w, o)
		},
		"otlp-json": func(ctx context.Context, w failingWriter, o ExportOptions) (ExportResult, error) {
			return x.ExportOTLPJSON(ctx, w, o)
		},
	} {
		if _, err := export(t.Context(), failingWriter{broken}, ExportOptions{Signal: storage.SignalSpans}); !errors.Is(err, broken) {
			t.Errorf("%s: a writer that fails: %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := export(ctx, failingWriter{}, ExportOptions{Signal: storage.SignalSpans}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", name, err)
		}
		if _, err := export(t.Context(), failingWriter{}, ExportOptions{}); err == nil {
			t.Errorf("%s: without a signal", name)
		}
	}
	path := e.s.disk.current.spans[0].path + suffixPart
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, flipColumn(t, b, "span_id", false), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.ExportParquet(t.Context(), failingWriter{}, ExportOptions{Signal: storage.SignalSpans}); err == nil || !strings.Contains(err.Error(), "verify tells where") {
		t.Errorf("of a damaged part: %v", err)
	}
}

// failingWriter fails with err, unless that is nil.
type failingWriter struct{ err error }

func (w failingWriter) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	return len(b), nil
}

// TestPurgedPartsHaveNoTraceOfWhatWasDeleted deletes by a resource and looks
// into the new part for it.
func TestPurgedPartsHaveNoTraceOfWhatWasDeleted(t *testing.T) {
	e := newExporting(t)
	td := e.m.request(5, 30)
	secret := td.ResourceSpans().At(0)
	secret.Resource().Attributes().PutStr("customer", "Alice")
	for _, s := range secret.ScopeSpans().At(0).Spans().All() {
		s.Attributes().PutStr("only here", "x")
	}
	e.writeSpans(td)
	e.flush()
	if _, err := e.s.Delete(t.Context(), storage.Deletion{Key: storage.Key{Scope: storage.ScopeResource, Name: "customer"}, Value: storage.String("Alice")}); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = e.s.disk.mergeOne(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := e.s.disk.current.spans[0].open()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.origins.resources {
		if v := r.lookup("customer"); v.Type() != storage.TypeAbsent {
			t.Errorf("the part still has the customer %q", v.Str())
		}
	}
	for _, c := range f.file.Columns() {
		if strings.Contains(c.Name, "only here") || strings.Contains(c.Name, "customer") {
			t.Errorf("the part still has the column %q", c.Name)
		}
	}
}
