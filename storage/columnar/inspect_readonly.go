package columnar

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// errReadOnly is what an inspection answers to whoever wants to change a file.
var errReadOnly = errors.New("columnar: an inspection changes nothing")

// readOnly is a file system for the manifest in which every change fails. The
// manifest serves what it could read all the same.
type readOnly struct{ fs vfs.FS }

var _ manifest.FS = readOnly{}

func (readOnly) Create(string) (manifest.File, error) { return nil, errReadOnly }
func (readOnly) Rename(string, string) error          { return errReadOnly }
func (readOnly) Remove(string) error                  { return errReadOnly }
func (readOnly) SyncDir(string) error                 { return errReadOnly }

func (r readOnly) Open(name string) (manifest.File, error) {
	f, err := r.fs.Open(name)
	if err != nil {
		return nil, err
	}
	return readOnlyFile{f}, nil
}

type readOnlyFile struct{ vfs.Reader }

func (readOnlyFile) Write([]byte) (int, error) { return 0, errReadOnly }
func (readOnlyFile) Sync() error               { return errReadOnly }

// still is a file system whose changes come to nothing. The log is opened with
// it, because opening a log means beginning a segment, to which it may copy what
// was not synced, and cutting off what was torn. What is created is in memory.
type still struct {
	fs      vfs.FS
	scratch *vfs.Mem
}

func newStill(fsys vfs.FS) still { return still{fsys, vfs.NewMem()} }

var _ vfs.FS = still{}

func (still) RemoveAll(string) error                  { return nil }
func (still) MkdirAll(string) error                   { return nil }
func (still) SyncDir(string) error                    { return nil }
func (still) Lock(string) (io.Closer, error)          { return nil, errReadOnly }
func (s still) ReadDir(path string) ([]string, error) { return s.fs.ReadDir(path) }
func (s still) Stat(path string) (vfs.Info, error)    { return s.fs.Stat(path) }
func (s still) DiskSpace(p string) (vfs.Space, error) { return s.fs.DiskSpace(p) }

func (s still) Create(path string) (vfs.File, error) {
	if err := s.scratch.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return s.scratch.Create(path)
}

func (s still) Rename(from, to string) error {
	if err := s.scratch.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s still) Remove(path string) error {
	if err := s.scratch.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s still) Open(path string) (vfs.Reader, error) {
	if r, err := s.scratch.Open(path); !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	return s.fs.Open(path)
}

// OpenAppend opens a file that is there for reading: what is written to it is
// forgotten.
func (s still) OpenAppend(path string) (vfs.File, error) {
	if f, err := s.scratch.OpenAppend(path); !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	r, err := s.fs.Open(path)
	if err != nil {
		return nil, err
	}
	return &stillFile{r: r, size: r.Size()}, nil
}

// stillFile takes writes and forgets them, apart from their size.
type stillFile struct {
	r    vfs.Reader
	size int64
}

func (f *stillFile) Size() int64             { return f.size }
func (f *stillFile) Preallocate(int64) error { return nil }
func (f *stillFile) Sync() error             { return nil }

func (f *stillFile) Truncate(size int64) error {
	f.size = size
	return nil
}

func (f *stillFile) Write(b []byte) (int, error) {
	f.size += int64(len(b))
	return len(b), nil
}

func (f *stillFile) ReadAt(b []byte, off int64) (int, error) {
	return f.r.ReadAt(b, off)
}

func (f *stillFile) Close() error {
	return f.r.Close()
}
