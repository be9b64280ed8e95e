package tempo

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// decode reads an answer as strictly as Grafana's back end: fields that it
// does not know fail.
func decode[M any, P interface {
	*M
	proto.Message
}](t *testing.T, h http.Handler, target string) P {
	t.Helper()
	w := get(h, target, "Accept", "application/json")
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	m := P(new(M))
	if err := protojson.Unmarshal(w.Body.Bytes(), m); err != nil {
		t.Fatalf("%s: %v\n%s", target, err, w.Body)
	}
	return m
}

// labelsText is a series' labels as text, for tests.
func labelsText(labels []*tempopb.KeyValue) string {
	var texts []string
	for _, l := range labels {
		text := protojson.Format(l.Value)
		for _, cut := range []string{" ", "\n"} {
			text = strings.ReplaceAll(text, cut, "")
		}
		_, text, _ = strings.Cut(strings.TrimSuffix(text, "}"), ":")
		texts = append(texts, l.Key+"="+text)
	}
	return strings.Join(texts, ",")
}

// Everything that Traces Drilldown asks, as it asks it.
func TestTracesDrilldown(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		window := []string{"start", seconds(0), "end", seconds(4 * time.Minute), "step", "60s"}
		series := func(q string, pairs ...string) []string {
			t.Helper()
			m := decode[tempopb.QueryRangeResponse](t, h, "/api/metrics/query_range"+values(slices.Concat(window, []string{"q", q}, pairs)...))
			var texts []string
			for _, s := range m.Series {
				text := labelsText(s.Labels)
				for _, x := range s.Samples {
					if x.GetValue() != 0 {
						text += fmt.Sprintf(" %d:%.3g", x.TimestampMs-day.UnixMilli(), x.GetValue())
					}
				}
				texts = append(texts, text)
			}
			return texts
		}
		equal := func(q string, want ...string) {
			t.Helper()
			if got := series(q); !slices.Equal(got, want) {
				t.Errorf("%s: %s\n got %q\nwant %q", name, q, got, want)
			}
		}
		equal(`{nestedSetParent<0 && true} | rate()`, `__name__="rate" 0:0.0167 60000:0.0167 120000:0.0167`)
		equal(`{nestedSetParent<0 && true && status = error} | rate()`, `__name__="rate" 60000:0.0167`)
		equal(`{nestedSetParent<0 && true} | rate() by(resource.service.name)`,
			`resource.service.name="frontend" 0:0.0167 60000:0.0167`, `resource.service.name="gateway" 120000:0.0167`)
		equal(`{nestedSetParent<0 && status=error} | quantile_over_time(duration, 0.9)`, `p=0.9 60000:0.3`)
		equal(`{nestedSetParent<0 && resource.service.name != nil} | quantile_over_time(duration, 0.9) by(resource.service.name)`,
			`resource.service.name="frontend",p=0.9 0:0.1 60000:0.3`, `resource.service.name="gateway",p=0.9 120000:0.08`)
		equal(`{nestedSetParent<0 && true} | histogram_over_time(duration) with(sample=true)`,
			`__bucket=0.134217728 0:1 120000:1`, `__bucket=0.536870912 60000:1`)
		equal(`{nestedSetParent<0 && true && kind=server} | rate() by(.http.method) with(sample=true)`,
			`.http.method="nil" 60000:0.0167 120000:0.0167`, `.http.method="GET" 0:0.0167`)

		compared := series(`{nestedSetParent<0 && true} | compare({status = error})`)
		for _, want := range []string{
			`__meta_type="baseline",resource.service.name="gateway" 120000:1`,
			`__meta_type="selection",resource.service.name="frontend" 60000:1`,
			`__meta_type="baseline_total",resource.service.name="nil" 0:1 120000:1`,
			`__meta_type="selection_total",resource.service.name="nil" 60000:1`,
		} {
			if !slices.Contains(compared, want) {
				t.Errorf("%s: compare: there is no %s in\n%s", name, want, strings.Join(compared, "\n"))
			}
		}
		series(`{nestedSetParent<0 && true} | compare({duration >= 50ms && duration <= 200ms}, 10)`)

		search := func(q string, pairs ...string) *tempopb.SearchResponse {
			t.Helper()
			return decode[tempopb.SearchResponse](t, h, "/api/search"+values(slices.Concat(window[:4], []string{"q", q, "limit", "200", "spss", "10"}, pairs)...))
		}
		if m := search(`{nestedSetParent<0 && true} | select(status, resource.service.name, name, nestedSetParent)`); len(m.Traces) != 3 {
			t.Errorf("%s: %d traces", name, len(m.Traces))
		}
		m := search(`({nestedSetParent<0 && true} &>> { status = error }) || ({nestedSetParent<0 && true}) | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)`)
		if len(m.Traces) != 3 {
			t.Fatalf("%s: %d traces", name, len(m.Traces))
		}
		got := map[string]string{}
		for _, s := range m.Traces[1].SpanSets[0].Spans {
			got[s.Name] = labelsText(s.Attributes)
		}
		for span, want := range map[string]string{
			"POST /pay": `status="error",service.name="frontend",name="POST/pay",nestedSetParent="-1",nestedSetLeft="1",nestedSetRight="4"`,
			"charge":    `status="error",service.name="payment",name="charge",nestedSetParent="1",nestedSetLeft="2",nestedSetRight="3"`,
		} {
			if got[span] != want {
				t.Errorf("%s: %s: %s, want %s", name, span, got[span], want)
			}
		}
		m = search(`{nestedSetParent<0 && true && status = error} | select(resource.service.name, event.exception.message, event.exception.stacktrace, event.exception.type) with(most_recent=true)`)
		if len(m.Traces) != 1 {
			t.Errorf("%s: %d traces", name, len(m.Traces))
		}
		m = search(`{true && status = error} | select(resource.service.name, event.exception.message, event.exception.stacktrace, event.exception.type) with(most_recent=true)`)
		if len(m.Traces) != 1 || len(m.Traces[0].SpanSet.Spans) != 2 {
			t.Fatalf("%s: %v", name, m)
		}
		if text := labelsText(m.Traces[0].SpanSet.Spans[1].Attributes); !strings.Contains(text, `exception.message="carddeclined"`) || !strings.Contains(text, `exception.type="CardError"`) {
			t.Errorf("%s: %s", name, text)
		}

		// Its filters complete tags and values; names are escaped twice.
		tags := decode[tempopb.SearchTagsV2Response](t, h, "/api/v2/search/tags"+values("limit", "5000", "start", seconds(0), "end", seconds(time.Hour)))
		if len(tags.Scopes) != 6 || tags.Scopes[0].Name != "resource" || tags.Scopes[5].Name != "intrinsic" {
			t.Errorf("%s: %v", name, tags)
		}
		twice := url.PathEscape(url.PathEscape("resource.service.name"))
		twice = strings.ReplaceAll(twice, ".", "%252E")
		for _, q := range []string{"", "{status = error}", "{ resource.cluster = && status = error }", "no query at all"} {
			found := decode[tempopb.SearchTagValuesV2Response](t, h, "/api/v2/search/tag/"+twice+"/values"+values("limit", "5000", "q", q))
			want := 5
			if strings.Contains(q, "error") {
				want = 2
			}
			if len(found.TagValues) != want || found.TagValues[0].Type != "string" {
				t.Errorf("%s: %q: %v", name, q, found)
			}
		}
	}
}

