package columnar

import (
	"errors"
	"io"
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

// still is a file system in which changes seem to succeed and come to nothing
// on the disk. The log is opened with it, because opening a log means beginning
// a segment and cutting off what was torn. What it creates is kept in memory:
// a new segment begins with the end of the last one, which is then read there.
// That is no more than the segments it carries on or puts aside.
type still struct {
	fs   vfs.FS
	made *vfs.Mem
}

var _ vfs.FS = still{}

func newStill(fsys vfs.FS) still { return still{fs: fsys, made: vfs.NewMem()} }

func (still) Remove(string) error                     { return nil }
func (still) RemoveAll(string) error                  { return nil }
func (still) MkdirAll(string) error                   { return nil }
func (still) SyncDir(string) error                    { return nil }
func (still) Lock(string) (io.Closer, error)          { return nil, errReadOnly }
func (s still) ReadDir(path string) ([]string, error) { return s.fs.ReadDir(path) }
func (s still) DiskSpace(p string) (vfs.Space, error) { return s.fs.DiskSpace(p) }

func (s still) Create(path string) (vfs.File, error) {
	if err := s.made.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return s.made.Create(path)
}

// Rename moves what was created. What is on the disk stays.
func (s still) Rename(from, to string) error {
	if _, err := s.made.Stat(from); err != nil {
		return nil
	}
	if err := s.made.MkdirAll(filepath.Dir(to)); err != nil {
		return err
	}
	return s.made.Rename(from, to)
}

func (s still) Open(path string) (vfs.Reader, error) {
	if _, err := s.made.Stat(path); err == nil {
		return s.made.Open(path)
	}
	return s.fs.Open(path)
}

func (s still) Stat(path string) (vfs.Info, error) {
	if info, err := s.made.Stat(path); err == nil {
		return info, nil
	}
	return s.fs.Stat(path)
}

func (s still) OpenAppend(path string) (vfs.File, error) {
	if _, err := s.made.Stat(path); err == nil {
		return s.made.OpenAppend(path)
	}
	r, err := s.fs.Open(path)
	if err != nil {
		return nil, err
	}
	return &stillFile{Reader: r, size: r.Size()}, nil
}

// stillFile is a file of the disk that takes writes and forgets them, apart
// from their size.
type stillFile struct {
	vfs.Reader
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
