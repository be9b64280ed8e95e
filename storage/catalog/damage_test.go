package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// filled makes a catalog with tables in it and returns what must be found.
func filled(t *testing.T, dir string) func(*Catalog) error {
	t.Helper()
	o, _ := testOptions(dir)
	const n = 40
	for half := range 2 {
		c := mustOpen(t, o)
		for i := range n / 2 {
			if _, err := c.Tombstones().Add(byTraceID(byte(1 + half*n/2 + i))); err != nil {
				t.Fatal(err)
			}
			if err := c.Settings("").Set(fmt.Sprint(half, i), []byte(strings.Repeat("y", 500))); err != nil {
				t.Fatal(err)
			}
		}
		mustClose(t, c) // writes a table
	}
	return func(c *Catalog) error {
		list, err := c.Tombstones().Pending(AllTenants)
		if err != nil {
			return err
		}
		if len(list) != n || list[n-1].TraceID[15] != n {
			return fmt.Errorf("%d tombstones of %d are there", len(list), n)
		}
		all, err := c.Settings("").List()
		if err != nil {
			return err
		}
		if len(all) != n {
			return fmt.Errorf("%d settings of %d are there", len(all), n)
		}
		return nil
	}
}

func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Every single flipped bit either changes nothing that is kept or is found
// when the catalog is opened. badger alone would lose records in silence, or
// end the process.
func TestFlippedBitsAreFoundOrHarmless(t *testing.T) {
	storagetest.Long(t)
	dir := t.TempDir()
	check := filled(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found, harmless := map[string]int{}, map[string]int{}
	for _, e := range entries {
		original, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range places(len(original)) {
			damagedDir := copyDir(t, dir)
			b := append([]byte(nil), original...)
			b[at] ^= 1 << (at % 8)
			if err := os.WriteFile(filepath.Join(damagedDir, e.Name()), b, 0o600); err != nil {
				t.Fatal(err)
			}
			o, _ := testOptions(damagedDir)
			c, err := Open(o)
			if err != nil {
				wantError(t, err, ErrCorrupt)
				found[e.Name()]++
				continue
			}
			harmless[e.Name()]++
			if err := check(c); err != nil {
				t.Errorf("%s, byte %d of %d: %v", e.Name(), at, len(original), err)
			}
			c.Close()
		}
	}
	t.Logf("found %v, harmless %v", found, harmless)
	for name := range found {
		if filepath.Ext(name) == ".sst" && harmless[name] > 0 {
			t.Errorf("%d of the flips in %s were not found: a table is checked as a whole", harmless[name], name)
		}
	}
}

// What a crash leaves is a log. A flipped bit in it is found too, unless it is
// in the last transactions, which a crash may have cut off.
func TestFlippedBitsInLogsAreFound(t *testing.T) {
	storagetest.Long(t)
	dir := t.TempDir()
	o, _ := testOptions(dir)
	c := mustOpen(t, o)
	const n = 20
	for i := range n {
		if _, err := c.Tombstones().Add(byTraceID(byte(1 + i))); err != nil {
			t.Fatal(err)
		}
	}
	crashed := copyDir(t, dir)
	logs, err := filepath.Glob(filepath.Join(crashed, "*.mem"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs: %v, %v", logs, err)
	}
	original, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	end, lost := lostTransactions(original)
	if lost != 0 || bytes.Contains(original[end:], endKey) || end < n*50 {
		t.Fatalf("the log as it is: %d transactions behind byte %d", lost, end)
	}
	open := func(b []byte) ([]Tombstone, error) {
		t.Helper()
		damagedDir := t.TempDir()
		if err := os.CopyFS(damagedDir, os.DirFS(crashed)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(damagedDir, filepath.Base(logs[0])), b, 0o600); err != nil {
			t.Fatal(err)
		}
		o, _ := testOptions(damagedDir)
		c, err := Open(o)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.Tombstones().List(AllTenants)
	}
	crashed = withoutLog(t, crashed)
	original = original[:end+64] // the rest are zeros

	safe := end // where the last two transactions begin
	for range 3 {
		safe = bytes.LastIndex(original[:safe], endKey)
	}
	for at := logHeadBytes; at < safe; at++ {
		b := append([]byte(nil), original...)
		b[at] ^= 1 << (at % 8)
		if _, ended := lostTransactions(b); ended < 2 {
			t.Errorf("byte %d of %d: flipped, and %d transactions are seen behind it", at, end, ended)
		}
		if at%(safe/6) == 0 {
			_, err := open(b)
			wantError(t, err, ErrCorrupt)
		}
	}
	for at := safe; at < end; at += 40 {
		b := append([]byte(nil), original...)
		b[at] ^= 1 << (at % 8)
		if list, err := open(b); err != nil && !errors.Is(err, ErrCorrupt) || err == nil && len(list) < n-2 {
			t.Errorf("byte %d of %d: %d tombstones of %d, %v", at, end, len(list), n, err)
		}
	}

	// What a crash really does: it cuts off the end.
	for _, cut := range []int{1, 4, 30, 100} {
		b := append([]byte(nil), original...)
		clear(b[end-cut:])
		if list, err := open(b); err != nil || len(list) < n-2 || len(list) == n {
			t.Errorf("%d bytes cut off: %d tombstones of %d, %v", cut, len(list), n, err)
		}
	}
}

// withoutLog copies a directory but for its logs.
func withoutLog(t *testing.T, from string) string {
	t.Helper()
	to := copyDir(t, from)
	logs, err := filepath.Glob(filepath.Join(to, "*.mem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		if err := os.Remove(log); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// places are offsets: all of the ends, where lengths are, and some between.
func places(size int) (at []int) {
	for i := range size {
		if i < 10 || i >= size-16 || i%(size/12+1) == 0 {
			at = append(at, i)
		}
	}
	return at
}

func TestMissingAndShortFilesAreFound(t *testing.T) {
	dir := t.TempDir()
	check := filled(t, dir)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	table := filepath.Base(tables[0])
	for name, damage := range map[string]func(dir string) error{
		"no manifest":      func(dir string) error { return os.Remove(filepath.Join(dir, "MANIFEST")) },
		"no table":         func(dir string) error { return os.Remove(filepath.Join(dir, table)) },
		"empty table":      func(dir string) error { return os.Truncate(filepath.Join(dir, table), 0) },
		"short table":      func(dir string) error { return os.Truncate(filepath.Join(dir, table), 100) },
		"longer table":     func(dir string) error { return os.Truncate(filepath.Join(dir, table), 1<<20) },
		"empty manifest":   func(dir string) error { return os.Truncate(filepath.Join(dir, "MANIFEST"), 0) },
		"manifest's start": func(dir string) error { return os.Truncate(filepath.Join(dir, "MANIFEST"), 8) },
	} {
		damagedDir := copyDir(t, dir)
		if err := damage(damagedDir); err != nil {
			t.Fatal(err)
		}
		o, _ := testOptions(damagedDir)
		c, err := Open(o)
		if err == nil {
			t.Errorf("%s: opened; %v", name, check(c))
			c.Close()
			continue
		}
		wantError(t, err, ErrCorrupt)
		if !strings.Contains(err.Error(), "backup") {
			t.Errorf("%s: the error does not say what to do: %v", name, err)
		}
	}
}

// A process that is killed while badger makes or removes a log leaves an empty
// one, with which badger does not open.
func TestEmptyLogsOfACrashAreNoDamage(t *testing.T) {
	dir := t.TempDir()
	check := filled(t, dir)
	for _, name := range []string{"00099.mem", "000099.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, _ := testOptions(dir)
	if err := check(mustOpen(t, o)); err != nil {
		t.Error(err)
	}
}

// A process that is killed while badger writes or removes a table leaves a part
// of one, which the manifest does not list.
func TestUnlistedTablesOfACrashAreNoDamage(t *testing.T) {
	dir := t.TempDir()
	check := filled(t, dir)
	for name, b := range map[string][]byte{"000098.sst": nil, "000099.sst": make([]byte, 4096)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, _ := testOptions(dir)
	if err := check(mustOpen(t, o)); err != nil {
		t.Error(err)
	}
}

// Values are smaller than badger's threshold, so its value log, whose garbage
// collection has brought deleted keys back, stays empty.
func TestValueLogStaysEmpty(t *testing.T) {
	dir := t.TempDir()
	o, _ := testOptions(dir)
	c := mustOpen(t, o)
	large := []byte(`"` + strings.Repeat("x", MaxObjectBytes-2) + `"`)
	if _, err := c.Objects("").Put(Object{Kind: "k", ID: "i", JSON: large}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tombstones().Add(Tombstone{Signals: SignalSpans, TraceID: &storage.TraceID{1}}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, c)
	logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no value log: %v", err)
	}
	for _, log := range logs {
		if info, err := os.Stat(log); err != nil || info.Size() > 20 {
			t.Errorf("%s has %d bytes, %v; its head alone has 20", log, info.Size(), err)
		}
	}
}
