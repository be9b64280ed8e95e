package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestZipkin posts what an Envoy that traces to Zipkin posts: the sidecars of
// caller and callee write one span id for the two sides of a call, and old
// meshes have trace ids of 64 bits.
func TestZipkin(t *testing.T) {
	t.Parallel()
	for name, newID := range map[string]func() string{
		"64 bit":  func() string { return newSpanID().String() },
		"128 bit": func() string { return newTraceID().String() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			traceID, root, call := newID(), newSpanID().String(), newSpanID().String()
			at := time.Now().Add(-time.Minute).UnixMicro()
			// The two halves come from two proxies, so in two requests, the
			// server's first because it ends first.
			for _, body := range []string{
				envoyServerSpan(traceID, root, call, at+2000),
				envoyClientSpans(traceID, root, call, at),
			} {
				res := post(t, "http://"+s.zipkin+"/api/v2/spans", []byte(body), "Content-Type", "application/json")
				if res.code != http.StatusAccepted {
					t.Fatalf("status %d: %s", res.code, res.body)
				}
			}
			long := fmt.Sprintf("%032s", traceID)
			expectZipkinNative(t, s, long, root, call, at)
			expectZipkinJaeger(t, s, long, root, call, at)
		})
	}
}

// envoyClientSpans are the span of a request into the gateway and the client
// half of its call to reviews.
func envoyClientSpans(traceID, root, call string, at int64) string {
	return fmt.Sprintf(`[
{"traceId":%q,"id":%q,"name":"productpage.default.svc.cluster.local:9080/productpage","kind":"SERVER",
 "timestamp":%d,"duration":20000,"localEndpoint":{"serviceName":"productpage.default","ipv4":"10.0.0.11","port":0},
 "tags":{"component":"proxy","http.status_code":"200","node_id":"sidecar~10.0.0.11~productpage-v1-abc.default~default.svc.cluster.local"}},
{"traceId":%q,"parentId":%q,"id":%q,"name":"reviews.default.svc.cluster.local:9080/*","kind":"CLIENT",
 "timestamp":%d,"duration":15500,"localEndpoint":{"serviceName":"productpage.default","ipv4":"10.0.0.11","port":0},
 "remoteEndpoint":{"serviceName":"reviews.default","ipv4":"10.0.0.12","port":9080},
 "annotations":[{"timestamp":%d,"value":"first_upstream_tx_byte_sent"},{"timestamp":%d,"value":"retry"}],
 "tags":{"component":"proxy","http.method":"GET","http.status_code":"503","response_flags":"URX","upstream_cluster":"outbound|9080||reviews.default.svc.cluster.local","error":"true"}}
]`, traceID, root, at, traceID, root, call, at+1000, at+1100, at+5000)
}

// envoyServerSpan is the server half.
func envoyServerSpan(traceID, root, call string, at int64) string {
	return fmt.Sprintf(`[{"traceId":%q,"parentId":%q,"id":%q,"name":"reviews.default.svc.cluster.local:9080/*","kind":"SERVER","shared":true,
 "timestamp":%d,"duration":9000,"localEndpoint":{"serviceName":"reviews.default","ipv4":"10.0.0.12","port":0},
 "tags":{"component":"proxy","http.status_code":"503","upstream_cluster":"inbound|9080||"}}]`, traceID, root, call, at)
}

func expectZipkinNative(t *testing.T, s *server, traceID, root, call string, at int64) {
	t.Helper()
	k := s.skeleton(t, traceID)
	same(t, "ids in display order", k.ids, []string{root, call, call})
	same(t, "parents by row", k.parents, []int32{-1, 0, 1})
	if k.header.Orphans != 0 || k.header.Conflicts != 0 {
		t.Errorf("a shared id is no orphan and no conflict: %+v", k.header)
	}
	for _, row := range []int{1, 2} {
		if k.flags[row]&flagSharedID == 0 {
			t.Errorf("row %d is not flagged as sharing its id", row)
		}
	}
	for _, sp := range s.nativeTrace(t, traceID) {
		switch {
		case sp.SpanID == root:
			if sp.ParentSpanID != "" || sp.Kind != "server" || sp.Service != "productpage.default" {
				t.Errorf("root: %+v", sp)
			}
		case sp.Kind == "client":
			same(t, "start and duration", []int64{nanos(sp.Start), sp.DurationNs}, []int64{(at + 1000) * 1000, 15_500_000})
			same(t, "annotations", sp.Events, []event{
				{"first_upstream_tx_byte_sent", fmt.Sprint((at + 1100) * 1000), []attr{}},
				{"retry", fmt.Sprint((at + 5000) * 1000), []attr{}},
			})
			for key, want := range map[string]string{
				"response_flags": "URX", "upstream_cluster": "outbound|9080||reviews.default.svc.cluster.local",
				"network.local.address": "10.0.0.11", "network.peer.address": "10.0.0.12", "service.peer.name": "reviews.default",
			} {
				if got := find(sp.Attributes, key); got.Value != want {
					t.Errorf("%s is %v, want %q in %+v", key, got.Value, want, sp.Attributes)
				}
			}
			if got := find(sp.Attributes, "net.peer.port"); fmt.Sprint(got.Value) != "9080" {
				t.Errorf("net.peer.port is %+v", got)
			}
		case sp.Kind == "server":
			if sp.Service != "reviews.default" || sp.ParentSpanID != root {
				t.Errorf("server half: %+v", sp)
			}
		default:
			t.Errorf("unexpected span %+v", sp)
		}
	}
}

func expectZipkinJaeger(t *testing.T, s *server, traceID, root, call string, at int64) {
	t.Helper()
	j := s.jaegerTrace(t, traceID)
	if j.TraceID != shortTraceID(traceID) || len(j.Spans) != 3 {
		t.Fatalf("trace %s with %d spans, want %s with 3", j.TraceID, len(j.Spans), shortTraceID(traceID))
	}
	seen := map[string]bool{}
	for _, sp := range j.Spans {
		if seen[sp.SpanID] {
			t.Errorf("span id %s is shown twice", sp.SpanID)
		}
		seen[sp.SpanID] = true
		want := map[string]string{"productpage.default server": "", "productpage.default client": root, "reviews.default server": call}
		if parent, ok := want[fmt.Sprint(j.service(sp), " ", sp.tag("span.kind"))]; !ok || sp.parent() != parent {
			t.Errorf("%s %v is a child of %q, want %q", j.service(sp), sp.tag("span.kind"), sp.parent(), parent)
		}
		if sp.SpanID == call && (sp.StartTime != at+1000 || sp.Duration != 15500 || len(sp.Logs) != 2 || sp.tag("error") == nil) {
			t.Errorf("client half: %+v", sp)
		}
	}
}
