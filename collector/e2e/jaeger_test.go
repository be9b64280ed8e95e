package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
)

// jaegerTrace is a trace in Jaeger's JSON.
type jaegerTrace struct {
	TraceID   string                   `json:"traceID"`
	Spans     []jaegerSpan             `json:"spans"`
	Processes map[string]jaegerProcess `json:"processes"`
	Warnings  []string                 `json:"warnings"`
}

type jaegerSpan struct {
	TraceID       string            `json:"traceID"`
	SpanID        string            `json:"spanID"`
	Flags         int               `json:"flags"`
	OperationName string            `json:"operationName"`
	References    []jaegerReference `json:"references"`
	StartTime     int64             `json:"startTime"`
	Duration      int64             `json:"duration"`
	Tags          []jaegerTag       `json:"tags"`
	Logs          []jaegerLog       `json:"logs"`
	ProcessID     string            `json:"processID"`
	Warnings      []string          `json:"warnings"`
}

type jaegerProcess struct {
	ServiceName string      `json:"serviceName"`
	Tags        []jaegerTag `json:"tags"`
}

type jaegerReference struct {
	RefType string `json:"refType"`
	TraceID string `json:"traceID"`
	SpanID  string `json:"spanID"`
}

type jaegerLog struct {
	Timestamp int64       `json:"timestamp"`
	Fields    []jaegerTag `json:"fields"`
}

type jaegerTag struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// envelope is what every answer of the Jaeger API is in.
type envelope struct {
	Data   json.RawMessage `json:"data"`
	Total  int             `json:"total"`
	Errors []struct {
		Code    int    `json:"code"`
		Msg     string `json:"msg"`
		TraceID string `json:"traceID"`
	} `json:"errors"`
}

// jaegerData asks a path of the Jaeger API and decodes its data.
func (s *server) jaegerData(t *testing.T, path string, into any) {
	t.Helper()
	var e envelope
	s.getJSON(t, path, &e)
	if len(e.Errors) > 0 {
		t.Fatalf("GET %s: %v", path, e.Errors)
	}
	decodeJSON(t, "data of "+path, e.Data, into)
}

func (s *server) jaegerTrace(t *testing.T, traceID string) jaegerTrace {
	t.Helper()
	var traces []jaegerTrace
	s.jaegerData(t, "/api/traces/"+traceID, &traces)
	if len(traces) != 1 {
		t.Fatalf("trace %s: %d traces", traceID, len(traces))
	}
	return traces[0]
}

// searchJaeger searches with parameters in the order name, value, name, …
func (s *server) searchJaeger(t *testing.T, params ...any) (traces []jaegerTrace) {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Add(params[i].(string), fmt.Sprint(params[i+1]))
	}
	s.jaegerData(t, "/api/traces?"+q.Encode(), &traces)
	return traces
}

// service is the service of a span of the trace.
func (j jaegerTrace) service(sp jaegerSpan) string { return j.Processes[sp.ProcessID].ServiceName }

// tag returns the value under a key, nil when there is none.
func (sp jaegerSpan) tag(key string) any {
	for _, tag := range sp.Tags {
		if tag.Key == key {
			return tag.Value
		}
	}
	return nil
}

// parent returns the id that the span is a child of, "" for a root.
func (sp jaegerSpan) parent() string {
	for _, r := range sp.References {
		if r.RefType == "CHILD_OF" && r.TraceID == sp.TraceID {
			return r.SpanID
		}
	}
	return ""
}
