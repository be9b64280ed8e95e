package e2e

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestJaeger sends a trace in both of Jaeger's own protocols, with the types
// that Jaeger's clients are generated from.
func TestJaeger(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(*testing.T, *server, jaegerTrace){
		"thrift over HTTP": sendJaegerThrift,
		"gRPC":             sendJaegerGRPC,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			traceID := newTraceID()
			want := newJaegerTrace(traceID)
			send(t, s, want)
			got := s.jaegerTrace(t, traceID.String())
			for i := range got.Spans {
				sortTags(got.Spans[i].Tags)
			}
			same(t, "the Jaeger API", got, want)
			expectJaegerNative(t, s.nativeTrace(t, traceID.String()), want)
		})
	}
}

// newJaegerTrace is a server span and its client span below it, with a tag of
// every type. Tags are sorted; flags and kind are as clients set them.
func newJaegerTrace(id trace.TraceID) jaegerTrace {
	traceID, server, client := id.String(), newSpanID().String(), newSpanID().String()
	start := time.Now().Add(-time.Minute).UnixMicro()
	tags := func(kind string) []jaegerTag {
		return []jaegerTag{
			{"attempts", "int64", json.Number("3")},
			{"blob", "binary", base64.StdEncoding.EncodeToString([]byte{0xff, 0, 1})},
			{"cached", "bool", false},
			{"db.statement", "string", "SELECT 'ß'"},
			{"ratio", "float64", json.Number("0.25")},
			{"span.kind", "string", kind},
		}
	}
	return jaegerTrace{
		TraceID: traceID,
		Spans: []jaegerSpan{{
			TraceID: traceID, SpanID: server, Flags: 1, OperationName: "GET /drivers", References: []jaegerReference{},
			StartTime: start, Duration: 5000, Tags: tags("server"), Logs: []jaegerLog{}, ProcessID: "p1",
		}, {
			TraceID: traceID, SpanID: client, Flags: 1, OperationName: "SQL SELECT",
			References: []jaegerReference{{"CHILD_OF", traceID, server}, {"FOLLOWS_FROM", newTraceID().String(), newSpanID().String()}},
			StartTime:  start + 1000, Duration: 2500, Tags: tags("client"), ProcessID: "p1",
			Logs: []jaegerLog{{start + 1500, []jaegerTag{{"event", "string", "waiting"}, {"locks", "int64", json.Number("2")}}}},
		}},
		Processes: map[string]jaegerProcess{"p1": {"driver", []jaegerTag{
			{"host.name", "string", "driver-7d9"}, {"weight", "float64", json.Number("1.5")},
		}}},
	}
}

func expectJaegerNative(t *testing.T, spans []span, want jaegerTrace) {
	t.Helper()
	if len(spans) != len(want.Spans) {
		t.Fatalf("%d spans, want %d", len(spans), len(want.Spans))
	}
	for _, w := range want.Spans {
		for _, sp := range spans {
			if sp.SpanID != w.SpanID {
				continue
			}
			same(t, w.OperationName, []any{sp.Name, sp.Kind, sp.Service, sp.ParentSpanID, nanos(sp.Start), sp.DurationNs, len(sp.Links)},
				[]any{w.OperationName, w.tag("span.kind"), "driver", w.parent(), w.StartTime * 1000, w.Duration * 1000, max(0, len(w.References)-1)})
			same(t, w.OperationName, []attr{find(sp.Attributes, "attempts"), find(sp.Attributes, "blob"), find(sp.Attributes, "cached"), find(sp.Attributes, "ratio")},
				[]attr{intAttr("attempts", 3), bytesAttr("blob", []byte{0xff, 0, 1}), boolAttr("cached", false), doubleAttr("ratio", 0.25)})
		}
	}
}

func sendJaegerGRPC(t *testing.T, s *server, tr jaegerTrace) {
	t.Helper()
	conn, err := grpc.NewClient(s.jaegerGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = api_v2.NewCollectorServiceClient(conn).PostSpans(t.Context(), &api_v2.PostSpansRequest{Batch: modelBatch(tr)}, grpc.ForceCodec(gogoCodec{}))
	if err != nil {
		t.Fatal(err)
	}
}

// gogoCodec encodes Jaeger's generated types, which gRPC's own codec does not
// know how to.
type gogoCodec struct{}

func (gogoCodec) Name() string                  { return "proto" }
func (gogoCodec) Marshal(v any) ([]byte, error) { return v.(*api_v2.PostSpansRequest).Marshal() }
func (gogoCodec) Unmarshal(b []byte, v any) error {
	return v.(*api_v2.PostSpansResponse).Unmarshal(b)
}

func sendJaegerThrift(t *testing.T, s *server, tr jaegerTrace) {
	t.Helper()
	body, err := thrift.NewTSerializer().Write(context.Background(), thriftBatch(tr))
	if err != nil {
		t.Fatal(err)
	}
	res := post(t, "http://"+s.jaegerHTTP+"/api/traces", body, "Content-Type", "application/vnd.apache.thrift.binary")
	if res.code != http.StatusAccepted && res.code != http.StatusOK {
		t.Fatalf("status %d: %s", res.code, res.body)
	}
}

// ids are the two halves of a trace id and a span id.
func ids(traceID, spanID string) (high, low, span uint64) {
	tid, _ := trace.TraceIDFromHex(traceID) // made by this test
	sid, _ := trace.SpanIDFromHex(spanID)
	return binary.BigEndian.Uint64(tid[:8]), binary.BigEndian.Uint64(tid[8:]), binary.BigEndian.Uint64(sid[:])
}
