package storageext

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

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

// open opens the main store of a configuration and the archive beside it.
func (b Backend) open(ctx context.Context, cfg *Config, logger *zap.Logger) (main, archive storage.Store, err error) {
	if cfg.Directory == "" {
		if main, err = b.InMemory(cfg.memoryOptions(cfg.Memory.MaxBytes, columnar.WhenFull(cfg.WhenFull))); err != nil {
			return nil, nil, fmt.Errorf("opening the store: %w", err)
		}
		if archive, err = b.InMemory(cfg.memoryOptions(cfg.Archive.MaxBytes, columnar.Refuse)); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("opening the archive: %w", err), main.Close())
		}
		return main, archive, nil
	}
	if main, err = b.OnDisk(ctx, cfg.diskOptions(logger.With(zap.String("store", "main")))); err != nil {
		return nil, nil, fmt.Errorf("opening the store: %w", withRemedy(err))
	}
	if archive, err = b.OnDisk(ctx, cfg.archiveOptions(logger.With(zap.String("store", "archive")))); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening the archive: %w", withRemedy(err)), main.Close())
	}
	return main, archive, nil
}

// withRemedy says what to do where the error of the system does not. A locked
// directory already says it.
func withRemedy(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: make the directory writable for this user, or name another with the key directory, --data-dir or HEDDLE_DATA_DIR", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: free some space on that disk and start again", err)
	}
	return err
}

func (c *Config) memoryOptions(maxBytes ByteSize, full columnar.WhenFull) columnar.Options {
	return columnar.Options{MaxBytes: int64(maxBytes), SealRows: c.Seal.Rows, Limits: c.Limits.limits(), WhenFull: full}
}

func (c *Config) diskOptions(logger *zap.Logger) columnar.DiskOptions {
	return columnar.DiskOptions{
		Dir: absolute(c.Directory), Limits: c.Limits.limits(),
		Durability: wal.Durability(c.Durability), SyncInterval: c.SyncInterval,
		MaxMemoryBytes: int64(c.Memory.MaxBytes), MaxInFlightBytes: int64(c.Memory.MaxInFlightBytes), MaxWait: c.Memory.MaxWait,
		SealRows: c.Seal.Rows, SealAge: c.Seal.Age,
		Retention: columnar.Retention{
			MaxAge: c.Retention.MaxAge, MaxBytes: int64(c.Retention.MaxBytes), MinFreeBytes: orNone(c.Retention.MinFreeBytes),
		},
		DeleteWithin: c.DeleteWithin, WhenFull: columnar.WhenFull(c.WhenFull),
		Logger: newLogger(logger), Progress: newProgress(logger),
	}
}

// archiveOptions are those of a store below the main one. What a person chose
// to keep does not give way, to age or to anything else.
func (c *Config) archiveOptions(logger *zap.Logger) columnar.DiskOptions {
	o := c.diskOptions(logger)
	o.Dir = filepath.Join(o.Dir, "archive")
	o.WhenFull = columnar.Refuse
	o.Retention.MaxAge, o.Retention.MaxBytes = 0, int64(c.Archive.MaxBytes)
	return o
}

// orNone is how columnar.Retention says that there is no bound.
func orNone(b ByteSize) int64 {
	if b == 0 {
		return -1
	}
	return int64(b)
}

// limits are never the zero storage.Limits, which stand for the defaults.
func (c *LimitsConfig) limits() storage.Limits {
	l := storage.Limits{ValueBytes: int(c.ValueBytes), Attributes: c.Attributes, Events: c.Events}
	if l.Events == 0 {
		l.Events = maxEvents
	}
	return l
}
