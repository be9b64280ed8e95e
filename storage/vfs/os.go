package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// OS is the operating system's file system. Files are made readable for the
// owner and the group only: telemetry carries what users typed.
var OS FS = osFS{}

const (
	filePerm = 0o640
	dirPerm  = 0o750
)

type osFS struct{}

func (osFS) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return nil, err
	}
	return &osFile{file: f}, nil
}

func (osFS) Open(path string) (Reader, error)     { return openOS(path, os.O_RDONLY) }
func (osFS) OpenAppend(path string) (File, error) { return openOS(path, os.O_RDWR) }

func openOS(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &osFile{file: f, size: info.Size()}, nil
}

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(path string) error     { return os.Remove(path) }
func (osFS) RemoveAll(path string) error  { return os.RemoveAll(path) }
func (osFS) SyncDir(path string) error    { return syncDir(path) }

func (o osFS) MkdirAll(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("there is a file of that name")}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, dirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func (osFS) ReadDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osFS) Stat(path string) (Info, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Info{}, err
	}
	return Info{Bytes: info.Size(), IsDir: info.IsDir()}, nil
}

func (osFS) DiskSpace(path string) (Space, error) {
	space, err := diskSpace(path)
	if err != nil {
		return Space{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return space, nil
}

// Lock keeps the process id in the lock file, for the error that the next one gets.
func (osFS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		owner := make([]byte, 32)
		n, _ := f.ReadAt(owner, 0) // only to say more in the error
		f.Close()
		if errors.Is(err, ErrLocked) {
			return nil, fmt.Errorf("lock %s: %w (its process id is %q); stop it, or use another directory", path, ErrLocked, strings.TrimSpace(string(owner[:n])))
		}
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	// The lock holds without the number in it.
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

// osFile is a file with its end. The end is kept here since the kernel's
// append mode would not say where a write went.
type osFile struct {
	file *os.File
	size int64
}

func (f *osFile) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }
func (f *osFile) Close() error                            { return f.file.Close() }
func (f *osFile) Size() int64                             { return f.size }

func (f *osFile) Write(p []byte) (int, error) {
	n, err := f.file.WriteAt(p, f.size)
	f.size += int64(n)
	return n, err
}

func (f *osFile) Truncate(size int64) error {
	if err := f.file.Truncate(size); err != nil {
		return err
	}
	f.size = size
	return nil
}

func (f *osFile) Preallocate(bytes int64) error {
	if err := preallocate(f.file, f.size, bytes); err != nil {
		return &fs.PathError{Op: "fallocate", Path: f.file.Name(), Err: err}
	}
	return nil
}

func (f *osFile) Sync() error {
	if err := syncFile(f.file); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.file.Name(), Err: err}
	}
	return nil
}
