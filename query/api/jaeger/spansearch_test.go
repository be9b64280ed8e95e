package jaeger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// spansOf are the spans of chunks, each with its resource and scope, in their
// order.
func spansOf(t testing.TB, chunks ...*tracev1.TracesData) (list []string) {
	t.Helper()
	for _, chunk := range chunks {
		for _, rs := range chunk.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					one := &tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{Resource: rs.GetResource(), SchemaUrl: rs.GetSchemaUrl(), ScopeSpans: []*tracev1.ScopeSpans{
						{Scope: ss.GetScope(), SchemaUrl: ss.GetSchemaUrl(), Spans: []*tracev1.Span{s}},
					}}}}
					b, err := proto.MarshalOptions{Deterministic: true}.Marshal(one)
					if err != nil {
						t.Fatal(err)
					}
					td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, lines(td)...)
				}
			}
		}
	}
	return list
}

func term[T any](field, direction string, make func(*expressionv1.Expression, string) T) T {
	return make(&expressionv1.Expression{Term: &expressionv1.Expression_Field{Field: &expressionv1.FieldReference{Name: field, Level: "span"}}}, direction)
}

func remoteTerm(e *expressionv1.Expression, direction string) *storagev2.SpanSortOrder {
	return &storagev2.SpanSortOrder{Expression: e, Direction: direction}
}

// TestFindSpans: the spans come as they are stored, newest first, the same by
// every API.
func TestFindSpans(t *testing.T) {
	for name, store := range stores(t, stored(t, everything())) {
		h := NewHandler(Options{Spans: store, Now: now})
		c := newClients(serve(t, h))
		for filter, want := range map[string][]string{
			ofCart:  {"cart.Expire", "cart.Get"},
			slow:    {"charge", "GET /checkout", "root"},
			cartOr:  {"charge", "cart.Expire", "cart.Get"},
			over100: {"call cart"},
			missed:  {"cart.Get"},
			linked:  {"cart.Get"},
			mixed:   nil,
			unnamed: {"unnamed"},
		} {
			v3, err := received(c.v3.FindSpans(t.Context(), &apiv3.FindSpansRequest{Query: &apiv3.SpanQueryParameters{
				StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(t, filter),
			}}))
			if err != nil {
				t.Fatal(err)
			}
			var names, all []string
			for _, chunk := range v3 {
				for _, rs := range chunk.GetSpans().GetResourceSpans() {
					for _, s := range rs.GetScopeSpans()[0].GetSpans() {
						names = append(names, s.GetName())
					}
				}
				all = append(all, spansOf(t, chunk.GetSpans())...)
			}
			if filter == slow && len(names) == 3 { // two start together
				slices.Sort(names[1:])
			}
			if !slices.Equal(names, want) {
				t.Errorf("%s, %s: %q, want %q", name, filter, names, want)
			}
			remote, err := received(c.remote.FindSpans(t.Context(), &storagev2.FindSpansRequest{Query: &storagev2.SpanQueryParameters{
				StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: callOf(t, filter),
			}}))
			if err != nil {
				t.Fatal(err)
			}
			var again []string
			for _, chunk := range remote {
				again = append(again, spansOf(t, chunk.GetSpans())...)
			}
			wantLines(t, name+" remote "+filter, again, all)
			wantLines(t, name+" over HTTP "+filter, spansOverHTTP(t, h, filter), all)
		}
		// What is found is what is stored.
		found, err := received(c.remote.FindSpans(t.Context(), &storagev2.FindSpansRequest{Query: &storagev2.SpanQueryParameters{}}))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, chunk := range found {
			got = append(got, spansOf(t, chunk.GetSpans())...)
		}
		slices.Sort(got)
		want := lines(stored(t, everything()))
		wantLines(t, name+" all", got, slices.Compact(want)) // what was sent twice is folded
	}
}

