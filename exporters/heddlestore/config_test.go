package heddlestore

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func loadConfig(t *testing.T, id string) *Config {
	t.Helper()
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	section, err := file.Sub(id)
	if err != nil {
		t.Fatal(err)
	}
	cfg := createDefaultConfig().(*Config)
	if err := section.Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	if err := confmap.Validate(cfg); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestConfig(t *testing.T) {
	d := loadConfig(t, "heddlestore")
	if d.Storage != component.MustNewID("heddle_storage") || d.RetryAfter != time.Second || d.Queue.HasValue() {
		t.Errorf("defaults: %+v", d)
	}
	o := loadConfig(t, "heddlestore/other")
	if o.Storage != component.MustNewIDWithName("heddle_storage", "other") || o.RetryAfter != 5*time.Second {
		t.Errorf("other: %+v", o)
	}
	if q := loadConfig(t, "heddlestore/queued"); !q.Queue.HasValue() || q.Queue.Get().QueueSize != 10 {
		t.Errorf("queued: %+v", q)
	}
}

func TestConfigValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"storage is empty":     func(c *Config) { c.Storage = component.ID{} },
		"retry_after is 100ms": func(c *Config) { c.RetryAfter = 100 * time.Millisecond },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
