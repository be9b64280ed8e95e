package vfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

// onEach runs a test of the contract on every file system.
func onEach(t *testing.T, test func(t *testing.T, fsys vfs.FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, vfs.OS, t.TempDir()) })
	mem := func() vfs.FS {
		m := vfs.NewMem()
		if err := m.MkdirAll("data"); err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Run("mem", func(t *testing.T) { test(t, mem(), "data") })
	t.Run("inject", func(t *testing.T) {
		test(t, vfs.Inject(mem(), func(vfs.Op) error { return nil }), "data")
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, fsys vfs.FS, path, text string) {
	t.Helper()
	must(t, vfs.WriteFile(fsys, path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}))
}

func read(t *testing.T, fsys vfs.FS, path string) string {
	t.Helper()
	b, err := vfs.ReadFile(fsys, path, 1<<20)
	must(t, err)
	return string(b)
}

func names(t *testing.T, fsys vfs.FS, dir string) string {
	t.Helper()
	list, err := fsys.ReadDir(dir)
	must(t, err)
	return fmt.Sprint(list)
}

func TestFileAppendsTruncatesAndReads(t *testing.T) {
	onEach(t, func(t *testing.T, fsys vfs.FS, dir string) {
		path := filepath.Join(dir, "log")
		f, err := fsys.Create(path)
		must(t, err)
		if _, err := fsys.Create(path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a second Create says %v", err)
		}
		must(t, f.Preallocate(1<<16))
		for _, part := range []string{"one", "two", "three"} {
			if n, err := io.WriteString(f, part); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		must(t, f.Sync())
		if f.Size() != 11 {
			t.Errorf("Size is %d after 11 bytes and a preallocation", f.Size())
		}
		must(t, f.Truncate(6))
		_, err = io.WriteString(f, "!")
		must(t, err)
		must(t, f.Close())

		f, err = fsys.OpenAppend(path)
		must(t, err)
		_, err = io.WriteString(f, "?")
		must(t, err)
		p := make([]byte, 4)
		if n, err := f.ReadAt(p, 4); n != 4 || err != nil && err != io.EOF || string(p) != "wo!?" {
			t.Errorf("read %q, %v", p[:n], err)
		}
		must(t, f.Truncate(10))
		must(t, f.Close())
		if got := read(t, fsys, path); got != "onetwo!?\x00\x00" {
			t.Errorf("the file is %q", got)
		}

		r, err := fsys.Open(path)
		must(t, err)
		if n, err := r.ReadAt(p, 8); n != 2 || err != io.EOF {
			t.Errorf("a read over the end says %d, %v", n, err)
		}
		if n, err := r.ReadAt(p, 80); n != 0 || err != io.EOF {
			t.Errorf("a read behind the end says %d, %v", n, err)
		}
		must(t, fsys.Remove(path))
		if n, err := r.ReadAt(p, 0); n != 4 || err != nil {
			t.Errorf("a removed file that is open says %d, %v", n, err)
		}
		must(t, r.Close())
		if _, err := r.ReadAt(p, 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a closed file says %v", err)
		}
	})
}

func TestDirectories(t *testing.T) {
	onEach(t, func(t *testing.T, fsys vfs.FS, dir string) {
		deep := filepath.Join(dir, "a", "b")
		must(t, fsys.MkdirAll(deep))
		must(t, fsys.MkdirAll(deep))
		write(t, fsys, filepath.Join(deep, "y"), "1")
		write(t, fsys, filepath.Join(deep, "x"), "22")
		if got := names(t, fsys, deep); got != "[x y]" {
			t.Error(got)
		}
		if info, err := fsys.Stat(filepath.Join(deep, "x")); err != nil || info.IsDir || info.Bytes != 2 {
			t.Error(info, err)
		}
		if info, err := fsys.Stat(deep); err != nil || !info.IsDir {
			t.Error(info, err)
		}
		must(t, fsys.Rename(filepath.Join(deep, "x"), filepath.Join(deep, "y")))
		if got := read(t, fsys, filepath.Join(deep, "y")); got != "22" {
			t.Errorf("the renamed file is %q", got)
		}
		must(t, fsys.Rename(deep, filepath.Join(dir, "c")))
		must(t, fsys.SyncDir(dir))
		if got := names(t, fsys, filepath.Join(dir, "c")); got != "[y]" {
			t.Error(got)
		}
		if fsys.Remove(filepath.Join(dir, "c")) == nil {
			t.Error("a directory with a file was removed")
		}
		must(t, fsys.RemoveAll(filepath.Join(dir, "c")))
		must(t, fsys.RemoveAll(filepath.Join(dir, "c")))
		must(t, fsys.Remove(filepath.Join(dir, "a")))
		if got := names(t, fsys, dir); got != "[]" {
			t.Error(got)
		}
		space, err := fsys.DiskSpace(dir)
		if err != nil || space.FreeBytes <= 0 || space.FreeBytes > space.TotalBytes {
			t.Error(space, err)
		}
	})
}

func TestErrorsSayWhat(t *testing.T) {
	onEach(t, func(t *testing.T, fsys vfs.FS, dir string) {
		missing := filepath.Join(dir, "none")
		below := filepath.Join(missing, "x")
		_, create := fsys.Create(below)
		_, open := fsys.Open(missing)
		_, openAppend := fsys.OpenAppend(missing)
		_, stat := fsys.Stat(missing)
		_, list := fsys.ReadDir(missing)
		_, space := fsys.DiskSpace(missing)
		_, lock := fsys.Lock(below)
		for i, err := range []error{create, open, openAppend, stat, list, space, lock, fsys.Remove(missing),
			fsys.Rename(missing, below), fsys.SyncDir(missing)} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("case %d: %v", i, err)
			}
		}
		write(t, fsys, filepath.Join(dir, "file"), "x")
		if fsys.MkdirAll(filepath.Join(dir, "file", "below")) == nil {
			t.Error("a directory was made below a file")
		}
		if f, err := fsys.Open(dir); err == nil || f != nil {
			t.Error("a directory was opened as a file")
		}
	})
}

