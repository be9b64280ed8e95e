package demo

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Protocols that [Config.Protocol] may name.
const (
	ProtocolGRPC = "grpc" // OTLP over gRPC
	ProtocolHTTP = "http" // OTLP over HTTP with protobuf bodies
)

const (
	compressionNone = "none"
	compressionGzip = "gzip"

	leastServices = 4
	mostRate      = 20_000
	mostHistory   = 24 * time.Hour
)

// Config says what to simulate and where to send it. Start from
// [DefaultConfig]: the zero value is not valid.
type Config struct {
	// Endpoint is host:port of an OTLP receiver. Empty means port 4317 (gRPC)
	// or 4318 (HTTP) of this machine. A scheme http:// or https:// is allowed
	// and wins over Insecure.
	Endpoint string
	// Protocol is ProtocolGRPC or ProtocolHTTP.
	Protocol string
	// Compression is "none" or "gzip".
	Compression string
	// Insecure sends without TLS. With TLS the system's roots must vouch for
	// the receiver.
	Insecure bool
	// Headers are sent with every request.
	Headers map[string]string

	// Rate is the mean number of traces that begin per second. The load is
	// open: a slow receiver does not slow visitors down.
	Rate float64
	// Duration is how long live traffic lasts; 0 means until the context ends.
	Duration time.Duration
	// History is how much past traffic is sent before live traffic begins, at
	// a tenth of Rate. It goes out as fast as the receiver takes it.
	History time.Duration
	// Services limits the shop to that many services; 0 means all. What calls
	// a service that is left out goes on without it.
	Services int
	// Seed decides everything that is random. The same seed, start time and
	// settings give the same telemetry.
	Seed uint64
	// Faults are names from FaultNames, or "all" or "none". Empty means all.
	Faults []string
}

// DefaultConfig is what "heddle demo" does without flags.
func DefaultConfig() Config {
	return Config{
		Protocol:    ProtocolGRPC,
		Compression: compressionNone,
		Insecure:    true,
		Rate:        20,
		History:     15 * time.Minute,
		Seed:        1,
		Faults:      []string{"all"},
	}
}

// Validate reports everything that is wrong with the configuration, each with
// the flag and the remedy.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.Protocol != ProtocolGRPC && c.Protocol != ProtocolHTTP {
		bad("--protocol %q: use %s or %s", c.Protocol, ProtocolGRPC, ProtocolHTTP)
	}
	if c.Compression != compressionNone && c.Compression != compressionGzip {
		bad("--compression %q: use %s or %s", c.Compression, compressionNone, compressionGzip)
	}
	if _, port, err := net.SplitHostPort(c.endpoint()); err != nil || port == "" {
		bad("--endpoint %q: use host:port, for example 127.0.0.1:4317", c.Endpoint)
	}
	if !(c.Rate > 0 && c.Rate <= mostRate) {
		bad("--rate %v: use more than 0 and at most %d traces per second", c.Rate, mostRate)
	}
	if c.Duration < 0 {
		bad("--duration %v: use 0 to run until stopped, or a time such as 60s", c.Duration)
	}
	if c.History < 0 || c.History > mostHistory {
		bad("--history %v: use 0 for none, or up to %v", c.History, mostHistory)
	}
	all, err := parseServices(serviceTable, -1)
	if err != nil {
		return err
	}
	if c.Services != 0 && (c.Services < leastServices || c.Services > len(all)) {
		bad("--services %d: use 0 for all, or %d to %d", c.Services, leastServices, len(all))
	}
	if err := c.validateFaults(all); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// validateFaults refuses faults that were asked for by name but whose services
// --services leaves out.
func (c *Config) validateFaults(all []*service) error {
	set, err := parseFaults(c.Faults)
	if err != nil || len(c.Faults) == 0 || strings.Join(c.Faults, "") == "all" {
		return err
	}
	kept := map[string]*service{}
	for i, s := range all {
		if c.Services == 0 || i < c.Services {
			kept[s.name] = s
		}
	}
	if missing := set.within(kept); len(missing) > 0 {
		return fmt.Errorf("--fault %s: the services it needs are not among the first %d; raise --services or use 0 for all",
			strings.Join(missing, ","), c.Services)
	}
	return nil
}

// endpoint is host:port to connect to.
func (c *Config) endpoint() string {
	if c.Endpoint == "" && c.Protocol == ProtocolHTTP {
		return "127.0.0.1:4318"
	}
	if c.Endpoint == "" {
		return "127.0.0.1:4317"
	}
	_, rest, found := strings.Cut(c.Endpoint, "://")
	if !found {
		rest = c.Endpoint
	}
	return strings.TrimSuffix(strings.TrimSuffix(rest, "/"), "/v1/traces")
}

// resolve applies an endpoint's scheme.
func (c Config) resolve() Config {
	switch {
	case strings.HasPrefix(c.Endpoint, "https://"):
		c.Insecure = false
	case strings.HasPrefix(c.Endpoint, "http://"):
		c.Insecure = true
	}
	return c
}