// Words are words, not numbers.
func TestKeywords(t *testing.T) {
	h := newTestHandler(inMemory(t))
	for target, want := range map[string]string{
		"/api/v2/search/tag/status/values":                                                              "keyword:error keyword:ok keyword:unset",
		"/api/v2/search/tag/span:status/values" + values("q", "{kind=client}"):                          "keyword:unset",
		"/api/v2/search/tag/kind/values" + values("q", "{status=error}"):                                "keyword:server",
		"/api/v2/search/tag/rootServiceName/values":                                                     "string:frontend string:gateway",
		"/api/v2/search/tag/rootServiceName/values" + values("q", `{name="charge" && rootServiceName=`): "string:frontend", // whose span is no root
		"/api/v2/search/tag/trace:rootName/values" + values("q", "{.http.status_code=500}"):             "string:POST /pay",
		"/api/v2/search/tag/duration/values":                                                            "",
		"/api/v2/search/tag/trace:id/values":                                                            "",
		"/api/v2/search/tag/nestedSetLeft/values":                                                       "",
		"/api/v2/search/tag/event:name/values" + values("q", "{name=`charge`}"):                         "string:exception",
		"/api/v2/search/tag/.http.status_code/values":                                                   "int:200 int:500",
		"/api/v2/search/tag/http.status_code/values":                                                    "int:200 int:500",
		"/api/v2/search/tag/span.cached/values":                                                         "bool:true",
		"/api/v2/search/tag/span.ratio/values":                                                          "float:0.1",
		"/api/v2/search/tag/resource.nobody/values":                                                     "",
		// What is listed can be compared with: not a list, but what is in it.
		"/api/v2/search/tag/span.list/values":     "string:x int:1 bool:true",
		"/api/v2/search/tag/span.map/values":      "",
		"/api/v2/search/tag/span.raw/values":      "",
		"/api/v2/search/tag/statusMessage/values": "string:card declined",
	} {
		var texts []string
		for _, v := range decode[tempopb.SearchTagValuesV2Response](t, h, target).TagValues {
			texts = append(texts, v.Type+":"+v.Value)
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	for target, want := range map[string]string{
		"/api/search/tag/status/values":                "error ok unset",
		"/api/search/tag/http.status_code/values":      "200 500",
		"/api/search/tag/resource.service.name/values": "gateway frontend app cart payment",
		"/api/search/tag/span.kind/values":             "",
	} {
		if got := strings.Join(decode[tempopb.SearchTagValuesResponse](t, h, target).TagValues, " "); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

// Everything that Kiali asks in its Tempo mode, read as it reads it: structs
// of its own, first elements without looking whether there are any.
func TestKiali(t *testing.T) {
	type value struct {
		StringValue string `json:"stringValue"`
	}
	type attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	type span struct {
		SpanID            string      `json:"spanID"`
		Name              string      `json:"name"`
		StartTimeUnixNano string      `json:"startTimeUnixNano"`
		DurationNanos     string      `json:"durationNanos"`
		Attributes        []attribute `json:"attributes"`
	}
	type spanSet struct {
		Spans   []span `json:"spans"`
		Matched int    `json:"matched"`
	}
	type traces struct {
		Traces []struct {
			TraceID       string  `json:"traceID"`
			RootTraceName string  `json:"rootTraceName"`
			SpanSet       spanSet `json:"spanSet"`
		} `json:"traces"`
	}
	type detail struct {
		Batches []struct {
			Resource struct {
				Attributes []attribute `json:"attributes"`
			} `json:"resource"`
			ScopeSpans []struct {
				Spans []struct {
					TraceID           string `json:"traceId"`
					SpanID            string `json:"spanId"`
					ParentSpanID      string `json:"parentSpanId"`
					Name              string `json:"name"`
					Kind              string `json:"kind"`
					StartTimeUnixNano string `json:"startTimeUnixNano"`
					EndTimeUnixNano   string `json:"endTimeUnixNano"`
					Status            struct {
						Code string `json:"code"`
					} `json:"status"`
					Attributes []attribute `json:"attributes"`
				} `json:"spans"`
			} `json:"scopeSpans"`
		} `json:"batches"`
	}
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		read := func(target string, into any) {
			t.Helper()
			w := get(h, target, "Accept", "application/json", "Content-Type", "application/json")
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", target, w.Code, w.Body)
			}
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				t.Fatalf("%s: %v", target, err)
			}
		}
		if w := get(h, "/status/services"); w.Code != http.StatusOK {
			t.Errorf("health: %d", w.Code)
		}
		var tags struct {
			TagNames []string `json:"tagNames"`
		}
		if read("/api/search/tags", &tags); !slices.Contains(tags.TagNames, "istio.cluster_id") {
			t.Errorf("%s: tags %v", name, tags.TagNames)
		}
		selects := `select(status, .service_name, .node_id, .component, .upstream_cluster, .http.method, .response_flags, resource.hostname)`
		q := `{ .service.name = "frontend" && .istio.cluster_id = "east" } && { } | ` + selects
		var found traces
		read("/api/search"+values("q", q, "start", seconds(-time.Hour), "end", seconds(time.Hour), "spss", "10", "limit", "20", "minDuration", "50ms"), &found)
		if len(found.Traces) != 2 {
			t.Fatalf("%s: %+v", name, found)
		}
		first := found.Traces[0].SpanSet.Spans[0]
		if first.Attributes[0] != (attribute{"status", value{"error"}}) || !slices.Contains(first.Attributes, attribute{"service.name", value{"frontend"}}) {
			t.Errorf("%s: %+v", name, first)
		}
		if proxy := found.Traces[1].SpanSet.Spans[0]; !slices.Contains(proxy.Attributes, attribute{"response_flags", value{"-"}}) || !slices.Contains(proxy.Attributes, attribute{"node_id", value{"sidecar~10.0.0.1~frontend-1.shop~shop.svc"}}) {
			t.Errorf("%s: %+v", name, proxy)
		}
		if n := found.Traces[1].SpanSet.Matched; n != 4 {
			t.Errorf("%s: %d spans of the checkout", name, n)
		}
		read("/api/search"+values("q", `{ .service.name = "frontend" } && { } | `+selects, "minDuration", "200ms", "limit", "1"), &found)
		if len(found.Traces) != 1 || found.Traces[0].TraceID != "fe000000000000000000000000000002" {
			t.Errorf("%s: of at least 200ms: %+v", name, found)
		}
		for _, trace := range found.Traces {
			var d detail
			read("/api/traces/"+trace.TraceID, &d)
			for _, b := range d.Batches {
				if b.ScopeSpans[0].Spans[0].Status.Code != "STATUS_CODE_ERROR" || b.ScopeSpans[0].Spans[0].Kind != "SPAN_KIND_SERVER" || b.Resource.Attributes[0].Key != "host.name" {
					t.Errorf("%s: %+v", name, b)
				}
			}
		}
		var d detail
		read("/api/traces/10000000000000001", &d)
		n := 0
		for _, b := range d.Batches {
			n += len(b.ScopeSpans[0].Spans)
		}
		if n != 4 {
			t.Errorf("%s: Kiali sees %d of 4 spans", name, n)
		}

		// Over gRPC it asks so, and reads the first spanset unchecked.
		client := dial(t, spans)
		stream, err := client.Search(t.Context(), &tempopb.SearchRequest{
			Query: `{ .service.name = "frontend" && .node_id =~ ".*" } && { } | ` + selects,
			Start: unix(-time.Hour), End: unix(time.Hour), Limit: 20, MinDurationMs: 100, SpansPerSpanSet: 10,
		})
		names := []string{}
		for _, m := range receive(t, stream, err) {
			for _, x := range m.Traces {
				names = append(names, x.RootTraceName+":"+x.SpanSet.Spans[0].Name)
			}
		}
		if !slices.Equal(names, []string{"GET /checkout:GET /checkout"}) {
			t.Errorf("%s: over gRPC: %v", name, names)
		}
	}
}

// The search by tags of old clients.
func TestSearchByTags(t *testing.T) {
	const checkout, failed, shared = "10000000000000001", "fe000000000000000000000000000002", "9"
	h := newTestHandler(inMemory(t))
	for tags, want := range map[string][]string{
		"":                                       {shared, failed, checkout},
		"service.name=front":                     {failed, checkout},
		"service.name=PAYMENT":                   {failed},
		`service.name=cart name="call cart"`:     {checkout}, // on two spans
		"http.status_code=500":                   {failed},
		"http.status_code=5":                     {},
		"error=true":                             {failed},
		"status.code=ok":                         {checkout},
		"cached=true ratio=0.1":                  {checkout},
		"root.service.name=gate root.name=gress": {shared},
		"note":                                   {checkout},
		`note="\"quoted\" line\n"`:               {checkout},
		"note=(quoted|line)":                     {},
	} {
		m := decode[tempopb.SearchResponse](t, h, "/api/search"+values("tags", tags))
		got := []string{}
		for _, x := range m.Traces {
			got = append(got, x.TraceID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", tags, got, want)
		}
	}
}

// What the list says of a trace is what the trace says.
func TestListAgreesWithTrace(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		m := decode[tempopb.SearchResponse](t, h, "/api/search"+values("q", "{ }", "spss", "100"))
		for _, x := range m.Traces {
			var d struct {
				Batches []struct {
					Resource struct {
						Attributes []struct {
							Key   string
							Value struct{ StringValue string }
						}
					}
					ScopeSpans []struct {
						Spans []struct {
							SpanID                             []byte `json:"spanId"`
							ParentSpanID                       string `json:"parentSpanId"`
							Name                               string
							StartTimeUnixNano, EndTimeUnixNano int64 `json:",string"`
							Status                             struct{ Code string }
						}
					}
				}
			}
			if err := json.Unmarshal(get(h, "/api/traces/"+x.TraceID).Body.Bytes(), &d); err != nil {
				t.Fatal(err)
			}
			names := map[string]string{}
			start, end, stats, root, rootService := int64(1<<62), int64(0), map[string][2]uint32{}, "", ""
			for _, b := range d.Batches {
				service := ""
				for _, a := range b.Resource.Attributes {
					if a.Key == storage.KeyService.Name {
						service = a.Value.StringValue
					}
				}
				for _, s := range b.ScopeSpans[0].Spans {
					n := stats[service]
					n[0]++
					if s.Status.Code == "STATUS_CODE_ERROR" {
						n[1]++
					}
					stats[service] = n
					names[hex.EncodeToString(s.SpanID)] = s.Name
					start, end = min(start, s.StartTimeUnixNano), max(end, s.EndTimeUnixNano)
					if s.ParentSpanID == "" {
						root, rootService = s.Name, service
					}
				}
			}
			if x.RootTraceName != root || x.RootServiceName != rootService || int64(x.StartTimeUnixNano) != start || int64(x.DurationMs) != (end-start)/1e6 {
				t.Errorf("%s: the list says %v, the trace %s of %s, %d to %d", name, x, root, rootService, start, end)
			}
			for _, s := range x.SpanSet.Spans {
				if shown, ok := names[s.SpanID]; !ok || shown != s.Name {
					t.Errorf("%s: span %s of the list is %q, of the trace %q", name, s.SpanID, s.Name, shown)
				}
			}
			matched := uint32(0)
			for service, n := range stats {
				if got := x.ServiceStats[service]; got.GetSpanCount() != n[0] || got.GetErrorCount() != n[1] {
					t.Errorf("%s: %s: %v, want %v", name, service, got, n)
				}
				matched += n[0]
			}
			if x.SpanSet.Matched != matched || len(x.SpanSets[0].Spans) != int(matched) || len(x.ServiceStats) != len(stats) {
				t.Errorf("%s: %d of %d spans", name, x.SpanSet.Matched, matched)
			}
		}
	}
}

// An exemplar leads from a point of a graph to a trace that it counts.
func TestExemplars(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		for target, want := range map[string]int{
			"": 3, "&exemplars=1": 1, "&exemplars=0": 0, "&exemplars=5000": 3,
		} {
			m := decode[tempopb.QueryRangeResponse](t, h, "/api/metrics/query_range"+
				values("q", "{ nestedSetParent < 0 } | max_over_time(duration)", "start", seconds(0), "end", seconds(3*time.Minute), "step", "1m")+target)
			n := 0
			for _, x := range m.Series[0].Exemplars {
				n++
				id := x.Labels[0].Value.GetStringValue()
				if x.Labels[0].Key != "trace:id" || len(id) != 32 || x.GetValue() <= 0 || x.TimestampMs < day.UnixMilli() {
					t.Errorf("%s: %v", name, x)
				}
				if w := get(h, "/api/v2/traces/"+id); !strings.Contains(w.Body.String(), "traceId") {
					t.Errorf("%s: trace %s: %s", name, id, w.Body)
				}
			}
			if n != want {
				t.Errorf("%s: %q: %d exemplars, want %d", name, target, n, want)
			}
		}
	}
}

// An answer over HTTP is held in memory, so it has an end.
func TestSearchIsBounded(t *testing.T) {
	storagetest.Long(t)
	h := newTestHandler(storeOf(t, many(5000, strings.Repeat("x", 4000))))
	m := decode[tempopb.SearchResponse](t, h, "/api/search"+values("q", "{ }", "limit", "5000"))
	if n := len(m.Traces); n == 0 || n == 5000 || m.Status != tempopb.PartialStatus_PARTIAL || !strings.Contains(m.Message, "lower limit or spss") {
		t.Errorf("%d traces, %v %s", n, m.Status, m.Message)
	}
}
