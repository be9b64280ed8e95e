package vfs

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
)

// OpKind is an operation of FS or of its files.
type OpKind uint8

const (
	OpCreate OpKind = iota + 1
	OpOpen          // Open and OpenAppend
	OpRename
	OpRemove // Remove and RemoveAll
	OpMkdir
	OpReadDir
	OpStat
	OpSyncDir
	OpLock
	OpDiskSpace
	OpRead
	OpWrite
	OpTruncate
	OpPreallocate
	OpSync
)

var opNames = [...]string{"", "create", "open", "rename", "remove", "mkdir", "readdir", "stat", "syncdir", "lock", "diskspace",
	"read", "write", "truncate", "preallocate", "sync"}

func (k OpKind) String() string {
	if int(k) < len(opNames) && k > 0 {
		return opNames[k]
	}
	return fmt.Sprintf("op(%d)", uint8(k))
}

// Op is an operation that is about to happen.
type Op struct {
	Kind   OpKind
	Path   string // the old name of a rename
	Offset int64  // of OpRead, OpWrite: where; of OpTruncate: the size; of OpPreallocate: where the file ends
	Bytes  int64  // of OpRead, OpWrite, OpPreallocate: how many
}

// ShortWriteError, when a hook returns it for OpWrite, lets the first Bytes be written
// before the write fails with Err.
type ShortWriteError struct {
	Bytes int
	Err   error
}

func (s *ShortWriteError) Error() string { return fmt.Sprintf("after %d bytes: %v", s.Bytes, s.Err) }
func (s *ShortWriteError) Unwrap() error { return s.Err }

// BitFlipError, when a hook returns it for OpRead, lets the read happen and inverts
// one bit of what was read, counted from the start of the read and modulo its
// length. The read returns no error for it.
type BitFlipError struct{ Bit int64 }

func (f *BitFlipError) Error() string { return fmt.Sprintf("bit %d is flipped", f.Bit) }

// ErrKilled, when a hook returns it from some moment on, for everything, is a
// process that was killed: what it did stays, also what it did not sync, and a
// Sync loses nothing. Another process may go on with the file system beneath.
var ErrKilled = errors.New("vfs: the process was killed")

// Inject returns fsys with faults. hook is called before each operation; when
// it returns an error other than these two the operation is not done and
// returns that error. A Sync that fails on a Mem loses what was not synced, as
// the package comment says. hook must be safe for concurrent use and must not
// use the file system that it is for; cutting its power with Mem.Crash is fine.
func Inject(fsys FS, hook func(Op) error) FS { return &faultyFS{fsys, hook} }

// FailNth returns a hook for which the nth operation (from 1) of the given
// kinds, of any kind when there are none, fails with err.
func FailNth(n int, err error, kinds ...OpKind) func(Op) error {
	var mu sync.Mutex
	return func(op Op) error {
		mu.Lock()
		defer mu.Unlock()
		if len(kinds) > 0 && !slices.Contains(kinds, op.Kind) {
			return nil
		}
		if n--; n == 0 {
			return err
		}
		return nil
	}
}

// FailRandomly returns a hook for which operations of the given kinds, of any
// kind when there are none, fail with err by chance (0 to 1). Some failing
// writes are short. The same operations in the same order fail the same way.
func FailRandomly(seed uint64, chance float64, err error, kinds ...OpKind) func(Op) error {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 1))
	return func(op Op) error {
		mu.Lock()
		defer mu.Unlock()
		if len(kinds) > 0 && !slices.Contains(kinds, op.Kind) || rng.Float64() >= chance {
			return nil
		}
		if op.Kind == OpWrite && rng.IntN(2) == 0 {
			return &ShortWriteError{Bytes: int(rng.Int64N(op.Bytes + 1)), Err: err}
		}
		return err
	}
}

type faultyFS struct {
	fs   FS
	hook func(Op) error
}

func (f *faultyFS) before(kind OpKind, path string) error {
	return f.hook(Op{Kind: kind, Path: path})
}

func (f *faultyFS) Create(path string) (File, error) {
	if err := f.before(OpCreate, path); err != nil {
		return nil, err
	}
	file, err := f.fs.Create(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{faultyReader{file, f, path}, file}, nil
}

func (f *faultyFS) Open(path string) (Reader, error) {
	if err := f.before(OpOpen, path); err != nil {
		return nil, err
	}
	file, err := f.fs.Open(path)
	if err != nil {
		return nil, err
	}
	return &faultyReader{file, f, path}, nil
}

func (f *faultyFS) OpenAppend(path string) (File, error) {
	if err := f.before(OpOpen, path); err != nil {
		return nil, err
	}
	file, err := f.fs.OpenAppend(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{faultyReader{file, f, path}, file}, nil
}

func (f *faultyFS) Rename(from, to string) error {
	if err := f.before(OpRename, from); err != nil {
		return err
	}
	return f.fs.Rename(from, to)
}

func (f *faultyFS) Remove(path string) error {
	if err := f.before(OpRemove, path); err != nil {
		return err
	}
	return f.fs.Remove(path)
}

func (f *faultyFS) RemoveAll(path string) error {
	if err := f.before(OpRemove, path); err != nil {
		return err
	}
	return f.fs.RemoveAll(path)
}

func (f *faultyFS) MkdirAll(path string) error {
	if err := f.before(OpMkdir, path); err != nil {
		return err
	}
	return f.fs.MkdirAll(path)
}

func (f *faultyFS) ReadDir(path string) ([]string, error) {
	if err := f.before(OpReadDir, path); err != nil {
		return nil, err
	}
	return f.fs.ReadDir(path)
}

func (f *faultyFS) Stat(path string) (Info, error) {
	if err := f.before(OpStat, path); err != nil {
		return Info{}, err
	}
	return f.fs.Stat(path)
}

func (f *faultyFS) SyncDir(path string) error {
	if err := f.before(OpSyncDir, path); err != nil {
		return err
	}
	return f.fs.SyncDir(path)
}

func (f *faultyFS) Lock(path string) (io.Closer, error) {
	if err := f.before(OpLock, path); err != nil {
		return nil, err
	}
	return f.fs.Lock(path)
}

func (f *faultyFS) DiskSpace(path string) (Space, error) {
	if err := f.before(OpDiskSpace, path); err != nil {
		return Space{}, err
	}
	return f.fs.DiskSpace(path)
}
