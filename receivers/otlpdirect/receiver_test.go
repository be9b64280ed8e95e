package otlpdirect_test

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/heddle-io/heddle/receivers/otlpdirect"
	"github.com/heddle-io/heddle/storage"
)

// The configuration must be upstream's, key by key.
func TestConfigIsUpstreams(t *testing.T) {
	file, err := confmaptest.LoadConf("testdata/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"otlp", "otlp/other", "otlp/grpc"} {
		section, err := file.Sub(id)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := otlpdirect.NewFactory().CreateDefaultConfig(), otlpreceiver.NewFactory().CreateDefaultConfig()
		for _, c := range []component.Config{ours, theirs} {
			if err := section.Unmarshal(c); err != nil {
				t.Fatal(err)
			}
			if err := confmap.Validate(c); err != nil {
				t.Fatal(err)
			}
		}
		a, b := confmap.New(), confmap.New()
		if err := a.Marshal(ours); err != nil {
			t.Fatal(err)
		}
		if err := b.Marshal(theirs); err != nil {
			t.Fatal(err)
		}
		if got, want := a.ToStringMap(), b.ToStringMap(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%v, want\n%v", id, got, want)
		}
	}
	if err := confmap.Validate(new(otlpdirect.Config)); err == nil || !strings.Contains(err.Error(), "at least one protocol") {
		t.Errorf("nothing to serve: %v", err)
	}
}

// Signals that go straight and signals that do not must share the ports.
func TestMixed(t *testing.T) {
	s := serve(t, mixed, limits)
	conn := dial(t, s.grpc, nil)
	for _, r := range []struct {
		method, path string
		body         export
		raw          int // requests that reach the store as they arrived
	}{
		{tracesMethod, "/v1/traces", spansRequest(2), 2},
		{logsMethod, "/v1/logs", logsRequest(2), 0},
		{metricsMethod, "/v1/metrics", metricsRequest(), 0},
	} {
		if a := sendGRPC(conn, r.method, protoOf(t, r.body), nil); a.status.Code() != codes.OK {
			t.Errorf("%s: %v", r.method, a.status)
		}
		if a := sendHTTP(t, http.DefaultClient, http.MethodPost, "http://"+s.http+r.path, protoOf(t, r.body), "Content-Type", protobuf); a.code != http.StatusOK {
			t.Errorf("%s: %d %q", r.path, a.code, a.body)
		}
		written, raw := s.store.take()
		if r.method == metricsMethod {
			if n := s.metrics.DataPointCount(); n != 2 {
				t.Errorf("%d metric points", n)
			}
			continue
		}
		if len(written) != 2 || len(raw) != r.raw {
			t.Errorf("%s: %d writes, %d of them raw, want %d", r.method, len(written), len(raw), r.raw)
		}
	}
	s.wantLogged(t, "traces go straight to heddle_storage", "logs go through pdata because of processor batch")
}

// wantLogged demands that every message was logged once.
func (s *server) wantLogged(t *testing.T, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if n := s.logs.FilterMessage(m).Len(); n != 1 {
			t.Errorf("%q was logged %d times:\n%v", m, n, s.logs.All())
		}
	}
}

// A store that takes no requests as they arrive gets pdata.
func TestStoreWithoutRawRequests(t *testing.T) {
	store := &fakeStore{plain: true}
	s := serveInto(t, straight, store, withIngest)
	rejects := storage.Outcome{}
	rejects.Reject(storage.ReasonTooLarge, "a")
	store.answer(rejects, nil)
	a := sendGRPC(dial(t, s.grpc, nil), tracesMethod, protoOf(t, spansRequest(2)), nil)
	response := ptraceotlp.NewExportResponse()
	if err := response.UnmarshalProto(a.body); err != nil || a.status.Code() != codes.OK || response.PartialSuccess().RejectedSpans() != 1 {
		t.Errorf("%v %q %v", a.status, a.body, err)
	}
	if written, raw := store.take(); len(written) != 1 || len(raw) != 0 {
		t.Errorf("%d writes, %d raw", len(written), len(raw))
	}
	const why = " go through pdata because of heddle_storage, whose store takes no requests as they arrive"
	s.wantLogged(t, "traces"+why, "logs"+why)
}

