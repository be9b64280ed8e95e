package storageext

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

func load(t *testing.T, settings map[string]any) (*Config, error) {
	t.Helper()
	cfg := createDefaultConfig("/data")
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		return cfg, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := load(t, file.ToStringMap())
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Directory: "/srv/heddle", Durability: Durability(wal.Interval), SyncInterval: 200 * time.Millisecond,
		Seal:      SealConfig{Rows: 1000, Age: 5 * time.Second},
		Memory:    MemoryConfig{MaxBytes: 2 << 30, MaxInFlightBytes: 64 << 20, MaxWait: time.Second},
		Retention: RetentionConfig{MaxAge: 72 * time.Hour, MaxBytes: 500e9, MinFreeBytes: 0},
		WhenFull:  WhenFull(columnar.Refuse), DeleteWithin: time.Hour,
		Archive: ArchiveConfig{MaxBytes: 100e6},
		Limits:  LimitsConfig{ValueBytes: 64 << 10, Attributes: 128, Events: 4096},
	}
	if *cfg != want {
		t.Errorf("%+v", *cfg)
	}
	o := cfg.diskOptions(zap.NewNop())
	d := columnar.DefaultDiskOptions() // of what has no key
	o.GroupRows, o.PartRows = d.GroupRows, d.PartRows
	if err := o.Validate(); err != nil {
		t.Errorf("the options of a store: %v", err)
	}
	if o.Retention.MinFreeBytes != -1 || o.Dir != "/srv/heddle" || o.Limits != (storage.Limits{ValueBytes: 64 << 10, Attributes: 128, Events: 4096}) {
		t.Errorf("%+v", o)
	}
}

// Without a directory the bounds on memory are those of everything there is.
func TestConfigInMemory(t *testing.T) {
	cfg, err := load(t, map[string]any{"directory": ""})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Memory.MaxBytes != 512<<20 || cfg.Archive.MaxBytes != 64<<20 {
		t.Errorf("%+v", cfg)
	}
	cfg, err = load(t, map[string]any{"directory": "", "memory": map[string]any{"max_bytes": "2MiB"}, "archive": map[string]any{"max_bytes": "3MiB"}, "seal": map[string]any{"rows": 100}})
	if err != nil || cfg.Memory.MaxBytes != 2<<20 || cfg.Archive.MaxBytes != 3<<20 || cfg.Seal.Rows != 100 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

func TestNoLimitsAreNotTheDefault(t *testing.T) {
	cfg, err := load(t, map[string]any{"limits": map[string]any{"value_bytes": 0, "attributes": 0, "events": 0}})
	if err != nil {
		t.Fatal(err)
	}
	if l := cfg.Limits.limits(); l != (storage.Limits{Events: maxEvents}) {
		t.Errorf("%+v", l)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	in := func(section string, settings ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(settings); i += 2 {
			m[settings[i].(string)] = settings[i+1]
		}
		if section == "" {
			return m
		}
		return map[string]any{section: m}
	}
	for _, c := range []struct {
		settings map[string]any
		says     []string
	}{
		{in("", "durability", "fast"), []string{"durability", `"fast"`, "sync, interval or none"}},
		{in("", "when_full", "panic"), []string{"when_full", `"panic"`, "evict or refuse"}},
		{in("", "sync_interval", "0s"), []string{"sync_interval is 0s", "1ms"}},
		{in("", "delete_within", "-1s"), []string{"delete_within is -1s"}},
		{in("", "directory", "~/heddle"), []string{"~ is not expanded", "${env:HOME}/heddle"}},
		{in("seal", "rows", 3), []string{"seal: rows is 3", "16 to 1048576"}},
		{in("seal", "age", "0s"), []string{"seal: age is 0s"}},
		{in("memory", "max_bytes", "1KiB"), []string{"memory: max_bytes is 1KiB", "1MiB"}},
		{in("memory", "max_in_flight_bytes", "1KiB"), []string{"memory: max_in_flight_bytes is 1KiB", "64KiB"}},
		{in("memory", "max_in_flight_bytes", "2TiB"), []string{"memory: max_in_flight_bytes is 2048GiB"}},
		{in("memory", "max_wait", "0s"), []string{"memory: max_wait is 0s"}},
		{in("memory", "seal_rows", 5), []string{"seal_rows"}},
		{in("retention", "max_age", "10m"), []string{"retention: max_age is 10m0s", "whole hours", "1h"}},
		{in("retention", "max_age", "-1h"), []string{"retention: max_age is -1h0m0s"}},
		{in("retention", "max_bytes", "1B"), []string{"retention: max_bytes is 1B"}},
		{in("retention", "tenants", map[string]any{"a": nil}), []string{"tenants"}},
		{in("archive", "max_bytes", 0), []string{"archive: max_bytes is 0B"}},
		{in("limits", "events", -1), []string{"limits must not be negative"}},
		{in("limits", "events", 65537), []string{"limits: events is 65537", "65536"}},
		{in("", "directory", "", "durability", "none"), []string{"durability has no effect in memory"}},
		{in("", "directory", "", "retention", map[string]any{"max_age": "24h"}), []string{"retention has no effect in memory"}},
		{in("", "directory", "", "memory", map[string]any{"max_wait": "24h"}), []string{"memory.max_wait has no effect in memory"}},
	} {
		_, err := load(t, c.settings)
		for _, want := range c.says {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", c.settings, err, want)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for text, settings := range map[string]map[string]any{
		"in memory; what is stored ends with the process":                   {"directory": ""},
		"/data; what is acknowledged is on disk":                            {},
		"/data; what is acknowledged is on disk within 1s":                  {"durability": "interval"},
		"/data; what is acknowledged survives the process, not a power cut": {"durability": "none"},
	} {
		cfg, err := load(t, settings)
		if err != nil || cfg.Describe() != text {
			t.Errorf("%q, want %q (%v)", cfg.Describe(), text, err)
		}
	}
}

func TestProgressText(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		took        time.Duration
		want        string
	}{
		{0, 0, 0, "recovering: 0 % of 0 B of the log were read"},
		{1 << 20, 4 << 20, 3 * time.Second, "recovering: 25 % of 4 MiB of the log were read, about 9s left"},
		{1500, 1500, time.Second, "recovering: 100 % of 1.46 KiB of the log were read, about 0s left"},
	} {
		if got := progressText(c.done, c.total, c.took); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