func TestLockIsExclusive(t *testing.T) {
	onEach(t, func(t *testing.T, fsys vfs.FS, dir string) {
		path := filepath.Join(dir, "LOCK")
		held, err := fsys.Lock(path)
		must(t, err)
		if _, err := fsys.Lock(path); !errors.Is(err, vfs.ErrLocked) {
			t.Errorf("a second lock says %v", err)
		}
		must(t, held.Close())
		held, err = fsys.Lock(path)
		must(t, err)
		must(t, held.Close())
	})
}

func TestWriteFileLeavesTheOldOneWhenItFails(t *testing.T) {
	onEach(t, func(t *testing.T, fsys vfs.FS, dir string) {
		path := filepath.Join(dir, "MANIFEST")
		write(t, fsys, path+vfs.TempSuffix, "left by a crash")
		write(t, fsys, path, "old")
		broken := errors.New("broken")
		err := vfs.WriteFile(fsys, path, func(w io.Writer) error {
			io.WriteString(w, "half")
			return broken
		})
		if !errors.Is(err, broken) {
			t.Error(err)
		}
		if got := names(t, fsys, dir); got != "[MANIFEST]" {
			t.Error(got)
		}
		if got := read(t, fsys, path); got != "old" {
			t.Error(got)
		}
		if _, err := vfs.ReadFile(fsys, path, 2); err == nil {
			t.Error("three bytes were read where two are allowed")
		}
	})
}

// TestMemDoesAsTheSystem plays random operations on both.
func TestMemDoesAsTheSystem(t *testing.T) {
	for seed := range uint64(30) {
		dir, mem := t.TempDir(), vfs.NewMem()
		must(t, mem.MkdirAll("d"))
		onOS, onMem := playRandomly(seed, vfs.OS, dir), playRandomly(seed, mem, "d")
		if !slices.Equal(onOS, onMem) {
			for i := range onOS {
				if onOS[i] != onMem[i] {
					t.Fatalf("seed %d, step %d: the system says %q, memory says %q", seed, i, onOS[i], onMem[i])
				}
			}
		}
	}
}