// Without a signal that goes straight it must be upstream's receiver.
func TestNothingStraight(t *testing.T) {
	cfg := otlpdirect.NewFactory().CreateDefaultConfig().(*otlpdirect.Config)
	cfg.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:0"
	cfg.Route(pipeline.SignalTraces, otlpdirect.Route{BecauseOf: "exporter debug"})
	s, set := observed()
	next := new(consumertest.TracesSink)
	r, err := otlpdirect.NewFactory().CreateTraces(t.Context(), set, cfg, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	s.listen()
	if a := sendGRPC(dial(t, s.grpc, nil), tracesMethod, protoOf(t, spansRequest(2)), nil); a.status.Code() != codes.OK || next.SpanCount() != 2 {
		t.Errorf("%v, %d spans", a.status, next.SpanCount())
	}
	s.wantLogged(t, "traces go through pdata because of exporter debug")
	if err := r.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// What arrived compressed over HTTP must reach the store both ways.
func TestWire(t *testing.T) {
	withMiddleware, without := serve(t, straight, withIngest), serve(t, straight, limits)
	for _, c := range []struct {
		name     string // of the compression
		encoding string
		json     bool
		wire     bool
	}{
		{"", "", false, false},
		{"gzip", "gzip", false, true},
		{"zstd", "zstd", false, true},
		{"snappy", "snappy", false, true},
		{"snappy frames", "snappy", false, false},
		{"deflate", "deflate", false, false},
		{"gzip", "gzip", true, false},
	} {
		for _, s := range []*server{withMiddleware, without} {
			body, contentType := protoOf(t, spansRequest(3000)), protobuf
			if c.json {
				body, contentType = jsonOf(t, spansRequest(300)), json
			}
			wire := compress(t, c.name, body)
			a := sendHTTP(t, http.DefaultClient, http.MethodPost, "http://"+s.http+"/v1/traces", wire, "Content-Type", contentType, "Content-Encoding", c.encoding)
			if a.code != http.StatusOK {
				t.Errorf("%+v: %d %q", c, a.code, a.body)
				continue
			}
			_, raw := s.store.take()
			if len(raw) != 1 || !c.json && !bytes.Equal(raw[0].Body, body) {
				t.Errorf("%+v: the store got %d requests", c, len(raw))
				continue
			}
			want := storage.OTLPRequest{}
			if c.wire && s == withMiddleware {
				want = storage.OTLPRequest{Wire: wire, Encoding: c.encoding}
			}
			if !bytes.Equal(raw[0].Wire, want.Wire) || raw[0].Encoding != want.Encoding {
				t.Errorf("%+v: %d bytes of wire in %q, want %d in %q", c, len(raw[0].Wire), raw[0].Encoding, len(want.Wire), want.Encoding)
			}
		}
	}
}

// The receiver tells what the store rejected also when no middleware does.
func TestPartialSuccessWithoutMiddleware(t *testing.T) {
	s := serve(t, straight, limits)
	rejects := storage.Outcome{}
	rejects.Reject(storage.ReasonNoSpanID, "a span\xff")
	s.store.answer(rejects, nil)
	const message = "1 empty_span_id, for example: a span\uFFFD"

	grpcAnswer := sendGRPC(dial(t, s.grpc, nil), tracesMethod, protoOf(t, spansRequest(3)), nil)
	response := ptraceotlp.NewExportResponse()
	if err := response.UnmarshalProto(grpcAnswer.body); err != nil || response.PartialSuccess().RejectedSpans() != 1 || response.PartialSuccess().ErrorMessage() != message {
		t.Errorf("%v %q %v", grpcAnswer.status, grpcAnswer.body, err)
	}
	a := sendHTTP(t, http.DefaultClient, http.MethodPost, "http://"+s.http+"/v1/logs", jsonOf(t, logsRequest(3)), "Content-Type", json)
	logsResponse := plogotlp.NewExportResponse()
	if err := logsResponse.UnmarshalJSON(a.body); err != nil || logsResponse.PartialSuccess().RejectedLogRecords() != 1 || logsResponse.PartialSuccess().ErrorMessage() != message {
		t.Errorf("%d %q %v", a.code, a.body, err)
	}
}

// A bug in the store must be an error of the request and no more.
func TestPanic(t *testing.T) {
	for _, c := range []struct {
		w      which
		change func(*otlpreceiver.Protocols)
	}{{straight, limits}, {straight, withIngest}, {mixed, limits}} {
		s := serve(t, c.w, c.change)
		s.store.panics = true
		const told = "heddle failed on this request; its log has the details"
		for method, path := range map[string]string{tracesMethod: "/v1/traces", logsMethod: "/v1/logs"} {
			body := protoOf(t, spansRequest(1))
			if method == logsMethod {
				body = protoOf(t, logsRequest(1))
			}
			if a := sendGRPC(dial(t, s.grpc, nil), method, body, nil); a.status.Code() != codes.Internal || a.status.Message() != told {
				t.Errorf("%v", a.status)
			}
			a := sendHTTP(t, http.DefaultClient, http.MethodPost, "http://"+s.http+path, body, "Content-Type", protobuf)
			if a.code != http.StatusInternalServerError || statusIn(t, a).GetMessage() != told {
				t.Errorf("%d %q", a.code, a.body)
			}
		}
	}
}

// A configuration may run again after it ran, as when a reload fails.
func TestRunsAgain(t *testing.T) {
	cfg := otlpdirect.NewFactory().CreateDefaultConfig().(*otlpdirect.Config)
	cfg.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:0"
	cfg.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	route(cfg, straight)
	store := &fakeStore{}
	h := host{storageID: &storageExtension{store: store}}
	for range 3 {
		s, set := observed()
		// As when pipelines are built and then not started.
		_, stop := create(t, otlpdirect.NewFactory(), set, cfg, h, consumertest.NewNop())
		stop()
		receivers, stop := create(t, otlpdirect.NewFactory(), set, cfg, h, consumertest.NewNop())
		for _, r := range receivers {
			if err := r.Start(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		s.listen()
		conn := dial(t, s.grpc, nil)
		if a := sendGRPC(conn, tracesMethod, protoOf(t, spansRequest(1)), nil, grpc.WaitForReady(true)); a.status.Code() != codes.OK {
			t.Errorf("%v", a.status)
		}
		_ = conn.Close()
		for _, r := range receivers {
			if err := r.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
		stop()
	}
	if written, _ := store.take(); len(written) != 3 {
		t.Errorf("%d writes", len(written))
	}
}

func TestStartRefuses(t *testing.T) {
	noStore := host{storageID: &token{}}
	good := host{storageID: &storageExtension{store: &fakeStore{}}}
	for _, c := range []struct {
		want   string
		host   component.Host
		change func(*otlpreceiver.Protocols)
	}{
		{`there is no extension "heddle_storage" to store traces`, host{}, limits},
		{`"heddle_storage" holds no store for traces`, noStore, limits},
		{`logs_url_path: "/v1/traces"`, good, func(p *otlpreceiver.Protocols) { p.HTTP.Get().LogsURLPath = "/v1/traces" }},
		{"heddle_ingest", good, withIngest},
	} {
		cfg := otlpdirect.NewFactory().CreateDefaultConfig().(*otlpdirect.Config)
		cfg.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = "127.0.0.1:0"
		cfg.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
		c.change(&cfg.Protocols)
		route(cfg, straight)
		receivers, stop := create(t, otlpdirect.NewFactory(), receivertest.NewNopSettings(otlpdirect.NewFactory().Type()), cfg, good, consumertest.NewNop())
		for _, r := range receivers {
			if err := r.Start(t.Context(), c.host); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		}
		for _, r := range receivers {
			if err := r.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
		stop()
	}
}
