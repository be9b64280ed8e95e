package storageext

import (
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/heddle-io/heddle/storage/columnar"
)

// Config configures the store and the archive beside it.
type Config struct {
	// Directory is where the store keeps its data; the archive is below it.
	// Empty means in memory only, gone with the process.
	Directory string `mapstructure:"directory"`
	// Durability says what an acknowledgement waits for.
	Durability Durability `mapstructure:"durability"`
	// SyncInterval is the most that a power cut takes with durability interval.
	SyncInterval time.Duration `mapstructure:"sync_interval"`
	// Seal says when what came in becomes a part.
	Seal SealConfig `mapstructure:"seal"`
	// Memory bounds what is not in parts yet, or everything when there is no directory.
	Memory MemoryConfig `mapstructure:"memory"`
	// Retention says how long telemetry is kept.
	Retention RetentionConfig `mapstructure:"retention"`
	// WhenFull says what happens when there is no room: the oldest telemetry gives way, or writes are refused.
	WhenFull WhenFull `mapstructure:"when_full"`
	// DeleteWithin is the deadline by which what was deleted is gone from disk.
	DeleteWithin time.Duration `mapstructure:"delete_within"`
	// Archive bounds the store for traces that people keep. When it is full, it refuses.
	Archive ArchiveConfig `mapstructure:"archive"`
	// Limits bound a single span or log record; what exceeds them is rejected and the sender is told.
	Limits LimitsConfig `mapstructure:"limits"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SealConfig says when a builder becomes a part.
type SealConfig struct {
	Rows int           `mapstructure:"rows"`
	Age  time.Duration `mapstructure:"age"` // of its oldest row

	// prevent unkeyed literal initialization
	_ struct{}
}

// MemoryConfig bounds memory.
type MemoryConfig struct {
	MaxBytes         ByteSize      `mapstructure:"max_bytes"`
	MaxInFlightBytes ByteSize      `mapstructure:"max_in_flight_bytes"` // of requests that are not acknowledged yet
	MaxWait          time.Duration `mapstructure:"max_wait"`            // of a request for memory, before it is refused

	// prevent unkeyed literal initialization
	_ struct{}
}

// RetentionConfig is columnar.Retention; 0 means no bound.
type RetentionConfig struct {
	MaxAge       time.Duration `mapstructure:"max_age"`        // since arrival
	MaxBytes     ByteSize      `mapstructure:"max_bytes"`      // of all parts together
	MinFreeBytes ByteSize      `mapstructure:"min_free_bytes"` // on the disk

	// prevent unkeyed literal initialization
	_ struct{}
}

// ArchiveConfig bounds the archive.
type ArchiveConfig struct {
	MaxBytes ByteSize `mapstructure:"max_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LimitsConfig is storage.Limits; 0 means no limit.
type LimitsConfig struct {
	ValueBytes ByteSize `mapstructure:"value_bytes"` // longest attribute value, name or body
	Attributes int      `mapstructure:"attributes"`  // attributes on one record
	Events     int      `mapstructure:"events"`      // events, and links, on one span; at most 65,536, also without a limit

	// prevent unkeyed literal initialization
	_ struct{}
}

// Bounds of an archive, on disk and in memory.
const (
	archiveBytes       ByteSize = 1 << 30
	archiveMemoryBytes ByteSize = 64 << 20
)

// createDefaultConfig is that of a store on disk.
func createDefaultConfig(directory string) *Config {
	d := columnar.DefaultDiskOptions()
	return &Config{
		Directory: directory, Durability: Durability(d.Durability), SyncInterval: d.SyncInterval,
		Seal: SealConfig{Rows: d.SealRows, Age: d.SealAge},
		Memory: MemoryConfig{
			MaxBytes: ByteSize(d.MaxMemoryBytes), MaxInFlightBytes: ByteSize(d.MaxInFlightBytes), MaxWait: d.MaxWait,
		},
		Retention: RetentionConfig{
			MaxAge: d.Retention.MaxAge, MaxBytes: ByteSize(d.Retention.MaxBytes), MinFreeBytes: ByteSize(d.Retention.MinFreeBytes),
		},
		WhenFull: WhenFull(d.WhenFull), DeleteWithin: d.DeleteWithin,
		Archive: ArchiveConfig{MaxBytes: archiveBytes},
		Limits: LimitsConfig{
			ValueBytes: ByteSize(d.Limits.ValueBytes), Attributes: d.Limits.Attributes, Events: d.Limits.Events,
		},
	}
}

var _ confmap.Unmarshaler = (*Config)(nil)

// Unmarshal implements confmap.Unmarshaler: a store in memory has other
// defaults for what it may hold.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	if c.Directory != "" {
		return nil
	}
	if !conf.IsSet("memory::max_bytes") {
		c.Memory.MaxBytes = ByteSize(columnar.DefaultOptions().MaxBytes)
	}
	if !conf.IsSet("archive::max_bytes") {
		c.Archive.MaxBytes = archiveMemoryBytes
	}
	return nil
}
