package telemetry

import (
	"errors"
	"fmt"

	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/config/configtelemetry"
)

// Config is the section service::telemetry. Its keys are the ones other
// collectors have, as far as they mean something here.
type Config struct {
	Logs     LogsConfig     `mapstructure:"logs"`
	Metrics  MetricsConfig  `mapstructure:"metrics"`
	Resource map[string]any `mapstructure:"resource"` // extra resource attributes, by name

	// prevent unkeyed literal initialization
	_ struct{}
}

// LogsConfig configures heddle's own log.
type LogsConfig struct {
	Level         zapcore.Level  `mapstructure:"level"`
	Encoding      Encoding       `mapstructure:"encoding"` // auto, console or json
	OutputPaths   []string       `mapstructure:"output_paths"`
	InitialFields map[string]any `mapstructure:"initial_fields"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MetricsConfig configures what /metrics shows.
type MetricsConfig struct {
	Level configtelemetry.Level `mapstructure:"level"`
	// Readers is here to refuse it with a remedy rather than as an unknown key.
	Readers []any `mapstructure:"readers,omitempty"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var errReaders = errors.New("readers are not supported: heddle shows all of its metrics at /metrics of the heddle_query extension; remove the key and scrape that address")

// Validate implements confmap.Validator.
func (c *MetricsConfig) Validate() error {
	if len(c.Readers) > 0 {
		return errReaders
	}
	return nil
}

// Encoding is the form of log lines.
type Encoding string

const (
	EncodingAuto    Encoding = "auto" // console on a terminal, JSON otherwise
	EncodingConsole Encoding = "console"
	EncodingJSON    Encoding = "json"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Encoding) UnmarshalText(text []byte) error {
	switch v := Encoding(text); v {
	case EncodingAuto, EncodingConsole, EncodingJSON:
		*e = v
		return nil
	}
	return fmt.Errorf("unknown log encoding %q: choose auto, console or json", text)
}
