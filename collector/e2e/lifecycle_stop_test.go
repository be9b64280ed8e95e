package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
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

	conn, err := grpc.NewClient(s.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	const senders, enough = 4, 400
	var acknowledged, checked, missing atomic.Int64
	var all sync.WaitGroup
	middle := make(chan struct{}) // closed in the middle of traffic
	for sender := range senders {
		all.Go(func() {
			for {
				sp := goodSpan()
				body := exportRequest("stopping", sp)
				if sender%2 == 0 && !takenOverHTTP(t, s, body) || sender%2 == 1 && !takenOverGRPC(t, conn, body) {
					return // it stops
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

// takenOverHTTP says whether a request was acknowledged. It may be refused for
// the one reason that heddle stops.
func takenOverHTTP(t *testing.T, s *server, body []byte) bool {
	t.Helper()
	res, err := tryPost("http://"+s.otlpHTTP+"/v1/traces", body)
	if err == nil && res.code != http.StatusOK && res.code != http.StatusServiceUnavailable {
		t.Errorf("status %d while it stops: %s", res.code, res.body)
	}
	return err == nil && res.code == http.StatusOK
}

func takenOverGRPC(t *testing.T, conn *grpc.ClientConn, body []byte) bool {
	t.Helper()
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(body); err != nil {
		t.Error(err)
		return false
	}
	_, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), req)
	if code := status.Code(err); code != codes.OK && code != codes.Unavailable {
		t.Errorf("%v while it stops: %v", code, err)
	}
	return err == nil
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
