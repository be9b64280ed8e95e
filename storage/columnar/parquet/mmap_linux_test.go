package parquet

import (
	"bytes"
	"io"
	"os"
	"syscall"
	"testing"
)

// mapFile maps a file into memory until the test ends.
func mapFile(t testing.TB, file *os.File, size int64) io.ReaderAt {
	t.Helper()
	data, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(data); err != nil {
			t.Error(err)
		}
	})
	return bytes.NewReader(data)
}
