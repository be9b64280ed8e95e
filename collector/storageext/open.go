package storageext

import (
	"context"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// Backend opens stores.
type Backend struct {
	OnDisk   func(context.Context, columnar.DiskOptions) (storage.Store, error)
	InMemory func(columnar.Options) (storage.Store, error)
}

// openMain opens the main store of a configuration.
func (b Backend) openMain(ctx context.Context, cfg *Config, logger *zap.Logger) (storage.Store, error) {
	if cfg.Directory == "" {
		return b.InMemory(cfg.memoryOptions(cfg.Memory.MaxBytes, columnar.WhenFull(cfg.WhenFull)))
	}
	return b.OnDisk(ctx, cfg.diskOptions(logger))
}

// openArchive opens the archive beside it. What a person chose to keep does not
// give way, to age or to anything else.
func (b Backend) openArchive(ctx context.Context, cfg *Config, logger *zap.Logger) (storage.Store, error) {
	if cfg.Directory == "" {
		return b.InMemory(cfg.memoryOptions(cfg.Archive.MaxBytes, columnar.Refuse))
	}
	o := cfg.diskOptions(logger)
	o.Dir = filepath.Join(cfg.Directory, "archive")
	o.WhenFull = columnar.Refuse
	o.Retention = columnar.Retention{MaxBytes: int64(cfg.Archive.MaxBytes), MinFreeBytes: -1}
	return b.OnDisk(ctx, o)
}

func (c *Config) memoryOptions(maxBytes ByteSize, full columnar.WhenFull) columnar.Options {
	return columnar.Options{MaxBytes: int64(maxBytes), SealRows: c.Seal.Rows, Limits: c.Limits.limits(), WhenFull: full}
}

func (c *Config) diskOptions(logger *zap.Logger) columnar.DiskOptions {
	return columnar.DiskOptions{
		Dir: c.Directory, Limits: c.Limits.limits(),
		Durability: wal.Durability(c.Durability), SyncInterval: c.SyncInterval,
		MaxMemoryBytes: int64(c.Memory.MaxBytes), MaxInFlightBytes: int64(c.Memory.MaxInFlightBytes), MaxWait: c.Memory.MaxWait,
		SealRows: c.Seal.Rows, SealAge: c.Seal.Age,
		Retention: columnar.Retention{
			MaxAge: c.Retention.MaxAge, MaxBytes: int64(c.Retention.MaxBytes), MinFreeBytes: orNone(c.Retention.MinFreeBytes),
		},
		DeleteWithin: c.DeleteWithin, WhenFull: columnar.WhenFull(c.WhenFull),
		Logger: newLogger(logger),
	}
}

// orNone is how columnar.Retention says that there is no bound.
func orNone(b ByteSize) int64 {
	if b == 0 {
		return -1
	}
	return int64(b)
}
