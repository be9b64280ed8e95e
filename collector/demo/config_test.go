package demo

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	ok := DefaultConfig()
	if err := ok.Validate(); err != nil {
		t.Fatalf("the default is not valid: %v", err)
	}
	for _, c := range []struct {
		spoil func(*Config)
		want  string
	}{
		{func(c *Config) { c.Protocol = "udp" }, `--protocol "udp": use grpc or http`},
		{func(c *Config) { c.Compression = "lz4" }, `--compression "lz4"`},
		{func(c *Config) { c.Endpoint = "localhost" }, "use host:port"},
		{func(c *Config) { c.Rate = 0 }, "--rate 0: use more than 0"},
		{func(c *Config) { c.Rate = 1e9 }, "--rate 1e+09"},
		{func(c *Config) { c.Duration = -1 }, "--duration"},
		{func(c *Config) { c.History = 48 * time.Hour }, "--history 48h0m0s"},
		{func(c *Config) { c.Services = 2 }, "--services 2: use 0 for all, or 4 to 43"},
		{func(c *Config) { c.Services = 99 }, "--services 99"},
		{func(c *Config) { c.Faults = []string{"gremlin"} }, "--fault gremlin: no such fault; use all, none or some of slow-db"},
		{func(c *Config) { c.Faults = []string{"none", "slow-db"} }, "--fault none cannot be combined"},
		{func(c *Config) { c.Faults, c.Services = []string{"timeout"}, 8 }, "--fault timeout: the services it needs"},
	} {
		cfg := DefaultConfig()
		c.spoil(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	both := DefaultConfig()
	both.Rate, both.Protocol = -1, ""
	if err := both.Validate(); err == nil || strings.Count(err.Error(), "--") != 2 {
		t.Errorf("want both mistakes named: %v", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		endpoint, protocol, want string
		insecure                 bool
	}{
		{"", ProtocolGRPC, "127.0.0.1:4317", true},
		{"", ProtocolHTTP, "127.0.0.1:4318", true},
		{"https://otlp.example:443/", ProtocolGRPC, "otlp.example:443", false},
		{"http://otlp.example:4318/v1/traces", ProtocolHTTP, "otlp.example:4318", true},
	} {
		cfg := DefaultConfig()
		cfg.Endpoint, cfg.Protocol = c.endpoint, c.protocol
		cfg = cfg.resolve()
		if err := cfg.Validate(); err != nil || cfg.endpoint() != c.want || cfg.Insecure != c.insecure {
			t.Errorf("%q: %q insecure %v, %v", c.endpoint, cfg.endpoint(), cfg.Insecure, err)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, name := range []string{"--for", "--duration"} {
		cmd := Command()
		if err := cmd.ParseFlags([]string{name, "61s", "--fault", "slow-db,timeout", "--fault", "open-circuit", "--header", "a=b", "--header", "c=d"}); err != nil {
			t.Fatal(err)
		}
		if d, err := cmd.Flags().GetDuration("duration"); err != nil || d != 61*time.Second {
			t.Errorf("%s: %v %v", name, d, err)
		}
		if f, _ := cmd.Flags().GetStringSlice("fault"); strings.Join(f, " ") != "slow-db timeout open-circuit" {
			t.Errorf("faults %v", f)
		}
		if h, _ := cmd.Flags().GetStringToString("header"); h["a"] != "b" || h["c"] != "d" {
			t.Errorf("headers %v", h)
		}
	}
	cmd := Command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"--rate", "-3"})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "--rate -3") {
		t.Errorf("error %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for v, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, now.Add(time.Minute).UTC().Format(http.TimeFormat): time.Minute,
	} {
		if got := retryAfter(v, now); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
}

// TestTables: everything the tables name exists, and no operation can lead
// back to itself.
func TestTables(t *testing.T) {
	w := wholeShop(t)
	var walk func(op *operation, path []*operation)
	walk = func(op *operation, path []*operation) {
		for _, p := range path {
			if p == op {
				t.Fatalf("%s %s calls itself", op.svc.name, op.name)
			}
		}
		for _, group := range op.steps {
			for _, st := range group {
				if st.op != nil {
					walk(st.op, append(path, op))
				}
			}
		}
	}
	for _, s := range w.list {
		if len(s.ops) == 0 {
			t.Errorf("%s does nothing", s.name)
		}
		for _, op := range s.ops {
			walk(op, nil)
		}
	}
	for _, topic := range w.topicList {
		if topic.consumer.ops[topic.name] == nil {
			t.Errorf("%s does not know what to do with %s", topic.consumer.name, topic.name)
		}
	}
	for ref := range refusals {
		service, op, _ := strings.Cut(ref, "/")
		if w.services[service] == nil || w.services[service].ops[op] == nil {
			t.Errorf("refusal of %q, which does not exist", ref)
		}
	}
	for n := leastServices; n <= len(w.list); n++ {
		if small, err := newWorld(1, n); err != nil || len(small.list) != n || len(small.routes) == 0 {
			t.Errorf("a shop of %d services: %v", n, err)
		}
	}
}
