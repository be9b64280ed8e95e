package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// call is a trace of a request from frontend to backend that failed there.
type call struct {
	id       string // of the trace
	start    time.Time
	front    string // span ids: the frontend's server and client span,
	out, in  string // and the backend's server span
	services []string
}

// sendCall stores a call that begins at a time. Services are those of a test,
// so that searches find nothing of another.
func sendCall(t *testing.T, s *server, name string, start time.Time) call {
	t.Helper()
	c := call{start: start, services: []string{name + "-backend", name + "-frontend"}}
	server, client, backend := goodSpan(), goodSpan(), goodSpan()
	client.traceID, backend.traceID = server.traceID, server.traceID
	client.parent, backend.parent = server.spanID, client.spanID
	from := uint64(start.UnixNano())
	set := func(w *wireSpan, name string, kind, delay, length uint64, attributes ...[2]string) {
		w.name, w.kind, w.start, w.end, w.attributes = name, kind, from+delay, from+delay+length, attributes
	}
	const ms = 1_000_000
	set(&server, "GET /cart", 2, 0, 50*ms, [2]string{"http.status_code", "500"}, [2]string{"istio.cluster_id", "east"})
	set(&client, "call backend", 3, 5*ms, 40*ms, [2]string{"istio.cluster_id", "east"})
	set(&backend, "GetCart", 2, 10*ms, 30*ms, [2]string{"error", "true"}, [2]string{"user", "ada lovelace"}, [2]string{"istio.cluster_id", "west"})
	send := exports(s)["HTTP"]
	expectTaken(t, send(t, exportRequest(name+"-frontend", server, client)).PartialSuccess().RejectedSpans())
	expectTaken(t, send(t, exportRequest(name+"-backend", backend)).PartialSuccess().RejectedSpans())
	c.id = fmt.Sprintf("%x", server.traceID)
	c.front, c.out, c.in = fmt.Sprintf("%x", server.spanID), fmt.Sprintf("%x", client.spanID), fmt.Sprintf("%x", backend.spanID)
	return c
}

// TestJaegerClients asks as Grafana and Kiali ask, at the root and below
// /jaeger, where both expect a Jaeger.
func TestJaegerClients(t *testing.T) {
	t.Parallel()
	for where, prefix := range map[string]string{"root": "", "jaeger": "/jaeger"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			c := sendCall(t, s, unique("clients-"+where), time.Now().Add(-time.Minute))
			front, back := c.services[1], c.services[0]
			micro := func(d time.Duration) string { return fmt.Sprint(c.start.Add(d).UnixMicro()) }
			window := "&start=" + micro(-time.Minute) + "&end=" + micro(time.Minute)
			tags := func(text string) string { return "&tags=" + url.QueryEscape(text) }

			for what, q := range map[string]struct {
				query string
				found bool
			}{
				"Grafana, all of a service":  {"service=" + front + "&operation=&limit=20&minDuration=&maxDuration=" + window, true},
				"Grafana, operation":         {"service=" + back + "&operation=GetCart&limit=20" + window, true},
				"Grafana, tags in logfmt":    {"service=" + back + "&limit=20" + tags(`{"error":"true","user":"ada lovelace"}`) + window, true},
				"Grafana, duration":          {"service=" + front + "&minDuration=49ms&maxDuration=51ms&limit=20" + window, true},
				"Grafana, too long":          {"service=" + front + "&minDuration=51ms&limit=20" + window, false},
				"Grafana, another operation": {"service=" + front + "&operation=GetCart&limit=20" + window, false},
				"Grafana, another time":      {"service=" + front + "&start=" + micro(time.Second) + "&end=" + micro(time.Minute), false},
				"Kiali, cluster":             {"service=" + front + tags(`{"istio.cluster_id":"east"}`) + "&minDuration=1500us&limit=100" + window, true},
				"Kiali, another cluster":     {"service=" + front + tags(`{"istio.cluster_id":"west"}`) + "&limit=100" + window, false},
				"Kiali, errors":              {"service=" + back + tags(`{"error":"true","istio.cluster_id":"west"}`) + "&limit=100" + window, true},
				"Kiali, error of the caller": {"service=" + front + tags(`{"error":"true"}`) + "&limit=100" + window, false},
				"one tag twice given":        {"service=" + front + "&tag=http.status_code:500&tag=istio.cluster_id:east&lookback=1h&limit=1", true},
				"nobody":                     {"service=nobody-at-all&limit=20" + window, false},
			} {
				var traces []jaegerTrace
				s.jaegerData(t, prefix+"/api/traces?"+q.query, &traces)
				got := slices.ContainsFunc(traces, func(j jaegerTrace) bool { return j.TraceID == c.id })
				if got != q.found || len(traces) > 1 {
					t.Errorf("%s: found %v among %d traces, want %v", what, got, len(traces), q.found)
				}
			}
			expectCallLists(t, s, prefix, c)
			expectCallByID(t, s, prefix, c)
			expectJaegerErrors(t, s, prefix)
		})
	}
}

