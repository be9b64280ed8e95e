package storageext

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// fakeStore counts how often it was closed.
type fakeStore struct {
	storage.Store
	disk   columnar.DiskOptions
	memory columnar.Options
	closed *int
}

func (f *fakeStore) Close() error { *f.closed++; return nil }
func (f *fakeStore) Stats() storage.Stats {
	return storage.Stats{Spans: 3, MaxBytes: uint64(f.memory.MaxBytes + f.disk.Retention.MaxBytes), RejectedSpans: map[storage.Reason]uint64{storage.ReasonTooLarge: 2}}
}

func (f *fakeStore) DiskStats() (columnar.DiskStats, bool) {
	return columnar.DiskStats{SpanParts: 2, LogParts: 1, RefusedBusy: 4, Full: true}, f.disk.Dir != ""
}

// fakeBackend opens stores that count in closed how often they were closed. One
// on disk opens when open allows it; nil allows it at once.
func fakeBackend(closed *int, open func(context.Context, columnar.DiskOptions) error) Backend {
	return Backend{
		OnDisk: func(ctx context.Context, o columnar.DiskOptions) (storage.Store, error) {
			if open != nil {
				if err := open(ctx, o); err != nil {
					return nil, err
				}
			}
			return &fakeStore{disk: o, closed: closed}, nil
		},
		InMemory: func(o columnar.Options) (storage.Store, error) { return &fakeStore{memory: o, closed: closed}, nil },
	}
}

func newFactory(t *testing.T, open func(context.Context, columnar.DiskOptions) error) (f *Factory, closed *int, registry *prometheus.Registry) {
	t.Helper()
	closed, registry = new(int), prometheus.NewRegistry()
	f, err := NewFactory(fakeBackend(closed, open), "/data", registry)
	if err != nil {
		t.Fatal(err)
	}
	return f, closed, registry
}

// start starts an extension and waits until its stores are open.
func start(t *testing.T, f *Factory, id component.ID, cfg *Config) (*Extension, error) {
	t.Helper()
	ext := newExtension(t, f, id, cfg, zap.NewNop())
	err := ext.Start(t.Context(), componenttest.NewNopHost())
	if err == nil {
		err = ext.NotifyConfigSnapshot(t.Context(), nil)
	}
	return ext, err
}

