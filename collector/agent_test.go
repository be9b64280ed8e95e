package collector_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
)

// newAgent prepares an agent that forwards to a server. It has no query port;
// its OTLP/HTTP port tells when it runs.
func newAgent(t *testing.T, endpoint, dataDir string) *server {
	s := newServer(t)
	args := []string{"agent", "--endpoint", endpoint, "--data-dir", dataDir}
	for _, a := range s.cmd.Args[2:] {
		if a == "extensions.heddle_query.endpoint="+s.query {
			a = "exporters.otlp_grpc.retry_on_failure.max_interval=1s"
		}
		args = append(args, a)
	}
	cmd := heddleCommand(t, args...)
	cmd.Stdout, cmd.Stderr = &s.stdout, &s.stderr
	s.cmd = cmd
	s.launch()
	s.eventually("the agent accepts", func() bool {
		resp, err := http.Get("http://" + s.otlpHTTP + "/v1/traces")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return s
}

// What an agent acknowledged must arrive, through an absence of the other side
// and a violent end of the agent.
func TestAgentLosesNothing(t *testing.T) {
	backend := newServer(t)
	dataDir := filepath.Join(t.TempDir(), "agent")

	first := newAgent(t, backend.otlpGRPC, dataDir)
	first.send(span(traceID(1), spanID(1)))
	first.signal(syscall.SIGKILL)
	first.waitExit()

	second := newAgent(t, backend.otlpGRPC, dataDir)
	second.send(span(traceID(2), spanID(2)))
	backend.start()
	for n := range uint64(2) {
		backend.eventually("the trace arrives", func() bool {
			code, _ := backend.get("/api/traces/" + fmt.Sprintf("%x", traceID(n+1)))
			return code == http.StatusOK
		})
	}
	second.signal(syscall.SIGTERM)
	if code := second.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