// TestFindSpansPages: following the tokens visits every span once, in the order
// that was asked for, duplicates that differ included.
func TestFindSpansPages(t *testing.T) {
	storagetest.Long(t)
	r := rand.New(rand.NewPCG(1, 1))
	td := ptrace.NewTraces()
	for i := range 60 {
		spans := service(td, fmt.Sprint("s", i%3), nil)
		s := add(spans, fields{
			trace: traceID(0, byte(1+r.IntN(4))), id: spanID(byte(1 + r.IntN(3))), name: "job",
			from: time.Duration(r.IntN(3)) * time.Second,
		})
		s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(1+r.IntN(2)))
		s.Attributes().PutInt("n", int64(r.IntN(2)))
		s.Attributes().PutStr("text", fmt.Sprint(r.IntN(20)))
	}
	filters := []string{
		anything,
		`{"op":"eq","args":[{"attr":{"key":"n"}},{"scalar":{"value":"1"}}]}`,
		`{"op":"gt","args":[{"attr":{"key":"text"}},{"scalar":{"value":"5"}}]}`, // which the store cannot tell
		`{"op":"lt","args":[{"field":{"name":"startTime","level":"span"}},{"field":{"name":"endTime","level":"span"}}]}`,
	}
	orders := [][2]string{{}, {"startTime", "asc"}, {"startTime", "desc"}, {"duration", ""}, {"traceID", "desc"}, {"spanID", "asc"}, {"spanID", "desc"}}
	for name, store := range stores(t, td) {
		h := NewHandler(Options{Spans: store, Now: now, MaxSpans: 25})
		for _, text := range filters {
			for _, by := range orders {
				var terms []sortTerm
				if by[0] != "" {
					terms = sortTerms([]*storagev2.SpanSortOrder{term(by[0], by[1], remoteTerm)})
				}
				search := func(size uint32, token string) spanSearch {
					s := spanSearch{window: storage.Window{FromNs: day.UnixNano(), ToNs: day.Add(2 * time.Second).UnixNano()}}
					if err := s.set(callOf(t, text), terms, httpPage{size, token}); err != nil {
						t.Fatal(err)
					}
					return s
				}
				want := wantedSpans(t, store, search(1, ""))
				for _, size := range []uint32{1, 2, 5, 1000} {
					var got []string
					token := ""
					for pages := 0; pages == 0 || token != ""; pages++ {
						if pages > len(want) {
							t.Fatalf("%s: page %d of %d spans", name, pages, len(want))
						}
						f, found := h.findSpans(t.Context(), search(size, token))
						n := 0
						for at, err := range found {
							if err != nil {
								t.Fatal(err)
							}
							for _, row := range at.rows {
								got = append(got, spanText(at.spans, row))
								n++
							}
						}
						if token = f.next; token != "" && n != int(min(size, 25)) || n > 25 {
							t.Fatalf("%s: a page of %d spans, want %d", name, n, size)
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%s, %s, by %v, pages of %d:\n got %q\nwant %q", name, text, by, size, got, want)
					}
				}
			}
		}
	}
}

func spanText(s *storage.Spans, row int) string {
	return fmt.Sprint(keyOf(s, row), s.Lookup(s.Attributes[row], "n").Text(), s.Lookup(s.Attributes[row], "text").Text(), s.Service(row))
}

// wantedSpans is the answer by the definition: all spans, the identical ones
// folded, those that match, sorted.
func wantedSpans(t *testing.T, store storage.SpanReader, s spanSearch) []string {
	t.Helper()
	var ids []storage.TraceID
	for i := range 8 {
		ids = append(ids, traceID(0, byte(i)))
	}
	traces, err := trace.Fetch(t.Context(), store, ids)
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		key  spanKey
		text string
	}
	var list []found
	for _, one := range traces {
		for _, row := range one.Rows {
			if s.matches(one.Spans, int(row)) {
				list = append(list, found{keyOf(one.Spans, int(row)), spanText(one.Spans, int(row))})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return s.order.compare(a.key, b.key) })
	var texts []string
	for _, f := range list {
		texts = append(texts, f.text)
	}
	if len(texts) < 10 {
		t.Fatalf("only %d spans match", len(texts))
	}
	return texts
}

// TestFindSpansChunks: messages are bounded, and only the last has a token.
func TestFindSpansChunks(t *testing.T) {
	conn := serve(t, NewHandler(Options{Spans: stores(t, wide(12_000))["columnar"]}))
	client := storagev2.NewTraceReaderClient(conn)
	q := &storagev2.SpanQueryParameters{Pagination: &storagev2.Pagination{PageSize: 9000}}
	chunks, err := received(client.FindSpans(t.Context(), &storagev2.FindSpansRequest{Query: q}, grpc.MaxCallRecvMsgSize(4<<20)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, chunk := range chunks {
		if size := proto.Size(chunk); size > chunkBytes+chunkBytes/4 {
			t.Errorf("a message of %d bytes", size)
		}
		if (chunk.GetNextPageToken() != "") != (i == len(chunks)-1) {
			t.Errorf("message %d of %d has the token %q", i, len(chunks), chunk.GetNextPageToken())
		}
		n += len(spansOf(t, chunk.GetSpans()))
	}
	if n != 9000 || len(chunks) < 2 {
		t.Errorf("%d spans in %d messages", n, len(chunks))
	}
}

func spansOverHTTP(t *testing.T, h *Handler, filter string) []string {
	t.Helper()
	w := getFiltered(h, "spans", filter)
	td, next := spansReply(t, w)
	if next != "" {
		t.Error("there is another page")
	}
	var list []string
	for _, rs := range td.ResourceSpans().All() {
		one := ptrace.NewTraces()
		rs.CopyTo(one.ResourceSpans().AppendEmpty())
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(one)
		if err != nil {
			t.Fatal(err)
		}
		var chunk tracev1.TracesData
		if err := proto.Unmarshal(b, &chunk); err != nil {
			t.Fatal(err)
		}
		list = append(list, spansOf(t, &chunk)...)
	}
	return list
}