func newExtension(t *testing.T, f *Factory, id component.ID, cfg *Config, logger *zap.Logger) *Extension {
	t.Helper()
	set := extensiontest.NewNopSettings(Type)
	set.ID, set.Logger = id, logger
	ext, err := f.Create(t.Context(), set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ext.(*Extension)
}

func TestStoresOutliveTheConfiguration(t *testing.T) {
	f, closed, registry := newFactory(t, nil)
	id := component.NewID(Type)
	first, err := start(t, f, id, createDefaultConfig("/data"))
	if err != nil {
		t.Fatal(err)
	}
	main, archive := first.Store().(*fakeStore).disk, first.Archive().(*fakeStore).disk
	if main.Dir != "/data" || main.WhenFull != columnar.Evict || main.Retention != columnar.DefaultDiskOptions().Retention {
		t.Errorf("the main store: %+v", main)
	}
	want := columnar.Retention{MaxBytes: 1 << 30, MinFreeBytes: main.Retention.MinFreeBytes}
	if archive.Dir != filepath.Join("/data", "archive") || archive.WhenFull != columnar.Refuse || archive.Retention != want {
		t.Errorf("the archive: %+v", archive)
	}
	if err := first.Shutdown(t.Context()); err != nil || *closed != 0 {
		t.Errorf("closed %d, %v", *closed, err)
	}
	logger, logs := observer.New(zap.InfoLevel)
	changed := createDefaultConfig("/data")
	changed.Memory.MaxBytes, changed.Durability = 1<<30, Durability(1)
	second := newExtension(t, f, id, changed, zap.New(logger))
	if err := errors.Join(second.Start(t.Context(), componenttest.NewNopHost()), second.NotifyConfigSnapshot(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	if second.Store() != first.Store() || second.Archive() != first.Archive() {
		t.Error("the second configuration has other stores")
	}
	entries := logs.All()
	if len(entries) != 1 || !strings.Contains(entries[0].Message, "restart heddle") {
		t.Fatalf("%+v", entries)
	}
	if got := entries[0].ContextMap()["changed"]; !equal(got, "durability from sync to interval", "memory.max_bytes from 128MiB to 1GiB") {
		t.Errorf("changed: %v", got)
	}
	if _, err := start(t, f, component.NewIDWithName(Type, "other"), changed); err == nil || !strings.Contains(err.Error(), "/data is that of heddle_storage") {
		t.Errorf("two stores in one directory: %v", err)
	}
	elsewhere := createDefaultConfig("/elsewhere")
	other, err := start(t, f, component.NewIDWithName(Type, "other"), elsewhere)
	if err != nil || other.Store() == first.Store() {
		t.Error("another id has the same store", err)
	}
	text := strings.NewReader(`
# HELP heddle_store_max_bytes Bound on heddle_store_bytes; 0 means none.
# TYPE heddle_store_max_bytes gauge
heddle_store_max_bytes{store="archive"} 1.073741824e+09
heddle_store_max_bytes{store="main"} 0
heddle_store_max_bytes{store="other/archive"} 1.073741824e+09
heddle_store_max_bytes{store="other/main"} 0
`)
	if err := testutil.GatherAndCompare(registry, text, "heddle_store_max_bytes"); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil || *closed != 4 {
		t.Errorf("closed %d, %v", *closed, err)
	}
	if _, err := start(t, f, id, changed); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func equal(got any, want ...string) bool {
	list, ok := got.([]any)
	if !ok || len(list) != len(want) {
		return false
	}
	for i := range list {
		if list[i] != want[i] {
			return false
		}
	}
	return true
}

func TestStoresThatDoNotOpen(t *testing.T) {
	unlucky := true
	f, closed, _ := newFactory(t, func(_ context.Context, o columnar.DiskOptions) error {
		if unlucky && filepath.Base(o.Dir) == "archive" {
			return errors.New("unlucky")
		}
		return nil
	})
	if _, err := start(t, f, component.NewID(Type), createDefaultConfig("/data")); err == nil ||
		!strings.Contains(err.Error(), "extensions.heddle_storage: opening the archive: unlucky") || *closed != 1 {
		t.Errorf("%v, closed %d", err, *closed)
	}
	unlucky = false
	if _, err := start(t, f, component.NewID(Type), createDefaultConfig("/data")); err != nil {
		t.Error(err)
	}
}

// A store that takes long to open must hold up the pipelines, not the
// extensions, and must be given up when heddle is to stop.
func TestOpeningTakesLong(t *testing.T) {
	opening, opens := make(chan struct{}), make(chan struct{})
	f, closed, registry := newFactory(t, func(ctx context.Context, o columnar.DiskOptions) error {
		if filepath.Base(o.Dir) == "archive" {
			return nil
		}
		opening <- struct{}{}
		select {
		case <-opens:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	begin := func() *Extension {
		ext := newExtension(t, f, component.NewID(Type), createDefaultConfig("/data"), zap.NewNop())
		if err := ext.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		<-opening
		return ext
	}

	ext := begin()
	if n, err := testutil.GatherAndCount(registry); n != 0 || err != nil {
		t.Errorf("%d metrics of a store that is not open, %v", n, err)
	}
	stopping, stop := context.WithCancel(t.Context())
	stop()
	if err := ext.NotifyConfigSnapshot(stopping, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := ext.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := ext.NotifyConfigSnapshot(t.Context(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("it was not given up: %v", err)
	}

	ext = begin()
	close(opens)
	if err := ext.NotifyConfigSnapshot(t.Context(), nil); err != nil || ext.Store() == nil {
		t.Error(err)
	}
	if err := errors.Join(ext.Shutdown(t.Context()), f.Close()); err != nil || *closed != 2 {
		t.Error(err, *closed)
	}
}

func TestDiskMetrics(t *testing.T) {
	f, _, registry := newFactory(t, nil)
	if _, err := start(t, f, component.NewID(Type), createDefaultConfig("/data")); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReader(`
# HELP heddle_store_full 1 while writes are refused because the disk or the store is full.
# TYPE heddle_store_full gauge
heddle_store_full{store="archive"} 1
heddle_store_full{store="main"} 1
# HELP heddle_store_log_syncs_total Syncs of the write-ahead log.
# TYPE heddle_store_log_syncs_total counter
heddle_store_log_syncs_total{store="archive"} 0
heddle_store_log_syncs_total{store="main"} 0
# HELP heddle_store_parts Parts on disk.
# TYPE heddle_store_parts gauge
heddle_store_parts{signal="logs",store="archive"} 1
heddle_store_parts{signal="logs",store="main"} 1
heddle_store_parts{signal="spans",store="archive"} 2
heddle_store_parts{signal="spans",store="main"} 2
# HELP heddle_store_refused_requests_total Requests refused as a whole that their senders were told to repeat later.
# TYPE heddle_store_refused_requests_total counter
heddle_store_refused_requests_total{reason="busy",store="archive"} 4
heddle_store_refused_requests_total{reason="busy",store="main"} 4
heddle_store_refused_requests_total{reason="full",store="archive"} 0
heddle_store_refused_requests_total{reason="full",store="main"} 0
heddle_store_refused_requests_total{reason="log_failed",store="archive"} 0
heddle_store_refused_requests_total{reason="log_failed",store="main"} 0
`)
	if err := testutil.GatherAndCompare(registry, want, "heddle_store_full", "heddle_store_log_syncs_total", "heddle_store_parts", "heddle_store_refused_requests_total"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%+v %v", problems, err)
	}
}
