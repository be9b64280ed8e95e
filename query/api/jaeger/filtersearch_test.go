package jaeger

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
)

func callOf(t testing.TB, text string) *expressionv1.Call {
	t.Helper()
	var call expressionv1.Call
	if err := protojson.Unmarshal([]byte(text), &call); err != nil {
		t.Fatal(err)
	}
	return &call
}

// Filters of the kinds that searches answer in different ways.
const (
	ofCart   = `{"op":"eq","args":[{"field":{"name":"service","level":"resource"}},{"scalar":{"value":"cart"}}]}`
	slow     = `{"op":"gte","args":[{"field":{"name":"duration","level":"span"}},{"scalar":{"value":"100ms"}}]}`
	cartOr   = `{"op":"or","args":[{"call":` + ofCart + `},{"call":{"op":"eq","args":[{"field":{"name":"status","level":"span"}},{"scalar":{"value":"error"}}]}}]}`
	over100  = `{"op":"gt","args":[{"attr":{"key":"http.status_code"}},{"scalar":{"value":"100"}}]}` // text that is a number
	missed   = `{"op":"some","args":[{"nested":{"level":"event"}},{"call":{"op":"and","args":[{"call":{"op":"eq","args":[{"field":{"name":"name","level":"event"}},{"scalar":{"value":"cache miss"}}]}},{"call":{"op":"exists","args":[{"attr":{"key":"cache.key","level":"event"}}]}}]}}]}`
	mixed    = `{"op":"some","args":[{"nested":{"level":"event"}},{"call":{"op":"and","args":[{"call":{"op":"eq","args":[{"field":{"name":"name","level":"event"}},{"scalar":{"value":"ignored"}}]}},{"call":{"op":"exists","args":[{"attr":{"key":"cache.key","level":"event"}}]}}]}}]}`
	linked   = `{"op":"eq","args":[{"field":{"name":"traceID","level":"link"}},{"scalar":{"value":"2"}}]}`
	unnamed  = `{"op":"not","args":[{"call":{"op":"exists","args":[{"field":{"name":"service","level":"resource"}}]}}]}`
	anything = `{"op":"exists","args":[{"field":{"name":"name","level":"span"}}]}`
)

// TestFilteredSearchInAll: every API finds the same traces, on every store.
func TestFilteredSearchInAll(t *testing.T) {
	for name, store := range stores(t, stored(t, everything())) {
		h := NewHandler(Options{Spans: store, Now: now})
		c := newClients(serve(t, h))
		for _, q := range []struct {
			filter string
			depth  int32
			want   []string
		}{
			{ofCart, 0, []string{checkoutID}},
			{slow, 0, []string{paymentID, checkoutID, brokenID}}, // two start together
			{slow, 1, []string{paymentID}},
			{cartOr, 0, []string{paymentID, checkoutID}},
			{over100, 0, []string{checkoutID}},
			{missed, 0, []string{checkoutID}},
			{mixed, 0, []string{}},
			{linked, 0, []string{checkoutID}},
			{unnamed, 0, []string{brokenID}},
			{anything, 2, []string{paymentID, brokenID}},
		} {
			slices.Sort(q.want[min(1, len(q.want)):]) // those that start together by their ids
			for api, got := range filteredAnswers(t, h, c, q.filter, q.depth) {
				if q.filter != slow {
					if !slices.Equal(got, q.want) {
						t.Errorf("%s, %s, %s: %v, want %v", name, api, q.filter, got, q.want)
					}
					continue
				}
				slices.Sort(got[min(1, len(got)):])
				if !slices.Equal(got, q.want) {
					t.Errorf("%s, %s, %s: %v, want %v", name, api, q.filter, got, q.want)
				}
			}
		}
	}
}

func filteredAnswers(t *testing.T, h *Handler, c clients, filter string, depth int32) map[string][]string {
	t.Helper()
	ctx := t.Context()
	found := map[string][]string{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	q3 := &apiv3.TraceQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(t, filter), SearchDepth: depth}
	v3, err := received(c.v3.FindTraces(ctx, &apiv3.FindTracesRequest{Query: q3}))
	must(err)
	found["v3"] = idsOf(v3)
	remote := &storagev2.TraceQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(t, filter), SearchDepth: depth}
	traces, err := received(c.remote.FindTraces(ctx, &storagev2.FindTracesRequest{Query: remote}))
	must(err)
	found["remote"] = idsOf(traces)
	ids, err := c.remote.FindTraceIDs(ctx, &storagev2.FindTraceIDsRequest{Query: remote})
	must(err)
	found["remote ids"] = []string{}
	for _, id := range ids.GetTraceIds() {
		found["remote ids"] = append(found["remote ids"], hex.EncodeToString(id.GetTraceId()))
	}
	target := "/api/v3/trace-summaries?" + times + "&query.filter=" + url.QueryEscape(filter)
	if depth > 0 {
		target += fmt.Sprint("&query.searchDepth=", depth)
	}
	w := get(h, target)
	var reply struct{ Summaries []struct{ TraceID string } }
	must(json.Unmarshal(w.Body.Bytes(), &reply))
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	found["v3 over HTTP"] = []string{}
	for _, s := range reply.Summaries {
		found["v3 over HTTP"] = append(found["v3 over HTTP"], s.TraceID)
	}
	return found
}

