package collector

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/columnar"
)

// goldenText compares text with testdata/storage/name, or writes it there with
// the flag -update, which the tests from outside the package have.
func goldenText(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", "storage", name)
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s:\n got:\n%s\nwant:\n%s", path, text, want)
	}
}

func TestStatsText(t *testing.T) {
	parts := func(n int, rows, bytes uint64) columnar.PartStats {
		return columnar.PartStats{Parts: n, Rows: rows, Bytes: bytes, IndexBytes: bytes / 10, OldestNs: 1_780_000_000_000_000_000, NewestNs: 1_780_000_123_456_000_000}
	}
	day := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	st := &columnar.StoreStats{
		Dir: "./heddle-data",
		Periods: []columnar.PeriodStats{
			{Tenant: "default", Signal: "spans", Start: day, PartStats: parts(12, 1_234_567, 61_728_350)},
			{Tenant: "default", Signal: "spans", Start: day.Add(24 * time.Hour), PartStats: parts(1, 1000, 50_000)},
			{Tenant: "default", Signal: "logs", Start: day, PartStats: parts(2, 800, 9_000)},
		},
		Levels: []columnar.LevelStats{{Signal: "spans", Level: 0, PartStats: parts(3, 2000, 90_000)}, {Signal: "spans", Level: 2, PartStats: parts(10, 1_233_567, 61_688_350)}},
		Log: columnar.LogStats{
			FileStats: columnar.FileStats{Files: 2, Bytes: 3_000_000}, SpansInParts: 4711, LogsInParts: 4700,
			Read: true, First: 4600, Last: 4720, OnlyInLog: 9,
		},
		Catalog:    columnar.CatalogStats{FileStats: columnar.FileStats{Files: 5, Bytes: 1 << 20}, Deletions: 1, Services: 2, Operations: 3, Keys: 1},
		Quarantine: columnar.FileStats{Files: 1, Bytes: 900},
		Services: []columnar.ServiceStats{
			{Name: "cart", Spans: 1_234_000, LastHour: day, Operations: make([]columnar.OperationStats, 2)},
			{Name: "checkout", Spans: 1567, LastHour: day.Add(25 * time.Hour), Operations: make([]columnar.OperationStats, 1)},
		},
		Keys:       []columnar.KeyStats{{Scope: "span", Name: "http.status_code", Types: []string{"string", "int"}, Values: 900, LastHour: day}},
		Columns:    []columnar.ColumnStats{{Signal: "spans", Column: "span_id", Rows: 1_235_567, Values: 1_235_567, Bytes: 9_884_536, UncompressedBytes: 9_884_536, Groups: 20}},
		ManyValues: []columnar.ColumnStats{{Signal: "spans", Column: "span.request_id", Rows: 1_235_567, Values: 300_000, Bytes: 5_000_000, UncompressedBytes: 11_000_000, Groups: 20, Plain: 20}},
		Overflow:   []columnar.OverflowStats{{Signal: "spans", Rows: 77, Keys: 1200, Bytes: 12_345}},
		Notes:      []string{"the manifest is damaged, so that parts may be missing here: verify tells more"},
	}
	var b strings.Builder
	if err := printStats(&b, st, columnar.StatsOptions{Columns: 20}); err != nil {
		t.Fatal(err)
	}
	goldenText(t, "stats.txt", b.String())

	b.Reset()
	st = &columnar.StoreStats{Dir: "/data", Running: true, Log: columnar.LogStats{FileStats: columnar.FileStats{Files: 1, Bytes: 100}}, Catalog: columnar.CatalogStats{Problem: "there is no /data/catalog"}}
	if err := printStats(&b, st, columnar.StatsOptions{ByHour: true}); err != nil {
		t.Fatal(err)
	}
	goldenText(t, "stats-empty.txt", b.String())
}

func TestVerifyText(t *testing.T) {
	var b strings.Builder
	for _, f := range []columnar.Finding{
		{Severity: columnar.Damage, Kind: "part-page", File: "data/default/spans/20260801/10/01K.parquet", Place: `row group 0, column "span_id", page 1 at 99891`, Problem: "the checksum is wrong: its rows are lost", Remedy: "restore it from a backup"},
		{Severity: columnar.Notice, Kind: "log-torn", File: "wal", Problem: "3 bytes at the end were being written"},
	} {
		b.WriteString(f.String() + "\n")
	}
	printVerification(&b, verification{Checked: columnar.Checked{Parts: 6, Rows: 249_735, Bytes: 17_129_318, LogSegments: 1, LogRecords: 825, Damage: 1, Notices: 1}})
	printVerification(&b, verification{Running: true, Notes: []string{"heddle is running"}, Checked: columnar.Checked{Parts: 1, Rows: 1, Bytes: 100}})
	goldenText(t, "verify.txt", b.String())
}

func TestTimesOfAnExport(t *testing.T) {
	now := time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"now": "2026-08-10T12:00:00Z", "-1h": "2026-08-10T11:00:00Z", "-90m": "2026-08-10T10:30:00Z", "-7d": "2026-08-03T12:00:00Z",
		"2026-08-01": "2026-08-01T00:00:00Z", "2026-08-01T10:00:00+02:00": "2026-08-01T08:00:00Z", "2026-08-01T10:00:00.5Z": "2026-08-01T10:00:00.5Z",
		"": "", "1h": "", "--1h": "", "-xd": "", "-": "", "3000-01-01": "", "yesterday": "",
	} {
		got, err := parseTime(text, now)
		if want == "" {
			if err == nil {
				t.Errorf("%q is %v", text, got)
			}
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestSizesAndCounts(t *testing.T) {
	for bytes, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1_048_570: "1.0 MiB", 5 << 30: "5.0 GiB", 3 << 50: "3072.0 TiB"} {
		if got := sizeText(bytes); got != want {
			t.Errorf("%d bytes are %s, want %s", bytes, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0 parts", 1: "1 part", 999: "999 parts", 1000: "1,000 parts", 1_234_567: "1,234,567 parts"} {
		if got := things(n, "part"); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestProgressText(t *testing.T) {
	var b strings.Builder
	now := time.Unix(0, 0)
	p := &progress{w: &b, what: "verifying", now: func() time.Time { return now }, start: now}
	p.show(1, 100) // too early
	now = now.Add(2 * time.Second)
	p.show(1<<20, 4<<20)
	p.show(2<<20, 4<<20) // too soon after the last
	p.clear()
	p.clear()
	if want := "\r\x1b[Kverifying: 25 %, 1.0 MiB of 4.0 MiB, 6s left\r\x1b[K"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}

	b.Reset()
	p = newProgress(&b, "exporting") // no terminal
	p.now, p.start = func() time.Time { return now }, now
	for range 150 {
		p.show(1<<20, 4<<20)
		now = now.Add(time.Second)
	}
	p.clear()
	if want := "exporting: 25 %, 1.0 MiB of 4.0 MiB, 3m0s left\nexporting: 25 %, 1.0 MiB of 4.0 MiB, 6m0s left\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
