package collector

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"sort"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
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

var (
	unknownKeys = regexp.MustCompile(`'([^']*)' has invalid keys: (.+)`)
	unknownType = regexp.MustCompile(`unknown type: "([^"]+)" for id: "([^"]+)"`)
	wrappers    = regexp.MustCompile(`^(cannot (unmarshal|resolve) the configuration|decoding failed due to the following error\(s\)): *`)
)

// explainConfig says what is wrong with a configuration that could not be
// read, where, and what to do.
func explainConfig(err error, factories otelcol.Factories) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &explained{fmt.Sprintf("cannot read the configuration file %s: %v: check the path given with --config", path.Path, path.Err), err}
	}
	text := err.Error()
	for {
		shorter := wrappers.ReplaceAllString(text, "")
		if shorter == text {
			break
		}
		text = shorter
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "decoding failed due to the following error(s):\n\n", ""))
	var hints []string
	for _, m := range unknownKeys.FindAllStringSubmatch(text, -1) {
		for key := range strings.SplitSeq(m[2], ",") {
			hints = append(hints, didYouMean(strings.TrimSpace(key), knownKeys(factories)))
		}
	}
	if m := unknownType.FindStringSubmatch(text); m != nil {
		text = regexp.MustCompile(` \(valid values: [^)]*\)`).ReplaceAllString(text, "")
		hints = append(hints, didYouMean(m[1], knownTypes(factories)), "`heddle components` lists what there is")
	}
	for _, h := range hints {
		if h != "" {
			text += "\n  " + h
		}
	}
	return &explained{"the configuration is not valid: " + text, err}
}

func didYouMean(word string, known map[string]bool) string {
	best, distance := "", len(word)/2+1
	for _, k := range sorted(known) {
		if d := editDistance(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q instead of %q?", best, word)
}

// knownKeys are the keys of every section and of every component's defaults.
func knownKeys(f otelcol.Factories) map[string]bool {
	known := map[string]bool{}
	for _, key := range strings.Fields("receivers processors exporters connectors extensions service pipelines telemetry traces metrics logs") {
		known[key] = true
	}
	eachFactory(f, func(_ string, factory component.Factory) {
		conf := confmap.New()
		if cfg := factory.CreateDefaultConfig(); cfg == nil || conf.Marshal(cfg) != nil {
			return
		}
		for _, key := range conf.AllKeys() {
			for segment := range strings.SplitSeq(key, confmap.KeyDelimiter) {
				known[segment] = true
			}
		}
	})
	return known
}

func knownTypes(f otelcol.Factories) map[string]bool {
	known := map[string]bool{}
	eachFactory(f, func(_ string, factory component.Factory) { known[factory.Type().String()] = true })
	return known
}

// eachFactory calls do for every factory with its kind.
func eachFactory(f otelcol.Factories, do func(kind string, factory component.Factory)) {
	for _, factory := range f.Receivers {
		do("receiver", factory)
	}
	for _, factory := range f.Processors {
		do("processor", factory)
	}
	for _, factory := range f.Exporters {
		do("exporter", factory)
	}
	for _, factory := range f.Connectors {
		do("connector", factory)
	}
	for _, factory := range f.Extensions {
		do("extension", factory)
	}
}

func sorted(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// editDistance is the number of letters to insert, delete, replace or swap
// with their neighbour.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
