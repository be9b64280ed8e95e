package jaeger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

const times = "query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z"

func TestV3Refusals(t *testing.T) {
	h := NewHandler(Options{Spans: memoryOf(shop()), Now: now, MaxTraces: 500})
	for _, c := range []struct {
		target string
		code   int
		msg    string
	}{
		{"operations", 400, "parameter 'service' is required"},
		{"traces", 400, "query.startTimeMin and query.startTimeMax are required"},
		{"trace-summaries?query.startTimeMin=2024-05-17T12:00:00Z", 400, "query.startTimeMin and query.startTimeMax are required"},
		{"traces?query.start_time_min=noon&query.start_time_max=x", 400, `malformed parameter query.start_time_min: parsing time "noon" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "noon" as "2006"`},
		{"traces?query.startTimeMin=2024-05-17T12:00:00Z&query.startTimeMax=2024-05-17T12:00:00Z", 400, "invalid parameter: start time must be before end time"},
		{"traces?" + times + "&query.searchDepth=x", 400, `malformed parameter query.searchDepth: strconv.ParseInt: parsing "x": invalid syntax`},
		{"traces?" + times + "&query.num_traces=1e3", 400, `malformed parameter query.num_traces: strconv.ParseInt: parsing "1e3": invalid syntax`},
		{"traces?" + times + "&query.search_depth=0", 400, "invalid parameter: search depth must be greater than 0"},
		{"traces?" + times + "&query.searchDepth=-2", 400, "invalid parameter: search depth must be greater than 0"},
		{"traces?" + times + "&query.searchDepth=501", 400, "invalid parameter: search depth must be at most 500"},
		{"traces?" + times + "&query.durationMin=20", 400, `malformed parameter query.durationMin: time: missing unit in duration "20"`},
		{"traces?" + times + "&query.duration_max=long", 400, `malformed parameter query.duration_max: time: invalid duration "long"`},
		{"traces?" + times + "&query.durationMin=2s&query.durationMax=1s", 400, "invalid parameter: maximum duration must not be less than minimum duration"},
		{"traces?" + times + "&query.attributes=x", 400, "malformed parameter query.attributes: invalid character 'x' looking for beginning of value"},
		{"traces?" + times + "&query.rawTraces=maybe", 400, `malformed parameter query.rawTraces: strconv.ParseBool: parsing "maybe": invalid syntax`},
		{"traces?" + times + "&query.filter=" + url.QueryEscape(`{"op":"is"}`), 400, `query.filter.op: "is" is no operator; it is one of and, or, not, eq, ne, gt, lt, gte, lte, regex, exists, in, not_in, some, phrase, fulltext`},
		{"traces?" + times + "&query.operationName=a&query.filter=" + url.QueryEscape(`{"op":"exists","args":[{"attr":{"key":"a"}}]}`), 400, "invalid parameter: filter excludes service_name, operation_name, attributes and durations; say them in the filter"},
		{"traces?" + times + "&query.pagination.page_size=10", 400, "invalid parameter: pagination is for summaries, ids and spans, use search_depth"},
		{"trace-summaries?" + times + "&query.pagination.pageSize=10&query.searchDepth=1", 400, "invalid parameter: pagination and search_depth exclude each other"},
		{"trace-summaries?" + times + "&query.pagination.pageSize=10&query.pagination.pageToken=x", 400, "invalid parameter: page_token is no token of an answer of this search"},
		{"trace-summaries?" + times + "&query.pagination.pageSize=-1", 400, `malformed parameter query.pagination.pageSize: strconv.ParseUint: parsing "-1": invalid syntax`},
		{"trace-summaries?" + times + "&query.pagination.pageToken=x", 400, "invalid parameter: page_size is required"},
		{"spans?query.startTimeMin=2024-05-17T12:00:00Z", 400, "query.startTimeMin and query.startTimeMax are required"},
		{"spans?query.startTimeMin=2024-05-17T13:00:00Z&query.startTimeMax=2024-05-17T13:00:00Z", 400, "invalid parameter: start time must be before end time"},
		{"spans?" + times + "&query.orderBy=x", 400, "malformed parameter query.orderBy: is no JSON"},
		{"spans?" + times + "&query.order_by=[1]", 400, `malformed parameter query.order_by: must be a list of {"expression":{"field":{…}},"direction":"asc" or "desc"}`},
		{"spans?" + times + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"name","level":"span"}}}]`), 400, "invalid parameter: order_by[0].expression: must be a field of the level span, one of startTime, duration, traceID, spanID"},
		{"spans?" + times + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"spanID","level":"link"}}}]`), 400, "invalid parameter: order_by[0].expression: must be a field of the level span, one of startTime, duration, traceID, spanID"},
		{"spans?" + times + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"spanID","level":"span"}},"direction":"up"}]`), 400, `invalid parameter: order_by[0].direction: "up" is neither asc nor desc`},
		{"spans?" + times + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"spanID","level":"span"}}},{"expression":{"field":{"name":"spanID","level":"span"}}}]`), 400, "invalid parameter: order_by[1].expression: names spanID again"},
		{"spans?" + times + "&query.pagination.pageToken=x", 400, "invalid parameter: page_token is no token of an answer of this search"},
		{"spans?" + times + "&query.filter=1", 400, "query.filter: is no call of an operator in JSON: syntax error (line 1:1): unexpected token 1"},
		{"traces?" + times + "&query.serviceName=nobody", 404, "No traces found"},
		{"traces/77", 404, "No traces found"},
		{"traces/zz", 400, `malformed parameter trace_id: strconv.ParseUint: parsing "zz": invalid syntax`},
		{"traces/2?start_time=x", 400, `malformed parameter start_time: parsing time "x" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "x" as "2006"`},
		{"traces/2?rawTraces=x", 400, `malformed parameter rawTraces: strconv.ParseBool: parsing "x": invalid syntax`},
		{"dependencies?startTime=2024-05-17T12:00:00Z", 400, "startTime and endTime are required"},
		{"traces/", 404, "no such path: /api/v3/traces/"},
		{"span", 404, "no such path: /api/v3/span"},
	} {
		w := get(h, "/api/v3/"+c.target)
		want := `{"error":{"httpCode":` + strconv.Itoa(c.code) + `,"message":` + string(jsontext.AppendString(nil, c.msg)) + "}}\n"
		if w.Code != c.code || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s:\n got %d %s want %d %s", c.target, w.Code, w.Body, c.code, want)
		}
	}
	if w := do(h, "POST", "/api/v3/traces", ""); w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code, w.Body)
	}
}

