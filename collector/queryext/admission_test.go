package queryext

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
)

func TestGate(t *testing.T) {
	g := newGate(1)
	g.wait = 0
	if err := g.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.enter(t.Context()); !errors.Is(err, errTooMany) {
		t.Error(err)
	}
	g.wait = time.Hour
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if err := g.enter(late); !errors.Is(err, errTooMany) {
		t.Error(err)
	}
	entered := make(chan error)
	go func() { entered <- g.enter(context.Background()) }()
	g.leave()
	if err := <-entered; err != nil {
		t.Error(err)
	}

	free := newGate(0)
	for range 100 {
		if err := free.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	free.leave()
}

// held serves an API whose queries end when they are told to.
type held struct {
	*started
	url    string
	inside chan struct{} // one element when a query is under way
	end    chan int      // the status code of one
	lines  *observer.ObservedLogs
}

// hold makes a held API of a name, of whose queries settings say more.
func hold(t *testing.T, name string, settings map[string]any) *held {
	t.Helper()
	s := start(t, settings, Process{})
	s.gate.wait = 0
	core, lines := observer.New(zapcore.WarnLevel)
	s.set.Logger = zap.New(core)
	h := &held{started: s, inside: make(chan struct{}), end: make(chan int), lines: lines}
	a, m := &api{name: name}, mount{}
	for _, other := range s.apis {
		if other.name == name {
			a.cheap, m = other.cheap, other.mounts[0]
		}
	}
	server := httptest.NewServer(s.watch(name, s.bounded(new(api), mount{}, s.admitted(a, m, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.inside <- struct{}{}
		code := <-h.end
		if code == 0 {
			panic("oops")
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte("four"))
	})))))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// ask begins a request and returns its status code when it has ended.
func (h *held) ask(t *testing.T, path string, headers ...string) <-chan int {
	t.Helper()
	code := make(chan int, 1)
	go func() {
		resp, _ := request(t, http.DefaultClient, "GET", h.url+path, headers...)
		code <- resp.StatusCode
	}()
	<-h.inside
	return code
}

func (h *held) wantSample(t *testing.T, samples ...string) {
	t.Helper()
	metrics := h.started.want(t, "GET", "/metrics", 200)
	for _, sample := range samples {
		if !strings.Contains(metrics, "\n"+sample+"\n") {
			t.Errorf("%s is not in /metrics", sample)
		}
	}
}

func TestTooManyQueriesAreRefused(t *testing.T) {
	for _, c := range []struct{ api, path, contentType string }{
		{"native", "/heddle/v1/traces", "application/json"},
		{"jaeger", "/api/traces", "application/json"},
		{"tempo", "/tempo/api/search", "text/plain; charset=utf-8"},
	} {
		h := hold(t, c.api, map[string]any{"max_concurrent_queries": 1})
		first := h.ask(t, c.path)
		h.wantSample(t, "heddle_queries_in_flight 1", "heddle_queries_waiting 0")
		resp, body := request(t, http.DefaultClient, "GET", h.url+c.path)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "5" || resp.Header.Get("Content-Type") != c.contentType ||
			!strings.Contains(body, "max_concurrent_queries") {
			t.Errorf("%s: %s %v %s", c.api, resp.Status, resp.Header, body)
		}
		var parsed struct {
			Error  struct{ Code, Message string }
			Errors []struct {
				Code int
				Msg  string
			}
		}
		if c.api != "tempo" {
			if err := json.Unmarshal([]byte(body), &parsed); err != nil || parsed.Error.Code != "overloaded" {
				t.Errorf("%v: %s", err, body)
			}
		}
		if c.api == "jaeger" && (len(parsed.Errors) != 1 || parsed.Errors[0].Code != 503) || c.api == "native" && strings.Contains(body, "errors") {
			t.Errorf("%s: %s", c.api, body)
		}
		h.end <- 200
		if code := <-first; code != 200 {
			t.Error(code)
		}
		third := h.ask(t, c.path)
		h.end <- 404
		<-third
		h.wantSample(t, "heddle_queries_in_flight 0", `heddle_queries_total{api="`+c.api+`",outcome="ok"} 1`, `heddle_queries_total{api="`+c.api+`",outcome="refused"} 1`,
			`heddle_queries_total{api="`+c.api+`",outcome="invalid"} 1`, `heddle_query_duration_seconds_count{api="`+c.api+`"} 2`)
	}
}

