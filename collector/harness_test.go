package collector_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heddle-io/heddle/collector"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets the test binary stand in for heddle, so that tests run the
// real command line in a process of its own without a second link.
func TestMain(m *testing.M) {
	if os.Getenv("HEDDLE_TEST_AS_MAIN") == "1" {
		collector.Main()
	}
	os.Exit(m.Run())
}

func heddleCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HEDDLE_TEST_AS_MAIN=1", "HEDDLE_DATA_DIR=", "HEDDLE_ENDPOINT=", "HEDDLE_ADDRESS=")
	return cmd
}

// result is what a command that ended has left.
type result struct {
	code           int
	stdout, stderr string
}

// run runs heddle to its end.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return runCommand(t, heddleCommand(t, args...))
}

func runCommand(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// server is a heddle that runs.
type server struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr syncBuffer
	exited         chan struct{}

	query, otlpGRPC, otlpHTTP, zipkin, jaegerGRPC, jaegerHTTP string // addresses
}

// newServer chooses ports and prepares a heddle with them; args are more flags.
func newServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, exited: make(chan struct{})}
	ports := freePorts(t, 6)
	flags := []string{"run"}
	for i, p := range []struct {
		address *string
		key     string
	}{
		{&s.query, "extensions.heddle_query.endpoint"},
		{&s.otlpGRPC, "receivers.otlp.protocols.grpc.endpoint"},
		{&s.otlpHTTP, "receivers.otlp.protocols.http.endpoint"},
		{&s.zipkin, "receivers.zipkin.endpoint"},
		{&s.jaegerGRPC, "receivers.jaeger.protocols.grpc.endpoint"},
		{&s.jaegerHTTP, "receivers.jaeger.protocols.thrift_http.endpoint"},
	} {
		*p.address = fmt.Sprintf("127.0.0.1:%d", ports[i])
		flags = append(flags, "--set", p.key+"="+*p.address)
	}
	s.cmd = heddleCommand(t, append(flags, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	return s
}

// start starts the server and waits until it is ready.
func (s *server) start() *server {
	s.t.Helper()
	s.launch()
	s.waitReady()
	return s
}

func (s *server) launch() {
	s.t.Helper()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	s.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.exited
		if s.t.Failed() {
			s.t.Logf("stdout of heddle:\n%s\nstderr of heddle:\n%s", s.stdout.String(), s.stderr.String())
		}
	})
}

func (s *server) waitReady() {
	s.t.Helper()
	s.eventually("heddle is ready", func() bool {
		code, _ := s.get("/-/ready")
		return code == http.StatusOK
	})
}

// eventually polls until the condition holds, and fails the test when it does
// not within a time that is long on purpose, or when heddle has ended.
func (s *server) eventually(what string, condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
		select {
		case <-s.exited:
			s.t.Fatalf("heddle ended while waiting until %s:\n%s", what, s.stderr.String())
		default:
		}
	}
	s.t.Fatalf("waited too long until %s", what)
}

// signal sends a signal.
func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// waitExit returns the exit code, -1 when a signal killed it.
func (s *server) waitExit() int {
	s.t.Helper()
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(60 * time.Second):
		s.t.Fatal("heddle did not end")
		return 0
	}
}

// get reads from the query server; code 0 means that there was no answer.
func (s *server) get(path string) (code int, body string) {
	resp, err := http.Get("http://" + s.query + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(b)
}

// metric returns the value of a sample in /metrics, "" when it is not there.
func (s *server) metric(sample string) string {
	_, body := s.get("/metrics")
	for line := range strings.SplitSeq(body, "\n") {
		if value, ok := strings.CutPrefix(line, sample+" "); ok {
			return value
		}
	}
	return ""
}

func (s *server) wantMetric(sample, want string) {
	s.t.Helper()
	if got := s.metric(sample); got != want {
		s.t.Errorf("%s is %q, want %q", sample, got, want)
	}
}

// freePorts returns ports that nothing listens on.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// golden compares text with testdata/name, or writes it there with -update.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s:\n got: %s\nwant: %s", path, text, want)
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// syncBuffer is a buffer that is read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
