package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// telemetrygen returns the path of the load generator, which go keeps in its
// cache.
var telemetrygen = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "tool", "-modfile="+filepath.Join(root, ".ci", "tools", "go.mod"), "-n", "telemetrygen")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("building telemetrygen: %w\n%s", err, stderr.Bytes())
	}
	return strings.TrimSpace(string(path)), nil
})

// TestTelemetrygen sends many traces with the OpenTelemetry project's load
// generator and demands that everything that counts them says the same.
func TestTelemetrygen(t *testing.T) {
	t.Parallel()
	generator, err := telemetrygen()
	if err != nil {
		t.Fatal(err)
	}
	const (
		workers, each, children = 2, 200, 4
		traces                  = workers * each
		spans                   = traces * (1 + children)
	)
	s := newServer(t)
	t.Run("send", func(t *testing.T) { // returns when both have sent
		for protocol, flags := range map[string][]string{
			"grpc": {"--otlp-endpoint", s.otlpGRPC},
			"http": {"--otlp-endpoint", s.otlpHTTP, "--otlp-http"},
		} {
			t.Run(protocol, func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), generator, append([]string{"traces", "--otlp-insecure",
					"--workers", fmt.Sprint(workers), "--traces", fmt.Sprint(each), "--child-spans", fmt.Sprint(children),
					"--rate", "0", "--service", "generated-" + protocol, "--status-code", "Error",
					"--telemetry-attributes", `load="yes"`, "--telemetry-attributes", "number=7"}, flags...)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("telemetrygen: %v\n%s", err, out)
				}
			})
		}
	})
	for _, service := range []string{"generated-grpc", "generated-http"} {
		expectGenerated(t, s, service, traces, 1+children)
	}
	if got := s.status(t).Spans; got != 2*spans {
		t.Errorf("status: %d spans, want %d", got, 2*spans)
	}
	m := s.metrics(t)
	if got := m.sum("heddle_store_spans", `store="main"`); got != 2*spans {
		t.Errorf("/metrics: %v spans held, want %d", got, 2*spans)
	}
	if got := m.sum(acceptedSpans, `store="main"`); got != 2*spans {
		t.Errorf("/metrics: %v spans accepted, want %d", got, 2*spans)
	}
	if got := m.sum(rejectedSpans) + m.sum(rejectedRequests); got != 0 {
		t.Errorf("/metrics: %v rejected", got)
	}
}

func expectGenerated(t *testing.T, s *server, service string, traces, spansEach int) {
	t.Helper()
	found := s.searchJaeger(t, "service", service, "limit", 2*traces, "tags", `{"load":"yes","number":"7"}`, "tag", "error:true")
	if len(found) != traces {
		t.Errorf("the Jaeger API finds %d traces of %s, want %d", len(found), service, traces)
	}
	for _, trace := range found {
		if len(trace.Spans) != spansEach {
			t.Fatalf("trace %s has %d spans, want %d", trace.TraceID, len(trace.Spans), spansEach)
		}
		if tag := trace.Spans[0].tag("number"); fmt.Sprint(tag) != "7" {
			t.Fatalf("number is %v", tag)
		}
	}
	summaries, more := s.searchNative(t, fmt.Sprintf("service=%s&limit=%d", service, 1000))
	if len(summaries) != traces || more {
		t.Errorf("the native API finds %d traces of %s (more: %v), want %d", len(summaries), service, more, traces)
	}
	for _, summary := range summaries {
		if summary.Spans != spansEach || summary.Matched != spansEach || summary.Errors != spansEach || summary.Orphans != 0 {
			t.Fatalf("summary %+v, want %d spans, all matching and all errors", summary, spansEach)
		}
	}
}
