// Package vfs is the file system as the store uses it. All file I/O of the
// store goes through an FS, so that tests can cut the power (Mem.Crash), fill
// the disk (Mem.SetCapacity), fail any operation and flip bits (Inject).
//
// # Durability
//
// What is written survives a power cut when Sync of the file returned nil. A
// name that was created, renamed or removed survives when SyncDir of its
// directory returned nil; syncing the file does not make its name durable.
// Until then either state may be found after a power cut, and of a file's
// unsynced writes any 512-byte sectors. WriteFile does all of it in the right
// order.
//
// A Sync that failed must not be tried again: the kernel takes the pages for
// clean that it could not write, and the next Sync returns nil without them
// being on disk. What was not synced before is to be written again, elsewhere.
//
// # Errors
//
// Errors are *fs.PathError or *os.LinkError, so errors.Is(err, fs.ErrNotExist)
// and fs.ErrExist work. NoSpace tells a full disk.
package vfs

import (
	"errors"
	"io"
	"syscall"
)

// FS is a file system. Paths are those of package filepath. An FS is safe for
// concurrent use.
type FS interface {
	// Create makes a new, empty file. It fails with fs.ErrExist when there is
	// one, and never truncates. The name is not durable before SyncDir.
	Create(path string) (File, error)

	// Open opens an existing file for reading.
	Open(path string) (Reader, error)

	// OpenAppend opens an existing file for reading, and for writing at its end.
	OpenAppend(path string) (File, error)

	// Rename moves a file or directory, replacing a file that has the new name,
	// in one step: after a crash there is the old state or the new one. It is
	// not durable before SyncDir of the directories involved.
	Rename(from, to string) error

	// Remove removes a file or an empty directory. Whoever has the file open
	// can go on reading it (not on Windows). Not durable before SyncDir.
	Remove(path string) error

	// RemoveAll removes a file or a directory with all that is in it, not in
	// one step. That there is none is no error. Not durable before SyncDir.
	RemoveAll(path string) error

	// MkdirAll makes a directory and those above it that are missing. They are
	// durable when it returns.
	MkdirAll(path string) error

	// ReadDir lists the names in a directory, sorted.
	ReadDir(path string) ([]string, error)

	// Stat describes a file or directory.
	Stat(path string) (Info, error)

	// SyncDir makes durable which names are in the directory.
	SyncDir(path string) error

	// Lock takes an exclusive lock on a lock file, which it creates when
	// missing. It does not wait: when another process, or another call in this
	// one, has the lock, the error wraps ErrLocked. Closing gives the lock up;
	// so does the end of the process, however it ends. The file stays.
	Lock(path string) (io.Closer, error)

	// DiskSpace tells the space on the disk that holds path, which must exist.
	DiskSpace(path string) (Space, error)
}

// Reader is a file opened for reading. ReadAt is safe for concurrent use.
type Reader interface {
	io.ReaderAt
	io.Closer

	// Size is the length in bytes: as it was when the file was opened, and for
	// a File as it is after its own writes.
	Size() int64
}

// File is a file opened for writing. It must have one writer at a time; ReadAt
// may run beside it.
type File interface {
	Reader

	// Write appends at Size. Like any io.Writer it returns an error when it
	// wrote less than all; what it did write then counts in Size.
	io.Writer

	// Truncate cuts the file, or extends it with zeros, to size bytes, where
	// the next Write goes on. It also frees what Preallocate reserved.
	Truncate(size int64) error

	// Preallocate reserves disk space for the next bytes to be appended. Size
	// does not change. It fails when the disk has no such space, and does
	// nothing where the system has no such call.
	Preallocate(bytes int64) error

	// Sync makes everything written so far durable, together with the file's
	// size. After an error see the package comment: never call it again for
	// the same data.
	Sync() error
}

// Info describes a file or directory.
type Info struct {
	Bytes int64 // length of a file, unspecified for a directory
	IsDir bool
}

// Space is disk space.
type Space struct {
	FreeBytes  int64 // that this process may use
	TotalBytes int64
}

// ErrLocked: somebody else has the lock.
var ErrLocked = errors.New("vfs: locked by another process")

// NoSpace reports whether err says that the disk, or the quota on it, is full.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