// TestPagesOfTraces: following the tokens visits every trace once, in the order
// of the search without pages.
func TestPagesOfTraces(t *testing.T) {
	td := stored(t, everything())
	spans := service(td, "busy", nil)
	for i := range 40 {
		minute := (i*7 + 3) % 40
		add(spans, fields{trace: traceID(3, byte(minute+1)), id: spanID(1), name: "job", from: minutes(minute), to: minutes(minute + 1)})
		add(spans, fields{trace: traceID(3, byte(minute+1)), id: spanID(2), name: "job", from: minutes(minute/4 + 3), to: minutes(minute + 1)})
	}
	for name, store := range stores(t, td) {
		h := NewHandler(Options{Spans: store, Now: now})
		c := newClients(serve(t, h))
		for _, filter := range []string{"", anything, over100, cartOr} {
			q := storagev2.TraceQueryParameters{StartTimeMin: dayPB, StartTimeMax: hourPB}
			if filter != "" {
				q.Filter = callOf(t, filter)
			}
			whole, err := c.remote.FindTraceIDs(t.Context(), &storagev2.FindTraceIDsRequest{Query: &q})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{}
			for _, id := range whole.GetTraceIds() {
				want = append(want, hex.EncodeToString(id.GetTraceId()))
			}
			for _, size := range []uint32{1, 3, 7, 50} {
				got, token := []string{}, ""
				summaries := []string{}
				for pages := 0; pages == 0 || token != ""; pages++ {
					if pages > len(want) {
						t.Fatalf("%s: %d pages of %d", name, pages, size)
					}
					q.Pagination = &storagev2.Pagination{PageSize: size, PageToken: token}
					page, err := c.remote.FindTraceIDs(t.Context(), &storagev2.FindTraceIDsRequest{Query: &q})
					if err != nil {
						t.Fatal(err)
					}
					for _, id := range page.GetTraceIds() {
						got = append(got, hex.EncodeToString(id.GetTraceId()))
					}
					chunks, err := received(c.remote.FindTraceSummaries(t.Context(), &storagev2.FindTraceSummariesRequest{Query: &q}))
					if err != nil {
						t.Fatal(err)
					}
					token = page.GetNextPageToken()
					for i, chunk := range chunks {
						for _, s := range chunk.GetSummaries() {
							summaries = append(summaries, hex.EncodeToString(s.GetTraceId()))
						}
						if last := i == len(chunks)-1; chunk.GetNextPageToken() != "" && !last || last && chunk.GetNextPageToken() != token {
							t.Fatalf("%s: chunk %d of %d has the token %q, ids have %q", name, i, len(chunks), chunk.GetNextPageToken(), token)
						}
					}
				}
				if !slices.Equal(got, want) || !slices.Equal(summaries, want) {
					t.Errorf("%s, %s, pages of %d:\n got %v\n and %v\nwant %v", name, filter, size, got, summaries, want)
				}
				q.Pagination = nil
			}
		}
	}
}

// TestTokenOfAnotherSearch: a token is of use for its own question only.
func TestTokenOfAnotherSearch(t *testing.T) {
	h := newTestHandler(memoryOf(everything()))
	page := func(query string) (code int, token, body string) {
		w := get(h, "/api/v3/"+query)
		var reply struct{ NextPageToken string }
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		return w.Code, reply.NextPageToken, w.Body.String()
	}
	const summaries, spans = "trace-summaries?" + times, "spans?" + times
	const one = "&query.pagination.pageSize=1&query.pagination.pageToken="
	_, ofTraces, _ := page(summaries + one)
	_, ofSpans, _ := page(spans + one)
	if ofTraces == "" || ofSpans == "" {
		t.Fatal("no tokens")
	}
	for _, c := range []struct {
		target string
		code   int
	}{
		{summaries + "&query.pagination.pageSize=2&query.pagination.pageToken=" + ofTraces, 200},
		{spans + "&query.pagination.pageSize=2&query.pagination.pageToken=" + ofSpans, 200},
		{spans + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"startTime","level":"span"}},"direction":"desc"}]`) + one + ofSpans, 200}, // the default
		{summaries + "&query.serviceName=cart" + one + ofTraces, 400},
		{summaries + "&query.filter=" + url.QueryEscape(anything) + one + ofTraces, 400},
		{summaries + one + ofSpans, 400},
		{spans + one + ofTraces, 400},
		{spans + "&query.orderBy=" + url.QueryEscape(`[{"expression":{"field":{"name":"startTime","level":"span"}}}]`) + one + ofSpans, 400},
		{spans + one + "AAAA", 400},
	} {
		if code, _, body := page(c.target); code != c.code {
			t.Errorf("%s: %d %s, want %d", c.target, code, body, c.code)
		}
	}
}

func getFiltered(h *Handler, path, filter string) *httptest.ResponseRecorder {
	return get(h, "/api/v3/"+path+"?"+times+"&query.filter="+url.QueryEscape(filter))
}

// spansReply reads what GET /api/v3/spans answers.
func spansReply(t *testing.T, w *httptest.ResponseRecorder) (ptrace.Traces, string) {
	t.Helper()
	var reply struct {
		Spans         json.RawMessage
		NextPageToken string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(reply.Spans)
	if err != nil {
		t.Fatal(err)
	}
	return td, reply.NextPageToken
}
