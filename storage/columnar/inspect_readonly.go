package columnar

import (
	"errors"
	"io"
	"io/fs"

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

// still is a file system in which changes seem to succeed and come to nothing.
// The log is opened with it, because opening a log means beginning a segment
// and cutting off what was torn. Nothing that it writes is read again as long
// as nothing is enqueued.
type still struct{ fs vfs.FS }

var _ vfs.FS = still{}

func (still) Create(string) (vfs.File, error)         { return &stillFile{}, nil }
func (still) Rename(string, string) error             { return nil }
func (still) Remove(string) error                     { return nil }
func (still) RemoveAll(string) error                  { return nil }
func (still) MkdirAll(string) error                   { return nil }
func (still) SyncDir(string) error                    { return nil }
func (still) Lock(string) (io.Closer, error)          { return nil, errReadOnly }
func (s still) Open(path string) (vfs.Reader, error)  { return s.fs.Open(path) }
func (s still) ReadDir(path string) ([]string, error) { return s.fs.ReadDir(path) }
func (s still) Stat(path string) (vfs.Info, error)    { return s.fs.Stat(path) }
func (s still) DiskSpace(p string) (vfs.Space, error) { return s.fs.DiskSpace(p) }

// OpenAppend opens a file that is there for reading, and one that was created
// as the nothing that it is.
func (s still) OpenAppend(path string) (vfs.File, error) {
	r, err := s.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &stillFile{}, nil
	}
	if err != nil {
		return nil, err
	}
	return &stillFile{r: r, size: r.Size()}, nil
}

// stillFile takes writes and forgets them, apart from their size.
type stillFile struct {
	r    vfs.Reader // nil for a file that was created
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
	if f.r == nil {
		return 0, io.EOF
	}
	return f.r.ReadAt(b, off)
}

func (f *stillFile) Close() error {
	if f.r == nil {
		return nil
	}
	return f.r.Close()
}
