package tempo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/storage"
)

// dial serves over a real socket and returns a client of it.
func dial(t *testing.T, spans storage.SpanReader) tempopb.StreamingQuerierClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	NewHandler(Options{Spans: spans, Now: now}).RegisterGRPC(server)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return tempopb.NewStreamingQuerierClient(conn)
}

// receive reads a stream to its end.
func receive[M any](t *testing.T, stream grpc.ServerStreamingClient[M], err error) []*M {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var all []*M
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
}

func unix(d time.Duration) uint32 { return uint32(day.Add(d).Unix()) }

// What comes over gRPC is what comes over HTTP.
func TestGRPCAnswersLikeHTTP(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h, client, ctx := newTestHandler(spans), dial(t, spans), t.Context()
		same := func(target string, got proto.Message) {
			t.Helper()
			want := got.ProtoReflect().New().Interface()
			if err := protojson.Unmarshal(get(h, target).Body.Bytes(), want); err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			if ranges, ok := want.(*tempopb.QueryRangeResponse); ok {
				asWhole(ranges)
			}
			if !proto.Equal(got, want) {
				t.Errorf("%s: %s over gRPC\n%v\nover HTTP\n%v", name, target, got, want)
			}
		}
		stream, err := client.Search(ctx, &tempopb.SearchRequest{Query: "{ kind = server }", Start: unix(0), End: unix(time.Hour), Limit: 2, SpansPerSpanSet: 1})
		all := new(tempopb.SearchResponse)
		for _, m := range receive(t, stream, err) {
			all.Traces, all.Metrics = append(all.Traces, m.Traces...), m.Metrics
		}
		same("/api/search"+values("q", "{ kind = server }", "start", seconds(0), "end", seconds(time.Hour), "limit", "2", "spss", "1"), all)

		tags, err := client.SearchTags(ctx, &tempopb.SearchTagsRequest{Scope: "span"})
		same("/api/search/tags?scope=span", receive(t, tags, err)[0])
		tagsV2, err := client.SearchTagsV2(ctx, &tempopb.SearchTagsRequest{Query: "{ status = error }", MaxTagsPerScope: 2})
		same("/api/v2/search/tags"+values("q", "{ status = error }", "limit", "2"), receive(t, tagsV2, err)[0])
		tagValues, err := client.SearchTagValues(ctx, &tempopb.SearchTagValuesRequest{TagName: "http.method"})
		same("/api/search/tag/http.method/values", receive(t, tagValues, err)[0])
		tagValuesV2, err := client.SearchTagValuesV2(ctx, &tempopb.SearchTagValuesRequest{TagName: "name", Query: "{ kind = client }", MaxTagValues: 10})
		same("/api/v2/search/tag/name/values"+values("q", "{ kind = client }", "limit", "10"), receive(t, tagValuesV2, err)[0])

		from, to := uint64(day.UnixNano()), uint64(day.Add(3*time.Minute).UnixNano())
		ranges, err := client.MetricsQueryRange(ctx, &tempopb.QueryRangeRequest{Query: "{ } | rate() by(kind)", Start: from, End: to, Step: uint64(time.Minute), Exemplars: 3})
		same("/api/metrics/query_range"+values("q", "{ } | rate() by(kind)", "start", seconds(0), "end", seconds(3*time.Minute), "step", "1m", "exemplars", "3"), asWhole(receive(t, ranges, err)[0]))
		instants, err := client.MetricsQueryInstant(ctx, &tempopb.QueryInstantRequest{Query: "{ } | count_over_time()", Start: from, End: to})
		same("/api/metrics/query"+values("q", "{ } | count_over_time()", "start", seconds(0), "end", seconds(3*time.Minute)), receive(t, instants, err)[0])
	}
}

// asWhole leaves out of an answer what it cost: a stream looks at the window
// part by part.
func asWhole(m *tempopb.QueryRangeResponse) *tempopb.QueryRangeResponse {
	m.Metrics.InspectedSpans = 0
	return m
}

