package collector_test

import (
	jsontext "encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/tempo"
	"github.com/heddle-io/heddle/storage/columnar"
)

const (
	wholeTrace  = "5b8efff798038103d269b633813fc60c"
	brokenTrace = "0000000000000000000000000000001f"
)

// tracesToAsk are a checkout that fails, and a trace of which parts are missing
// and whose names are hostile.
func tracesToAsk() ptrace.Traces {
	day := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	td := ptrace.NewTraces()
	add := func(service string, traceID [16]byte, id, parent byte, name string, from, to time.Duration) ptrace.Span {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(traceID)
		s.SetSpanID([8]byte{0xab, 7: id})
		if parent != 0 {
			s.SetParentSpanID([8]byte{0xab, 7: parent})
		}
		s.SetName(name)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(day.Add(from)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(day.Add(to)))
		return s
	}
	whole := [16]byte{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c}
	const ms = time.Millisecond
	add("frontend", whole, 1, 0, "GET /checkout", 0, 100*ms)
	add("cart", whole, 2, 1, "Cart/Get", 10*ms, 20*ms+500*time.Microsecond)
	failed := add("payment", whole, 3, 1, "Payment/Charge", 25*ms, 95*ms)
	failed.Status().SetCode(ptrace.StatusCodeError)
	failed.Status().SetMessage("card declined")
	add("payment", whole, 4, 3, "INSERT", 90*ms, 90*ms+3*time.Microsecond).Attributes().PutStr("component", "proxy")

	broken := [16]byte{15: 0x1f}
	add("late", broken, 1, 9, "\x1b[31mred\nname", 2*time.Minute, 2*time.Minute+ms/2)
	add("late", broken, 2, 1, strings.Repeat("long", 30), 2*time.Minute+ms/4, 2*time.Minute)
	return td
}

// serveTraces serves traces as heddle does, and returns the address.
func serveTraces(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(tempoHandler(t))
	t.Cleanup(server.Close)
	return server.URL
}

func tempoHandler(t *testing.T) http.Handler {
	t.Helper()
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Spans().WriteSpans(t.Context(), tracesToAsk()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/tempo/", http.StripPrefix("/tempo", tempo.NewHandler(tempo.Options{Spans: store.Spans()})))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { // as the UI does
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	})
	return mux
}

func TestQueryOutput(t *testing.T) {
	address := serveTraces(t)
	for name, args := range map[string][]string{
		"traces.txt":       {"traces"},
		"traces.json":      {"traces", "-o", "json"},
		"traces-error.txt": {"traces", "{ status = error }", "--from", "2026-08-01", "--to", "2026-08-01T12:00:00.000000001Z", "--limit", "1"},
		"trace.txt":        {"trace", wholeTrace},
		"trace.json":       {"trace", wholeTrace, "-o", "json"},
		"trace-broken.txt": {"trace", "1f"},
	} {
		r := run(t, append([]string{"query"}, append(args, "--address", address)...)...)
		if r.code != 0 || r.stderr != "" {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.stderr)
		}
		if strings.Contains(r.stdout, "\x1b") {
			t.Errorf("%s: it steers the terminal", name)
		}
		golden(t, filepath.Join("query", name), r.stdout)
	}
}

