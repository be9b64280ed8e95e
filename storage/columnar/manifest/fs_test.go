package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// memFS is a file system that can fail and crash. It knows what of it is
// durable: contents up to the last Sync, names as of the last SyncDir.
type memFS struct {
	names   map[string]*inode
	durable map[string]*inode

	ops    int      // changes so far
	failAt int      // this one fails, counting from 1; 0: none
	after  bool     // it fails after having taken effect, half of it for a write
	down   bool     // and so do all that follow
	log    []string // of changes
}

type inode struct{ data, synced []byte }

func newMemFS() *memFS {
	return &memFS{names: map[string]*inode{}, durable: map[string]*inode{}}
}

var errFault = errors.New("injected fault")

// step counts a change. do says whether it is to take effect.
func (m *memFS) step(format string, args ...any) (do bool, err error) {
	m.ops++
	m.log = append(m.log, fmt.Sprintf(format, args...))
	switch {
	case m.failAt == 0 || m.ops < m.failAt:
		return true, nil
	case m.ops == m.failAt:
		return m.after, errFault
	case m.down:
		return false, errFault
	}
	return true, nil
}

// crash is what there is after a power cut: keep of what was written and not
// synced, the names as they were last or as they were synced.
func (m *memFS) crash(keep float64, namesKept bool) *memFS {
	names := m.durable
	if namesKept {
		names = m.names
	}
	next := newMemFS()
	for name, n := range names {
		data := n.synced
		if len(n.data) > len(n.synced) {
			data = n.data[:len(n.synced)+int(keep*float64(len(n.data)-len(n.synced)))]
		}
		data = append([]byte(nil), data...)
		next.names[name] = &inode{data, data}
	}
	next.durable = maps.Clone(next.names)
	return next
}

func (m *memFS) Create(name string) (File, error) {
	do, err := m.step("create %s", name)
	if do {
		m.names[name] = &inode{}
	}
	return &memFile{m, name, m.names[name]}, err
}

func (m *memFS) Open(name string) (File, error) {
	n, ok := m.names[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memFile{m, name, n}, nil
}

func (m *memFS) Rename(from, to string) error {
	do, err := m.step("rename %s %s", from, to)
	if do {
		m.names[to] = m.names[from]
		delete(m.names, from)
	}
	return err
}

func (m *memFS) Remove(name string) error {
	do, err := m.step("remove %s", name)
	if do {
		delete(m.names, name)
	}
	return err
}

func (m *memFS) SyncDir(dir string) error {
	do, err := m.step("syncdir %s", dir)
	if do {
		m.durable = maps.Clone(m.names)
	}
	return err
}

type memFile struct {
	fs   *memFS
	name string
	*inode
}

func (f *memFile) Write(b []byte) (int, error) {
	do, err := f.fs.step("write %s", f.name)
	if err != nil {
		b = b[:len(b)/2]
	}
	if do {
		f.data = append(f.data, b...)
	}
	return len(b), err
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	do, err := f.fs.step("sync %s", f.name)
	if do {
		f.synced = f.data[:len(f.data):len(f.data)]
	}
	return err
}

func (f *memFile) Close() error { return nil }

func (m *memFS) damagedFiles() (n int) {
	for name := range m.names {
		if strings.Contains(name, ".damaged-") {
			n++
		}
	}
	return n
}

// osFS is the real thing.
type osFS struct{}

func (osFS) Create(name string) (File, error) { return os.Create(name) }
func (osFS) Open(name string) (File, error)   { return os.Open(name) }
func (osFS) Rename(from, to string) error     { return os.Rename(from, to) }
func (osFS) Remove(name string) error         { return os.Remove(name) }
func (osFS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
