package catalog

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/heddle-io/heddle/storage"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	ns int64
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(0, c.ns)
}

func (c *clock) set(ns int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ns = ns
}

const testNowNs = 500_000 * hourNs // hour 500,000 is in 2027

// testOptions are quiet, and of the time testNowNs.
func testOptions(dir string) (Options, *clock) {
	c := &clock{ns: testNowNs}
	return Options{Dir: dir, Logger: slog.New(slog.DiscardHandler), Now: c.now}, c
}

func mustOpen(t testing.TB, o Options) *Catalog {
	t.Helper()
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func mustClose(t testing.TB, c *Catalog) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// modes runs a test on disk and in memory. On disk, reopen closes the catalog
// and opens it again.
func modes(t *testing.T, test func(t *testing.T, c *Catalog, now *clock, reopen func(*Catalog) *Catalog)) {
	t.Run("memory", func(t *testing.T) {
		o, now := testOptions("")
		test(t, mustOpen(t, o), now, func(c *Catalog) *Catalog { return c })
	})
	t.Run("disk", func(t *testing.T) {
		o, now := testOptions(t.TempDir())
		test(t, mustOpen(t, o), now, func(c *Catalog) *Catalog {
			mustClose(t, c)
			return mustOpen(t, o)
		})
	})
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestCallsAfterCloseFail(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	mustClose(t, c)
	v, objects, settings, tombstones := c.Vocabulary(""), c.Objects(""), c.Settings(""), c.Tombstones()
	for name, call := range map[string]func() error{
		"Close":      c.Close,
		"Observe":    func() error { return v.Observe(Observation{}) },
		"Services":   func() error { _, err := v.Services(0); return err },
		"Operations": func() error { _, err := v.Operations("a", 0); return err },
		"Keys":       func() error { _, err := v.Keys(0); return err },
		"Losses":     func() error { _, err := v.Losses(); return err },
		"Expire":     func() error { _, err := v.Expire(0); return err },
		"Put":        func() error { _, err := objects.Put(Object{Kind: "k", ID: "i", JSON: []byte("1")}); return err },
		"Get":        func() error { _, err := objects.Get("k", "i"); return err },
		"List":       func() error { _, err := objects.List("k"); return err },
		"Delete":     func() error { return objects.Delete("k", "i", AnyRevision) },
		"Set":        func() error { return settings.Set("n", nil) },
		"settings":   func() error { _, err := settings.List(); return err },
		"setting":    func() error { _, err := settings.Get("n"); return err },
		"unset":      func() error { return settings.Delete("n") },
		"Add": func() error {
			_, err := tombstones.Add(Tombstone{Signals: SignalLogs, TraceID: &storage.TraceID{1}})
			return err
		},
		"Pending": func() error { _, err := tombstones.Pending(""); return err },
		"Finish":  func() error { return tombstones.Finish(1, 0) },
		"Forget":  func() error { _, err := tombstones.Forget(0); return err },
	} {
		if err := call(); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("%s: got %v, want storage.ErrClosed", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open(Options{MinFreeBytes: -1})
	wantError(t, err, ErrInvalid)

	o, _ := testOptions(t.TempDir())
	c := mustOpen(t, o)
	_, err = Open(o)
	wantError(t, err, ErrLocked)
	mustClose(t, c)
	mustClose(t, mustOpen(t, o))

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Dir = file
	if _, err := Open(o); err == nil || errors.Is(err, ErrCorrupt) {
		t.Errorf("a file in place of the directory: got %v", err)
	}
}

func TestLockIsFoundByBadgerToo(t *testing.T) {
	dir := t.TempDir()
	o, _ := testOptions(dir)
	mustOpen(t, o)
	_, err := badger.Open(o.withDefaults().badgerOptions())
	if err == nil {
		t.Fatal("badger opened a locked directory")
	}
	wantError(t, explain(dir, err), ErrLocked)
}

func TestFullDiskRefusesWritesAndAnswersReads(t *testing.T) {
	o, _ := testOptions(t.TempDir())
	free := uint64(1 << 40)
	o.free = func(string) (uint64, error) { return free, nil }
	c := mustOpen(t, o)
	if err := c.Settings("").Set("a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	free = defaultMinFreeBytes - 1
	err := c.Settings("").Set("a", []byte("2"))
	wantError(t, err, storage.ErrOverloaded)
	if !strings.Contains(err.Error(), "free some space") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	if b, err := c.Settings("").Get("a"); err != nil || string(b) != "1" {
		t.Errorf("got %q, %v", b, err)
	}
	free++
	if err := c.Settings("").Set("a", []byte("2")); err != nil {
		t.Error("writes must go on when there is room again:", err)
	}
}

// A process must start on a disk that others have filled: what is read needs no
// room, and retention may make some.
func TestCatalogOpensOnNearlyFullDisk(t *testing.T) {
	dir := t.TempDir()
	o, _ := testOptions(dir)
	c := mustOpen(t, o)
	if err := c.Settings("").Set("a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	crashed := copyDir(t, dir)
	mustClose(t, c)
	free := uint64(0)
	for name, dir := range map[string]string{"closed": dir, "crashed": crashed} {
		o, _ := testOptions(dir)
		o.free = func(string) (uint64, error) { return free, nil }
		free = 100 << 10
		_, err := Open(o)
		wantError(t, err, storage.ErrOverloaded) // badger would end the process
		free = defaultMinFreeBytes - 1
		c := mustOpen(t, o)
		if b, err := c.Settings("").Get("a"); err != nil || string(b) != "1" {
			t.Errorf("%s: got %q, %v", name, b, err)
		}
		wantError(t, c.Settings("").Set("a", []byte("2")), storage.ErrOverloaded)
		mustClose(t, c)
	}
	o, _ = testOptions(t.TempDir())
	o.free = func(string) (uint64, error) { return free, nil }
	_, err := Open(o)
	wantError(t, err, storage.ErrOverloaded)
}

// A commit that failed leaves the database in doubt: the next must not reach it.
func TestFailedCommitIsTheLast(t *testing.T) {
	o, _ := testOptions(t.TempDir())
	c := mustOpen(t, o)
	if err := c.Settings("").Set("a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	c.dir.Close() // syncing it fails from now on
	if err := c.Settings("").Set("a", []byte("2")); err == nil {
		t.Fatal("a change that could not be synced was acknowledged")
	}
	err := c.Settings("").Set("a", []byte("3"))
	wantError(t, err, ErrFailed)
	if _, err := c.Settings("").Get("a"); err != nil {
		t.Error("reads must go on:", err)
	}
}

func TestPanicsOfTheDatabaseAreErrors(t *testing.T) {
	o, _ := testOptions("")
	c := mustOpen(t, o)
	boom := func(*transaction) error { panic("boom") }
	wantError(t, c.read("read", boom), ErrCorrupt)
	wantError(t, c.update("write", whole, boom), ErrCorrupt)
	if err := c.Settings("").Set("a", nil); err != nil {
		t.Error("no lock may stay behind:", err)
	}
}
