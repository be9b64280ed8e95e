package collector

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// endpoint is an address that something in a configuration listens on.
type endpoint struct {
	key     string // of the address in the configuration, with dots
	address string
	what    string // for people
	web     bool   // people open it in a browser
	scheme  string // of a web address
	base    string // path of a web address
	order   int
}

// Keys are the component type and the protocol within it.
var endpointNames = map[string]string{
	"heddle_query":          "web UI, query APIs, /metrics",
	"otlp.grpc":             "OTLP over gRPC",
	"otlp.http":             "OTLP over HTTP, protobuf and JSON",
	"zipkin":                "Zipkin v1 and v2",
	"jaeger.grpc":           "Jaeger over gRPC",
	"jaeger.thrift_http":    "Jaeger Thrift over HTTP",
	"jaeger.thrift_binary":  "Jaeger Thrift over UDP, binary",
	"jaeger.thrift_compact": "Jaeger Thrift over UDP, compact",
	"health_check":          "health check",
	"pprof":                 "Go profiles",
}

// endpoints lists what the components that cfg starts listen on, in the order
// of service::extensions and then by component and protocol.
func endpoints(cfg *otelcol.Config) []endpoint {
	var found []endpoint
	for _, id := range cfg.Service.Extensions {
		found = append(found, componentEndpoints("extensions", id, cfg.Extensions[id])...)
	}
	for id, signals := range receiverSignals(cfg) {
		for _, e := range componentEndpoints("receivers", id, cfg.Receivers[id]) {
			e.what += ": " + strings.Join(signals, ", ")
			found = append(found, e)
		}
	}
	sort.SliceStable(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if a.web != b.web {
			return a.web
		}
		if a.order != b.order {
			return a.order < b.order
		}
		return a.key < b.key
	})
	return found
}

// receiverSignals returns what each receiver that is in use receives.
func receiverSignals(cfg *otelcol.Config) map[component.ID][]string {
	used := map[component.ID][]string{}
	for id, pipeline := range cfg.Service.Pipelines {
		for _, r := range pipeline.Receivers {
			if signal := id.Signal().String(); !slices.Contains(used[r], signal) {
				used[r] = append(used[r], signal)
			}
		}
	}
	for _, signals := range used {
		sort.Sort(sort.Reverse(sort.StringSlice(signals))) // traces first
	}
	return used
}

func componentEndpoints(section string, id component.ID, cfg component.Config) []endpoint {
	conf := confmap.New()
	if cfg == nil || conf.Marshal(cfg) != nil {
		return nil
	}
	var found []endpoint
	for _, key := range conf.AllKeys() {
		path := strings.Split(key, confmap.KeyDelimiter)
		address, ok := conf.Get(key).(string)
		if path[len(path)-1] != "endpoint" || !ok || address == "" {
			continue
		}
		name := id.Type().String()
		if len(path) > 2 && path[0] == "protocols" {
			name += "." + path[1]
		} else if len(path) > 1 {
			continue // something that it calls, or a part of it
		}
		what, known := endpointNames[name]
		if !known {
			if section == "extensions" {
				continue // may be where it calls to
			}
			what = name
		}
		if id.Name() != "" {
			what += " (" + id.String() + ")"
		}
		e := endpoint{
			key: section + "." + id.String() + "." + strings.Join(path, "."), address: address, what: what,
			web: id.Type().String() == "heddle_query", order: 100,
		}
		for i, first := range []string{"otlp", "zipkin", "jaeger"} {
			if id.Type().String() == first {
				e.order = i
			}
		}
		if e.web {
			e.scheme = "http://"
			if conf.Get("tls") != nil {
				e.scheme = "https://"
			}
			if base := conf.Get("base_path"); base != nil {
				e.base = fmt.Sprint(base)
			}
		}
		found = append(found, e)
	}
	return found
}

// printBanner tells the person at w what listens where.
func printBanner(w io.Writer, cfg *otelcol.Config, version string, notes []string) {
	fmt.Fprintf(w, "\nheddle %s is running\n\n", version)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, e := range endpoints(cfg) {
		fmt.Fprintf(table, "  %s\t%s\n", e.scheme+reachable(e.address)+e.base, e.what)
	}
	_ = table.Flush()
	fmt.Fprintln(w)
	for _, n := range notes {
		fmt.Fprintf(w, "  %s\n", n)
	}
	fmt.Fprintln(w)
}

// reachable is the address to connect to for one that listens everywhere.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err == nil && (host == "" || host == "0.0.0.0" || host == "::") {
		return "localhost:" + port
	}
	return address
}