func TestGRPCErrors(t *testing.T) {
	client, ctx := dial(t, inMemory(t)), t.Context()
	search, err := client.Search(ctx, &tempopb.SearchRequest{Query: "{ a"})
	if err == nil {
		_, err = search.Recv()
	}
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "line 1, column") {
		t.Error(err)
	}
	ranges, err := client.MetricsQueryRange(ctx, &tempopb.QueryRangeRequest{Query: "{ }"})
	if err == nil {
		_, err = ranges.Recv()
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
	tags, err := client.SearchTags(ctx, &tempopb.SearchTagsRequest{Scope: "moon"})
	if err == nil {
		_, err = tags.Recv()
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
	client = dial(t, failing{storage.ErrOverloaded})
	values, err := client.SearchTagValues(ctx, &tempopb.SearchTagValuesRequest{TagName: "a"})
	if err == nil {
		_, err = values.Recv()
	}
	if status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
}

// Kiali's health check opens a search and does not read it.
func TestGRPCCancel(t *testing.T) {
	client := dial(t, inMemory(t))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := client.Search(ctx, &tempopb.SearchRequest{}); err != nil {
		t.Fatal(err)
	}
	cancel()
}

// many are traces of one span, a millisecond apart.
func many(n int, name string) *storage.Spans {
	b := storage.NewSpansBuilder(n)
	resource := b.AddResource(storage.Resource{Attributes: b.AddAttrs(b.Attr("service.name", storage.String("many")))})
	scope := b.AddScope(storage.InstrumentationScope{})
	for i := range n {
		f := storage.SpanFields{SpanID: storage.SpanID{7: 1}, Name: name, Kind: 2, StartNs: day.UnixNano() + int64(i)*1e6, DurationNs: 1000, Resource: resource, Scope: scope}
		binary.BigEndian.PutUint64(f.TraceID[8:], uint64(i+1))
		b.AddSpan(f)
		b.SetAttributes(b.Attr("n", storage.Int(int64(i))))
	}
	return b.Spans()
}

// A search streams: traces come before all are found, in the order of the
// answer, each once, in messages that clients accept.
func TestGRPCStreamsInPieces(t *testing.T) {
	const n = 1500
	s := many(n, strings.Repeat("x", 2000)) // four mebibytes of names
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	td, err := s.ToPdata(rows)
	if err != nil {
		t.Fatal(err)
	}
	client := dial(t, stores(t, td)["memory"])
	stream, err := client.Search(t.Context(), &tempopb.SearchRequest{Query: "{ }", Limit: n})
	messages := receive(t, stream, err)
	next := n
	for _, m := range messages {
		if size := proto.Size(m); size > 2*messageBytes {
			t.Errorf("a message has %d bytes", size)
		}
		for _, x := range m.Traces {
			if want := shortTraceID(s.TraceIDs[next-1]); x.TraceID != want {
				t.Fatalf("trace %s, want %s", x.TraceID, want)
			}
			next--
		}
	}
	last := messages[len(messages)-1]
	if next != 0 || len(messages) < 4 || last.Metrics.CompletedJobs != 1 || messages[0].Metrics.CompletedJobs != 0 {
		t.Errorf("%d messages, %d traces missing, last %v", len(messages), next, last.Metrics)
	}

	ranges, err := client.MetricsQueryRange(t.Context(), &tempopb.QueryRangeRequest{
		Query: "{ } | rate() by(span.n, name)", Start: uint64(day.UnixNano()), End: uint64(day.Add(10 * time.Second).UnixNano()), Step: uint64(time.Second),
	})
	series := map[int64]bool{}
	pieces := receive(t, ranges, err)
	for _, m := range pieces {
		for _, x := range m.Series {
			series[x.Labels[0].Value.GetIntValue()] = true
		}
	}
	if len(series) != n || len(pieces) < 3 || pieces[len(pieces)-1].Metrics.CompletedJobs != 1 {
		t.Errorf("%d series in %d messages", len(series), len(pieces))
	}
}

// slowly is a store that takes so long for every aggregation that clients hear
// of it.
type slowly struct{ storage.SpanReader }

func (s slowly) Aggregate(ctx context.Context, q storage.Aggregation) ([]storage.Group, error) {
	time.Sleep(300 * time.Millisecond)
	return s.SpanReader.Aggregate(ctx, q)
}

// Series grow while they are computed: of a range every point comes once, the
// newest first; of an instant every message stands for all before it. Both end
// as the answer over HTTP.
func TestGRPCStreamsSeries(t *testing.T) {
	spans := inMemory(t)
	h, client := newTestHandler(spans), dial(t, slowly{spans})
	from, to := uint64(day.UnixNano()), uint64(day.Add(3*time.Minute).UnixNano())
	params := []string{"start", seconds(0), "end", seconds(3 * time.Minute), "step", "1m", "exemplars", "0"}

	const query = "{ } | rate() by(kind) with(exemplars=false)"
	ranges, err := client.MetricsQueryRange(t.Context(), &tempopb.QueryRangeRequest{Query: query, Start: from, End: to, Step: uint64(time.Minute)})
	messages := receive(t, ranges, err)
	got := map[string]float64{}
	oldest := int64(math.MaxInt64)
	for i, m := range messages {
		if done := m.Metrics.CompletedJobs == 1; done != (i == len(messages)-1) {
			t.Errorf("message %d of %d says it is the last: %v", i+1, len(messages), done)
		}
		before := oldest
		for _, s := range m.Series {
			for _, x := range s.Samples {
				point := fmt.Sprint(labelsText(s.Labels), x.TimestampMs)
				if _, ok := got[point]; ok {
					t.Errorf("point %s comes twice", point)
				}
				got[point] = x.GetValue()
				if x.TimestampMs > before && x.GetValue() != 0 {
					t.Errorf("point %s comes after older ones", point)
				}
				oldest = min(oldest, x.TimestampMs)
			}
		}
	}
	want := map[string]float64{}
	for _, s := range decode[tempopb.QueryRangeResponse](t, h, "/api/metrics/query_range"+values(append(params, "q", query)...)).Series {
		for _, x := range s.Samples {
			want[fmt.Sprint(labelsText(s.Labels), x.TimestampMs)] = x.GetValue()
		}
	}
	if len(messages) < 3 || !maps.Equal(got, want) {
		t.Errorf("%d messages:\n%v\nover HTTP:\n%v", len(messages), got, want)
	}

	instants, err := client.MetricsQueryInstant(t.Context(), &tempopb.QueryInstantRequest{Query: query, Start: from, End: to})
	answers := receive(t, instants, err)
	for i := 1; i < len(answers); i++ {
		if len(answers[i].Series) < len(answers[i-1].Series) {
			t.Errorf("message %d has fewer series than the one before", i+1)
		}
	}
	last := answers[len(answers)-1]
	whole := decode[tempopb.QueryInstantResponse](t, h, "/api/metrics/query"+values(append(params, "q", query)...))
	if len(answers) < 3 || !proto.Equal(last, whole) {
		t.Errorf("%d messages, the last\n%v\nover HTTP\n%v", len(answers), last, whole)
	}
}

// Values may have any length: what does not fit into a message is left out,
// and said to be.
func TestLongValues(t *testing.T) {
	b := storage.NewSpansBuilder(0)
	resource := b.AddResource(storage.Resource{})
	scope := b.AddScope(storage.InstrumentationScope{})
	for i := range 40 {
		b.AddSpan(storage.SpanFields{TraceID: storage.TraceID{15: 1}, SpanID: storage.SpanID{7: byte(i + 1)}, Name: "x", StartNs: day.UnixNano() + int64(i), Resource: resource, Scope: scope})
		b.SetAttributes(b.Attr("long", storage.String(fmt.Sprint(i, strings.Repeat("x", 60_000)))), b.Attr("longer", storage.String(fmt.Sprint(i, strings.Repeat("y", 60_000)))))
	}
	spans := storeOf(t, b.Spans())
	client := dial(t, spans)
	stream, err := client.Search(t.Context(), &tempopb.SearchRequest{Query: "{ } | select(.long, .longer) | by(span:id)", SpansPerSpanSet: 100})
	var traces []*tempopb.TraceSearchMetadata
	message := ""
	for _, m := range receive(t, stream, err) {
		traces, message = append(traces, m.Traces...), m.Message
	}
	if len(traces) != 1 || len(traces[0].SpanSets) == 0 || len(traces[0].SpanSet.Spans) == 0 || !strings.Contains(message, "or over HTTP") {
		t.Errorf("%d traces, %s", len(traces), message)
	}
	w := get(newTestHandler(spans), "/api/search"+values("q", "{ } | select(.long, .longer)", "spss", "100"))
	if n := w.Body.Len(); w.Code != 200 || n < 9_000_000 { // over HTTP everything, twice
		t.Errorf("%d, %d bytes", w.Code, n)
	}
	list, err := client.SearchTagValuesV2(t.Context(), &tempopb.SearchTagValuesRequest{TagName: "span.long"})
	m := receive(t, list, err)[0]
	if n := len(m.TagValues); n == 0 || n == 40 || m.Status != tempopb.PartialStatus_PARTIAL || !strings.Contains(m.Message, "select spans with q") {
		t.Errorf("%d values, %s", n, m.Message)
	}
}
