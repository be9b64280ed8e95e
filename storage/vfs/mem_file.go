package vfs

import (
	"io"
	"io/fs"
	"syscall"
)

// memFile is an open file of a Mem.
type memFile struct {
	fs       *Mem
	node     *memNode
	name     string
	writable bool
	closed   bool
	size     int64 // what Size says
}

func (f *memFile) lock(op string) error {
	if err := f.fs.lock(op, f.name); err != nil {
		return err
	}
	if f.closed {
		f.fs.mu.Unlock()
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return nil
}

func (f *memFile) lockToWrite(op string) error {
	err := f.lock(op)
	if err == nil && !f.writable {
		f.fs.mu.Unlock()
		err = &fs.PathError{Op: op, Path: f.name, Err: fs.ErrPermission}
	}
	return err
}

func (f *memFile) Size() int64 {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.size
}

func (f *memFile) Close() error {
	if err := f.lock("close"); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	f.closed = true
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.lock("read"); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	if err := f.lockToWrite("write"); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	n := int(f.fs.room(int64(len(p))))
	f.node.append(p[:n])
	f.size = int64(len(f.node.data))
	if n < len(p) {
		return n, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return n, nil
}

func (f *memFile) Truncate(size int64) error {
	if err := f.lockToWrite("truncate"); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	if size < 0 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: fs.ErrInvalid}
	}
	if grow := size - int64(len(f.node.data)); grow > 0 && f.fs.room(grow) < grow {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: syscall.ENOSPC}
	}
	f.node.truncate(size)
	f.size = size
	return nil
}

// Preallocate finds out whether there is room, and reserves nothing.
func (f *memFile) Preallocate(bytes int64) error {
	if err := f.lockToWrite("fallocate"); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	if f.fs.room(bytes) < bytes {
		return &fs.PathError{Op: "fallocate", Path: f.name, Err: syscall.ENOSPC}
	}
	return nil
}

func (f *memFile) Sync() error {
	if err := f.lockToWrite("sync"); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	f.node.sync()
	return nil
}

// failSync is a Sync that fails. Injected faults call it.
func (f *memFile) failSync() {
	if f.lockToWrite("sync") == nil {
		defer f.fs.mu.Unlock()
		f.node.failSync(f.fs.rng)
	}
}
