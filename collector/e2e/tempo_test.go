package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

// tempoTraces is a search result in Tempo's JSON.
type tempoTraces struct {
	Traces []struct {
		TraceID           string `json:"traceID"`
		RootServiceName   string `json:"rootServiceName"`
		RootTraceName     string `json:"rootTraceName"`
		StartTimeUnixNano string `json:"startTimeUnixNano"`
		SpanSets          []struct {
			Spans   []struct{ SpanID string } `json:"spans"`
			Matched int                       `json:"matched"`
		} `json:"spanSets"`
		ServiceStats map[string]struct{ SpanCount, ErrorCount int } `json:"serviceStats"`
	} `json:"traces"`
}

// TestTempoClients asks for the shop as Grafana does, over HTTP and gRPC on one
// port, and compares what it hears with the other APIs.
func TestTempoClients(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if text, code := run(t, t.TempDir(), "demo", "--endpoint", s.otlpGRPC, "--for", "1s", "--rate", "20", "--history", "5m", "--seed", "3"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	for path, want := range map[string]string{"/tempo/ready": "ready\n", "/tempo/api/echo": "echo"} {
		if res := s.get(t, path); res.code != http.StatusOK || string(res.body) != want {
			t.Errorf("%s: %d %s", path, res.code, res.body)
		}
	}
	t.Run("search", func(t *testing.T) { expectTempoSearch(t, s) })
	t.Run("filtered trace", func(t *testing.T) { expectTempoFilteredTrace(t, s) })
	t.Run("metrics", func(t *testing.T) { expectTempoMetrics(t, s) })
	t.Run("tags", func(t *testing.T) { expectTempoTags(t, s) })
}

// expectTempoSearch demands that the list says of traces what Jaeger's API
// shows of them, and that gRPC streams the same list.
func expectTempoSearch(t *testing.T, s *server) {
	t.Helper()
	const query = `{ status = error }`
	var found tempoTraces
	s.getJSON(t, "/tempo/api/search?limit=25&q="+url.QueryEscape(query), &found)
	if len(found.Traces) != 25 {
		t.Fatalf("%d traces", len(found.Traces))
	}
	var ids []string
	for _, x := range found.Traces {
		ids = append(ids, x.TraceID)
		spans := 0
		for _, n := range x.ServiceStats {
			spans += n.SpanCount
		}
		shown := s.jaegerTrace(t, strings.Repeat("0", 32-len(x.TraceID))+x.TraceID)
		first := slices.MinFunc(shown.Spans, func(a, b jaegerSpan) int { return int(a.StartTime - b.StartTime) })
		if spans != len(shown.Spans) || x.StartTimeUnixNano[:len(x.StartTimeUnixNano)-3] != fmt.Sprint(first.StartTime) {
			t.Errorf("trace %s: the list has %d spans from %s on, Jaeger's API %d from %d", x.TraceID, spans, x.StartTimeUnixNano, len(shown.Spans), first.StartTime)
		}
		if len(x.SpanSets) == 0 || x.SpanSets[0].Matched < len(x.SpanSets[0].Spans) || len(x.SpanSets[0].Spans) == 0 {
			t.Errorf("trace %s: spansets %v", x.TraceID, x.SpanSets)
		}
		var detail struct {
			Batches []struct {
				ScopeSpans []struct{ Spans []struct{ SpanID string } } `json:"scopeSpans"`
			} `json:"batches"`
		}
		s.getJSON(t, "/tempo/api/traces/"+x.TraceID, &detail)
		for _, b := range detail.Batches {
			for _, ss := range b.ScopeSpans {
				spans -= len(ss.Spans)
			}
		}
		if spans != 0 {
			t.Errorf("trace %s: the list has %d more spans than the trace", x.TraceID, spans)
		}
	}

	conn, err := grpc.NewClient(s.query, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := tempopb.NewStreamingQuerierClient(conn).Search(t.Context(), &tempopb.SearchRequest{Query: query, Limit: 25})
	if err != nil {
		t.Fatal(err)
	}
	var streamed []string
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range m.Traces {
			streamed = append(streamed, x.TraceID)
		}
	}
	if !slices.Equal(streamed, ids) {
		t.Errorf("over gRPC %v\nover HTTP %v", streamed, ids)
	}
}

// expectTempoFilteredTrace demands that a part of a trace is the spans that the
// list counts, and with the way to them no more than the trace.
func expectTempoFilteredTrace(t *testing.T, s *server) {
	t.Helper()
	const query = `{ status = error }`
	var found tempoTraces
	s.getJSON(t, "/tempo/api/search?limit=5&q="+url.QueryEscape(query), &found)
	if len(found.Traces) == 0 {
		t.Fatal("no trace")
	}
	for _, x := range found.Traces {
		count := func(params string) (spans int) {
			var answer struct {
				Trace struct {
					ResourceSpans []struct {
						ScopeSpans []struct{ Spans []struct{ SpanID string } } `json:"scopeSpans"`
					} `json:"resourceSpans"`
				} `json:"trace"`
			}
			s.getJSON(t, "/tempo/api/v2/traces/"+x.TraceID+params, &answer)
			for _, rs := range answer.Trace.ResourceSpans {
				for _, ss := range rs.ScopeSpans {
					spans += len(ss.Spans)
				}
			}
			return spans
		}
		q := "?q=" + url.QueryEscape(query)
		failed, around, all := count(q+"&keep_hierarchy=false"), count(q+"&match_depth=1"), count("?keep_hierarchy=true")
		if failed != x.SpanSets[0].Matched || around < failed || around > all || count(q+"&match_depth=-1&ancestor_depth=0") < failed {
			t.Errorf("trace %s: %d of %d spans are selected, %d with what is around them; the list counts %d", x.TraceID, failed, all, around, x.SpanSets[0].Matched)
		}
	}
	if res := s.get(t, "/tempo/api/v2/traces/"+found.Traces[0].TraceID+"?q=%7B%7D&matchDepth=1"); res.code != http.StatusBadRequest || !strings.Contains(string(res.body), "unknown parameter matchDepth") {
		t.Errorf("%d %s", res.code, res.body)
	}
	for _, c := range []struct{ bytes, code int }{{120 << 10, http.StatusOK}, {130 << 10, http.StatusBadRequest}} {
		long := "{ .a = \"" + strings.Repeat("ä", c.bytes/2) + "\" }"
		if res := s.get(t, "/tempo/api/search?q="+url.QueryEscape(long)); res.code != c.code {
			t.Errorf("a query of %d bytes: %d %.200s", len(long), res.code, res.body)
		}
	}
	// What takes more than a query may take is refused before it takes it.
	bomb := "{ .a =~ `" + strings.Repeat("(?:abcdefghij){1000}", 80) + "` }"
	if res := s.get(t, "/tempo/api/search?q="+url.QueryEscape(bomb)); res.code != http.StatusBadRequest || !strings.Contains(string(res.body), "repeat less") {
		t.Errorf("%d %s", res.code, res.body)
	}
}

// expectTempoMetrics demands that all spans are counted.
func expectTempoMetrics(t *testing.T, s *server) {
	t.Helper()
	var counted struct {
		Series []struct {
			Samples []struct{ Value float64 }
		}
	}
	end := time.Now().Add(time.Minute).Unix()
	s.getJSON(t, fmt.Sprintf("/tempo/api/metrics/query_range?start=%d&end=%d&step=1m&q=%s", end-3600, end, url.QueryEscape("{ } | count_over_time() by(resource.service.name)")), &counted)
	sum := 0.0
	for _, series := range counted.Series {
		for _, x := range series.Samples {
			sum += x.Value
		}
	}
	if got := s.status(t).Spans; fmt.Sprint(got) != fmt.Sprint(int64(sum)) || sum == 0 {
		t.Errorf("%v spans are counted, %v are held", sum, got)
	}

	// Streamed in as many messages as it takes, every point comes once.
	conn, err := grpc.NewClient(s.query, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := tempopb.NewStreamingQuerierClient(conn).MetricsQueryRange(t.Context(), &tempopb.QueryRangeRequest{
		Query: "({ } && { }) | count_over_time() by(resource.service.name)", // which reads whole traces
		Start: uint64(end-3600) * 1e9, End: uint64(end) * 1e9, Step: 6e10,
	})
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]bool{}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, series := range m.Series {
			for _, x := range series.Samples {
				point := fmt.Sprint(series.Labels[0].Value, x.TimestampMs)
				if points[point] {
					t.Errorf("point %s comes twice", point)
				}
				points[point] = true
				sum -= x.GetValue()
			}
		}
	}
	if sum != 0 {
		t.Errorf("%v spans are missing from the stream", sum)
	}
}

// expectTempoTags demands the services that Jaeger's API knows.
func expectTempoTags(t *testing.T, s *server) {
	t.Helper()
	var services []string
	s.jaegerData(t, "/api/services", &services)
	var names struct {
		TagValues []struct{ Type, Value string }
	}
	s.getJSON(t, "/tempo/api/v2/search/tag/resource.service%252Ename/values", &names)
	var values []string
	for _, v := range names.TagValues {
		values = append(values, v.Value)
	}
	slices.Sort(values)
	if !slices.Equal(values, services) {
		t.Errorf("values of resource.service.name: %v\nservices: %v", values, services)
	}
}
