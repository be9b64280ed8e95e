//go:build !linux

package parquet

import (
	"io"
	"os"
	"testing"
)

// mapFile is the file itself where mapping is not tried.
func mapFile(_ testing.TB, file *os.File, _ int64) io.ReaderAt { return file }
