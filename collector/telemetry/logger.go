package telemetry

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
)

// LogOptions are what the command line says about the log. Zero fields leave
// the word to the configuration.
type LogOptions struct {
	Level    string // debug, info, warn or error
	Encoding Encoding
}

func (o LogOptions) newLogger(set telemetry.LoggerSettings, cfg *Config) (*zap.Logger, component.ShutdownFunc, error) {
	level := cfg.Logs.Level
	if o.Level != "" {
		if err := level.UnmarshalText([]byte(o.Level)); err != nil {
			return nil, nil, err
		}
	}
	encoding := cfg.Logs.Encoding
	if o.Encoding != "" {
		encoding = o.Encoding
	}
	zapConfig := zap.Config{
		Level:             zap.NewAtomicLevelAt(level),
		OutputPaths:       cfg.Logs.OutputPaths,
		ErrorOutputPaths:  []string{"stderr"},
		DisableCaller:     true,
		DisableStacktrace: true, // bad input and taken ports are no bugs of ours
		InitialFields:     cfg.Logs.InitialFields,
		Sampling:          &zap.SamplingConfig{Initial: 10, Thereafter: 100},
	}
	if encoding == EncodingConsole || encoding == EncodingAuto && term.IsTerminal(int(os.Stderr.Fd())) {
		zapConfig.Encoding, zapConfig.EncoderConfig = "console", consoleEncoder()
	} else {
		zapConfig.Encoding, zapConfig.EncoderConfig = "json", zap.NewProductionEncoderConfig()
		zapConfig.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	}
	build := set.BuildZapLogger
	if build == nil {
		build = zap.Config.Build
	}
	logger, err := build(zapConfig)
	if err != nil {
		return nil, nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("own telemetry", zap.Error(err))
	}))
	// Sync fails on terminals and pipes, where there is nothing to sync.
	return logger, func(context.Context) error { _ = logger.Sync(); return nil }, nil
}

func consoleEncoder() zapcore.EncoderConfig {
	c := zap.NewDevelopmentEncoderConfig()
	c.EncodeTime = func(t time.Time, enc zapcore.PrimitiveArrayEncoder) { enc.AppendString(t.Format("15:04:05.000")) }
	c.EncodeLevel = zapcore.CapitalLevelEncoder
	c.ConsoleSeparator = "  "
	return c
}
