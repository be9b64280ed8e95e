package ingestext

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/receivers/otlpdirect"
)

func freeOfCharge(int64) error { return nil }

func newInFlight(limit int64) *inFlight {
	return &inFlight{limit: limit, gauge: prometheus.NewGauge(prometheus.GaugeOpts{Name: "held"})}
}

func TestInFlight(t *testing.T) {
	f := newInFlight(100)
	a, b := share{of: f}, share{of: f}
	for i, step := range []struct {
		s    *share
		n    int64
		fits bool
	}{
		{&a, 60, true}, {&b, 41, false}, {&b, 40, true}, {&a, 1, false}, {&b, 1, false},
	} {
		if err := step.s.take(step.n); (err == nil) != step.fits {
			t.Errorf("step %d: %v", i, err)
		}
	}
	b.free()
	if err := a.take(1000); err != nil {
		t.Errorf("the only request under way: %v", err)
	}
	if b.fits(1) == nil {
		t.Error("there is room beside it")
	}
	a.free()
	a.free()
	if err := b.fits(1); err != nil || f.held != 0 || a.mine != 0 || b.mine != 0 {
		t.Errorf("%v, %d are held", err, f.held)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		c  Config
		ok bool
	}{
		{*createDefaultConfig(), true}, {Config{MaxRequestBytes: 5, MaxInFlightBytes: 5}, true},
		{Config{MaxInFlightBytes: 5}, false}, {Config{MaxRequestBytes: 5, MaxInFlightBytes: 4}, false}, {Config{MaxRequestBytes: 5}, false},
	} {
		if err := c.c.Validate(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.c, err)
		}
	}
}

// bounded is an extension with a bound, made as the collector makes it.
type bounded struct {
	*ingest
	registry *prometheus.Registry
}

func newBounded(t *testing.T, c *Config) *bounded {
	t.Helper()
	registry := prometheus.NewRegistry()
	factory, err := NewFactory(registry)
	if err != nil {
		t.Fatal(err)
	}
	x, err := factory.Create(t.Context(), extensiontest.NewNopSettings(Type), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	return &bounded{x.(*ingest), registry}
}

// value is that of a metric, summed up over those with a label value.
func (b *bounded) value(t *testing.T, name, label string) (sum float64) {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == name && (label == "" || strings.Contains(m.String(), `"`+label+`"`)) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// slowReceiver reads a request, tells how much that was, and answers when it
// may.
type slowReceiver struct {
	read   chan int
	answer chan struct{}
}

func (s *slowReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	var err error
	if r.Header.Get("Whole") != "" {
		request, failed := r.Body.(otlpdirect.WholeBody).Whole()
		body, err = request.Body, failed
	} else {
		body, err = io.ReadAll(r.Body)
	}
	if err != nil {
		http.Error(w, "that failed", http.StatusInternalServerError)
		return
	}
	s.read <- len(body)
	<-s.answer
}

// unknownLength keeps a client from announcing a length.
type unknownLength struct{ io.Reader }

// TestBytesInFlightOverHTTP has one request under way and sends others, over
// all encodings, both ways to read and with and without a length.
func TestBytesInFlightOverHTTP(t *testing.T) {
	text := strings.Repeat("heddle ", 10_000)
	x := newBounded(t, &Config{MaxRequestBytes: 1 << 20, MaxInFlightBytes: 1 << 30})
	receiver := &slowReceiver{make(chan int), make(chan struct{})}
	wrap, err := x.GetHTTPHandler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	handler, err := wrap(t.Context(), receiver)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	send := func(encoding string, body io.Reader, whole bool) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v2/spans", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Encoding", encoding)
		if whole {
			req.Header.Set("Whole", "yes")
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") != "1" || !strings.Contains(string(answer), busyText)) {
			t.Errorf("%s: %v %s", encoding, resp.Header, answer)
		}
		return resp.StatusCode, string(answer)
	}
	answered := make(chan int)
	begin := func(encoding string, body io.Reader, whole bool) {
		go func() {
			code, _ := send(encoding, body, whole)
			answered <- code
		}()
		if n := <-receiver.read; n != len(text) {
			t.Errorf("%s: %d bytes were read, want %d", encoding, n, len(text))
		}
	}
	limit := func(bytes int64) {
		x.inFlight.mu.Lock()
		defer x.inFlight.mu.Unlock()
		x.inFlight.limit = bytes
	}
	refused := 0
	for encoding, wire := range packed(t, text) {
		for _, whole := range []bool{true, false} {
			begin("", strings.NewReader(text), false)
			if held := x.value(t, "heddle_receiver_in_flight_bytes", ""); held != float64(len(text)) {
				t.Fatalf("%v bytes are held, want %d", held, len(text))
			}
			begin(encoding, unknownLength{bytes.NewReader(wire)}, whole)
			held := x.value(t, "heddle_receiver_in_flight_bytes", "")
			if held < float64(2*len(text)) {
				t.Errorf("%s, whole %v: %v bytes are held, want %d at least", encoding, whole, held, 2*len(text))
			}
			limit(int64(held) + int64(len(text)) - 1) // not room for a third
			for _, body := range []io.Reader{bytes.NewReader(wire), unknownLength{bytes.NewReader(wire)}} {
				if code, answer := send(encoding, body, whole); code != http.StatusTooManyRequests {
					t.Errorf("%s, whole %v: %d %s, want 429", encoding, whole, code, answer)
				}
				refused++
			}
			if now := x.value(t, "heddle_receiver_in_flight_bytes", ""); now != held {
				t.Errorf("%s, whole %v: %v bytes are held, they were %v", encoding, whole, now, held)
			}
			limit(1 << 30)
			for range 2 {
				receiver.answer <- struct{}{}
			}
			for range 2 {
				if code := <-answered; code != http.StatusOK {
					t.Errorf("%s, whole %v: %d", encoding, whole, code)
				}
			}
		}
	}
	if n := x.value(t, "heddle_receiver_rejected_requests_total", string(inFlightBytes)); n != float64(refused) {
		t.Errorf("%v refusals are counted, want %d", n, refused)
	}
	limit(1)
	begin("", strings.NewReader(text), false) // more than the bound, and the only one
	receiver.answer <- struct{}{}
	if code := <-answered; code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if held := x.value(t, "heddle_receiver_in_flight_bytes", ""); held != 0 {
		t.Errorf("%v bytes are held in the end", held)
	}
}

