package storageext

import (
	"errors"
	"log/slog"
	"maps"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestLogger(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	logger := newLogger(zap.New(core))
	logger.Debug("not wanted")
	logger.With("part", "a", slog.Group("rows", "n", 3)).WithGroup("disk").Error("it failed", "error", errors.New("no room"), slog.Group("free", "bytes", int64(7)), slog.Attr{})
	entries := logs.All()
	if len(entries) != 1 || entries[0].Message != "it failed" || entries[0].Level != zap.ErrorLevel {
		t.Fatalf("%+v", entries)
	}
	want := map[string]any{"part": "a", "rows.n": int64(3), "disk.error": "no room", "disk.free.bytes": int64(7)}
	if got := entries[0].ContextMap(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
