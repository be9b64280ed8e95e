package storageext

import (
	"errors"
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// Config configures the store.
type Config struct {
	// Memory bounds the main store. When it is full, the oldest telemetry gives way.
	Memory MemoryConfig `mapstructure:"memory"`
	// Archive bounds the store for traces that people keep. When it is full, it refuses.
	Archive ArchiveConfig `mapstructure:"archive"`
	// Limits bound a single span or log record; what exceeds them is rejected and the sender is told.
	Limits LimitsConfig `mapstructure:"limits"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MemoryConfig bounds the main store.
type MemoryConfig struct {
	MaxBytes ByteSize `mapstructure:"max_bytes"`
	SealRows int      `mapstructure:"seal_rows"` // rows in one part; a part is given up as a whole

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

func createDefaultConfig() *Config {
	limits := storage.DefaultLimits()
	return &Config{
		Memory:  MemoryConfig{MaxBytes: 512 << 20, SealRows: 64 << 10},
		Archive: ArchiveConfig{MaxBytes: 64 << 20},
		Limits: LimitsConfig{
			ValueBytes: ByteSize(limits.ValueBytes),
			Attributes: limits.Attributes,
			Events:     limits.Events,
		},
	}
}

// The smallest bounds with which the store still does something useful.
const (
	minBytes    ByteSize = 1 << 20
	minSealRows          = 16
)

// Validate implements confmap.Validator.
func (c *MemoryConfig) Validate() error {
	if c.SealRows < minSealRows {
		return fmt.Errorf("seal_rows is %d: it must be at least %d", c.SealRows, minSealRows)
	}
	return c.MaxBytes.validate()
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

func (c *LimitsConfig) limits() storage.Limits {
	return storage.Limits{ValueBytes: int(c.ValueBytes), Attributes: c.Attributes, Events: c.Events}
}
