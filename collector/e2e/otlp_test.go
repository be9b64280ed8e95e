package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// otlpDocument holds what the Go SDK has no way to send: the trace state of
// links, counts of what was dropped, values that are empty or nested, and
// integers beyond what a JSON number holds. The placeholders are service, trace
// id, span id and times.
const otlpDocument = `{"resourceSpans":[{
 "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"otlp-%s"}},{"key":"host.cpus","value":{"intValue":"8"}}]},
 "schemaUrl":"https://opentelemetry.io/schemas/1.40.0",
 "scopeSpans":[{"scope":{"name":"by hand","version":"7","attributes":[{"key":"lib","value":{"boolValue":true}}]},
  "spans":[{"traceId":"%s","spanId":"%s","traceState":"a=b","flags":769,"name":"PUT /x","kind":2,
   "startTimeUnixNano":"%d","endTimeUnixNano":"%d",
   "attributes":[
    {"key":"nothing","value":{}},
    {"key":"nested","value":{"kvlistValue":{"values":[{"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"zwei"},{"doubleValue":3.5}]}}}]}}},
    {"key":"after","value":{"stringValue":"one"}},
    {"key":"big","value":{"intValue":"9007199254740993"}},
    {"key":"blob","value":{"bytesValue":"AP8="}}],
   "droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":3,
   "events":[{"timeUnixNano":"%d","name":"e","attributes":[{"key":"n","value":{"doubleValue":1e300}}]}],
   "links":[{"traceId":"00000000000000000000000000000abc","spanId":"0000000000000def","traceState":"c=d","attributes":[]}],
   "status":{"code":2,"message":"no"}}]}]}]}`

func otlpSpan(name, traceID, spanID string, start int64) (document string, want span) {
	document = fmt.Sprintf(otlpDocument, name, traceID, spanID, start, start+1_234_567, start+999)
	nested := map[string]any{"list": []any{json.Number("1"), "zwei", json.Number("3.5")}}
	return document, span{
		TraceID: traceID, SpanID: spanID, TraceState: "a=b", Flags: 769, Name: "PUT /x", Kind: "server",
		Start: fmt.Sprint(start), DurationNs: 1_234_567, Status: spanStatus{"error", "no"}, Service: "otlp-" + name,
		Resource:   spanResource{[]attr{textAttr("service.name", "otlp-"+name), intAttr("host.cpus", 8)}, "https://opentelemetry.io/schemas/1.40.0"},
		Scope:      spanScope{Name: "by hand", Version: "7", Attributes: []attr{boolAttr("lib", true)}},
		Attributes: []attr{{"nothing", "empty", nil}, {"nested", "kvlist", nested}, textAttr("after", "one"), intAttr("big", 9007199254740993), bytesAttr("blob", []byte{0, 255})},
		Events:     []event{{"e", fmt.Sprint(start + 999), []attr{doubleAttr("n", 1e300)}}},
		Links:      []link{{"00000000000000000000000000000abc", "0000000000000def", "c=d", []attr{}}},

		DroppedAttributes: 1, DroppedEvents: 2, DroppedLinks: 3,
	}
}

// TestOTLP sends one document in every encoding that OTLP has.
func TestOTLP(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(t *testing.T, s *server, document string){
		"json": func(t *testing.T, s *server, document string) {
			postOTLP(t, s, []byte(document), "application/json", "")
		},
		"json-gzip": func(t *testing.T, s *server, document string) {
			postOTLP(t, s, gzipped([]byte(document)), "application/json", "gzip")
		},
		"protobuf": func(t *testing.T, s *server, document string) {
			postOTLP(t, s, otlpProto(t, document), "application/x-protobuf", "")
		},
		"protobuf-zstd": func(t *testing.T, s *server, document string) {
			w, err := zstd.NewWriter(nil)
			if err != nil {
				t.Fatal(err)
			}
			postOTLP(t, s, w.EncodeAll(otlpProto(t, document), nil), "application/x-protobuf", "zstd")
		},
		"grpc": func(t *testing.T, s *server, document string) {
			if res := grpcCall(t, s.otlpGRPC, otlpExport, "", grpcFrame(0, otlpProto(t, document))); res.code != 0 {
				t.Fatalf("%v: %s", res.code, res.message)
			}
		},
		"grpc-gzip": func(t *testing.T, s *server, document string) {
			if res := grpcCall(t, s.otlpGRPC, otlpExport, "gzip", grpcFrame(1, gzipped(otlpProto(t, document)))); res.code != 0 {
				t.Fatalf("%v: %s", res.code, res.message)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			id := newTraceID().String()
			document, want := otlpSpan(name, id, newSpanID().String(), time.Now().Add(-time.Minute).UnixNano())
			send(t, s, document)
			s.expectTrace(t, id, []span{want})
		})
	}
}

// TestArchiveAndTransform keeps a trace, and shows a document without storing it.
func TestArchiveAndTransform(t *testing.T) {
	t.Parallel()
	s := shared(t)
	id := newTraceID().String()
	document, want := otlpSpan("transform", id, newSpanID().String(), time.Now().Add(-time.Minute).UnixNano())

	res := post(t, "http://"+s.query+"/api/transform", []byte(document), "Content-Type", "application/json")
	var shown struct{ Data []jaegerTrace }
	decodeJSON(t, "transform", res.body, &shown)
	if res.code != http.StatusOK || len(shown.Data) != 1 || s.hasTrace(t, id) {
		t.Fatalf("transform: status %d, %d traces, stored: %v", res.code, len(shown.Data), s.hasTrace(t, id))
	}
	got, process := shown.Data[0].Spans[0], shown.Data[0].Processes["p1"]
	got.ProcessID = ""
	sortTags(got.Tags)
	sortTags(process.Tags)
	wantSpan, wantProcess := jaegerOf(want)
	same(t, "transform", got, wantSpan)
	same(t, "transform, process", process, wantProcess)

	if res := post(t, "http://"+s.query+"/api/archive/"+id, nil); res.code != http.StatusNotFound {
		t.Errorf("archiving what is not there: status %d: %s", res.code, res.body)
	}
	postOTLP(t, s, []byte(document), "application/json", "")
	s.rises(t, "heddle_store_spans", []string{`store="archive"`}, func() {
		if res := post(t, "http://"+s.query+"/api/archive/"+id, nil); res.code != http.StatusOK {
			t.Errorf("archiving: status %d: %s", res.code, res.body)
		}
	})
	s.expectTrace(t, id, []span{want}) // once, though it is kept twice
}

func postOTLP(t *testing.T, s *server, body []byte, contentType, encoding string) {
	t.Helper()
	headers := []string{"Content-Type", contentType}
	if encoding != "" {
		headers = append(headers, "Content-Encoding", encoding)
	}
	res := post(t, "http://"+s.otlpHTTP+"/v1/traces", body, headers...)
	if res.code != http.StatusOK || res.header.Get("Content-Type") != contentType {
		t.Fatalf("status %d, %s: %s", res.code, res.header.Get("Content-Type"), res.body)
	}
	if strings.Contains(string(res.body), "partialSuccess\":{\"") {
		t.Fatalf("not all was taken: %s", res.body)
	}
}

// otlpProto is the document in protobuf.
func otlpProto(t *testing.T, document string) []byte {
	t.Helper()
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
