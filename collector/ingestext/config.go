package ingestext

import "errors"

// Config configures the extension.
type Config struct {
	// MaxRequestBytes bounds an HTTP request after decompression. gRPC has
	// its own key at the receiver, max_recv_msg_size_mib.
	MaxRequestBytes int64 `mapstructure:"max_request_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() *Config {
	return &Config{MaxRequestBytes: 64 << 20}
}

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	if c.MaxRequestBytes <= 0 {
		return errors.New("max_request_bytes must be positive: it bounds what one sender can make heddle hold in memory")
	}
	return nil
}
