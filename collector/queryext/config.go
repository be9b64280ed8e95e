package queryext

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"
)

// Config configures the query server.
type Config struct {
	// ServerConfig holds endpoint, tls, auth, cors and the like.
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`

	// Storage names the extension that holds the store to query.
	Storage component.ID `mapstructure:"storage"`

	// BasePath is where everything is served when a proxy passes only part
	// of a host to heddle, as in /heddle. Empty means the root.
	BasePath BasePath `mapstructure:"base_path"`

	// RequestTimeout bounds one request to a query API.
	RequestTimeout time.Duration `mapstructure:"request_timeout"`

	// MaxConcurrentQueries bounds how many queries are under way. One more
	// waits for a few seconds, then it is refused and told to come back. 0
	// means no bound.
	MaxConcurrentQueries int `mapstructure:"max_concurrent_queries"`

	// SlowQuery is from when on a query is logged. 0 means never.
	SlowQuery time.Duration `mapstructure:"slow_query"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// The default of confighttp for a whole server would cut off streams, so that
// requests get theirs one by one.
const noWriteTimeout = 0

const defaultMaxBodyBytes = 16 << 20

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:3300"
	server.WriteTimeout = noWriteTimeout
	server.ReadHeaderTimeout = 10 * time.Second
	server.MaxRequestBodySize = defaultMaxBodyBytes
	return &Config{
		ServerConfig:   server,
		Storage:        component.MustNewID("heddle_storage"),
		RequestTimeout: 60 * time.Second,

		MaxConcurrentQueries: 32,
		SlowQuery:            2 * time.Second,
	}
}

var _ confmap.Validator = (*Config)(nil)

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	if c.ServerConfig.NetAddr.Endpoint == "" {
		errs = append(errs, errors.New("endpoint is empty: give the address to listen on, as in localhost:3300"))
	}
	if c.Storage == (component.ID{}) {
		errs = append(errs, errors.New("storage is empty: name the extension that holds the store, as in heddle_storage"))
	}
	if c.RequestTimeout <= 0 {
		errs = append(errs, fmt.Errorf("request_timeout is %v: it must be positive", c.RequestTimeout))
	}
	if c.MaxConcurrentQueries < 0 {
		errs = append(errs, fmt.Errorf("max_concurrent_queries is %d: give the number of queries that may be under way at a time, or 0 for no bound", c.MaxConcurrentQueries))
	}
	if c.SlowQuery < 0 {
		errs = append(errs, fmt.Errorf("slow_query is %v: give the time from which on a query is logged, as in 2s, or 0 to log none", c.SlowQuery))
	}
	return errors.Join(errs...)
}

// BasePath is "" or a path that starts with a slash and does not end with one.
type BasePath string

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *BasePath) UnmarshalText(text []byte) error {
	path := strings.TrimSuffix(string(text), "/")
	if path != "" && !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\"<> ") || strings.Contains(path, "//") {
		return fmt.Errorf("%q is not a base path: write it as in /heddle", text)
	}
	*b = BasePath(path)
	return nil
}
