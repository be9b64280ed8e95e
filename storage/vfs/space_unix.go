//go:build linux || darwin || freebsd

package vfs

import "golang.org/x/sys/unix"

func diskSpace(path string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Space{}, err
	}
	block := int64(s.Bsize) //nolint:unconvert // the fields' types differ between the systems
	// Free space is negative on FreeBSD when root has used its reserve.
	return Space{FreeBytes: max(int64(s.Bavail), 0) * block, TotalBytes: int64(s.Blocks) * block}, nil
}