// A short body may make a zstd decoder remember much.
func TestWindowsAreCharged(t *testing.T) {
	var wire bytes.Buffer
	w, err := zstd.NewWriter(&wire, zstd.WithWindowSize(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("heddle")); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil { // so that the frame does not know how short it is
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := newInFlight(1 << 20)
	other := share{of: f}
	if err := other.take(1); err != nil {
		t.Fatal(err)
	}
	b := newBody("zstd", wire.Bytes())
	b.share = share{of: f}
	if _, err := read(b, false); err == nil || !strings.Contains(err.Error(), busyText) {
		t.Errorf("got %v", err)
	}
	other.free()
	b = newBody("zstd", wire.Bytes())
	b.share = share{of: f}
	if text, err := read(b, false); err != nil || string(text) != "heddle" || f.held != 0 {
		t.Errorf("%q, %v, %d are held", text, err, f.held)
	}
}

// slowService stores traces when it may.
type slowService struct {
	ptraceotlp.UnimplementedGRPCServer
	taken, answer chan struct{}
}

func (s *slowService) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.taken <- struct{}{}
	<-s.answer
	return ptraceotlp.NewExportResponse(), nil
}

func TestBytesInFlightOverGRPC(t *testing.T) {
	x := newBounded(t, &Config{MaxRequestBytes: 1 << 20, MaxInFlightBytes: 15_000})
	options, err := x.GetGRPCServerOptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(options...)
	service := &slowService{taken: make(chan struct{}), answer: make(chan struct{})}
	ptraceotlp.RegisterGRPCServer(s, service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName(strings.Repeat("x", 10_000))
	export := func() error {
		_, err := ptraceotlp.NewGRPCClient(conn).Export(context.Background(), ptraceotlp.NewExportRequestFromTraces(td))
		return err
	}
	for range 3 {
		done := make(chan error)
		go func() { done <- export() }()
		<-service.taken
		if held := x.value(t, "heddle_receiver_in_flight_bytes", ""); held < 10_000 {
			t.Errorf("%v bytes are held", held)
		}
		failed := status.Convert(export())
		if failed.Code() != codes.ResourceExhausted || !strings.Contains(failed.Message(), busyText) {
			t.Fatalf("got %v", failed)
		}
		if len(failed.Details()) != 1 || failed.Details()[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration() != time.Second {
			t.Errorf("details %v", failed.Details())
		}
		service.answer <- struct{}{}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	s.GracefulStop()
	if held := x.value(t, "heddle_receiver_in_flight_bytes", ""); held != 0 {
		t.Errorf("%v bytes are held in the end", held)
	}
	if n := x.value(t, "heddle_receiver_rejected_requests_total", string(inFlightBytes)); n != 3 {
		t.Errorf("%v refusals are counted, want 3", n)
	}
}
