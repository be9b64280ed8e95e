package collector_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRunSaysWhereToLook(t *testing.T) {
	s := newServer(t).start()
	s.eventually("the banner is printed", func() bool { return strings.Contains(s.stdout.String(), "configuration:") })
	banner := s.stdout.String()
	if ui := strings.Index(banner, "http://"+s.query); ui < 0 || ui > strings.Index(banner, s.otlpGRPC) {
		t.Errorf("the UI is not the first address:\n%s", banner)
	}
	for _, address := range []string{s.otlpGRPC, s.otlpHTTP, s.zipkin, s.jaegerGRPC, s.jaegerHTTP} {
		if !strings.Contains(banner, address) {
			t.Errorf("%s is not in the banner:\n%s", address, banner)
		}
	}
	if _, err := os.Stat(filepath.Join(s.cmd.Dir, "heddle-data")); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]int{
		"/-/healthy": 200, "/-/ready": 200, "/heddle/v1/status": 200, "/heddle/v1/nothing": 404,
		"/api/services": 200, "/jaeger/api/services": 200, "/": 200, "/trace/0123": 200, "/assets/no.js": 404,
	} {
		if code, body := s.get(path); code != want {
			t.Errorf("%s: %d, want %d: %s", path, code, want, body)
		}
	}
}

func TestSignalsStopCleanly(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := newServer(t).start()
		s.signal(sig)
		if code := s.waitExit(); code != 0 {
			t.Errorf("%v: exit code %d\n%s", sig, code, s.stderr.String())
		}
		if !strings.Contains(s.stderr.String(), "Shutdown complete") {
			t.Errorf("%v: it did not shut down:\n%s", sig, s.stderr.String())
		}
	}
}

func TestMetricsShowPipelinesAndStore(t *testing.T) {
	s := newServer(t).start()
	s.send(span(traceID(1), spanID(1)), span(traceID(1), spanID(2)), span(nil, spanID(3)))
	s.wantMetric(`heddle_store_spans{store="main"}`, "2")
	s.wantMetric(`heddle_spans_accepted_total{store="main"}`, "2")
	s.wantMetric(`heddle_spans_rejected_total{reason="empty_trace_id",store="main"}`, "1")
	s.wantMetric(`heddle_spans_evicted_total{store="main"}`, "0")
	s.wantMetric(`heddle_store_max_bytes{store="main"}`, "0")
	s.wantMetric(`heddle_store_max_bytes{store="archive"}`, "1.073741824e+09")
	s.wantMetric(`heddle_store_full{store="main"}`, "0")
	s.wantMetric(`heddle_store_refused_requests_total{reason="full",store="main"}`, "0")
	s.wantMetric(`otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"}`, "3")
	s.wantMetric(`heddle_http_requests_total{code="200",handler="jaeger"}`, "")
	s.wantTrace(fmt.Sprintf("%x", traceID(1)), "GET /")
	s.wantMetric(`heddle_http_requests_total{code="200",handler="jaeger"}`, "1")
	for _, present := range []string{"otelcol_process_memory_rss", "go_goroutines", `heddle_store_log_syncs_total{store="main"}`, `heddle_store_disk_free_bytes{store="archive"}`, `heddle_store_bytes{store="main"}`, `heddle_logs_accepted_total{store="main"}`} {
		if s.metric(present) == "" {
			t.Errorf("%s is not shown", present)
		}
	}
}

// What the configuration became while heddle was starting takes effect when that
// is done.
func TestReloadWhileStarting(t *testing.T) {
	overlay := filepath.Join(t.TempDir(), "overlay.yaml")
	writeFile(t, overlay, "exporters: {heddlestore: {retry_after: 2s}}")
	s := newServer(t, "--config", "embedded:default", "--config", overlay)
	s.launch()
	for answers := false; !answers; { // probes are served before the stores are open
		code, _ := s.get("/-/healthy")
		answers = code != 0
	}
	writeFile(t, overlay, "exporters: {heddlestore: {retry_after: 3s}}")
	s.signal(syscall.SIGHUP)
	s.eventually("the new configuration", func() bool { return strings.Contains(s.stderr.String(), "the new configuration is in effect") })
	s.waitReady()
}

