package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// testClock passes time when somebody sleeps, so that a minute takes a moment.
func testClock() clock {
	var mu sync.Mutex
	now := time.Unix(0, testStart)
	return clock{
		patient: true,
		now: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		},
		sleep: func(_ context.Context, d time.Duration) {
			mu.Lock()
			now = now.Add(d)
			mu.Unlock()
			time.Sleep(100 * time.Microsecond)
		},
	}
}

func testConfig(endpoint, protocol string) Config {
	cfg := DefaultConfig()
	cfg.Endpoint, cfg.Protocol = endpoint, protocol
	cfg.History, cfg.Duration, cfg.Rate = 0, 6*time.Second, 4
	return cfg
}

// transports runs a test over both protocols.
func transports(t *testing.T, test func(t *testing.T, protocol string, start func(*receiver) string)) {
	t.Run(ProtocolGRPC, func(t *testing.T) {
		test(t, ProtocolGRPC, func(r *receiver) string { return startGRPC(t, r) })
	})
	t.Run(ProtocolHTTP, func(t *testing.T) {
		test(t, ProtocolHTTP, func(r *receiver) string { return startHTTP(t, r) })
	})
}

func TestRunDelivers(t *testing.T) {
	transports(t, func(t *testing.T, protocol string, start func(*receiver) string) {
		for _, compression := range []string{compressionNone, compressionGzip} {
			r := &receiver{}
			cfg := testConfig(start(r), protocol)
			cfg.Compression = compression
			cfg.History = 30 * time.Second
			cfg.Headers = map[string]string{"x-scope": "shop"}
			var out bytes.Buffer
			if err := run(t.Context(), cfg, &out, testClock()); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			_, spans := r.seen()
			if spans < 300 {
				t.Errorf("%d spans arrived", spans)
			}
			h := r.lastHeaders()
			if h["x-scope"] != "shop" || protocol == ProtocolHTTP && (h["path"] != "/v1/traces" || h["content-type"] != "application/x-protobuf") {
				t.Errorf("headers %v", h)
			}
			for _, want := range []string{"slow-db", "find: ", thousands(int64(spans)) + " spans delivered", "0 rejected, 0 failed, 0 dropped"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, &out)
				}
			}
		}
	})
}

func TestRunIsRepeatable(t *testing.T) {
	counts := map[int]bool{}
	for range 2 {
		r := &receiver{}
		if err := run(t.Context(), testConfig(startGRPC(t, r), ProtocolGRPC), &bytes.Buffer{}, testClock()); err != nil {
			t.Fatal(err)
		}
		_, spans := r.seen()
		counts[spans] = true
	}
	if len(counts) != 1 {
		t.Errorf("two runs delivered %v spans", counts)
	}
}

func TestRunRetries(t *testing.T) {
	transports(t, func(t *testing.T, protocol string, start func(*receiver) string) {
		r := &receiver{
			answer: func(n int) (*collectorpb.ExportTraceServiceResponse, error) {
				switch {
				case protocol != ProtocolGRPC || n > 6:
					return nil, nil
				case n%2 == 0:
					st, _ := status.New(codes.ResourceExhausted, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Millisecond)})
					return nil, st.Err()
				}
				return nil, status.Error(codes.Unavailable, "restarting")
			},
			status: func(n int) (int, http.Header) {
				switch {
				case n > 4:
					return 0, nil
				case n%2 == 0:
					return http.StatusTooManyRequests, nil
				}
				return http.StatusServiceUnavailable, nil
			},
		}
		var out bytes.Buffer
		if err := run(t.Context(), testConfig(start(r), protocol), &out, testClock()); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		if !strings.Contains(out.String(), "0 rejected, 0 failed, 0 dropped") || strings.Contains(out.String(), ", 0 retries\n") {
			t.Errorf("after errors that pass:\n%s", &out)
		}
	})
}

