package jaeger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
)

const (
	checkoutID = "00000000000000010000000000000001"
	paymentID  = "00000000000000000000000000000002"
	brokenID   = "00000000000000000000000000000009"
)

// asked is a search in the words of every API.
type asked struct {
	service, operation string
	tags               map[string]string
	from, to           time.Duration // since day
	min, max           time.Duration
	depth              int32
}

// answers are the ids that each API found, in its order.
func (a asked) answers(t *testing.T, h *Handler, c clients) map[string][]string {
	t.Helper()
	ctx := t.Context()
	found := map[string][]string{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	v2, err := received(c.v2.FindTraces(ctx, &api_v2.FindTracesRequest{Query: &api_v2.TraceQueryParameters{
		ServiceName: a.service, OperationName: a.operation, Tags: a.tags, StartTimeMin: day.Add(a.from),
		StartTimeMax: day.Add(a.to - 1), // inclusive there
		DurationMin:  a.min, DurationMax: a.max, SearchDepth: a.depth,
	}}, gogo))
	must(err)
	found["v2"] = []string{}
	for _, chunk := range v2 {
		id := fmt.Sprintf("%016x%016x", chunk.Spans[0].TraceID.High, chunk.Spans[0].TraceID.Low)
		found["v2"] = append(found["v2"], id)
	}

	fromPB, toPB := timestamppb.New(day.Add(a.from)), timestamppb.New(day.Add(a.to))
	q3 := &apiv3.TraceQueryParameters{
		ServiceName: a.service, OperationName: a.operation, Attributes: a.tags, StartTimeMin: fromPB, StartTimeMax: toPB,
		DurationMin: durationpb.New(a.min), DurationMax: durationpb.New(a.max), SearchDepth: a.depth,
	}
	v3, err := received(c.v3.FindTraces(ctx, &apiv3.FindTracesRequest{Query: q3}))
	must(err)
	found["v3"] = idsOf(v3)
	summaries, err := received(c.v3.FindTraceSummaries(ctx, &apiv3.FindTraceSummariesRequest{Query: q3}))
	must(err)
	found["v3 summaries"] = []string{}
	for _, chunk := range summaries {
		for _, s := range chunk.GetSummaries() {
			found["v3 summaries"] = append(found["v3 summaries"], s.GetTraceId())
		}
	}

	remote := &storagev2.TraceQueryParameters{
		ServiceName: a.service, OperationName: a.operation, StartTimeMin: fromPB, StartTimeMax: toPB,
		DurationMin: durationpb.New(a.min), DurationMax: durationpb.New(a.max), SearchDepth: a.depth,
	}
	for key, value := range a.tags {
		remote.Attributes = append(remote.Attributes, &storagev2.KeyValue{Key: key, Value: &storagev2.AnyValue{Value: &storagev2.AnyValue_StringValue{StringValue: value}}})
	}
	traces, err := received(c.remote.FindTraces(ctx, &storagev2.FindTracesRequest{Query: remote}))
	must(err)
	found["remote"] = idsOf(traces)
	ids, err := c.remote.FindTraceIDs(ctx, &storagev2.FindTraceIDsRequest{Query: remote})
	must(err)
	found["remote ids"] = []string{}
	for _, id := range ids.GetTraceIds() {
		found["remote ids"] = append(found["remote ids"], hex.EncodeToString(id.GetTraceId()))
	}
	remoteSummaries, err := received(c.remote.FindTraceSummaries(ctx, &storagev2.FindTraceSummariesRequest{Query: remote}))
	must(err)
	found["remote summaries"] = []string{}
	for _, chunk := range remoteSummaries {
		for _, s := range chunk.GetSummaries() {
			found["remote summaries"] = append(found["remote summaries"], hex.EncodeToString(s.GetTraceId()))
		}
	}

	found["v3 over HTTP"] = a.overHTTP(t, h)
	return found
}

func (a asked) overHTTP(t *testing.T, h *Handler) []string {
	t.Helper()
	tags, err := json.Marshal(a.tags)
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{
		"query.serviceName": {a.service}, "query.operation_name": {a.operation}, "query.attributes": {string(tags)},
		"query.startTimeMin": {day.Add(a.from).Format(time.RFC3339Nano)}, "query.start_time_max": {day.Add(a.to).Format(time.RFC3339Nano)},
		"query.durationMin": {a.min.String()}, "query.duration_max": {a.max.String()},
	}
	if a.depth > 0 {
		query.Set("query.num_traces", fmt.Sprint(a.depth))
	}
	w := get(h, "/api/v3/trace-summaries?"+query.Encode())
	var reply struct{ Summaries []struct{ TraceID string } }
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	ids := []string{}
	for _, s := range reply.Summaries {
		ids = append(ids, s.TraceID)
	}
	if w := get(h, "/api/v3/traces?"+query.Encode()); (w.Code == http.StatusOK) != (len(ids) > 0) {
		t.Errorf("%d for %d traces", w.Code, len(ids))
	}
	return ids
}

func idsOf(chunks []*tracev1.TracesData) []string {
	ids := []string{}
	for _, chunk := range chunks {
		ids = append(ids, hex.EncodeToString(chunk.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetTraceId()))
	}
	return slices.Compact(ids)
}

// TestSameSearchInAll: every API finds the same traces, the newest match first.
func TestSameSearchInAll(t *testing.T) {
	for name, store := range stores(t, stored(t, everything())) {
		h := NewHandler(Options{Spans: store, Now: now})
		c := newClients(serve(t, h))
		for _, s := range []struct {
			asked
			want []string
		}{
			{asked{to: hour}, []string{paymentID, brokenID, checkoutID}}, // of any service; broken's clock is ahead
			{asked{to: hour, depth: 1}, []string{paymentID}},
			{asked{to: hour, depth: 2}, []string{paymentID, brokenID}},
			{asked{service: "cart", to: hour}, []string{checkoutID}},
			{asked{service: "cart", operation: "charge", to: hour}, []string{}},
			{asked{service: "nobody", to: hour}, []string{}},
			{asked{tags: map[string]string{"error": "true"}, to: hour}, []string{paymentID}},
			{asked{service: "cart", tags: map[string]string{"process.pid": "42", "cached": "true"}, to: hour}, []string{checkoutID}},
			{asked{service: "frontend", tags: map[string]string{"process.pid": "42"}, to: hour}, []string{}},
			{asked{tags: map[string]string{"http.status_code": "200"}, to: hour}, []string{checkoutID}},
			{asked{min: 2 * time.Second, to: hour}, []string{paymentID}},
			{asked{service: "payment", max: 2 * time.Second, to: hour}, []string{paymentID}},
			{asked{service: "payment", max: 2*time.Second - 1, to: hour}, []string{}},
			{asked{from: 5 * time.Minute, to: 5*time.Minute + 1}, []string{paymentID}},
			{asked{from: time.Minute, to: 5 * time.Minute}, []string{}}, // the end is exclusive
		} {
			for api, got := range s.answers(t, h, c) {
				if !slices.Equal(got, s.want) {
					t.Errorf("%s, %s, %+v: %v, want %v", name, api, s.asked, got, s.want)
				}
			}
		}
	}
}

func TestSummariesSayWhatTheTraceSays(t *testing.T) {
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, everything())["columnar"]})))
	got, err := received(c.v3.FindTraceSummaries(t.Context(), &apiv3.FindTraceSummariesRequest{Query: &apiv3.TraceQueryParameters{
		ServiceName: "cart", StartTimeMin: dayPB, StartTimeMax: hourPB,
	}}))
	if err != nil || len(got) != 1 || len(got[0].GetSummaries()) != 1 {
		t.Fatal(got, err)
	}
	s := got[0].Summaries[0]
	if s.GetRootServiceName() != "frontend" || s.GetRootOperationName() != "GET /checkout" || s.GetSpanCount() != 4 || s.GetErrorSpanCount() != 0 ||
		s.GetOrphanSpanCount() != 0 || s.GetMinStartTimeUnixNano() != uint64(day.UnixNano()) || s.GetMaxEndTimeUnixNano() != uint64(day.UnixNano()+100_000_999) {
		t.Error(s)
	}
	if len(s.Services) != 2 || s.Services[0].GetName() != "cart" || s.Services[0].GetSpanCount() != 2 || s.Services[1].GetName() != "frontend" {
		t.Error(s.Services)
	}
}

