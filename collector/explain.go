package collector

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/otelcol"
)

// explained is an error with what to do about it.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// explain says what to do about an error with which cfg did not start. It
// returns nil for nil, and err when it knows no better.
func explain(err error, cfg *otelcol.Config) error {
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &op) && errors.Is(err, syscall.EADDRINUSE):
		address := op.Addr.String()
		return &explained{fmt.Sprintf("%s is already in use%s: stop the program that listens there, or choose another address with %s",
			address, owner(err), endpointFlag(cfg, address)), err}
	case errors.As(err, &op) && errors.Is(err, syscall.EACCES):
		return &explained{fmt.Sprintf("listening on %s is not permitted%s: ports below 1024 need privileges; choose another address with %s",
			op.Addr, owner(err), endpointFlag(cfg, op.Addr.String())), err}
	case strings.Contains(err.Error(), "telemetry type is not supported"):
		return &explained{err.Error() + ": `heddle components` lists the signals of each component", err}
	case errors.As(err, &op) && errors.Is(err, syscall.EADDRNOTAVAIL):
		return &explained{fmt.Sprintf("%s is not an address of this machine%s: choose another with %s",
			op.Addr, owner(err), endpointFlag(cfg, op.Addr.String())), err}
	}
	return err
}

var ownerPattern = regexp.MustCompile(`failed to start "([^"]+)" (receiver|exporter|processor)`)

// owner names the component that the service says failed.
func owner(err error) string {
	if m := ownerPattern.FindStringSubmatch(err.Error()); m != nil {
		return " (" + m[2] + " " + m[1] + ")"
	}
	return ""
}

// endpointFlag is the --set flag for the key that has the address.
func endpointFlag(cfg *otelcol.Config, address string) string {
	_, port, _ := net.SplitHostPort(address)
	for _, e := range endpoints(cfg) {
		if _, p, err := net.SplitHostPort(e.address); err == nil && p == port {
			return "--set " + e.key + "=HOST:PORT"
		}
	}
	return "its endpoint key"
}

// explainConfig says what is wrong with a configuration that could not be
// read, where, and what to do.
func explainConfig(err error, factories otelcol.Factories) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &explained{fmt.Sprintf("cannot read the configuration file %s: %v: check the path given with --config", path.Path, path.Err), err}
	}
	text, keys := plainText(err.Error())
	var hints []string
	for _, key := range keys {
		hints = append(hints, didYouMean(key, knownKeys(factories)))
	}
	if m := unknownType.FindStringSubmatch(text); m != nil {
		hints = append(hints, didYouMean(m[1], knownTypes(factories)), "`heddle components` lists what there is")
	}
	if m := notConfigured.FindStringSubmatch(text); m != nil {
		hints = append(hints, fmt.Sprintf("configure it under %ss, or take it out of the list", m[1]))
	}
	if strings.Contains(text, "empty configuration file") {
		hints = append(hints, "`heddle print-config` prints one to start from")
	}
	for _, h := range hints {
		if h != "" {
			text += "\n  " + h
		}
	}
	return &explained{"the configuration is not valid: " + text, err}
}
