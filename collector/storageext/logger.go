package storageext

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger is a logger for the store, which knows slog, that writes to the
// collector's.
func newLogger(to *zap.Logger) *slog.Logger { return slog.New(&handler{core: to.Core()}) }

type handler struct {
	core   zapcore.Core
	prefix string // of keys, from groups
}

var _ slog.Handler = (*handler)(nil)

func level(l slog.Level) zapcore.Level {
	switch {
	case l >= slog.LevelError:
		return zapcore.ErrorLevel
	case l >= slog.LevelWarn:
		return zapcore.WarnLevel
	case l >= slog.LevelInfo:
		return zapcore.InfoLevel
	}
	return zapcore.DebugLevel
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return h.core.Enabled(level(l)) }

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	checked := h.core.Check(zapcore.Entry{Level: level(r.Level), Time: r.Time, Message: r.Message}, nil)
	if checked == nil {
		return nil
	}
	fields := make([]zapcore.Field, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		fields = h.fields(fields, h.prefix, a)
		return true
	})
	checked.Write(fields...)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var fields []zapcore.Field
	for _, a := range attrs {
		fields = h.fields(fields, h.prefix, a)
	}
	return &handler{core: h.core.With(slices.Clip(fields)), prefix: h.prefix}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &handler{core: h.core, prefix: h.prefix + name + "."}
}

func (h *handler) fields(to []zapcore.Field, prefix string, a slog.Attr) []zapcore.Field {
	v := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return to
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			to = h.fields(to, prefix, inner)
		}
		return to
	}
	return append(to, zap.Any(prefix+a.Key, v.Any()))
}