// TestRPCRefusals: what cannot be answered is refused with the code that says why.
func TestRPCRefusals(t *testing.T) {
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, shop())["columnar"], MaxTraces: 500})))
	ctx := t.Context()
	filter := &expressionv1.Call{Op: "eq"}

	type q3 = apiv3.TraceQueryParameters
	for what, q := range map[string]struct {
		query *q3
		want  codes.Code
	}{
		"no query":       {nil, codes.InvalidArgument},
		"no times":       {&q3{}, codes.InvalidArgument},
		"zero time":      {&q3{StartTimeMin: timestamppb.New(time.Time{}), StartTimeMax: hourPB}, codes.InvalidArgument},
		"invalid time":   {&q3{StartTimeMin: &timestamppb.Timestamp{Nanos: -1}, StartTimeMax: hourPB}, codes.InvalidArgument},
		"backwards":      {&q3{StartTimeMin: hourPB, StartTimeMax: dayPB}, codes.InvalidArgument},
		"empty":          {&q3{StartTimeMin: dayPB, StartTimeMax: dayPB}, codes.InvalidArgument},
		"too deep":       {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, SearchDepth: 501}, codes.InvalidArgument},
		"negative depth": {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, SearchDepth: -1}, codes.InvalidArgument},
		"durations":      {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, DurationMin: durationpb.New(2), DurationMax: durationpb.New(1)}, codes.InvalidArgument},
		"filter":         {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, Filter: filter}, codes.InvalidArgument},
		"no page size":   {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, Pagination: &apiv3.Pagination{}}, codes.InvalidArgument},
		"page and depth": {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, SearchDepth: 1, Pagination: &apiv3.Pagination{PageSize: 1}}, codes.InvalidArgument},
		"another page":   {&q3{StartTimeMin: dayPB, StartTimeMax: hourPB, Pagination: &apiv3.Pagination{PageSize: 1, PageToken: "x"}}, codes.InvalidArgument},
	} {
		_, err := received(c.v3.FindTraceSummaries(ctx, &apiv3.FindTraceSummariesRequest{Query: q.query}))
		wantCode(t, "v3 summaries: "+what, err, q.want)
		_, err = received(c.v3.FindTraces(ctx, &apiv3.FindTracesRequest{Query: q.query}))
		wantCode(t, "v3 traces: "+what, err, q.want)
	}
	_, err := received(c.v3.FindTraces(ctx, &apiv3.FindTracesRequest{Query: &q3{StartTimeMin: dayPB, StartTimeMax: hourPB, Pagination: &apiv3.Pagination{PageSize: 1}}}))
	wantCode(t, "a page of traces", err, codes.InvalidArgument)
	page, err := received(c.v3.FindTraceSummaries(ctx, &apiv3.FindTraceSummariesRequest{Query: &q3{StartTimeMin: dayPB, StartTimeMax: hourPB, Pagination: &apiv3.Pagination{PageSize: 1}}}))
	if err != nil || len(page) != 1 || len(page[0].GetSummaries()) != 1 || page[0].GetNextPageToken() == "" {
		t.Error("one page:", page, err)
	}

	type qr = storagev2.TraceQueryParameters
	for what, q := range map[string]struct {
		query *qr
		want  codes.Code
	}{
		"no query":       {nil, codes.InvalidArgument},
		"backwards":      {&qr{StartTimeMin: hourPB, StartTimeMax: dayPB}, codes.InvalidArgument},
		"filter":         {&qr{Filter: filter}, codes.InvalidArgument},
		"page and depth": {&qr{SearchDepth: 1, Pagination: &storagev2.Pagination{PageSize: 1}}, codes.InvalidArgument},
		"a list": {&qr{Attributes: []*storagev2.KeyValue{{Key: "k", Value: &storagev2.AnyValue{Value: &storagev2.AnyValue_ArrayValue{ArrayValue: &storagev2.ArrayValue{}}}}}},
			codes.InvalidArgument},
	} {
		_, err := received(c.remote.FindTraces(ctx, &storagev2.FindTracesRequest{Query: q.query}))
		wantCode(t, "remote: "+what, err, q.want)
		_, err = c.remote.FindTraceIDs(ctx, &storagev2.FindTraceIDsRequest{Query: q.query})
		wantCode(t, "remote ids: "+what, err, q.want)
		_, err = received(c.remote.FindTraceSummaries(ctx, &storagev2.FindTraceSummariesRequest{Query: q.query}))
		wantCode(t, "remote summaries: "+what, err, q.want)
	}
	_, err = received(c.remote.GetTraces(ctx, &storagev2.GetTracesRequest{Query: []*storagev2.GetTraceParams{{TraceId: []byte{1}}}}))
	wantCode(t, "a short id", err, codes.InvalidArgument)
	_, err = received(c.remote.FindSpans(ctx, &storagev2.FindSpansRequest{}))
	wantCode(t, "remote FindSpans without a query", err, codes.InvalidArgument)
	_, err = received(c.v3.FindSpans(ctx, &apiv3.FindSpansRequest{}))
	wantCode(t, "v3 FindSpans without a query", err, codes.InvalidArgument)
	_, err = received(c.v3.FindSpans(ctx, &apiv3.FindSpansRequest{Query: &apiv3.SpanQueryParameters{}}))
	wantCode(t, "v3 FindSpans without times", err, codes.InvalidArgument)
	_, err = received(c.remote.FindSpans(ctx, &storagev2.FindSpansRequest{Query: &storagev2.SpanQueryParameters{Filter: filter}}))
	wantCode(t, "a bad filter of spans", err, codes.InvalidArgument)
	_, err = c.remote.GetOperations(ctx, &storagev2.GetOperationsRequest{})
	wantCode(t, "no service", err, codes.InvalidArgument)
	_, err = c.v3.GetDependencies(ctx, &apiv3.GetDependenciesRequest{})
	wantCode(t, "no times", err, codes.InvalidArgument)

	_, err = received(c.v3.GetTrace(ctx, &apiv3.GetTraceRequest{TraceId: "77"}))
	wantCode(t, "v3 GetTrace", err, codes.NotFound)
	_, err = received(c.v3.GetTrace(ctx, &apiv3.GetTraceRequest{TraceId: "zz"}))
	wantCode(t, "v3 GetTrace", err, codes.InvalidArgument)
	in := &api_v2.GetTraceRequest{}
	_, err = received(c.v2.GetTrace(ctx, in, gogo))
	wantCode(t, "v2 GetTrace without an id", err, codes.InvalidArgument)
	in.TraceID.Low = 77
	_, err = received(c.v2.GetTrace(ctx, in, gogo))
	wantCode(t, "v2 GetTrace", err, codes.NotFound)
	_, err = received(c.v2.FindTraces(ctx, &api_v2.FindTracesRequest{}, gogo))
	wantCode(t, "v2 FindTraces without a query", err, codes.InvalidArgument)
	_, err = c.v2.ArchiveTrace(ctx, &api_v2.ArchiveTraceRequest{TraceID: in.TraceID}, gogo)
	wantCode(t, "v2 ArchiveTrace without an archive", err, codes.FailedPrecondition)
}

