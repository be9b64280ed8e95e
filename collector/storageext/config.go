package storageext

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
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
	Events     int      `mapstructure:"events"`      // events, and links, on one span

	// prevent unkeyed literal initialization
	_ struct{}
}

// Durability is wal.Durability by the names of its values.
type Durability wal.Durability

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Durability) UnmarshalText(text []byte) error {
	for _, known := range []wal.Durability{wal.Sync, wal.Interval, wal.None} {
		if known.String() == string(text) {
			*d = Durability(known)
			return nil
		}
	}
	return fmt.Errorf("%q is not a durability: write sync, interval or none", text)
}

// MarshalText implements encoding.TextMarshaler.
func (d Durability) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Durability) String() string { return wal.Durability(d).String() }

// WhenFull is columnar.WhenFull by the names of its values.
type WhenFull columnar.WhenFull

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *WhenFull) UnmarshalText(text []byte) error {
	for _, known := range []columnar.WhenFull{columnar.Evict, columnar.Refuse} {
		if known.String() == string(text) {
			*w = WhenFull(known)
			return nil
		}
	}
	return fmt.Errorf("%q is not what can happen: write evict or refuse", text)
}

// MarshalText implements encoding.TextMarshaler.
func (w WhenFull) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func (w WhenFull) String() string { return columnar.WhenFull(w).String() }

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

// The smallest bounds with which the store still does something useful.
const (
	minBytes    ByteSize = 1 << 20
	minSealRows          = 16
)

// Validate implements confmap.Validator.
func (c *MemoryConfig) Validate() error { return c.MaxBytes.validate() }

// Validate implements confmap.Validator.
func (c *SealConfig) Validate() error {
	if c.Rows < minSealRows {
		return fmt.Errorf("rows is %d: it must be at least %d", c.Rows, minSealRows)
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *ArchiveConfig) Validate() error { return c.MaxBytes.validate() }

func (b ByteSize) validate() error {
	if b < minBytes {
		return fmt.Errorf("max_bytes is %v: give the store at least %v", b, minBytes)
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *LimitsConfig) Validate() error {
	if c.Attributes < 0 || c.Events < 0 {
		return errors.New("limits must not be negative: 0 means no limit")
	}
	return nil
}

// limits are never the zero storage.Limits, which stand for the defaults.
func (c *LimitsConfig) limits() storage.Limits {
	l := storage.Limits{ValueBytes: int(c.ValueBytes), Attributes: c.Attributes, Events: c.Events}
	if l == (storage.Limits{}) {
		l.Events = math.MaxInt32
	}
	return l
}

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
