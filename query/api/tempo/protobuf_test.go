package tempo

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

const acceptProtobuf = "application/protobuf"

// The JSON of a trace is protobuf's own mapping of the same trace in protobuf,
// except that a batch has one scope.
func TestTraceJSONIsProtobufs(t *testing.T) {
	for name, spans := range stores(t, shop()) {
		h := newTestHandler(spans)
		for _, id := range []string{"10000000000000001", "fe000000000000000000000000000002", "9"} {
			asProto := get(h, "/api/traces/"+id, "Accept", acceptProtobuf)
			if asProto.Code != http.StatusOK || asProto.Header().Get("Content-Type") != acceptProtobuf {
				t.Fatalf("%d %v", asProto.Code, asProto.Header())
			}
			var want tracepb.TracesData
			if err := proto.Unmarshal(asProto.Body.Bytes(), &want); err != nil {
				t.Fatal(err)
			}
			body := get(h, "/api/traces/"+id).Body.String()
			text, found := strings.CutPrefix(body, `{"batches":`)
			if !found {
				t.Fatalf("no batches: %s", body)
			}
			var got tracepb.TracesData
			if err := protojson.Unmarshal([]byte(`{"resourceSpans":`+text), &got); err != nil {
				t.Fatal(err)
			}
			var split tracepb.TracesData
			for _, rs := range want.ResourceSpans {
				for _, ss := range rs.ScopeSpans {
					split.ResourceSpans = append(split.ResourceSpans, &tracepb.ResourceSpans{Resource: rs.Resource, ScopeSpans: []*tracepb.ScopeSpans{ss}, SchemaUrl: rs.SchemaUrl})
				}
			}
			// The store repairs no attribute text; protobuf for Go does.
			if a, b := protojson.Format(&got), protojson.Format(&split); strings.ReplaceAll(a, " ", "") != strings.ReplaceAll(b, " ", "") {
				t.Errorf("%s: trace %s in JSON\n%s\nin protobuf\n%s", name, id, a, b)
			}
		}
	}
}

// traceField cuts the inner trace out of a reply of the second version.
func traceField(t *testing.T, body []byte) []byte {
	t.Helper()
	number, kind, n := protowire.ConsumeTag(body)
	if number != 1 || kind != protowire.BytesType || n < 0 {
		t.Fatalf("no inner trace: %x", body)
	}
	inner, m := protowire.ConsumeBytes(body[n:])
	if m < 0 {
		t.Fatal(protowire.ParseError(m))
	}
	return inner
}

func TestTraceV2Protobuf(t *testing.T) {
	h := newTestHandler(inMemory(t))
	w := get(h, "/api/v2/traces/9", "Accept", acceptProtobuf)
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(traceField(t, w.Body.Bytes()))
	if err != nil || td.SpanCount() != 5 {
		t.Errorf("%d spans, %v", td.SpanCount(), err)
	}
	// Grafana reads the inner trace without looking whether it is there.
	w = get(h, "/api/v2/traces/abc", "Accept", acceptProtobuf)
	if inner := traceField(t, w.Body.Bytes()); w.Code != http.StatusOK || len(inner) != 0 {
		t.Errorf("%d %x", w.Code, inner)
	}
}