func expectCallLists(t *testing.T, s *server, prefix string, c call) {
	t.Helper()
	var services, names []string
	s.jaegerData(t, prefix+"/api/services", &services)
	for _, service := range c.services {
		if !slices.Contains(services, service) {
			t.Errorf("%s is not among the services %v", service, services)
		}
	}
	s.jaegerData(t, prefix+"/api/services/"+c.services[1]+"/operations", &names)
	same(t, "operations by path", names, []string{"GET /cart", "call backend"})
	var operations []struct {
		Name     string `json:"name"`
		SpanKind string `json:"spanKind"`
	}
	s.jaegerData(t, prefix+"/api/operations?service="+c.services[1]+"&spanKind=client", &operations)
	if len(operations) != 1 || operations[0].Name != "call backend" || operations[0].SpanKind != "client" {
		t.Errorf("operations by parameter: %+v", operations)
	}
	var edges []struct {
		Parent, Child string
		CallCount     int
	}
	end := time.Now().UnixMilli()
	s.jaegerData(t, fmt.Sprintf("%s/api/dependencies?endTs=%d&lookback=3600000&service=%s", prefix, end, c.services[0]), &edges)
	if len(edges) != 1 || edges[0].Parent != c.services[1] || edges[0].Child != c.services[0] || edges[0].CallCount != 1 {
		t.Errorf("dependencies: %+v", edges)
	}
	var family struct {
		Name    string `json:"name"`
		Type    string `json:"type"`
		Metrics []any  `json:"metrics"`
	}
	for metric, name := range map[string]string{"calls": "service_call_rate", "errors": "service_error_rate", "latencies": "service_latencies"} {
		s.getJSON(t, fmt.Sprintf("%s/api/metrics/%s?service=%s&quantile=0.95&endTs=%d&lookback=3600000&step=60000&ratePer=600000&spanKind=server", prefix, metric, c.services[0], end), &family)
		if family.Name != name || family.Type != "GAUGE" || len(family.Metrics) == 0 {
			t.Errorf("metrics %s: %+v", metric, family)
		}
	}
}

func expectCallByID(t *testing.T, s *server, prefix string, c call) {
	t.Helper()
	for _, path := range []string{"/api/traces/" + c.id, "/api/traces/" + strings.TrimLeft(c.id, "0"), "/api/traces/" + strings.ToUpper(c.id), "/api/traces?traceID=" + c.id} {
		var traces []jaegerTrace
		s.jaegerData(t, prefix+path, &traces)
		if len(traces) != 1 || len(traces[0].Spans) != 3 {
			t.Errorf("%s: %+v", path, traces)
			continue
		}
		parents := map[string]string{}
		for _, sp := range traces[0].Spans {
			parents[sp.SpanID] = sp.parent()
		}
		same(t, "parents", parents, map[string]string{c.front: "", c.out: c.front, c.in: c.out})
	}
}

// expectJaegerErrors demands the envelope with the status that clients go by.
func expectJaegerErrors(t *testing.T, s *server, prefix string) {
	t.Helper()
	for path, code := range map[string]int{
		"/api/traces/" + newTraceID().String():  http.StatusNotFound,
		"/api/traces/no-hex-and-no-base64!":     http.StatusBadRequest,
		"/api/traces?service=a&limit=-1":        http.StatusBadRequest,
		"/api/traces?service=a&limit=many":      http.StatusBadRequest,
		"/api/traces?service=a&start=yesterday": http.StatusBadRequest,
		"/api/traces?service=a&minDuration=1":   http.StatusBadRequest,
		"/api/traces?service=a&tags=%7Bno":      http.StatusBadRequest,
		"/api/traces?service=a&tag=nocolon":     http.StatusBadRequest,
		"/api/operations":                       http.StatusBadRequest,
		"/api/dependencies?endTs=never":         http.StatusBadRequest,
		"/api/metrics/latencies?service=a":      http.StatusBadRequest,
		"/api/no/such/path":                     http.StatusNotFound,
	} {
		res := s.get(t, prefix+path)
		if res.code != code {
			t.Errorf("%s: status %d, want %d", path, res.code, code)
			continue
		}
		var e envelope
		if err := json.Unmarshal(res.body, &e); err != nil || len(e.Errors) != 1 || e.Errors[0].Code != code || e.Errors[0].Msg == "" {
			t.Errorf("%s: no envelope with one error: %.300s", path, res.body)
		}
	}
}
