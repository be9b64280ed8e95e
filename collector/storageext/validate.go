package storageext

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

// Bounds with which the store does something useful.
const (
	minBytes         ByteSize = 1 << 20
	minSealRows               = 16
	maxSealRows               = 1 << 20
	minInFlightBytes ByteSize = 64 << 10
	maxInFlightBytes ByteSize = 1 << 40
	shortest                  = time.Millisecond
	maxEvents                 = 1 << 16
)

var (
	_ confmap.Validator = (*Config)(nil)
	_ confmap.Validator = (*SealConfig)(nil)
	_ confmap.Validator = (*MemoryConfig)(nil)
	_ confmap.Validator = (*RetentionConfig)(nil)
	_ confmap.Validator = (*ArchiveConfig)(nil)
	_ confmap.Validator = (*LimitsConfig)(nil)
)

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	if strings.HasPrefix(c.Directory, "~") {
		errs = append(errs, fmt.Errorf("directory is %q: ~ is not expanded here; write the path in full, or ${env:HOME}%s", c.Directory, c.Directory[1:]))
	}
	errs = append(errs, atLeast("sync_interval", c.SyncInterval, shortest), atLeast("delete_within", c.DeleteWithin, shortest))
	if c.Directory == "" {
		for _, key := range c.onlyOnDisk() {
			errs = append(errs, fmt.Errorf("%s has no effect in memory: remove it, or say with directory where to keep data", key))
		}
	}
	return errors.Join(errs...)
}

// onlyOnDisk lists the keys that are set and mean nothing without a directory.
func (c *Config) onlyOnDisk() (keys []string) {
	d := createDefaultConfig("")
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"durability", c.Durability != d.Durability},
		{"sync_interval", c.SyncInterval != d.SyncInterval},
		{"seal.age", c.Seal.Age != d.Seal.Age},
		{"memory.max_in_flight_bytes", c.Memory.MaxInFlightBytes != d.Memory.MaxInFlightBytes},
		{"memory.max_wait", c.Memory.MaxWait != d.Memory.MaxWait},
		{"retention", c.Retention != d.Retention},
		{"delete_within", c.DeleteWithin != d.DeleteWithin},
	} {
		if k.set {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// Validate implements confmap.Validator.
func (c *SealConfig) Validate() error {
	var errs []error
	if c.Rows < minSealRows || c.Rows > maxSealRows {
		errs = append(errs, fmt.Errorf("rows is %d: it must be %d to %d", c.Rows, minSealRows, maxSealRows))
	}
	return errors.Join(append(errs, atLeast("age", c.Age, shortest))...)
}

// Validate implements confmap.Validator.
func (c *MemoryConfig) Validate() error {
	errs := []error{c.MaxBytes.validate(), atLeast("max_wait", c.MaxWait, shortest)}
	if c.MaxInFlightBytes < minInFlightBytes || c.MaxInFlightBytes > maxInFlightBytes {
		errs = append(errs, fmt.Errorf("max_in_flight_bytes is %v: it must be %v to %v", c.MaxInFlightBytes, minInFlightBytes, maxInFlightBytes))
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *RetentionConfig) Validate() error {
	var errs []error
	if c.MaxAge != 0 && c.MaxAge < time.Hour {
		errs = append(errs, fmt.Errorf("max_age is %v: telemetry is given up by whole hours, so give at least 1h, or 0 to keep it for ever", c.MaxAge))
	}
	if c.MaxBytes != 0 && c.MaxBytes < minBytes {
		errs = append(errs, fmt.Errorf("max_bytes is %v: give the store at least %v, or 0 for no bound", c.MaxBytes, minBytes))
	}
	return errors.Join(errs...)
}

// Validate implements confmap.Validator.
func (c *ArchiveConfig) Validate() error { return c.MaxBytes.validate() }

func (b ByteSize) validate() error {
	if b < minBytes {
		return fmt.Errorf("max_bytes is %v: give the store at least %v", b, minBytes)
	}
	return nil
}

func atLeast(key string, d, least time.Duration) error {
	if d < least {
		return fmt.Errorf("%s is %v: it must be at least %v", key, d, least)
	}
	return nil
}

// Validate implements confmap.Validator.
func (c *LimitsConfig) Validate() error {
	if c.Attributes < 0 || c.Events < 0 {
		return errors.New("limits must not be negative: 0 means no limit")
	}
	if c.Events > maxEvents {
		return fmt.Errorf("events is %d: a part has room for %d on a span", c.Events, maxEvents)
	}
	return nil
}