func TestQueryReadsBackWhatWasStored(t *testing.T) {
	address := serveTraces(t)
	r := run(t, "query", "trace", wholeTrace, "-o", "json", "--address", address)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(r.stdout))
	if err != nil || td.SpanCount() != 4 {
		t.Errorf("%v: %s", err, r.stdout)
	}
	r = run(t, "query", "traces", "-o", "json", "--address", address)
	var found struct {
		Traces []struct {
			TraceID      string
			Spans        int
			MatchedSpans int
		}
		Partial *string
	}
	if err := jsontext.Unmarshal([]byte(r.stdout), &found); err != nil || len(found.Traces) != 2 || found.Traces[0].TraceID != brokenTrace ||
		found.Traces[1].Spans != 4 || found.Traces[1].MatchedSpans != 4 || found.Partial != nil {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

func TestQueryFindsNothing(t *testing.T) {
	address := serveTraces(t)
	for _, c := range []struct {
		args           []string
		stdout, stderr string
	}{
		{[]string{"traces", `{ name = "nobody" }`}, "", "no trace matches in everything that is stored"},
		{[]string{"traces", "--from", "2026-08-02", "--to", "2026-08-03"}, "", "no trace matches from 2026-08-02 to 2026-08-03: search a longer time"},
		{[]string{"traces", "--to", "2026-08-01", "-o", "json"}, "{\n  \"traces\": []\n}\n", "no trace matches before 2026-08-01"},
		{[]string{"trace", "7"}, "", "trace 00000000000000000000000000000007 is not stored"},
	} {
		r := run(t, append([]string{"query"}, append(c.args, "--address", address)...)...)
		if r.code != 3 || r.stdout != c.stdout || !strings.Contains(r.stderr, c.stderr) {
			t.Errorf("%q: exit code %d: %q %q", c.args, r.code, r.stdout, r.stderr)
		}
	}
}

func TestQuerySyntaxErrorHasACaret(t *testing.T) {
	r := run(t, "query", "traces", "{ status = error }\n&& { nmae = `x` }", "--address", serveTraces(t))
	want := "\n  && { nmae = `x` }\n       ^\n"
	if r.code != 2 || r.stdout != "" || !strings.HasPrefix(r.stderr, "heddle: the query is wrong: ") || !strings.Contains(r.stderr, want) {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	r = run(t, "query", "traces", "{ } | rate()", "--address", serveTraces(t))
	if r.code != 2 || !strings.Contains(r.stderr, "the query computes metrics") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

// TestQueryErrors asks servers that do not answer as they should.
func TestQueryErrors(t *testing.T) {
	answers := func(code int, contentType, body string, headers ...string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	notPEM := writeFile(t, filepath.Join(t.TempDir(), "ca.pem"), "hello")
	const json, proto = "application/json", "application/protobuf"
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"traces", "--address", gone.URL}, 1, "is not reachable: "},
		{[]string{"traces", "--address", gone.URL}, 1, "HEDDLE_ADDRESS"},
		{[]string{"traces", "--address", silent.URL, "--timeout", "10ms"}, 1, "did not answer within 10ms"},
		{[]string{"traces", "--address", serveTraces(t) + "/base"}, 1, "as if it were no heddle"},
		{[]string{"trace", "1", "--address", serveTraces(t) + "/base"}, 1, "as if it were no heddle"},
		{[]string{"trace", "1", "--address", answers(404, "text/plain", "404 page not found")}, 1, "as if it were no heddle"},
		{[]string{"traces", "--address", answers(503, "text/plain", "too many\x1b queries")}, 1, "cannot answer now (503): too many\uFFFD queries"},
		{[]string{"traces", "--address", answers(504, "text/plain", "late")}, 1, "ask for a shorter time"},
		{[]string{"traces", "--address", answers(401, "text/html", "<html>")}, 1, "(401): Unauthorized; give them with --token-file"},
		{[]string{"traces", "--address", answers(500, "text/plain", "oops")}, 1, "answers 500: oops"},
		{[]string{"traces", "--address", answers(302, "text/plain", "", "Location", "https://login.example/")}, 1, "redirects to https://login.example/"},
		{[]string{"traces", "--address", answers(200, json, "[")}, 1, "cannot be read"},
		{[]string{"traces", "--address", answers(200, json, `{"traces":[{"traceID":"x"}]}`)}, 1, "cannot be read"},
		{[]string{"traces", "--address", answers(200, json, `{"traces":[{"traceID":"1","startTimeUnixNano":"x"}]}`)}, 1, "cannot be read"},
		{[]string{"trace", "1", "--address", answers(200, proto, "\x0a\xff")}, 1, "cannot be read"},
		{[]string{"trace", "1", "--address", answers(200, proto, "\x12\xff")}, 1, "cannot be read"},
		{[]string{"trace", "1", "--address", answers(200, proto, "\xff")}, 1, "cannot be read"},
		{[]string{"traces", "--ca-file", notPEM}, 1, "must be PEM"},
		{[]string{"traces", "--ca-file", notPEM + "x"}, 1, "--ca-file: "},
		{[]string{"traces", "--token-file", notPEM + "x"}, 1, "--token-file: "},
		{nil, 2, "give traces or trace"},
		{[]string{"spans"}, 2, `there is no command "spans"`},
		{[]string{"traces", "{", "}"}, 2, "single quotes"},
		{[]string{"trace"}, 2, "give one trace id"},
		{[]string{"trace", "checkout"}, 2, "32 hexadecimal digits"},
		{[]string{"trace", "0"}, 2, "no trace id"},
		{[]string{"trace", "1", "-o", "table"}, 2, "choose tree or json"},
		{[]string{"traces", "-o", "text"}, 2, "choose table or json"},
		{[]string{"traces", "--limit", "0"}, 2, "must be positive"},
		{[]string{"traces", "--from", "yesterday"}, 2, "write a time as in"},
		{[]string{"traces", "--to", "1960-01-01"}, 2, "before 1970"},
		{[]string{"traces", "--address", "ftp://x"}, 2, "no address of a server"},
		{[]string{"traces", "--address", ""}, 2, "no address of a server"},
		{[]string{"traces", "--address", "ftp://me:secret@x"}, 2, "no address of a server"},
		{[]string{"traces", "--address", strings.Replace(gone.URL, "://", "://me:secret@", 1)}, 1, "is not reachable"},
		{[]string{"traces", "--timeout", "0s"}, 2, "must be positive"},
		{[]string{"traces", "--header", "secret"}, 2, "'Name: value'"},
	} {
		r := run(t, append([]string{"query"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) || r.stdout != "" || strings.Contains(r.stderr, "secret") {
			t.Errorf("%q: exit code %d: %q%q, want %q", c.args, r.code, r.stdout, r.stderr, c.want)
		}
	}
}

func TestQueryTellsOfPartialAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"traces":[{"traceID":"1"}],"status":"PARTIAL","message":"the time was over"}`))
	}))
	t.Cleanup(server.Close)
	r := run(t, "query", "traces", "--address", server.URL)
	if r.code != 0 || !strings.Contains(r.stdout, "00000000000000000000000000000001\n") || !strings.Contains(r.stdout, "\n1970-01-01T00:00:00.000Z ") || r.stderr != "note: the answer is not complete: the time was over\n" {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	r = run(t, "query", "traces", "--address", server.URL, "-o", "json")
	if r.code != 0 || !strings.Contains(r.stdout, `"partial": "the time was over"`) {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// TestQueryWithCredentials asks over TLS, with a token, and with the address in
// the environment.
func TestQueryWithCredentials(t *testing.T) {
	h := tempoHandler(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer abc" || r.Header.Get("X-Scope") != "a: b" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	ca := writeFile(t, filepath.Join(dir, "ca.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	token := writeFile(t, filepath.Join(dir, "token"), "abc\n")
	cmd := heddleCommand(t, "query", "traces", "--ca-file", ca, "--token-file", token, "--header", "X-Scope: a: b")
	cmd.Env = append(cmd.Env, "HEDDLE_ADDRESS="+server.URL)
	if r := runCommand(t, cmd); r.code != 0 || !strings.Contains(r.stdout, wholeTrace) {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := run(t, "query", "traces", "--address", server.URL); r.code != 1 || !strings.Contains(r.stderr, "--ca-file") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

// TestQueryARunningHeddle sends to a whole heddle and asks it.
func TestQueryARunningHeddle(t *testing.T) {
	s := newServer(t).start()
	body, err := (&ptrace.JSONMarshaler{}).MarshalTraces(tracesToAsk())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://"+s.otlpHTTP+"/v1/traces", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want, err := os.ReadFile("testdata/query/traces.txt")
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, "query", "traces", "--address", s.query); r.stdout != string(want) {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := run(t, "query", "trace", wholeTrace, "--address", s.query); r.code != 0 || !strings.Contains(r.stdout, "ERROR: card declined") {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	s.wantMetric(`heddle_queries_total{api="tempo",outcome="ok"}`, "2")
}
