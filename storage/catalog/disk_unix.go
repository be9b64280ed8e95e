//go:build linux || darwin

package catalog

import (
	"fmt"
	"os"
	"syscall"
)

// freeBytes is what an unprivileged process may still write below dir.
func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// usedBytes is what a file takes of the disk; badger's logs have holes.
func usedBytes(path string) (int64, error) {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return 0, fmt.Errorf("size of %s: %w", path, err)
	}
	return int64(s.Blocks) * 512, nil
}

// withLock runs f while no other process has the database in dir open. It
// takes the lock that badger takes and gives it back, since badger wants it
// for itself.
func withLock(dir string, f func() error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%w: %s: %w; stop that process or use another directory", ErrLocked, dir, err)
	}
	return f()
}

// openDir opens dir to be synced.
func openDir(dir string) (*os.File, error) { return os.Open(dir) }