// A reload must not lose what is stored, and a broken configuration must not
// end anything.
func TestReloadKeepsTheStore(t *testing.T) {
	overlay := filepath.Join(t.TempDir(), "overlay.yaml")
	writeFile(t, overlay, "exporters: {heddlestore: {retry_after: 2s}}")
	s := newServer(t, "--config", "embedded:default", "--config", overlay).start()
	s.send(span(traceID(1), spanID(1)))

	t.Run("SIGHUP", func(t *testing.T) {
		writeFile(t, overlay, "extensions: {heddle_storage: {memory: {max_bytes: 256MiB}}}")
		s.signal(syscall.SIGHUP)
		s.eventually("the reload is done", func() bool { return strings.Contains(s.stderr.String(), "the new configuration is in effect") })
		s.waitReady()
		s.wantTrace(fmt.Sprintf("%x", traceID(1)))
		s.wantMetric(`heddle_spans_accepted_total{store="main"}`, "1")
		if !strings.Contains(s.stderr.String(), "the store keeps its contents and its earlier settings") {
			t.Error("it does not say that new bounds need a restart")
		}
		s.send(span(traceID(2), spanID(2)))
		s.wantTrace(fmt.Sprintf("%x", traceID(2)))
	})
	t.Run("broken", func(t *testing.T) {
		writeFile(t, overlay, "recievers: {}")
		resp, err := http.Post("http://"+s.query+"/-/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("POST /-/reload: %s", resp.Status)
		}
		s.signal(syscall.SIGHUP)
		s.eventually("the refusal is logged", func() bool { return strings.Contains(s.stderr.String(), "the configuration stays as it is") })
		s.send(span(traceID(3), spanID(3)))
		s.wantTrace(fmt.Sprintf("%x", traceID(1)))
	})
	t.Run("does not start", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		writeFile(t, overlay, "receivers: {otlp/more: {protocols: {grpc: {endpoint: '"+taken.Addr().String()+"'}}}}\n"+
			"service: {pipelines: {traces/more: {receivers: [otlp/more], exporters: [heddlestore]}}}")
		s.signal(syscall.SIGHUP)
		s.eventually("the old configuration is back", func() bool { return strings.Contains(s.stderr.String(), "the old one is back in effect") })
		s.waitReady()
		s.send(span(traceID(4), spanID(4)))
		s.wantTrace(fmt.Sprintf("%x", traceID(1)))
		s.wantTrace(fmt.Sprintf("%x", traceID(4)))
	})
	t.Run("POST", func(t *testing.T) {
		writeFile(t, overlay, "{}")
		before := strings.Count(s.stderr.String(), "the new configuration is in effect")
		resp, err := http.Post("http://"+s.query+"/-/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("POST /-/reload: %s", resp.Status)
		}
		s.eventually("the reload is done", func() bool {
			return strings.Count(s.stderr.String(), "the new configuration is in effect") > before
		})
		s.wantTrace(fmt.Sprintf("%x", traceID(1)))
		if code, _ := s.get("/-/reload"); code != http.StatusMethodNotAllowed {
			t.Errorf("GET /-/reload: %d", code)
		}
	})
	s.signal(syscall.SIGTERM)
	if code := s.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTakenPortIsOneClearSentence(t *testing.T) {
	for _, c := range []struct {
		name, key string
		address   func(*server) *string
	}{
		{"receiver", "receivers.otlp.protocols.http.endpoint", func(s *server) *string { return &s.otlpHTTP }},
		{"query", "extensions.heddle_query.endpoint", func(s *server) *string { return &s.query }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			taken, err := net.Listen("tcp", *c.address(s))
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			s.launch()
			if code := s.waitExit(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			lines := strings.Split(strings.TrimSpace(s.stderr.String()), "\n")
			last := lines[len(lines)-1]
			if !strings.HasPrefix(last, "heddle: "+*c.address(s)+" is already in use") || !strings.Contains(last, "--set "+c.key+"=") {
				t.Errorf("the last line is %q", last)
			}
			if strings.Contains(s.stderr.String(), "goroutine ") {
				t.Errorf("there is a stack trace:\n%s", s.stderr.String())
			}
		})
	}
}
