package heddlestore

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// Config configures the exporter.
type Config struct {
	// Storage names the extension that holds the store.
	Storage component.ID `mapstructure:"storage"`

	// RetryAfter is what a sender is told when the store is overloaded.
	RetryAfter time.Duration `mapstructure:"retry_after"`

	// Queue puts a queue before the store. There is none by default, so that
	// an acknowledgement means that the telemetry is stored; with a queue it
	// means no more than that it was queued, and rejections reach nobody.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		Storage:    component.MustNewID("heddle_storage"),
		RetryAfter: time.Second,
		Queue:      configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
	}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	if c.Storage == (component.ID{}) {
		errs = append(errs, errors.New("storage is empty: name the extension that holds the store, as in heddle_storage"))
	}
	if c.RetryAfter < time.Second {
		errs = append(errs, fmt.Errorf("retry_after is %v: it must be at least 1s, because HTTP tells it in whole seconds", c.RetryAfter))
	}
	return errors.Join(errs...)
}
