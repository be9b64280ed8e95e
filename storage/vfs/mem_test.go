package vfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

const crashes = 300

func create(t *testing.T, fsys vfs.FS, path string, parts ...string) vfs.File {
	t.Helper()
	f, err := fsys.Create(path)
	must(t, err)
	for _, p := range parts {
		_, err := io.WriteString(f, p)
		must(t, err)
	}
	return f
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	for seed := range uint64(crashes) {
		m := vfs.NewMem()
		must(t, m.MkdirAll("d/e"))
		f := create(t, m, "d/e/log", "synced")
		must(t, f.Sync())
		must(t, m.SyncDir("d/e"))
		io.WriteString(f, "not synced")
		write(t, m, "d/published", "all of it")
		after := m.Crash(seed)
		if got := read(t, after, "d/published"); got != "all of it" {
			t.Fatalf("seed %d: %q", seed, got)
		}
		if got := read(t, after, "d/e/log"); len(got) < 6 || got[:6] != "synced" {
			t.Fatalf("seed %d: %q", seed, got)
		}
	}
}

// TestCrashFindsEveryOutcome collects the outcomes over many seeds: each that
// is possible must come up, and no other.
func TestCrashFindsEveryOutcome(t *testing.T) {
	sector := func(c string) string { return string(bytes.Repeat([]byte(c), 512)) }
	cases := []struct {
		name    string
		prepare func(t *testing.T, m *vfs.Mem)
		want    []string
	}{
		{"a file never synced", func(t *testing.T, m *vfs.Mem) {
			create(t, m, "f", sector("a"), sector("b"))
		}, []string{"", "f=", "f=0", "f=a", "f=0 0", "f=a 0", "f=0 b", "f=a b"}},
		{"a torn append", func(t *testing.T, m *vfs.Mem) {
			f := create(t, m, "f", sector("a"))
			must(t, f.Sync())
			must(t, m.SyncDir("/"))
			io.WriteString(f, sector("b")+sector("c"))
		}, []string{"f=a", "f=a 0 0", "f=a b 0", "f=a 0 c", "f=a b c", "f=a b"}},
		{"a sector written twice", func(t *testing.T, m *vfs.Mem) {
			f := create(t, m, "f")
			must(t, f.Sync())
			must(t, m.SyncDir("/"))
			io.WriteString(f, sector("a")[:256])
			io.WriteString(f, sector("b")[:256])
		}, []string{"f=", "f=a", "f=ab", "f=0", "f=a0"}},
		{"a file cut", func(t *testing.T, m *vfs.Mem) {
			f := create(t, m, "f", sector("a"), sector("b"))
			must(t, f.Sync())
			must(t, m.SyncDir("/"))
			must(t, f.Truncate(512))
		}, []string{"f=a b", "f=a"}},
		{"a rename over a file", func(t *testing.T, m *vfs.Mem) {
			for _, name := range []string{"f", "g"} {
				must(t, create(t, m, name, sector(name)).Sync())
			}
			must(t, m.SyncDir("/"))
			must(t, m.Rename("g", "f"))
		}, []string{"f=f,g=g", "f=g"}},
		{"names not synced", func(t *testing.T, m *vfs.Mem) {
			must(t, create(t, m, "f", sector("f")).Sync())
			must(t, create(t, m, "g", sector("g")).Sync())
		}, []string{"", "f=f", "g=g", "f=f,g=g"}},
		{"a removal", func(t *testing.T, m *vfs.Mem) {
			must(t, create(t, m, "f", sector("f")).Sync())
			must(t, m.SyncDir("/"))
			must(t, m.Remove("f"))
		}, []string{"", "f=f"}},
		{"a removal made durable", func(t *testing.T, m *vfs.Mem) {
			must(t, create(t, m, "f", sector("f")).Sync())
			must(t, m.Remove("f"))
			must(t, m.SyncDir("/"))
		}, []string{""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for seed := range uint64(crashes) {
				m := vfs.NewMem()
				c.prepare(t, m)
				if found := describe(t, m.Crash(seed)); !slices.Contains(got, found) {
					got = append(got, found)
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("found\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

// describe says for each file which letters its sectors have, 0 for zeros.
func describe(t *testing.T, fsys vfs.FS) (s string) {
	list, err := fsys.ReadDir("/")
	must(t, err)
	for i, name := range list {
		if i > 0 {
			s += ","
		}
		s += name + "="
		data := []byte(read(t, fsys, name))
		for at := range slices.Chunk(data, 512) {
			if len(s) > 0 && s[len(s)-1] != '=' {
				s += " "
			}
			for _, c := range slices.Compact(slices.Clone(at)) {
				if c == 0 {
					c = '0'
				}
				s += string(c)
			}
		}
	}
	return s
}

func TestCrashIsDeterministic(t *testing.T) {
	crash := func(seed uint64) (s string) {
		m := vfs.NewMem()
		playRandomly(7, m, "/")
		after := m.Crash(seed)
		list, err := after.ReadDir("/")
		must(t, err)
		for _, name := range list {
			s += fmt.Sprintf("%s=%x ", name, read(t, after, name))
		}
		return s
	}
	for seed := range uint64(50) {
		if one, two := crash(seed), crash(seed); one != two {
			t.Fatalf("seed %d: %s and %s", seed, one, two)
		}
	}
}

func TestCrashEndsTheOldOne(t *testing.T) {
	m := vfs.NewMem()
	f := create(t, m, "f", "x")
	held, err := m.Lock("LOCK")
	must(t, err)
	after := m.Crash(1)
	_, writeErr := io.WriteString(f, "y")
	_, readErr := f.ReadAt(make([]byte, 1), 0)
	_, openErr := m.Open("f")
	for i, err := range []error{writeErr, readErr, openErr, f.Sync(), f.Close(), m.SyncDir("/"), m.Remove("f")} {
		if !errors.Is(err, vfs.ErrPowerCut) {
			t.Errorf("case %d: %v", i, err)
		}
	}
	if _, err := after.Lock("LOCK"); err != nil {
		t.Error(err)
	}
	must(t, held.Close())
}

// TestRenamesKeepTheirOrder: syncing one of two directories must not undo what
// happened to the name before.
func TestRenamesKeepTheirOrder(t *testing.T) {
	for seed := range uint64(crashes) {
		m := vfs.NewMem()
		must(t, m.MkdirAll("a"))
		must(t, m.MkdirAll("b"))
		must(t, create(t, m, "a/x", "1").Sync())
		must(t, m.Rename("a/x", "b/x"))
		must(t, m.SyncDir("b"))
		after := m.Crash(seed)
		if a, b := names(t, after, "a"), names(t, after, "b"); a != "[]" || b != "[x]" {
			t.Fatalf("seed %d: a has %s, b has %s", seed, a, b)
		}
	}
}

func TestFullDisk(t *testing.T) {
	m := vfs.NewMem()
	m.SetCapacity(10)
	f := create(t, m, "f", "1234567")
	if n, err := io.WriteString(f, "89abc"); n != 3 || !vfs.NoSpace(err) {
		t.Errorf("wrote %d, %v", n, err)
	}
	if err := f.Preallocate(1); !vfs.NoSpace(err) {
		t.Error(err)
	}
	if space, err := m.DiskSpace("/"); err != nil || space != (vfs.Space{FreeBytes: 0, TotalBytes: 10}) {
		t.Error(space, err)
	}
	must(t, f.Truncate(4))
	if space, err := m.DiskSpace("/"); err != nil || space.FreeBytes != 6 {
		t.Error(space, err)
	}
}