// TestPanicLeaves checks that a bug in heddle does not use up a place.
func TestPanicLeaves(t *testing.T) {
	h := hold(t, "native", map[string]any{"max_concurrent_queries": 1})
	for range 3 {
		code := h.ask(t, "/heddle/v1/traces")
		h.end <- 0
		if got := <-code; got != 500 {
			t.Error(got)
		}
	}
	h.wantSample(t, `heddle_queries_total{api="native",outcome="failed"} 3`, "heddle_queries_in_flight 0")
}

// TestWhatIsNoQueryIsNotBounded takes all places and uses everything else.
func TestWhatIsNoQueryIsNotBounded(t *testing.T) {
	s := start(t, map[string]any{"max_concurrent_queries": 1}, Process{})
	s.gate.wait = 0
	if err := s.gate.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]int{
		"/heddle/v1/traces": 503, "/api/services": 503, "/jaeger/api/services": 503, "/tempo/api/search": 503, "/tempo/api/v2/traces/1": 503,
		"/heddle/v1/status": 200, "/heddle/v1/openapi.yaml": 200, "/heddle/v1/deletions": 501, "/heddle/v1/tail?rate=x": 400,
		"/tempo/ready": 200, "/tempo/api/echo": 200, "/tempo/status/version": 200, "/tempo/api/status/buildinfo": 200,
		"/": 200, "/metrics": 200, "/-/healthy": 200, "/-/ready": 200,
	} {
		s.want(t, "GET", path, code)
	}
	s.want(t, "DELETE", "/heddle/v1/traces/1", 501)
	s.gate.leave()
	s.want(t, "GET", "/heddle/v1/traces", 200)
}

func TestTooManyCallsAreRefused(t *testing.T) {
	s, e := startEcho(t, map[string]any{"max_concurrent_queries": 1})
	s.gate.wait = 0
	client := grpc_testing.NewTestServiceClient(s.dial(t))
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{Payload: body(10)}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	_, err = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{})
	wantCode(t, err, codes.Unavailable)
	if err == nil || !strings.Contains(err.Error(), "max_concurrent_queries") {
		t.Error(err)
	}
	second, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = second.Recv()
	wantCode(t, err, codes.Unavailable)
	if got := second.Trailer(); strings.Join(got.Get("retry-after"), "") != "5" {
		t.Error(got)
	}
	look, err := grpc_reflection_v1.NewServerReflectionClient(s.dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := look.CloseSend(); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-e.ended
	s.gate.wait = time.Hour
	if _, err = client.UnaryCall(t.Context(), &grpc_testing.SimpleRequest{}); err != nil {
		t.Error(err)
	}
	metrics := s.want(t, "GET", "/metrics", 200)
	for _, sample := range []string{
		`heddle_queries_total{api="echo",outcome="ok"} 1`, `heddle_queries_total{api="echo",outcome="refused"} 2`,
		`heddle_queries_total{api="echo",outcome="canceled"} 1`, `heddle_query_duration_seconds_count{api="echo"} 2`,
	} {
		if !strings.Contains(metrics, sample) {
			t.Errorf("%s is not in /metrics", sample)
		}
	}
}

// TestSlowQueriesAreLogged makes every query a slow one.
func TestSlowQueriesAreLogged(t *testing.T) {
	h := hold(t, "tempo", map[string]any{"slow_query": "1ns"})
	code := h.ask(t, "/tempo/api/search?q=%7B+status+%3D+error+%7D&limit=20&access_token=secret1&token=secret2", "Authorization", "secret3", "Cookie", "secret4")
	h.end <- 504
	<-code
	fields := onlyLine(t, h.lines)
	for name, want := range map[string]any{
		"api": "tempo", "method": "GET", "path": "/tempo/api/search", "outcome": "timeout", "status": int64(504), "bytes": int64(4),
		"query": `access_token=(not shown) limit=20 q="{ status = error }" token=(not shown)`,
	} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	for _, name := range []string{"duration", "waited"} {
		if _, ok := fields[name].(time.Duration); !ok {
			t.Errorf("%s is %v", name, fields[name])
		}
	}
	for name, value := range fields {
		if text, ok := value.(string); ok && strings.Contains(text, "secret") {
			t.Errorf("%s is %s", name, text)
		}
	}
}