// TestMissingTimesAreNoBound: what a Jaeger leaves out arrives as the zero time.
func TestMissingTimesAreNoBound(t *testing.T) {
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, shop())["columnar"]})))
	zero := timestamppb.New(time.Time{})
	for _, q := range []*storagev2.TraceQueryParameters{{}, {StartTimeMin: zero, StartTimeMax: zero}, {StartTimeMin: longAgoPB, StartTimeMax: zero}} {
		got, err := c.remote.FindTraceIDs(t.Context(), &storagev2.FindTraceIDsRequest{Query: q})
		if err != nil || len(got.GetTraceIds()) != 2 {
			t.Error(got, err)
		}
	}
	v2, err := received(c.v2.FindTraces(t.Context(), &api_v2.FindTracesRequest{Query: &api_v2.TraceQueryParameters{}}, gogo))
	if err != nil || len(v2) != 2 {
		t.Error(v2, err)
	}
}

// TestRPCStorageFailures: the code tells what went wrong, and a cancelled call
// ends the work for it.
func TestRPCStorageFailures(t *testing.T) {
	for _, f := range rpcFailures {
		c := newClients(serve(t, NewHandler(Options{Spans: &memory{err: f.err}})))
		ctx := t.Context()
		_, err := c.v3.GetServices(ctx, &apiv3.GetServicesRequest{})
		wantCode(t, "services", err, f.want)
		_, err = received(c.v3.GetTrace(ctx, &apiv3.GetTraceRequest{TraceId: "1"}))
		wantCode(t, "trace", err, f.want)
		_, err = received(c.remote.FindTraces(ctx, &storagev2.FindTracesRequest{Query: &storagev2.TraceQueryParameters{}}))
		wantCode(t, "search", err, f.want)
		_, err = c.v2.GetDependencies(ctx, &api_v2.GetDependenciesRequest{}, gogo)
		wantCode(t, "dependencies", err, f.want)
	}
	c := newClients(serve(t, NewHandler(Options{Spans: stores(t, shop())["columnar"]})))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := received(c.v3.GetTrace(ctx, &apiv3.GetTraceRequest{TraceId: "2"}))
	wantCode(t, "cancelled", err, codes.Canceled)
}
