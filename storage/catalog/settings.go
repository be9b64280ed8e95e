package catalog

import (
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// Bounds of settings.
const (
	MaxSettingBytes = 64 << 10
	MaxSettings     = 1000 // of a tenant
)

// Settings are names and bytes that a background job of a tenant remembers:
// how far it came, when it ran last. What the bytes mean, and their version,
// is the job's.
type Settings struct {
	c      *Catalog
	tenant string
}

// Settings returns the settings of a tenant.
func (c *Catalog) Settings(tenant string) Settings { return Settings{c, tenantName(tenant)} }

// Set stores a value under a name of 1 to MaxNameBytes. It fails with
// ErrInvalid for a bad name and storage.ErrTooLarge beyond one of the bounds.
func (s Settings) Set(name string, value []byte) error {
	if err := s.check(name); err != nil {
		return describe("set", err)
	}
	if len(value) > MaxSettingBytes {
		return fmt.Errorf("catalog: set: %w: %q has %d bytes, it may have %d", storage.ErrTooLarge, name, len(value), MaxSettingBytes)
	}
	return s.c.update("set", whole, func(t *transaction) error {
		key := settingKey(s.tenant, name)
		old, err := t.get(key)
		if err != nil {
			return err
		}
		u, err := t.usageOf(s.tenant)
		if err != nil {
			return err
		}
		if old == nil {
			if u.settings >= MaxSettings {
				return fmt.Errorf("%w: there are %d settings already; delete some", storage.ErrTooLarge, MaxSettings)
			}
			u.settings++
		}
		return t.set(key, append([]byte{recordVersion}, value...))
	})
}

// Get returns a value that the caller owns, or fails with ErrNotFound.
func (s Settings) Get(name string) (value []byte, err error) {
	if err := s.check(name); err != nil {
		return nil, describe("get", err)
	}
	err = s.c.read("get", func(t *transaction) error {
		b, err := t.get(settingKey(s.tenant, name))
		if err != nil {
			return err
		}
		if b == nil {
			return fmt.Errorf("%w: %q", ErrNotFound, name)
		}
		value, err = decodeSetting(name, b)
		return err
	})
	return value, err
}

// List returns all settings. The caller owns them.
func (s Settings) List() (map[string][]byte, error) {
	if err := checkTenant(s.tenant); err != nil {
		return nil, describe("list settings", err)
	}
	all := map[string][]byte{}
	err := s.c.read("list settings", func(t *transaction) error {
		return t.scan(tenantKey(prefixSetting, s.tenant), withValues, func(rest, b []byte) error {
			value, err := decodeSetting(string(rest), b)
			all[string(rest)] = value
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Delete removes a setting. One that is not there is no error.
func (s Settings) Delete(name string) error {
	if err := s.check(name); err != nil {
		return describe("delete setting", err)
	}
	return s.c.update("delete setting", whole, func(t *transaction) error {
		key := settingKey(s.tenant, name)
		old, err := t.get(key)
		if old == nil || err != nil {
			return err
		}
		u, err := t.usageOf(s.tenant)
		if err != nil {
			return err
		}
		u.settings--
		return t.delete(key)
	})
}

func (s Settings) check(name string) error {
	if err := checkTenant(s.tenant); err != nil {
		return err
	}
	return checkName("name", name)
}

func decodeSetting(name string, b []byte) ([]byte, error) {
	d := decode("setting "+name, b)
	return append([]byte{}, d.rest...), d.err
}
