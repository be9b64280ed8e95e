package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server is a running heddle.
type server struct {
	*process
	addresses
	dir  string
	args []string // it was started with
}

// addresses are host:port of everything that heddle listens on.
type addresses struct {
	query, otlpGRPC, otlpHTTP, zipkin, jaegerGRPC, jaegerHTTP string
}

func freeAddresses() (a addresses, err error) {
	// All are held until all are known, so that no port is given twice.
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for _, field := range []*string{&a.query, &a.otlpGRPC, &a.otlpHTTP, &a.zipkin, &a.jaegerGRPC, &a.jaegerHTTP} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return a, err
		}
		held = append(held, l)
		*field = l.Addr().String()
	}
	return a, nil
}

// receiverFlags put the receivers of an embedded configuration on the addresses.
func (a addresses) receiverFlags() []string {
	return []string{
		"--set", "receivers::otlp::protocols::grpc::endpoint=" + a.otlpGRPC,
		"--set", "receivers::otlp::protocols::http::endpoint=" + a.otlpHTTP,
		"--set", "receivers::zipkin::endpoint=" + a.zipkin,
		"--set", "receivers::jaeger::protocols::grpc::endpoint=" + a.jaegerGRPC,
		"--set", "receivers::jaeger::protocols::thrift_http::endpoint=" + a.jaegerHTTP,
	}
}

func (a addresses) serverFlags() []string {
	return append(a.receiverFlags(), "--set", "extensions::heddle_query::endpoint="+a.query)
}

// launch starts heddle with the embedded configuration and waits until it is
// ready. More flags may follow.
func launch(dir string, flags ...string) (*server, error) {
	const tries = 3
	for try := 1; ; try++ {
		a, err := freeAddresses()
		if err != nil {
			return nil, err
		}
		s, err := launchAt(a, dir, flags...)
		// Another process may have taken a port since it was found free.
		if err == nil || try == tries || !strings.Contains(err.Error(), "already in use") {
			return s, err
		}
	}
}

func launchAt(a addresses, dir string, flags ...string) (*server, error) {
	args := append([]string{"--data-dir", filepath.Join(dir, "data")}, append(a.serverFlags(), flags...)...)
	return startServer(a, dir, args)
}

func startServer(a addresses, dir string, args []string) (*server, error) {
	p, err := start(dir, args...)
	if err != nil {
		return nil, err
	}
	s := &server{process: p, addresses: a, dir: dir, args: args}
	if err := s.ready(); err != nil {
		p.kill()
		return nil, err
	}
	return s, nil
}

// ready waits until the server says that it is.
func (s *server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.query+"/-/ready", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.done:
			return fmt.Errorf("heddle ended before it was ready, with %v:\n%s", s.cmd.ProcessState, s.output)
		case <-ctx.Done():
			return errors.New("heddle was not ready in time:\n" + s.output.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// newServer starts a server of the test's own and demands at its end that it
// stops as it should.
func newServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s, err := launch(t.TempDir(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.mustStop(t) })
	return s
}

// mustStop stops the server if the test did not.
func (s *server) mustStop(t *testing.T) {
	t.Helper()
	if s.ended() {
		return
	}
	if err := s.terminate(); err != nil {
		t.Error("stopping heddle: ", err)
	}
}