// TestV3Aliases: what clients send, they find the checkout.
func TestV3Aliases(t *testing.T) {
	h := newTestHandler(memoryOf(shop()))
	for what, query := range map[string]string{
		"Jaeger's UI": "query.serviceName=cart&query.operationName=cart.Get&query.searchDepth=20&query.durationMin=1ms&" + times +
			"&query.attributes=" + url.QueryEscape(`{"cached":"true","process.pid":"42"}`),
		"Grafana, times as they are": "query.service_name=cart&query.operation_name=cart.Get&query.num_traces=20&query.duration_max=1s" +
			"&query.start_time_min=2024-05-17T14:00:00.000+02:00&query.start_time_max=2024-05-17T13:00:00Z",
		"the first form counts":        "query.serviceName=cart&query.service_name=payment&" + times,
		"empty ones do not":            "query.serviceName=&query.service_name=cart&" + times,
		"without a service":            "query.operationName=cart.Get&" + times,
		"a page":                       "query.serviceName=cart&query.pagination.page_size=5&" + times,
		"far ends":                     "query.serviceName=cart&query.startTimeMin=0001-01-02T00:00:00Z&query.startTimeMax=9999-12-31T23:59:59Z",
		"newest of all the search has": "query.serviceName=cart&query.searchDepth=1&" + times,
	} {
		w := get(h, "/api/v3/trace-summaries?"+query)
		var reply struct{ Summaries []struct{ TraceID string } }
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || len(reply.Summaries) != 1 || reply.Summaries[0].TraceID != checkoutID {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
}

// FuzzV3Params: whatever is asked, the answer is JSON with a code that fits.
func FuzzV3Params(f *testing.F) {
	h := newTestHandler(memoryOf(shop()))
	for _, seed := range []string{
		times, times + "&query.attributes={\"a\":\"b\"}", times + "&query.attributes=null", times + "&query.filter={}", times + "&query.filter=" + over100 + "&query.orderBy=[{\"expression\":{\"field\":{\"name\":\"duration\",\"level\":\"span\"}}}]",
		times + "&query.filter=" + missed + "&query.pagination.pageSize=4294967295&query.pagination.pageToken=AQ", times + "&query.num_traces=2147483648",
		"query.start_time_min=2024-05-17T14:00:00.000+02:00&query.start_time_max=9999-12-31T23:59:59Z", times + "&query.pagination.page_size=1", "a;b", "%ff=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"traces", "trace-summaries", "spans", "traces/2", "operations", "dependencies", "services", "capabilities"} {
			r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/api/v3/" + path, RawQuery: query}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch w.Code {
			case 200, 400, 404:
			default:
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s: %s", path, w.Body)
			}
		}
	})
}

