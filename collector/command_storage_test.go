package collector_test

import (
	"context"
	jsontext "encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// newDataDir makes a data directory with 20 spans and 3 log records, in parts.
func newDataDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "heddle-data")
	openData(t, dir)()
	return dir
}

// openData opens a store in a directory and writes to it. The store stays open
// until it is closed.
func openData(t *testing.T, dir string) (closeStore func()) {
	t.Helper()
	s, err := columnar.OpenDisk(context.Background(), columnar.DiskOptions{Dir: dir, Retention: columnar.Retention{MinFreeBytes: -1}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	td := ptrace.NewTraces()
	for i := range 20 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", i%2))
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID([16]byte{1, byte(i / 4)})
		span.SetSpanID([8]byte{2, byte(i)})
		span.SetName("operation")
		span.SetStartTimestamp(1_780_000_000_000_000_000)
		span.SetEndTimestamp(1_780_000_000_001_000_000)
	}
	if _, err := s.Spans().WriteSpans(context.Background(), td); err != nil {
		t.Fatal(err)
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 3 {
		r := records.AppendEmpty()
		r.SetTimestamp(1_780_000_000_000_000_000)
		r.Body().SetStr("hello")
	}
	if _, err := s.Logs().WriteLogs(context.Background(), ld); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStorageStats(t *testing.T) {
	dir := newDataDir(t)
	r := run(t, "storage", "stats", "--data-dir", dir, "--columns=3")
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", r.code, r.stderr)
	}
	for _, want := range []string{dir, "default  spans", "default  logs", " 20 ", "all ", "0 deletions", "largest columns", "span_id", "0 requests only there"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in the output:\n%s", want, r.stdout)
		}
	}
	r = run(t, "storage", "stats", "--data-dir", dir, "-o", "json", "--by", "hour")
	var st columnar.StoreStats
	if err := jsontext.Unmarshal([]byte(r.stdout), &st); err != nil || st.Periods[0].Rows != 20 || st.Periods[1].Rows != 3 || st.Running {
		t.Errorf("%v: %s%s", err, r.stdout, r.stderr)
	}
}

func TestStorageVerify(t *testing.T) {
	dir := newDataDir(t)
	r := run(t, "storage", "verify", "--data-dir", dir)
	if r.code != 0 || r.stderr != "" || !strings.HasPrefix(r.stdout, "checked 2 parts with 23 rows and ") || !strings.HasSuffix(r.stdout, ": nothing is damaged\n") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	part := findFile(t, dir, "spans", ".parquet")
	if err := os.Truncate(part, 100); err != nil {
		t.Fatal(err)
	}
	name, err := filepath.Rel(dir, part)
	if err != nil {
		t.Fatal(err)
	}
	r = run(t, "storage", "verify", "--data-dir", dir)
	if r.code != 1 || !strings.HasPrefix(r.stdout, "damage: "+filepath.ToSlash(name)+": it has 100 bytes, ") || strings.Count(r.stdout, "\n") != 2 ||
		r.stderr != "heddle: "+dir+" is damaged: 1 finding\n" {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	r = run(t, "storage", "verify", "--data-dir", dir, "-o", "json")
	var v struct {
		Findings []columnar.Finding
		Checked  columnar.Checked
	}
	if err := jsontext.Unmarshal([]byte(r.stdout), &v); err != nil || r.code != 1 || len(v.Findings) != 1 || v.Findings[0].Kind != "part-size" || v.Checked.Parts != 2 {
		t.Errorf("%v: exit code %d: %s%s", err, r.code, r.stdout, r.stderr)
	}
}

func TestStorageExport(t *testing.T) {
	dir := newDataDir(t)
	out := filepath.Join(t.TempDir(), "spans.parquet")
	r := run(t, "storage", "export", "--data-dir", dir, "--output", out)
	if r.code != 0 || r.stdout != "" || r.stderr != "exported 20 spans of 1 part to "+out+"\n" {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if rows := parquetRows(t, out); rows != 20 {
		t.Errorf("the file has %d rows", rows)
	}
	r = run(t, "storage", "export", "--data-dir", dir, "--output", out, "--service", "service-1")
	if r.code != 1 || !strings.Contains(r.stderr, "there is a file "+out+" already") || !strings.Contains(r.stderr, "--force") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	r = run(t, "storage", "export", "--data-dir", dir, "--output", out, "--service", "service-1", "--force")
	if rows := parquetRows(t, out); r.code != 0 || rows != 10 {
		t.Errorf("exit code %d, %d rows: %s", r.code, rows, r.stderr)
	}
	for _, c := range []struct {
		flags []string
		rows  string
	}{
		{nil, "20 spans"},
		{[]string{"--trace", "01030000000000000000000000000000"}, "4 spans"},
		{[]string{"--trace", "1030000000000000000000000000000"}, "4 spans"},
		{[]string{"--from", "-1h"}, "0 spans"},
		{[]string{"--from", "2026-05-28", "--to", "2026-05-29T00:00:00+02:00"}, "20 spans"},
		{[]string{"--signal", "logs"}, "3 log records"},
	} {
		r := run(t, append([]string{"storage", "export", "--data-dir", dir}, c.flags...)...)
		if r.code != 0 || !strings.Contains(r.stderr, "exported "+c.rows) || strings.Contains(c.rows, "20") && !strings.HasPrefix(r.stdout, `{"resourceSpans":[`) {
			t.Errorf("%q: exit code %d: %.200s%s", c.flags, r.code, r.stdout, r.stderr)
		}
	}
}

// TestStorageExportLeavesNoHalfFile exports a damaged part.
func TestStorageExportLeavesNoHalfFile(t *testing.T) {
	dir, to := newDataDir(t), t.TempDir()
	part := findFile(t, dir, "spans", ".parquet")
	b, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	b[10] ^= 1
	if err := os.WriteFile(part, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(to, "spans.parquet")
	r := run(t, "storage", "export", "--data-dir", dir, "--output", out)
	if r.code != 1 || !strings.Contains(r.stderr, "verify tells where") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestStorageBesideARunningHeddle looks at a directory that a store has open.
func TestStorageBesideARunningHeddle(t *testing.T) {
	dir := newDataDir(t)
	closeStore := openData(t, dir) // what it writes is in memory and in the log
	defer closeStore()
	for _, args := range [][]string{{"stats"}, {"verify"}, {"export"}} {
		r := run(t, append(append([]string{"storage"}, args...), "--data-dir", dir)...)
		if r.code != 0 || !strings.Contains(r.stdout+r.stderr, "note: heddle is running") {
			t.Errorf("%s: exit code %d: %.300s%s", args, r.code, r.stdout, r.stderr)
		}
	}
}

func TestStorageOfTheArchive(t *testing.T) {
	dir := newDataDir(t)
	openData(t, filepath.Join(dir, "archive"))()
	if r := run(t, "storage", "verify", "--data-dir", dir, "--store", "archive"); r.code != 0 || !strings.HasPrefix(r.stdout, "checked 2 parts") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

func TestStorageErrors(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"stats", "--data-dir", empty}, 1, "no MANIFEST, no log and no parts"},
		{[]string{"verify", "--data-dir", filepath.Join(empty, "missing")}, 1, "there is no directory " + filepath.Join(empty, "missing")},
		{[]string{"export", "--data-dir", empty, "--store", "archive"}, 1, "there is no directory " + filepath.Join(empty, "archive")},
		{[]string{"export", "--data-dir", newDataDir(t), "-o", filepath.Join(empty, "nowhere", "file")}, 1, "make the directory"},
		{[]string{"export", "--output", empty}, 1, "is a directory"},
		{nil, 2, "give stats, verify or export"},
		{[]string{"defrag"}, 2, `there is no command "defrag"`},
		{[]string{"stats", "extra"}, 2, "too many"},
		{[]string{"stats", "--store", "cold"}, 2, "choose main or archive"},
		{[]string{"stats", "-o", "xml"}, 2, "choose text or json"},
		{[]string{"verify", "-o", "xml"}, 2, "choose text or json"},
		{[]string{"stats", "--by", "week"}, 2, "choose day or hour"},
		{[]string{"stats", "--columns=-1"}, 2, "must not be negative"},
		{[]string{"export", "--signal", "metrics"}, 2, "choose spans or logs"},
		{[]string{"export", "--format", "csv"}, 2, "choose parquet or otlp-json"},
		{[]string{"export", "--from", "yesterday"}, 2, "write a time as in"},
		{[]string{"export", "--from", "-1h", "--to", "-2h"}, 2, "is not before"},
		{[]string{"export", "--from", "1492-10-12"}, 2, "1678"},
		{[]string{"export", "--trace", "checkout"}, 2, "32 hexadecimal digits"},
		{[]string{"export", "--trace", "00000000000000000000000000000000"}, 2, "no trace id"},
	} {
		r := run(t, append([]string{"storage"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) || r.stdout != "" {
			t.Errorf("%q: exit code %d: %q%q", c.args, r.code, r.stdout, r.stderr)
		}
	}
}

// findFile is the first file below a directory whose path has both texts.
func findFile(t *testing.T, dir, in, suffix string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && found == "" && strings.Contains(path, in) && strings.HasSuffix(path, suffix) {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no file *%s below %s: %v", suffix, dir, err)
	}
	return found
}

func parquetRows(t *testing.T, path string) int {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.Open(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return f.Rows()
}
