package e2e

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
)

// TestJaegerSearches asks for failed spans of the shop as a Jaeger that has its
// storage here: whole traces, ids by pages, single spans by pages; and over v1
// without a service. All must speak of the same spans.
func TestJaegerSearches(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if text, code := run(t, t.TempDir(), "demo", "--endpoint", s.otlpGRPC, "--for", "1s", "--rate", "20", "--history", "5m", "--seed", "4"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	conn, err := grpc.NewClient(s.query, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	can, err := storagev2.NewCapabilitiesClient(conn).GetCapabilities(t.Context(), &storagev2.GetCapabilitiesRequest{})
	if c := can.GetSearch(); err != nil || !c.GetPaginated() || !c.GetSpanSearch() || !c.GetSpanSorting() || !slices.Contains(c.GetFilter().GetOperators(), "some") {
		t.Fatal(can, err)
	}

	const text = `{"op":"and","args":[{"call":{"op":"eq","args":[{"field":{"name":"status","level":"span"}},{"scalar":{"value":"error"}}]}},` +
		`{"call":{"op":"gt","args":[{"field":{"name":"endTime","level":"span"}},{"field":{"name":"startTime","level":"span"}}]}}]}`
	var filter expressionv1.Call
	if err := protojson.Unmarshal([]byte(text), &filter); err != nil {
		t.Fatal(err)
	}
	from, to := timestamppb.New(time.Now().Add(-time.Hour)), timestamppb.New(time.Now().Add(time.Hour))
	remote := storagev2.NewTraceReaderClient(conn)

	inTraces, order := map[string]bool{}, []string{}
	traces, err := remote.FindTraces(t.Context(), &storagev2.FindTracesRequest{Query: &storagev2.TraceQueryParameters{Filter: &filter, StartTimeMin: from, StartTimeMax: to, SearchDepth: 10_000}})
	for err == nil {
		var chunk *tracev1.TracesData
		if chunk, err = traces.Recv(); err == nil {
			eachSpan(chunk, func(span *tracev1.Span) {
				if id := hex.EncodeToString(span.GetTraceId()); len(order) == 0 || order[len(order)-1] != id {
					order = append(order, id)
				}
				if span.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR && span.GetEndTimeUnixNano() > span.GetStartTimeUnixNano() {
					inTraces[spanKey(span)] = true
				}
			})
		}
	}
	if !errors.Is(err, io.EOF) || len(inTraces) < 50 {
		t.Fatalf("%d failed spans: %v", len(inTraces), err)
	}

	spans, last, pages := map[string]bool{}, uint64(1<<63), 0
	for token := ""; pages == 0 || token != ""; pages++ {
		found, err := remote.FindSpans(t.Context(), &storagev2.FindSpansRequest{Query: &storagev2.SpanQueryParameters{
			Filter: &filter, StartTimeMin: from, StartTimeMax: to, Pagination: &storagev2.Pagination{PageSize: 20, PageToken: token},
		}})
		for token = ""; err == nil; {
			var chunk *storagev2.FindSpansResponse
			if chunk, err = found.Recv(); err == nil {
				token = chunk.GetNextPageToken()
				eachSpan(chunk.GetSpans(), func(span *tracev1.Span) {
					if key := spanKey(span); spans[key] || !inTraces[key] || span.GetStartTimeUnixNano() > last {
						t.Errorf("page %d: span %s came again (%v), is in no trace (%v) or is newer than the one before", pages, key, spans[key], !inTraces[key])
					}
					spans[spanKey(span)], last = true, span.GetStartTimeUnixNano()
				})
			}
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if len(spans) != len(inTraces) || pages != (len(inTraces)+19)/20 {
		t.Errorf("%d spans on %d pages, the traces have %d", len(spans), pages, len(inTraces))
	}

	ids, token := []string{}, ""
	for pages := 0; pages == 0 || token != ""; pages++ {
		page, err := remote.FindTraceIDs(t.Context(), &storagev2.FindTraceIDsRequest{Query: &storagev2.TraceQueryParameters{
			Filter: &filter, StartTimeMin: from, StartTimeMax: to, Pagination: &storagev2.Pagination{PageSize: 10, PageToken: token},
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range page.GetTraceIds() {
			ids = append(ids, hex.EncodeToString(id.GetTraceId()))
		}
		token = page.GetNextPageToken()
	}
	if !slices.Equal(ids, order) {
		t.Errorf("the pages have %d traces, the search has %d, or another order", len(ids), len(order))
	}

	v1 := s.searchJaeger(t, "limit", 10_000, "tag", "otel.status_code:ERROR")
	if len(v1) < len(order) {
		t.Errorf("v1 without a service has %d traces, want at least %d", len(v1), len(order))
	}

	// What is wrong with a filter is told by its place.
	res := s.get(t, "/api/v3/spans?query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2040-01-01T00:00:00Z&query.filter="+
		url.QueryEscape(`{"op":"not","args":[{"call":{"op":"gt","args":[{"field":{"name":"kind","level":"span"}},{"scalar":{"value":"server"}}]}}]}`))
	want := `{"error":{"httpCode":400,"message":"query.filter.args[0].call.args[0]: gt compares in order, and a word has none; use eq, ne, in or not_in"}}` + "\n"
	if res.code != http.StatusBadRequest || string(res.body) != want {
		t.Errorf("%d %s", res.code, res.body)
	}
}

func eachSpan(td *tracev1.TracesData, visit func(*tracev1.Span)) {
	for _, rs := range td.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				visit(span)
			}
		}
	}
}

// spanKey tells the spans of the shop apart, those of one id included.
func spanKey(span *tracev1.Span) string {
	return fmt.Sprintf("%x %x %v", span.GetTraceId(), span.GetSpanId(), span.GetKind())
}
