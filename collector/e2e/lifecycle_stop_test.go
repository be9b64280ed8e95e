package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestStopWhileSending stops heddle in the middle of traffic. Every request
// must have ended in an acknowledgement or an error, what was acknowledged
// must have been readable for as long as anything could be read, and the
// process must end well.
func TestStopWhileSending(t *testing.T) {
	t.Parallel()
	s, err := launch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })

	const senders, enough = 4, 400
	var acknowledged, checked, missing atomic.Int64
	var all sync.WaitGroup
	middle := make(chan struct{}) // closed in the middle of traffic
	for range senders {
		all.Go(func() {
			for {
				sp := goodSpan()
				res, err := tryPost("http://"+s.otlpHTTP+"/v1/traces", exportRequest("stopping", sp))
				if err != nil || res.code == http.StatusServiceUnavailable {
					return // it stops
				}
				if res.code != http.StatusOK {
					t.Errorf("status %d while it stops: %s", res.code, res.body)
					return
				}
				if acknowledged.Add(1) == enough {
					close(middle)
				}
				found, err := tryGet(fmt.Sprintf("http://%s/api/traces/%x", s.query, sp.traceID))
				if err != nil {
					continue // the query server has stopped
				}
				checked.Add(1)
				if found.code != http.StatusOK {
					missing.Add(1)
				}
			}
		})
	}
	<-middle
	if err := s.terminate(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if missing.Load() > 0 || checked.Load() < enough-senders {
		t.Errorf("%d acknowledged, %d looked up, %d of those missing", acknowledged.Load(), checked.Load(), missing.Load())
	}
}

// TestInterrupt stops heddle as Ctrl+C does.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(); err != nil {
		t.Error(err)
	}
}

func tryPost(url string, body []byte) (response, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	return do(req)
}

func tryGet(url string) (response, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return response{}, err
	}
	return do(req)
}
