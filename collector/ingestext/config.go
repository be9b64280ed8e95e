package ingestext

import (
	"errors"
	"fmt"
)

// Config configures the extension.
type Config struct {
	// MaxRequestBytes bounds an HTTP request after decompression. gRPC has
	// its own key at the receiver, max_recv_msg_size_mib.
	MaxRequestBytes int64 `mapstructure:"max_request_bytes"`

	// MaxInFlightBytes bounds the bytes of all requests that are in memory at a
	// time, compressed and decompressed, over all receivers that use the
	// extension. A request for which there is no room is refused, and its sender
	// told to send it again.
	MaxInFlightBytes int64 `mapstructure:"max_inflight_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() *Config {
	return &Config{MaxRequestBytes: 64 << 20, MaxInFlightBytes: 128 << 20}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.MaxRequestBytes <= 0 {
		return errors.New("max_request_bytes must be positive: it bounds what one sender can make heddle hold in memory")
	}
	if c.MaxInFlightBytes < c.MaxRequestBytes {
		return fmt.Errorf("max_inflight_bytes must be at least max_request_bytes, %d: a request of that size would find room only when there is no other", c.MaxRequestBytes)
	}
	return nil
}
