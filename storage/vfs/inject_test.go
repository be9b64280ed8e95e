package vfs_test

import (
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

func TestEveryOperationCanFail(t *testing.T) {
	broken := errors.New("broken")
	var fail vfs.OpKind
	m := vfs.NewMem()
	fsys := vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind == fail {
			return broken
		}
		return nil
	})
	f := create(t, fsys, "f", "x")
	do := map[vfs.OpKind]func() error{
		vfs.OpCreate:      func() error { _, err := fsys.Create("g"); return err },
		vfs.OpOpen:        func() error { _, err := fsys.Open("f"); return err },
		vfs.OpRename:      func() error { return fsys.Rename("f", "g") },
		vfs.OpRemove:      func() error { return fsys.Remove("f") },
		vfs.OpMkdir:       func() error { return fsys.MkdirAll("d") },
		vfs.OpReadDir:     func() error { _, err := fsys.ReadDir("/"); return err },
		vfs.OpStat:        func() error { _, err := fsys.Stat("f"); return err },
		vfs.OpSyncDir:     func() error { return fsys.SyncDir("/") },
		vfs.OpLock:        func() error { _, err := fsys.Lock("l"); return err },
		vfs.OpDiskSpace:   func() error { _, err := fsys.DiskSpace("/"); return err },
		vfs.OpRead:        func() error { _, err := f.ReadAt(make([]byte, 1), 0); return err },
		vfs.OpWrite:       func() error { _, err := io.WriteString(f, "y"); return err },
		vfs.OpTruncate:    func() error { return f.Truncate(0) },
		vfs.OpPreallocate: func() error { return f.Preallocate(1) },
		vfs.OpSync:        func() error { return f.Sync() },
	}
	for kind := vfs.OpCreate; kind <= vfs.OpSync; kind++ {
		fail = kind
		if err := do[kind](); !errors.Is(err, broken) {
			t.Errorf("%v: %v", kind, err)
		}
	}
	fail = 0
	if got := names(t, m, "/"); got != "[f]" {
		t.Errorf("what failed was done: %s", got)
	}
	if got := read(t, m, "f"); got != "x" {
		t.Errorf("what failed was done: %q", got)
	}
}

func TestShortWriteAndFlippedBit(t *testing.T) {
	fsys := vfs.Inject(vfs.NewMem(), func(op vfs.Op) error {
		switch {
		case op.Kind == vfs.OpWrite && op.Offset == 4:
			return &vfs.ShortWriteError{Bytes: 2, Err: syscall.ENOSPC}
		case op.Kind == vfs.OpRead && op.Bytes == 3:
			return &vfs.BitFlipError{Bit: 8 + 5}
		}
		return nil
	})
	f := create(t, fsys, "f", "abcd")
	if n, err := io.WriteString(f, "EFG"); n != 2 || !vfs.NoSpace(err) {
		t.Errorf("wrote %d, %v", n, err)
	}
	p := make([]byte, 3)
	if _, err := f.ReadAt(p, 0); err != nil || string(p) != "aBc" {
		t.Errorf("read %q, %v", p, err)
	}
	if got := read(t, fsys, "f"); got != "abcdEF" {
		t.Errorf("the file is %q", got)
	}
}

// TestFailedSyncLosesWhatWasNotSynced: the next Sync returns nil and yet some
// of the data is not on the disk.
func TestFailedSyncLosesWhatWasNotSynced(t *testing.T) {
	lost, kept := 0, 0
	for seed := range uint64(crashes) {
		m := vfs.NewMem()
		for range seed % 7 {
			m = m.Crash(seed) // other random choices
		}
		fsys := vfs.Inject(m, vfs.FailNth(2, syscall.EIO, vfs.OpSync))
		f := create(t, fsys, "f", "first")
		must(t, f.Sync())
		must(t, fsys.SyncDir("/"))
		io.WriteString(f, string(make([]byte, 507))+"second")
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		if got := read(t, fsys, "f"); got[512:] != "second" {
			t.Fatalf("before the crash the file is %q", got)
		}
		must(t, f.Sync())
		switch got := read(t, m.Crash(seed), "f"); {
		case len(got) != 518 || got[:5] != "first":
			t.Fatalf("seed %d: %q", seed, got)
		case got[512:] == "second":
			kept++
		default:
			lost++
		}
	}
	if lost == 0 || kept == 0 {
		t.Errorf("%d times lost, %d times kept; both must happen", lost, kept)
	}
}

// TestAKilledProcessLosesNothing: the next one syncs what is there.
func TestAKilledProcessLosesNothing(t *testing.T) {
	for seed := range uint64(20) {
		m := vfs.NewMem()
		f := create(t, vfs.Inject(m, func(op vfs.Op) error {
			if op.Kind == vfs.OpSync {
				return vfs.ErrKilled
			}
			return nil
		}), "f", "x")
		if err := f.Sync(); !errors.Is(err, vfs.ErrKilled) {
			t.Fatal(err)
		}
		next, err := m.OpenAppend("f")
		must(t, err)
		must(t, next.Sync())
		must(t, m.SyncDir("/"))
		if got := read(t, m.Crash(seed), "f"); got != "x" {
			t.Fatalf("seed %d: %q", seed, got)
		}
	}
}

func TestReadyMadeHooks(t *testing.T) {
	broken := errors.New("broken")
	play := func(hook func(vfs.Op) error, kind vfs.OpKind) (failed []int) {
		for i := range 100 {
			if hook(vfs.Op{Kind: kind, Bytes: 10}) != nil {
				failed = append(failed, i)
			}
		}
		return failed
	}
	if got := play(vfs.FailNth(3, broken, vfs.OpSync), vfs.OpSync); !slices.Equal(got, []int{2}) {
		t.Error(got)
	}
	if got := play(vfs.FailNth(3, broken, vfs.OpSync), vfs.OpWrite); got != nil {
		t.Error(got)
	}
	one, two := play(vfs.FailRandomly(5, 0.3, broken), vfs.OpWrite), play(vfs.FailRandomly(5, 0.3, broken), vfs.OpWrite)
	if !slices.Equal(one, two) || len(one) == 0 || len(one) == 100 {
		t.Error(one, two)
	}
}
