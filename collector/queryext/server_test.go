package queryext

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// stores is the extension heddle_storage in a test.
type stores struct {
	component.StartFunc
	component.ShutdownFunc
	store storage.Store
}

func (s *stores) Store() storage.Store   { return s.store }
func (s *stores) Archive() storage.Store { return s.store }

// onlyPeter is an authenticator.
type onlyPeter struct {
	component.StartFunc
	component.ShutdownFunc
}

func (onlyPeter) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if h := http.Header(headers); h.Get("Authorization") != "peter" {
		return ctx, errors.New("only peter may")
	}
	return ctx, nil
}

var _ extensionauth.Server = onlyPeter{}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// started is a server on a port of its own.
type started struct {
	*query
	url      string
	registry *prometheus.Registry
}

// start starts a server whose pipelines run.
func start(t *testing.T, settings map[string]any, process Process) *started {
	t.Helper()
	s := begin(t, settings, process)
	if err := s.Ready(); err != nil {
		t.Fatal(err)
	}
	return s
}

// begin starts a server in front of stores that are not open yet.
func begin(t *testing.T, settings map[string]any, process Process) *started {
	t.Helper()
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	registry := prometheus.NewRegistry()
	process.Metrics, process.Counter = registry, registry
	factory, err := NewFactory(process)
	if err != nil {
		t.Fatal(err)
	}
	cfg := factory.CreateDefaultConfig().(*Config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	cfg.ServerConfig.NetAddr.Endpoint = address
	if err := confmap.Validate(cfg); err != nil {
		t.Fatal(err)
	}
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(Type), cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = ext.Start(t.Context(), host{
		component.MustNewID("heddle_storage"): &stores{store: store},
		component.MustNewID("peter"):          onlyPeter{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ext.Shutdown(context.Background()) })
	return &started{ext.(*query), "http://" + address, registry}
}

func request(t *testing.T, client *http.Client, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func (s *started) want(t *testing.T, method, path string, code int, headers ...string) string {
	t.Helper()
	resp, body := request(t, http.DefaultClient, method, s.url+path, headers...)
	if resp.StatusCode != code {
		t.Errorf("%s %s: %s, want %d: %s", method, path, resp.Status, code, body)
	}
	return body
}

func TestReadyFollowsThePipelines(t *testing.T) {
	s := begin(t, nil, Process{})
	s.want(t, "GET", "/-/healthy", 200)
	s.want(t, "GET", "/-/ready", 503)
	s.want(t, "GET", "/metrics", 200)
	s.want(t, "GET", "/heddle/v1/status", 503)
	s.want(t, "GET", "/jaeger/api/services", 503)
	_ = s.Ready()
	s.want(t, "GET", "/heddle/v1/status", 200)
	s.want(t, "GET", "/jaeger/api/services", 200)
	s.want(t, "GET", "/-/ready", 200)
	_ = s.NotReady()
	s.want(t, "GET", "/-/ready", 503)
}

func TestReload(t *testing.T) {
	var answer error
	s := start(t, nil, Process{Reload: func(context.Context) error { return answer }})
	s.want(t, "POST", "/-/reload", 200)
	s.want(t, "GET", "/-/reload", 405)
	answer = errors.New("line 3 is wrong")
	if body := s.want(t, "POST", "/-/reload", 400); !strings.Contains(body, "line 3 is wrong") {
		t.Error(body)
	}
	start(t, nil, Process{}).want(t, "POST", "/-/reload", 501)
}

// TestStateIsChangedFromOwnPagesOnly makes browsers send what changes something.
func TestStateIsChangedFromOwnPagesOnly(t *testing.T) {
	reloads := 0
	s := start(t, map[string]any{"base_path": "/mesh"}, Process{Reload: func(context.Context) error { reloads++; return nil }})
	for _, c := range []struct {
		page    string
		own     bool
		headers []string
	}{
		{"none: a tool", true, nil},
		{"own", true, []string{"Sec-Fetch-Site", "same-origin", "Origin", s.url}},
		{"own, old browser", true, []string{"Origin", s.url}},
		{"of another site", false, []string{"Sec-Fetch-Site", "cross-site"}},
		{"of another port of the host", false, []string{"Sec-Fetch-Site", "same-site"}},
		{"of another site, old browser", false, []string{"Origin", "https://evil.example"}},
		{"sandboxed", false, []string{"Origin", "null"}},
	} {
		reload, archive, before := 403, 403, reloads
		if c.own {
			reload, archive, before = 200, 404, reloads+2 // there is no such trace
		}
		s.want(t, "POST", "/mesh/-/reload", reload, c.headers...)
		s.want(t, "PUT", "/mesh/-/reload", reload, c.headers...)
		if reloads != before {
			t.Errorf("page %s: %d reloads, want %d", c.page, reloads, before)
		}
		for _, path := range []string{"/mesh/api/archive/1", "/mesh/jaeger/api/archive/1"} {
			s.want(t, "POST", path, archive, c.headers...)
		}
		if !c.own {
			s.want(t, "POST", "/mesh/heddle/v1/deletions", 403, c.headers...)
			s.want(t, "DELETE", "/mesh/heddle/v1/traces/1", 403, c.headers...)
		}
	}
}

func TestBasePath(t *testing.T) {
	s := start(t, map[string]any{"base_path": "/mesh/"}, Process{})
	s.want(t, "GET", "/mesh/-/healthy", 200)
	s.want(t, "GET", "/mesh/heddle/v1/status", 200)
	s.want(t, "GET", "/mesh/jaeger/api/services", 200)
	s.want(t, "GET", "/mesh", 200) // by way of a redirect
	s.want(t, "GET", "/heddle/v1/status", 404)
	s.want(t, "GET", "/-/healthy", 404)
}

func TestProbesNeedNoCredentialsAndTheRestDoes(t *testing.T) {
	s := start(t, map[string]any{"auth": map[string]any{"authenticator": "peter"}}, Process{})
	s.want(t, "GET", "/-/healthy", 200)
	for _, path := range []string{"/", "/metrics", "/heddle/v1/status", "/api/services", "/-/healthy/../reload"} {
		s.want(t, "GET", path, 401)
	}
	s.want(t, "POST", "/-/reload", 401)
	s.want(t, "GET", "/heddle/v1/status", 200, "Authorization", "peter")
}

func TestCrossOrigin(t *testing.T) {
	s := start(t, map[string]any{"cors": map[string]any{"allowed_origins": []any{"https://grafana.example"}}}, Process{})
	resp, _ := request(t, http.DefaultClient, "GET", s.url+"/heddle/v1/status", "Origin", "https://grafana.example")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "https://grafana.example" {
		t.Errorf("Access-Control-Allow-Origin is %q", got)
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	s := start(t, nil, Process{})
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	resp, body := request(t, client, "GET", s.url+"/heddle/v1/openapi.yaml", "Accept-Encoding", "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal(resp.Header)
	}
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(plain), "openapi:") {
		t.Error(err)
	}
}

func TestHTTP2WithoutTLSAndGRPC(t *testing.T) {
	s := start(t, nil, Process{})
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	resp, _ := request(t, client, "GET", s.url+"/heddle/v1/status")
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
	resp, _ = request(t, client, "POST", s.url+"/some.Service/Method", "Content-Type", "application/grpc+proto")
	if resp.Trailer.Get("Grpc-Status") != "12" {
		t.Errorf("%s %v %v", resp.Status, resp.Header, resp.Trailer)
	}
}

func TestTLS(t *testing.T) {
	certificate, key := selfSigned(t)
	s := start(t, map[string]any{"tls": map[string]any{"cert_pem": certificate, "key_pem": key}}, Process{})
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true} //nolint:gosec // self-signed
	resp, _ := request(t, &http.Client{Transport: transport}, "GET", strings.Replace(s.url, "http:", "https:", 1)+"/heddle/v1/status")
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
}

func TestPanicIsAnErrorOfOneRequest(t *testing.T) {
	s := start(t, nil, Process{})
	h := s.watch("test", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	resp, body := request(t, http.DefaultClient, "GET", "http://"+listener.Addr().String())
	if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "its log has the details") {
		t.Errorf("%s %s", resp.Status, body)
	}
	metrics := s.want(t, "GET", "/metrics", 200)
	for _, sample := range []string{"heddle_http_panics_total 1", `heddle_http_requests_total{code="500",handler="test"} 1`} {
		if !strings.Contains(metrics, sample) {
			t.Errorf("%s is not in /metrics", sample)
		}
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	s := start(t, nil, Process{})
	s.want(t, "GET", "/heddle/v1/status", 431, "X-Large", strings.Repeat("x", 600<<10))
	s.want(t, "GET", "/heddle/v1/status?q="+strings.Repeat("%7B", 128<<10), 200)
}

func TestStartRefuses(t *testing.T) {
	factory, err := NewFactory(Process{Counter: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	for want, h := range map[string]host{
		"there is no extension":           {},
		"\"heddle_storage\" holds no sto": {component.MustNewID("heddle_storage"): onlyPeter{}},
	} {
		ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(Type), factory.CreateDefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		if err := ext.Start(t.Context(), h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if err := ext.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestBasePathIsParsed(t *testing.T) {
	for text, want := range map[string]string{"": "", "/": "", "/a": "/a", "/a/b/": "/a/b", "a": "error", "//a": "error", "/a?b": "error", `/"a`: "error"} {
		var b BasePath
		err := b.UnmarshalText([]byte(text))
		got := string(b)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// A tail goes on when the time for a request is over, and ends with the server
// instead of holding it up.
func TestTailsLast(t *testing.T) {
	s := start(t, map[string]any{"request_timeout": "100ms"}, Process{})
	res, err := http.Get(s.url + "/heddle/v1/tail") //nolint:noctx // it ends with the server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"type":"status"`) {
		t.Fatalf("%q, %v", lines.Text(), lines.Err())
	}
	time.Sleep(time.Second) // many times what a request may take
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1})
	span.SetSpanID(pcommon.SpanID{1})
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	span.SetEndTimestamp(span.StartTimestamp())
	if _, err := s.stores.Store().Spans().WriteSpans(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || !strings.Contains(lines.Text(), `"type":"spans"`) {
		t.Fatalf("%q, %v", lines.Text(), lines.Err())
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if !lines.Scan() || !strings.Contains(lines.Text(), `"type":"end"`) || lines.Scan() {
		t.Fatalf("%q, %v", lines.Text(), lines.Err())
	}
}