func TestRunCountsPartialSuccess(t *testing.T) {
	transports(t, func(t *testing.T, protocol string, start func(*receiver) string) {
		r := &receiver{answer: func(n int) (*collectorpb.ExportTraceServiceResponse, error) {
			if n != 1 {
				return nil, nil
			}
			return &collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{
				RejectedSpans: 1, ErrorMessage: "one was bad"}}, nil
		}}
		var out bytes.Buffer
		if err := run(t.Context(), testConfig(start(r), protocol), &out, testClock()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), " 1 rejected, 0 failed") {
			t.Errorf("a rejected span is not counted:\n%s", &out)
		}
	})
}

func TestRunDoesNotRepeatRefusals(t *testing.T) {
	transports(t, func(t *testing.T, protocol string, start func(*receiver) string) {
		r := &receiver{
			answer: func(int) (*collectorpb.ExportTraceServiceResponse, error) {
				return nil, status.Error(codes.PermissionDenied, "who are you")
			},
			status: func(int) (int, http.Header) { return http.StatusForbidden, nil },
		}
		var out bytes.Buffer
		err := run(t.Context(), testConfig(start(r), protocol), &out, testClock())
		if !errors.Is(err, ErrNothingDelivered) {
			t.Fatalf("error %v", err)
		}
		if !strings.Contains(out.String(), ", 0 retries\n") {
			t.Errorf("refused requests were sent again:\n%s", &out)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(l.Addr().String(), ProtocolGRPC)
	l.Close()
	cfg.Duration = 50 * time.Millisecond
	var out bytes.Buffer
	if err := Run(t.Context(), cfg, &out); !errors.Is(err, ErrNothingDelivered) || !strings.Contains(err.Error(), "start heddle first") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.String(), "Start heddle first") {
		t.Errorf("no hint:\n%s", &out)
	}
}

// TestCancelCleansUp: nothing that Run started outlives it, also when the
// receiver hangs.
func TestCancelCleansUp(t *testing.T) {
	release := make(chan struct{})
	first := make(chan struct{})
	var once sync.Once
	r := &receiver{answer: func(n int) (*collectorpb.ExportTraceServiceResponse, error) {
		once.Do(func() { close(first) })
		if n > 3 {
			<-release
		}
		return nil, nil
	}}
	cfg := testConfig(startGRPC(t, r), ProtocolGRPC)
	cfg.Duration, cfg.History, cfg.Rate = 0, time.Minute, 20
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Run(ctx, cfg, &bytes.Buffer{}) }()
	<-first
	cancel()
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	var stacks string
	for range 500 {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "demo.(*sender)") && !strings.Contains(stacks, "demo.(*runner)") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("still running:\n%s", stacks)
}

// TestSlowReceiver: what the receiver does not take is dropped and said, and
// memory stays bounded.
func TestSlowReceiver(t *testing.T) {
	block := make(chan struct{})
	s := newSender(t.Context(), &stuck{block})
	for range queueRequests * 3 {
		s.offer(request{body: make([]byte, 10), spans: 2})
	}
	dropped := s.counts.dropped.Load()
	if most := int64(queueRequests*2+senders) * 2; dropped < int64(queueRequests)*2 || dropped > most+int64(queueRequests)*2 {
		t.Errorf("%d spans dropped", dropped)
	}
	big := request{body: make([]byte, queueBytes), spans: 7}
	s.bytes.Add(queueBytes)
	before := s.counts.dropped.Load()
	s.offer(big)
	s.bytes.Add(-queueBytes)
	if got := s.counts.dropped.Load() - before; got != 7 {
		t.Errorf("over the byte limit %d spans were dropped, want 7", got)
	}
	close(block)
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if got := s.counts.delivered.Load() + dropped; got != queueRequests*3*2 {
		t.Errorf("delivered and dropped are %d spans, want %d", got, queueRequests*3*2)
	}
}

type stuck struct{ block chan struct{} }

func (s *stuck) export(ctx context.Context, _ []byte) (int64, string, error) {
	select {
	case <-s.block:
		return 0, "", nil
	case <-ctx.Done():
		return 0, "", fmt.Errorf("stuck: %w", ctx.Err())
	}
}
func (s *stuck) close() error { return nil }