// What is asked for in protobuf and in JSON is the same.
func TestMessagesInBothForms(t *testing.T) {
	h := newTestHandler(inMemory(t))
	window := []string{"start", seconds(0), "end", seconds(5 * time.Minute), "step", "1m"}
	for target, m := range map[string]proto.Message{
		"/api/search" + values(append(window, "q", "{ } | select(.list, .cached, .ratio)")...): &tempopb.SearchResponse{},
		"/api/search/tags":                                &tempopb.SearchTagsResponse{},
		"/api/v2/search/tags":                             &tempopb.SearchTagsV2Response{},
		"/api/search/tag/service.name/values":             &tempopb.SearchTagValuesResponse{},
		"/api/v2/search/tag/resource.service.name/values": &tempopb.SearchTagValuesV2Response{},
		"/api/metrics/query_range" + values(append(window, "q", "{ } | rate() by(name)", "exemplars", "5")...): &tempopb.QueryRangeResponse{},
		"/api/metrics/query" + values(append(window, "q", "{ } | rate() by(kind)")...):                         &tempopb.QueryInstantResponse{},
	} {
		w := get(h, target, "Accept", acceptProtobuf)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != acceptProtobuf {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
		if err := proto.Unmarshal(w.Body.Bytes(), m); err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		fromJSON := m.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(get(h, target).Body.Bytes(), fromJSON); err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if !proto.Equal(m, fromJSON) {
			t.Errorf("%s: in protobuf\n%v\nin JSON\n%v", target, m, fromJSON)
		}
	}
}

// Our AnyValue is OTLP's on the wire and in JSON: clients have that one.
func TestValuesAreOTLP(t *testing.T) {
	want := &commonpb.KeyValue{Key: "k", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{
		{Key: "s", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "x"}}},
		{Key: "b", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}}},
		{Key: "i", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: -1}}},
		{Key: "d", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: .5}}},
		{Key: "y", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte{1}}}},
		{Key: "a", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{{}}}}}},
	}}}}}
	wire, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var ours tempopb.KeyValue
	if err := proto.Unmarshal(wire, &ours); err != nil || len(ours.ProtoReflect().GetUnknown()) > 0 {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal([]byte(protojson.Format(want)), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(protojson.Format(&ours)), &b); err != nil {
		t.Fatal(err)
	}
	if x, y := mustJSON(t, a), mustJSON(t, b); x != y {
		t.Errorf("%s\n%s", x, y)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Clients have the numbers built in.
func TestFieldNumbers(t *testing.T) {
	for _, c := range []struct {
		message proto.Message
		fields  map[string]int
	}{
		{&tempopb.SearchRequest{}, map[string]int{"tags": 1, "min_duration_ms": 2, "max_duration_ms": 3, "limit": 4, "start": 5, "end": 6, "query": 8, "spans_per_span_set": 9}},
		{&tempopb.SearchResponse{}, map[string]int{"traces": 1, "metrics": 2}},
		{&tempopb.TraceSearchMetadata{}, map[string]int{"traceID": 1, "root_service_name": 2, "root_trace_name": 3, "start_time_unix_nano": 4, "duration_ms": 5, "span_set": 6, "span_sets": 7, "service_stats": 8}},
		{&tempopb.ServiceStats{}, map[string]int{"span_count": 1, "error_count": 2}},
		{&tempopb.SpanSet{}, map[string]int{"spans": 1, "matched": 2, "attributes": 3}},
		{&tempopb.Span{}, map[string]int{"spanID": 1, "name": 2, "start_time_unix_nano": 3, "duration_nanos": 4, "attributes": 5}},
		{&tempopb.SearchMetrics{}, map[string]int{"inspected_traces": 1, "inspected_bytes": 2, "completed_jobs": 4, "total_jobs": 5, "inspected_spans": 7}},
		{&tempopb.SearchTagsRequest{}, map[string]int{"scope": 1, "query": 2, "start": 3, "end": 4, "max_tags_per_scope": 5, "stale_values_threshold": 6}},
		{&tempopb.SearchTagsV2Response{}, map[string]int{"scopes": 1, "metrics": 2}},
		{&tempopb.SearchTagsV2Scope{}, map[string]int{"name": 1, "tags": 2}},
		{&tempopb.SearchTagValuesRequest{}, map[string]int{"tag_name": 1, "query": 2, "start": 4, "end": 5, "max_tag_values": 6, "stale_value_threshold": 7}},
		{&tempopb.TagValue{}, map[string]int{"type": 1, "value": 2}},
		{&tempopb.MetadataMetrics{}, map[string]int{"inspected_bytes": 1, "total_jobs": 2, "completed_jobs": 3}},
		{&tempopb.QueryRangeRequest{}, map[string]int{"query": 1, "start": 2, "end": 3, "step": 4, "exemplars": 16, "max_series": 17}},
		{&tempopb.QueryRangeResponse{}, map[string]int{"series": 1, "metrics": 2, "status": 3, "message": 4}},
		{&tempopb.TimeSeries{}, map[string]int{"labels": 1, "samples": 2, "exemplars": 4}},
		{&tempopb.Sample{}, map[string]int{"value": 1, "timestamp_ms": 2}},
		{&tempopb.Exemplar{}, map[string]int{"labels": 1, "value": 2, "timestamp_ms": 3}},
		{&tempopb.QueryInstantRequest{}, map[string]int{"query": 1, "start": 2, "end": 3}},
		{&tempopb.QueryInstantResponse{}, map[string]int{"series": 1, "metrics": 2, "status": 3, "message": 4}},
		{&tempopb.InstantSeries{}, map[string]int{"labels": 1, "value": 2}},
	} {
		d := c.message.ProtoReflect().Descriptor()
		for name, number := range c.fields {
			f := d.Fields().ByNumber(protowire.Number(number))
			if f == nil || string(f.Name()) != name {
				t.Errorf("%s: field %d is not %s", d.FullName(), number, name)
			}
		}
	}
}