func onlyLine(t *testing.T, lines *observer.ObservedLogs) map[string]any {
	t.Helper()
	all := lines.TakeAll()
	if len(all) != 1 || all[0].Message != "slow query" {
		t.Fatalf("logged %v", all)
	}
	return all[0].ContextMap()
}

func TestSlowCallsAreLogged(t *testing.T) {
	s, _ := startEcho(t, map[string]any{"slow_query": "1ns"})
	core, lines := observer.New(zapcore.WarnLevel)
	s.set.Logger = zap.New(core)
	client := grpc_testing.NewTestServiceClient(s.dial(t))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "secret")
	if _, err := client.UnaryCall(ctx, &grpc_testing.SimpleRequest{Payload: body(10), ResponseSize: 7}); err != nil {
		t.Fatal(err)
	}
	fields := onlyLine(t, lines)
	if query, _ := fields["query"].(string); fields["api"] != "echo" || fields["method"] != "/grpc.testing.TestService/UnaryCall" ||
		fields["status"] != "OK" || fields["bytes"] != int64(14) || !strings.Contains(query, "response_size:") {
		t.Error(fields)
	}
}

func TestFastQueriesAreNotLogged(t *testing.T) {
	h := hold(t, "tempo", map[string]any{"slow_query": "0s"})
	code := h.ask(t, "/tempo/api/search")
	h.end <- 200
	<-code
	if n := h.lines.Len(); n != 0 {
		t.Errorf("%d lines", n)
	}
}

func TestShownParams(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                  "",
		"service=a&tag=x%3D1&tag=b":         `service=a tag="x=1" tag=b`,
		"query.service_name=a&api_key=b":    "api_key=(not shown) query.service_name=a",
		"q=":                                `q=""`,
		"q=a%0Ab":                           `q="a\nb"`,
		"limit=" + strings.Repeat("1", 2e3): "limit=" + strings.Repeat("1", maxShownValue) + "…",
	} {
		r := httptest.NewRequest("GET", "/?"+raw, nil)
		if got := shownParams(r.URL.Query()); got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
	many := httptest.NewRequest("GET", "/?"+strings.Repeat("tag=abcdefgh&", 2_000), nil)
	if got := shownParams(many.URL.Query()); len(got) > maxShownQuery+maxShownValue || !strings.HasSuffix(got, " …") {
		t.Error(len(got))
	}
}

// The log shows the parameters that the contracts of the APIs have.
func TestParametersOfContractsAreShown(t *testing.T) {
	notShown := map[string]string{
		"reason": "of a deletion, which is an order and no query that could be slow",
	}
	read := func(file string) string {
		text, err := os.ReadFile("../../query/api/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var names []string
	var openAPI struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Ref      string `yaml:"$ref"`
			}
		}
		Components struct {
			Parameters map[string]struct{ Name, In string }
		}
	}
	if err := yaml.Unmarshal([]byte(read("native/openapi.yaml")), &openAPI); err != nil {
		t.Fatal(err)
	}
	for _, methods := range openAPI.Paths {
		for _, operation := range methods {
			for _, p := range operation.Parameters {
				if p.Ref != "" {
					p.Name, p.In = openAPI.Components.Parameters[path.Base(p.Ref)].Name, openAPI.Components.Parameters[path.Base(p.Ref)].In
				}
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
		}
	}
	if len(names) < 100 {
		t.Fatalf("openapi.yaml has only the parameters %v", names)
	}
	for _, file := range []string{"tempo/doc.go", "jaeger/doc.go"} {
		for _, found := range regexp.MustCompile(`[?&]([a-zA-Z_]+)=`).FindAllStringSubmatch(read(file), -1) {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if _, hidden := notShown[name]; shownNames[name] == hidden {
			t.Errorf("parameter %s: the log shows it: %v; add it to shownNames, or here with the reason why not", name, shownNames[name])
		}
	}
}

func TestConfigOfQueriesIsValidated(t *testing.T) {
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) {}, ""},
		{func(c *Config) { c.MaxConcurrentQueries, c.SlowQuery = 0, 0 }, ""},
		{func(c *Config) { c.MaxConcurrentQueries = -1 }, "max_concurrent_queries is -1: give the number"},
		{func(c *Config) { c.SlowQuery = -time.Second }, "slow_query is -1s: give the time"},
	} {
		cfg := createDefaultConfig().(*Config)
		c.change(cfg)
		if err := cfg.Validate(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := newCounters(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := newCounters(registry); err == nil {
		t.Error("the second time they were registered, too")
	}
}
