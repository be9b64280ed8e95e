package storageext

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/heddle-io/heddle/storage"
)

// fakeStore counts how often it was closed.
type fakeStore struct {
	storage.Store
	maxBytes int64
	evict    bool
	closed   *int
}

func (f *fakeStore) Close() error { *f.closed++; return nil }
func (f *fakeStore) Stats() storage.Stats {
	return storage.Stats{Spans: 3, MaxBytes: uint64(f.maxBytes), RejectedSpans: map[storage.Reason]uint64{storage.ReasonTooLarge: 2}}
}

func newFactory(t *testing.T) (f *Factory, closed *int, registry *prometheus.Registry) {
	t.Helper()
	closed, registry = new(int), prometheus.NewRegistry()
	f, err := NewFactory(func(maxBytes int64, _ int, _ storage.Limits, evict bool) (storage.Store, error) {
		if maxBytes == 13<<20 {
			return nil, errors.New("unlucky")
		}
		return &fakeStore{maxBytes: maxBytes, evict: evict, closed: closed}, nil
	}, registry)
	if err != nil {
		t.Fatal(err)
	}
	return f, closed, registry
}

func start(t *testing.T, f *Factory, id component.ID, cfg *Config) (*Extension, error) {
	t.Helper()
	set := extensiontest.NewNopSettings(Type)
	set.ID = id
	ext, err := f.Create(t.Context(), set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ext.(*Extension), ext.Start(t.Context(), componenttest.NewNopHost())
}

func TestStoresOutliveTheConfiguration(t *testing.T) {
	f, closed, registry := newFactory(t)
	id := component.NewID(Type)
	first, err := start(t, f, id, createDefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if !first.Store().(*fakeStore).evict || first.Archive().(*fakeStore).evict || first.Archive().(*fakeStore).maxBytes != 64<<20 {
		t.Errorf("%+v %+v", first.Store(), first.Archive())
	}
	if err := first.Shutdown(t.Context()); err != nil || *closed != 0 {
		t.Errorf("closed %d, %v", *closed, err)
	}
	changed := createDefaultConfig()
	changed.Memory.MaxBytes = 1 << 30
	second, err := start(t, f, id, changed)
	if err != nil {
		t.Fatal(err)
	}
	if second.Store() != first.Store() || second.Archive() != first.Archive() {
		t.Error("the second configuration has other stores")
	}
	other, err := start(t, f, component.NewIDWithName(Type, "other"), changed)
	if err != nil || other.Store() == first.Store() {
		t.Error("another id has the same store", err)
	}
	want := strings.NewReader(`
# HELP heddle_store_max_bytes Bound on heddle_store_bytes.
# TYPE heddle_store_max_bytes gauge
heddle_store_max_bytes{store="archive"} 6.7108864e+07
heddle_store_max_bytes{store="main"} 5.36870912e+08
heddle_store_max_bytes{store="other/archive"} 6.7108864e+07
heddle_store_max_bytes{store="other/main"} 1.073741824e+09
`)
	if err := testutil.GatherAndCompare(registry, want, "heddle_store_max_bytes"); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil || *closed != 4 {
		t.Errorf("closed %d, %v", *closed, err)
	}
	if _, err := start(t, f, id, changed); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestStoresThatDoNotOpen(t *testing.T) {
	f, closed, _ := newFactory(t)
	cfg := createDefaultConfig()
	cfg.Archive.MaxBytes = 13 << 20
	if _, err := start(t, f, component.NewID(Type), cfg); err == nil || !strings.Contains(err.Error(), "opening the archive: unlucky") || *closed != 1 {
		t.Errorf("%v, closed %d", err, *closed)
	}
	if _, err := start(t, f, component.NewID(Type), createDefaultConfig()); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg := createDefaultConfig()
	if err := file.Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Memory:  MemoryConfig{MaxBytes: 2 << 30, SealRows: 1000},
		Archive: ArchiveConfig{MaxBytes: 100e6},
		Limits:  LimitsConfig{ValueBytes: 64 << 10, Attributes: 128, Events: 4096},
	}
	if *cfg != want {
		t.Errorf("%+v", *cfg)
	}
	if err := confmap.Validate(cfg); err != nil {
		t.Error(err)
	}
	cfg.Limits.Events = -1
	cfg.Memory.SealRows = 1
	err = confmap.Validate(cfg)
	if err == nil || !strings.Contains(err.Error(), "limits") || !strings.Contains(err.Error(), "seal_rows is 1") {
		t.Errorf("%v", err)
	}
}
