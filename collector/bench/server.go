package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take to start or to stop.
const patience = 2 * time.Minute

// server is a running heddle.
type server struct {
	cmd   *exec.Cmd
	query string // address of the query APIs
	otlp  string // of OTLP over gRPC
	log   *tail
	done  chan struct{} // closed when it has ended
}

// startServer starts a heddle on free ports and waits until it is ready.
func startServer(ctx context.Context, binary, dataDir string) (_ *server, took time.Duration, err error) {
	a, err := freeAddresses(6)
	if err != nil {
		return nil, 0, err
	}
	s := &server{query: a[0], otlp: a[1], log: &tail{}, done: make(chan struct{})}
	s.cmd = exec.Command(binary, "--data-dir", dataDir,
		"--set", "extensions::heddle_query::endpoint="+s.query,
		"--set", "receivers::otlp::protocols::grpc::endpoint="+s.otlp,
		"--set", "receivers::otlp::protocols::http::endpoint="+a[2],
		"--set", "receivers::zipkin::endpoint="+a[3],
		"--set", "receivers::jaeger::protocols::grpc::endpoint="+a[4],
		"--set", "receivers::jaeger::protocols::thrift_http::endpoint="+a[5])
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	begin := time.Now()
	started := make(chan error)
	go func() {
		// The parent whose death endWithParent speaks of is this thread.
		runtime.LockOSThread()
		endWithParent(s.cmd)
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // what it ended with is in ProcessState
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, 0, fmt.Errorf("starting %s: %w", binary, err)
	}
	if err := s.ready(ctx); err != nil {
		s.kill()
		return nil, 0, fmt.Errorf("%w; its log ends with:\n%s", err, s.log)
	}
	return s, time.Since(begin), nil
}

// ready waits until the server says that it is.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := s.get(ctx, "/-/ready", nil); err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("heddle ended before it was ready, with %v", s.cmd.ProcessState)
		case <-ctx.Done():
			return errors.New("heddle was not ready in time")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// get asks for a path and copies the answer to a buffer unless that is nil.
func (s *server) get(ctx context.Context, path string, to *bytes.Buffer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.query+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if to == nil {
		to = &bytes.Buffer{}
	}
	to.Reset()
	if _, err := to.ReadFrom(res.Body); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	if res.StatusCode != http.StatusOK {
		return &statusError{path, res.StatusCode, fmt.Sprintf("%.200s", to)}
	}
	return nil
}

// statusError is an answer that is not 200.
type statusError struct {
	path string
	code int
	body string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("GET %s: %d %s: %s", e.path, e.code, http.StatusText(e.code), e.body)
}

// clientsFault: the server does not know what was asked for.
func (e *statusError) clientsFault() bool {
	return e.code/100 == 4 || e.code == http.StatusNotImplemented
}

// stop asks the server to end and waits for it.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.done:
	case <-time.After(patience):
		s.kill()
		return errors.New("heddle did not stop in time")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("heddle ended with %v; its log ends with:\n%s", s.cmd.ProcessState, s.log)
	}
	return nil
}

// kill ends the server if it still runs.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.done
}

func freeAddresses(n int) (list []string, err error) {
	// All are held until all are known, so that no port is given twice.
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		list = append(list, l.Addr().String())
	}
	return list, nil
}

// tail keeps the end of what a process writes.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

const tailBytes = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
