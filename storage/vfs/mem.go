package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Mem is a file system in memory that knows what is durable. It keeps two
// states: what operations see, and what is on its disk for sure; Crash starts
// from the second. It promises as little as the contract of FS allows, less
// than any real file system.
type Mem struct {
	mu       sync.Mutex
	root     *memNode
	renames  []*nameChange // names that changed and are not durable, oldest first
	locks    map[string]*memLock
	rng      *rand.Rand
	crashed  bool
	capacity int64 // 0 when unlimited
}

// ErrPowerCut is what everything on a Mem fails with after Crash.
var ErrPowerCut = errors.New("vfs: the power was cut")

// NewMem returns an empty file system without limit.
func NewMem() *Mem { return newMem(1) }

func newMem(seed uint64) *Mem {
	m := &Mem{locks: map[string]*memLock{}, rng: rand.New(rand.NewPCG(seed, 0))}
	m.root = m.newDir()
	return m
}

// memNode is a file or directory, apart from its names.
type memNode struct {
	dir bool

	// Of a directory: what names it has, and which of them are durable.
	entries, durable map[string]*memNode

	// Of a file: its data, what of it is on the disk, and the writes between the two.
	data, disk []byte
	writes     []memWrite
}

func (m *Mem) newDir() *memNode {
	return &memNode{dir: true, entries: map[string]*memNode{}, durable: map[string]*memNode{}}
}

// SetCapacity sets the size of the disk; 0 is unlimited. Only file contents
// count. A write that does not fit writes what does and fails with ENOSPC.
func (m *Mem) SetCapacity(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capacity = bytes
}

// lock locks m and finds out whether it still has power.
func (m *Mem) lock(op, name string) error {
	m.mu.Lock()
	if m.crashed {
		m.mu.Unlock()
		return &fs.PathError{Op: op, Path: name, Err: ErrPowerCut}
	}
	return nil
}

// split cuts a path into the names below the root.
func split(name string) []string {
	name = path.Clean("/" + filepath.ToSlash(name))
	if name == "/" {
		return nil
	}
	return strings.Split(name[1:], "/")
}

func (m *Mem) find(op, name string) (*memNode, error) {
	n := m.root
	for _, part := range split(name) {
		if n = n.entries[part]; n == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
	}
	return n, nil
}

// place finds the directory that holds, or would hold, name.
func (m *Mem) place(op, name string) (dir *memNode, base string, err error) {
	parts := split(name)
	if len(parts) == 0 {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	dir, err = m.find(op, strings.Join(parts[:len(parts)-1], "/"))
	if err == nil && !dir.dir {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: errors.Unwrap(err)}
	}
	return dir, parts[len(parts)-1], nil
}

func (m *Mem) Create(name string) (File, error) {
	if err := m.lock("create", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	dir, base, err := m.place("create", name)
	if err != nil {
		return nil, err
	}
	if dir.entries[base] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	n := &memNode{}
	m.change(entry{dir, base, n})
	return &memFile{fs: m, node: n, name: name, writable: true}, nil
}

func (m *Mem) Open(name string) (Reader, error)     { return m.open(name, false) }
func (m *Mem) OpenAppend(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, writable bool) (File, error) {
	if err := m.lock("open", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is a directory")}
	}
	return &memFile{fs: m, node: n, name: name, writable: writable, size: int64(len(n.data))}, nil
}

func (m *Mem) Rename(from, to string) error {
	if err := m.lock("rename", from); err != nil {
		return err
	}
	defer m.mu.Unlock()
	fromDir, fromBase, err := m.place("rename", from)
	if err != nil {
		return err
	}
	toDir, toBase, err := m.place("rename", to)
	if err != nil {
		return err
	}
	n := fromDir.entries[fromBase]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	switch old := toDir.entries[toBase]; {
	case old == n:
		return nil
	case old != nil && (old.dir || n.dir):
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	m.change(entry{fromDir, fromBase, nil}, entry{toDir, toBase, n})
	return nil
}

func (m *Mem) Remove(name string) error {
	if err := m.lock("remove", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	dir, base, err := m.place("remove", name)
	if err != nil {
		return err
	}
	n := dir.entries[base]
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if len(n.entries) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("directory not empty")}
	}
	m.change(entry{dir, base, nil})
	return nil
}

func (m *Mem) RemoveAll(name string) error {
	if err := m.lock("remove", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	dir, base, err := m.place("remove", name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if dir.entries[base] != nil {
		m.removeTree(dir, base)
	}
	return nil
}

func (m *Mem) removeTree(dir *memNode, base string) {
	n := dir.entries[base]
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		m.removeTree(n, name)
	}
	m.change(entry{dir, base, nil})
}

func (m *Mem) MkdirAll(name string) error {
	if err := m.lock("mkdir", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	n := m.root
	for _, part := range split(name) {
		child := n.entries[part]
		if child == nil {
			child = m.newDir()
			m.change(entry{n, part, child})
			m.makeDurable(m.renames[len(m.renames)-1:])
		}
		if !child.dir {
			return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
		}
		n = child
	}
	return nil
}

func (m *Mem) ReadDir(name string) ([]string, error) {
	if err := m.lock("readdir", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	n, err := m.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	return slices.Sorted(maps.Keys(n.entries)), nil
}

func (m *Mem) Stat(name string) (Info, error) {
	if err := m.lock("stat", name); err != nil {
		return Info{}, err
	}
	defer m.mu.Unlock()
	n, err := m.find("stat", name)
	if err != nil {
		return Info{}, err
	}
	return Info{Bytes: int64(len(n.data)), IsDir: n.dir}, nil
}

func (m *Mem) SyncDir(name string) error {
	if err := m.lock("syncdir", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	n, err := m.find("syncdir", name)
	if err != nil {
		return err
	}
	if !n.dir {
		return &fs.PathError{Op: "syncdir", Path: name, Err: syscall.ENOTDIR}
	}
	m.makeDurable(slices.DeleteFunc(slices.Clone(m.renames), func(c *nameChange) bool { return !c.touches(n) }))
	return nil
}

// Lock locks in memory; there is no lock file.
func (m *Mem) Lock(name string) (io.Closer, error) {
	if err := m.lock("lock", name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if _, _, err := m.place("lock", name); err != nil {
		return nil, err
	}
	key := strings.Join(split(name), "/")
	if m.locks[key] != nil {
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	l := &memLock{fs: m, key: key}
	m.locks[key] = l
	return l, nil
}

type memLock struct {
	fs  *Mem
	key string
}

func (l *memLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	if l.fs.locks[l.key] == l {
		delete(l.fs.locks, l.key)
	}
	return nil
}

func (m *Mem) DiskSpace(name string) (Space, error) {
	if err := m.lock("statfs", name); err != nil {
		return Space{}, err
	}
	defer m.mu.Unlock()
	if _, err := m.find("statfs", name); err != nil {
		return Space{}, err
	}
	total := m.capacity
	if total == 0 {
		total = 1 << 40
	}
	return Space{FreeBytes: max(total-m.root.bytes(), 0), TotalBytes: total}, nil
}

// room is how much of a file's growth by n fits on the disk.
func (m *Mem) room(n int64) int64 {
	if m.capacity == 0 {
		return n
	}
	return max(min(n, m.capacity-m.root.bytes()), 0)
}

func (n *memNode) bytes() int64 {
	sum := int64(len(n.data))
	for _, child := range n.entries {
		sum += child.bytes()
	}
	return sum
}
