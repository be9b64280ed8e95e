package collector_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/collector"
	"github.com/heddle-io/heddle/collector/storageext"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// rawStore is the embedded store, which shows what reached it as it arrived.
type rawStore struct {
	storage.Store
	seen *rawRequests
}

type rawRequests struct {
	mu        sync.Mutex // guards encodings
	encodings []string   // of the requests
}

func (r *rawRequests) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%q", r.encodings)
}

func (s rawStore) Spans() storage.SpanStore { return rawSpans{s.Store.Spans(), s.seen} }

type rawSpans struct {
	storage.SpanStore
	seen *rawRequests
}

func (s rawSpans) WriteOTLP(ctx context.Context, r storage.OTLPRequest) (storage.Outcome, error) {
	s.seen.mu.Lock()
	s.seen.encodings = append(s.seen.encodings, r.Encoding)
	s.seen.mu.Unlock()
	export := ptraceotlp.NewExportRequest()
	if err := export.UnmarshalProto(r.Body); err != nil {
		return storage.Outcome{}, fmt.Errorf("%w: %w", storage.ErrMalformed, err)
	}
	return s.WriteSpans(ctx, export.Traces())
}

// Requests must go straight to the store where the configuration lets them,
// and a reload must be able to change that either way.
func TestStraightToTheStore(t *testing.T) {
	seen := new(rawRequests)
	components := func(p *collector.Process) (otelcol.Factories, error) {
		f, err := collector.Components(p)
		if err != nil {
			return f, err
		}
		f.Extensions[storageext.Type], err = storageext.NewFactory(storageext.Backend{
			OnDisk: func(ctx context.Context, o columnar.DiskOptions) (storage.Store, error) {
				store, err := columnar.OpenDisk(ctx, o)
				return rawStore{store, seen}, err
			},
		}, p.DataDir, prometheus.NewRegistry())
		return f, err
	}
	dir := t.TempDir()
	overlay, logFile := filepath.Join(dir, "overlay.yaml"), filepath.Join(dir, "heddle.log")
	const without, with = "service: {pipelines: {traces: {processors: []}}}", "service: {pipelines: {traces: {processors: [memory_limiter]}}}"
	writeFile(t, overlay, without)
	s := newServer(t, "--data-dir", filepath.Join(dir, "data"), "--config", "embedded:default", "--config", overlay,
		"--set", "processors.memory_limiter={check_interval: 1s, limit_percentage: 75}",
		"--set", "service.pipelines.logs.processors=[memory_limiter]",
		"--set", "service.telemetry.logs.output_paths=["+logFile+"]")
	root := collector.NewCommand(components)
	root.SetArgs(s.cmd.Args[1:])
	root.SetOut(&s.stdout)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- root.ExecuteContext(ctx) }()
	defer func() {
		cancel()
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}()
	s.waitReady()
	logged := func(text string) int {
		b, err := os.ReadFile(logFile)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(b), text)
	}
	reload := func(text string) {
		t.Helper()
		before := logged("the new configuration is in effect")
		writeFile(t, overlay, text)
		if resp, body := post(t, "http://"+s.query+"/-/reload", nil); resp.StatusCode >= 300 {
			t.Fatal(resp.Status, string(body))
		}
		s.eventually("the reload is done", func() bool { return logged("the new configuration is in effect") > before })
		s.waitReady()
	}
	const straight, through = "traces go straight to heddle_storage", "traces go through pdata because of processor memory_limiter"

	s.send(span(traceID(1), spanID(1)))
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write(marshal(t, exportRequest(span(traceID(2), spanID(1)), span(nil, spanID(2)))))
	_ = w.Close()
	resp, body := post(t, "http://"+s.otlpHTTP+"/v1/traces", gz.Bytes(), "Content-Type", protobuf, "Content-Encoding", "gzip")
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("1 empty_trace_id")) {
		t.Errorf("%s %q", resp.Status, body)
	}
	s.wantTrace(fmt.Sprintf("%x", traceID(1)))
	s.wantTrace(fmt.Sprintf("%x", traceID(2)))
	s.wantMetric(`otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"}`, "1")
	s.wantMetric(`otelcol_receiver_accepted_spans{receiver="otlp",transport="http"}`, "2")
	if got := seen.all(); got != `["" "gzip"]` || logged(straight) != 1 || logged("logs go through pdata because of processor memory_limiter") != 1 {
		t.Errorf("%s went straight, logged %d times", got, logged(straight))
	}

	reload(with)
	s.send(span(traceID(3), spanID(1)))
	s.wantTrace(fmt.Sprintf("%x", traceID(3)))
	if got := seen.all(); got != `["" "gzip"]` || logged(through) != 1 {
		t.Errorf("%s went straight, logged %d times", got, logged(through))
	}

	reload(without)
	s.send(span(traceID(4), spanID(1)))
	s.wantTrace(fmt.Sprintf("%x", traceID(4)))
	if got := seen.all(); got != `["" "gzip" ""]` || logged(straight) != 2 {
		t.Errorf("%s went straight, logged %d times", got, logged(straight))
	}
}
