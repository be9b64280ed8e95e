package jaeger

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// The types below decode as strictly as Grafana's Jaeger data source and
// Kiali's HTTP client do: 64-bit integers, no null lists of spans.
type (
	tracesReply struct {
		Data   []uiTrace `json:"data"`
		Total  int       `json:"total"`
		Limit  int       `json:"limit"`
		Offset int       `json:"offset"`
		Errors []uiError `json:"errors"`
	}
	uiError struct {
		Code    int    `json:"code"`
		Msg     string `json:"msg"`
		TraceID string `json:"traceID"`
	}
	uiTrace struct {
		TraceID   string               `json:"traceID"`
		Spans     []uiSpan             `json:"spans"`
		Processes map[string]uiProcess `json:"processes"`
		Warnings  []string             `json:"warnings"`
	}
	uiSpan struct {
		TraceID       string        `json:"traceID"`
		SpanID        string        `json:"spanID"`
		Flags         int           `json:"flags"`
		OperationName string        `json:"operationName"`
		References    []uiReference `json:"references"`
		StartTime     int64         `json:"startTime"`
		Duration      int64         `json:"duration"`
		Tags          []uiTag       `json:"tags"`
		Logs          []uiLog       `json:"logs"`
		ProcessID     string        `json:"processID"`
		Warnings      []string      `json:"warnings"`
	}
	uiReference struct {
		RefType string `json:"refType"`
		TraceID string `json:"traceID"`
		SpanID  string `json:"spanID"`
	}
	uiTag struct {
		Key   string `json:"key"`
		Type  string `json:"type"`
		Value any    `json:"value"`
	}
	uiLog struct {
		Timestamp int64   `json:"timestamp"`
		Fields    []uiTag `json:"fields"`
	}
	uiProcess struct {
		ServiceName string  `json:"serviceName"`
		Tags        []uiTag `json:"tags"`
	}
)

// decode fails on a field that the strict types do not know.
func decode(t *testing.T, body []byte) tracesReply {
	t.Helper()
	var reply tracesReply
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&reply); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if bytes.Contains(body, []byte(`"data":null`)) || bytes.Contains(body, []byte(`"spans":null`)) ||
		bytes.Contains(body, []byte(`"tags":null`)) || bytes.Contains(body, []byte(`"logs":null`)) || bytes.Contains(body, []byte(`"references":null`)) {
		t.Fatalf("a list is null in %s", body)
	}
	return reply
}

// Grafana: health check, service and operation lists, a search with its
// parameters, a trace with its window.
func TestGrafana(t *testing.T) {
	h := newTestHandler(memoryOf(shop()))
	for _, target := range []string{"/api/services", "/api/services/frontend/operations"} {
		var names struct{ Data []string }
		if err := json.Unmarshal(get(h, target).Body.Bytes(), &names); err != nil || len(names.Data) == 0 {
			t.Errorf("%s: %v, %v", target, names, err)
		}
	}
	q := url.Values{
		"service": {"cart"}, "operation": {"cart.Get"}, "start": {"1715947200000000"}, "end": {"1715947260000000"},
		"limit": {"20"}, "minDuration": {"1ms"}, "maxDuration": {"1s"}, "tags": {`{"cached":"true","otel.status_code":"OK"}`},
	}
	found := decode(t, get(h, "/api/traces?"+q.Encode()).Body.Bytes())
	if len(found.Data) != 1 || len(found.Data[0].Spans) != 4 {
		t.Fatalf("found %+v", found)
	}
	one := decode(t, get(h, "/api/traces/"+found.Data[0].TraceID+"?start=1715947200000000&end=1715947260000000").Body.Bytes())
	for _, s := range one.Data[0].Spans {
		if _, ok := one.Data[0].Processes[s.ProcessID]; !ok {
			t.Errorf("span %s has no process %s", s.SpanID, s.ProcessID)
		}
	}
}

// Kiali: tags as JSON with the cluster id, durations in µs, times in µs.
func TestKiali(t *testing.T) {
	h := newTestHandler(memoryOf(shop()))
	q := url.Values{
		"service": {"cart"}, "start": {"1715947200000000"}, "end": {"1715947500000000"},
		"tags": {`{"istio.cluster_id":"mesh-1"}`}, "minDuration": {"2000us"}, "limit": {"100"},
	}
	if found := decode(t, get(h, "/api/traces?"+q.Encode()).Body.Bytes()); len(found.Data) != 1 {
		t.Errorf("found %+v", found)
	}
	q.Set("tags", `{"istio.cluster_id":"other"}`)
	if w := get(h, "/api/traces?"+q.Encode()); w.Body.String() != `{"data":[],"total":0,"limit":0,"offset":0,"errors":null}` {
		t.Errorf("of another cluster: %s", w.Body)
	}
}

// The server mounts the handler at the root and under a prefix, which only
// http.StripPrefix sees.
func TestPrefixAndEscapes(t *testing.T) {
	td := shop()
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "a/b c+d")
	h := newTestHandler(memoryOf(td))
	mux := http.NewServeMux()
	mux.Handle("/api/", h)
	mux.Handle("/jaeger/", http.StripPrefix("/jaeger", h))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, path := range []string{
		"/api/services/a%2Fb%20c%2Bd/operations", "/jaeger/api/services/a%2Fb+c%2Bd/operations", "/jaeger/api/traces?service=a%2Fb+c%2Bd",
		"/jaeger/api/traces/AAAAAAAAAAEAAAAAAAAAAQ%3D%3D",
	} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct{ Data []any }
		err = json.NewDecoder(resp.Body).Decode(&reply)
		resp.Body.Close()
		if err != nil || len(reply.Data) == 0 {
			t.Errorf("%s: %d %v %v", path, resp.StatusCode, reply, err)
		}
	}
}

func TestPrettyPrint(t *testing.T) {
	h := newTestHandler(memoryOf(shop()))
	for target, want := range map[string]bool{
		"/api/services?prettyPrint=true": true, "/api/services?prettyPrint=1": true,
		"/api/services?prettyPrint=false": false, "/api/services?prettyPrint=": false,
		"/api/metrics/calls?service=cart&prettyPrint=yes": true,
	} {
		w := get(h, target)
		if got := bytes.HasPrefix(w.Body.Bytes(), []byte("{\n    \"")); got != want || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %s", target, w.Body)
		}
	}
}
