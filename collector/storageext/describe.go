package storageext

import (
	"fmt"
	"path/filepath"

	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// Describe says for people where the data is and how durable it is.
func (c *Config) Describe() string {
	if c.Directory == "" {
		return "in memory; what is stored ends with the process"
	}
	text := absolute(c.Directory) + "; what is acknowledged "
	switch wal.Durability(c.Durability) {
	case wal.Sync:
		return text + "is on disk"
	case wal.Interval:
		return text + fmt.Sprintf("is on disk within %v", c.SyncInterval)
	}
	return text + "survives the process, not a power cut"
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