// FuzzSearchMessages: whatever a client sends as a query is refused, or is a
// search that answers.
func FuzzSearchMessages(f *testing.F) {
	h := newTestHandler(memoryOf(shop()))
	for _, m := range []proto.Message{
		&storagev2.TraceQueryParameters{ServiceName: "cart", StartTimeMin: timestamppb.New(day), SearchDepth: 3, Attributes: []*storagev2.KeyValue{{Key: "a"}, nil}},
		&apiv3.TraceQueryParameters{ServiceName: "cart", StartTimeMin: dayPB, StartTimeMax: hourPB, Attributes: map[string]string{"error": "true"}, Pagination: &apiv3.Pagination{PageSize: 1 << 31}},
		&apiv3.TraceQueryParameters{StartTimeMin: &timestamppb.Timestamp{Seconds: -1 << 62, Nanos: -1}, StartTimeMax: hourPB},
		&apiv3.TraceQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(f, over100), Pagination: &apiv3.Pagination{PageSize: 1, PageToken: "AQ"}},
		&storagev2.TraceQueryParameters{Filter: callOf(f, missed)},
		&apiv3.SpanQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(f, cartOr), OrderBy: []*apiv3.SpanSortOrder{{Direction: "asc"}, nil}},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var searches []search
		var remote storagev2.TraceQueryParameters
		if proto.Unmarshal(message, &remote) == nil {
			if s, err := remoteSearch(&remote); err == nil {
				searches = append(searches, s)
			}
		}
		var v3 apiv3.TraceQueryParameters
		if proto.Unmarshal(message, &v3) == nil {
			if s, err := searchV3(&v3); err == nil {
				searches = append(searches, s)
			}
		}
		for _, s := range searches {
			for found, err := range h.find(s).traces(t.Context()) {
				if err != nil {
					if code := failureCode(err); code != http.StatusBadRequest {
						t.Fatalf("%d: %v", code, err)
					}
				} else if found.Len() == 0 {
					t.Fatal("a trace without spans")
				}
			}
		}
		var spans storagev2.SpanQueryParameters // of one shape in both protocols
		if proto.Unmarshal(message, &spans) != nil {
			return
		}
		s := spanSearch{window: storage.AllTime()}
		if s.set(spans.GetFilter(), sortTerms(spans.GetOrderBy()), spans.GetPagination()) != nil {
			return
		}
		_, found := h.findSpans(t.Context(), s)
		for _, err := range chunksOfSpans(found) {
			if err != nil && failureCode(err) != http.StatusBadRequest {
				t.Fatal(err)
			}
		}
	})
}

// BenchmarkRemoteTrace reads a trace as a Jaeger does that has its storage here.
func BenchmarkRemoteTrace(b *testing.B) {
	for _, n := range []int{50, 10_000} {
		b.Run(fmt.Sprint(n, "spans"), func(b *testing.B) {
			h := NewHandler(Options{Spans: stores(b, wide(n))["columnar"]})
			id, err := parseTraceID(checkoutID)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				bytes := 0
				chunks := chunksOf(true)
				for t, err := range inOrder(b.Context(), []storageTraceID{id}, h.fetch) {
					if err != nil {
						b.Fatal(err)
					}
					for td, err := range chunks(t) {
						if err != nil {
							b.Fatal(err)
						}
						m, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
						if err != nil {
							b.Fatal(err)
						}
						bytes += len(m)
					}
				}
				b.SetBytes(int64(bytes))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/span")
		})
	}
}
