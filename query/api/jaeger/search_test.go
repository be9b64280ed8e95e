package jaeger

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// stores are what the answers are checked on: the definition and the store
// that ships.
func stores(t testing.TB, td ptrace.Traces) map[string]storage.SpanStore {
	t.Helper()
	store, err := columnar.Open(columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	outcome, err := store.Spans().WriteSpans(context.Background(), td)
	if err != nil || outcome.RejectedCount() > 0 {
		t.Fatalf("write: %+v, %v", outcome, err)
	}
	return map[string]storage.SpanStore{"memory": memoryOf(td), "columnar": store.Spans()}
}

func TestSearch(t *testing.T) {
	const checkout, payment = "00000000000000010000000000000001", "0000000000000002"
	both, none := []string{payment, checkout}, []string(nil)
	cases := []struct {
		query string
		want  []string
	}{
		{"service=frontend", []string{checkout}},
		{"service=front", none},
		{"service=OTLPResourceNoServiceName", none},
		{"service=cart&operation=cart.Get", []string{checkout}},
		{"service=cart&operation=charge", none},
		{"service=cart&operation=cart", none},

		// Of any service: Jaeger's v1 wants one, those who have no idea which
		// service failed want none.
		{"", both},
		{"service=", both},
		{"operation=charge", []string{payment}},
		{"tag=cached:true", []string{checkout}},
		{"tag=error:true", []string{payment}},
		{"minDuration=2s&service=&operation=", []string{payment}},

		// Of attributes, on one span.
		{"service=cart&tag=cached:true", []string{checkout}},
		{"service=cart&tag=cached:1", none},
		{"service=frontend&tag=cached:true", none},
		{"service=cart&tag=ratio:0.1", []string{checkout}},
		{"service=cart&tag=unsafe:9007199254740992", []string{checkout}},
		{"service=cart&tag=raw:AAH%2B", []string{checkout}},
		{"service=cart&tag=list:" + url.QueryEscape(`["x",1,true]`), []string{checkout}},
		{"service=cart&tag=process.pid:42", []string{checkout}},
		{"service=cart&tag=scope.flavor:plain", []string{checkout}},
		{"service=cart&tag=cache.key:user:7", []string{checkout}},
		{"service=cart&tags=" + url.QueryEscape(`{"cache.key":"user:7","process.pid":"42"}`), []string{checkout}},
		{"service=cart&tags=" + url.QueryEscape(`{"cache.key":"user:7"}`) + "&tags=" + url.QueryEscape(`{"process.pid":"43"}`), none},
		{"service=cart&tag=cache.key:x&tag=cache.key:user:7", []string{checkout}},
		{"service=frontend&tag=http.method:GET&tag=http.status_code:200", []string{checkout}},
		{"service=frontend&tag=http.method:GET&operation=call+cart", none},

		// Of fields.
		{"service=payment&tag=error:true", []string{payment}},
		{"service=payment&tag=error:false", none},
		{"service=cart&tag=error:false", []string{checkout}},
		{"service=cart&tag=error:true", none},
		{"service=payment&tag=error:declined", none},
		{"service=payment&tag=span.kind:consumer", []string{payment}},
		{"service=payment&tag=span.kind:server", none},
		{"service=cart&tag=span.kind:internal", []string{checkout}},
		{"service=payment&tag=otel.status_code:ERROR", []string{payment}},
		{"service=cart&tag=otel.status_code:ok", []string{checkout}},
		{"service=frontend&tag=otel.status_code:UNSET", []string{checkout}},
		{"service=payment&tag=otel.status_description:card+declined", []string{payment}},
		{"service=cart&tag=otel.scope.name:io.cart", []string{checkout}},
		{"service=cart&tag=otel.library.name:io.cart", []string{checkout}},
		{"service=cart&tag=otel.library.version:1.2.3", []string{checkout}},
		{"service=cart&tag=otel.scope.version:1.2.4", none},
		{"service=frontend&tag=w3c.tracestate:vendor%3D1", []string{checkout}},
		{"service=cart&tag=event:cache+miss", []string{checkout}},
		{"service=frontend&tag=http.response.status_code:200&operation=call+cart", []string{checkout}},

		// Duration of the span, both ends included.
		{"service=cart&operation=cart.Get&minDuration=35ms&maxDuration=35ms", []string{checkout}},
		{"service=cart&minDuration=35000001ns", none},
		{"service=cart&operation=cart.Get&maxDuration=34ms", none},
		{"service=payment&minDuration=1s", []string{payment}},
		{"service=frontend&maxDuration=0s", []string{checkout}},

		// Start of the span, both ends included.
		{"service=frontend&start=1715947200000000&end=1715947200000000", []string{checkout}},
		{"service=frontend&end=1715947199999999", none},
		{"service=frontend&start=1715947200010001", none},
		{"service=cart&start=1715947200049000&operation=cart.Get", none},
		{"service=frontend&start=-9223372036854775808&end=9223372036854775807", []string{checkout}},

		// By ids, whatever the other parameters say.
		{"traceID=2&service=frontend", []string{payment}},
		{"traceID=2&traceID=00000000000000010000000000000001", both},
		{"traceID=77", none},
	}
	for name, store := range stores(t, shop()) {
		t.Run(name, func(t *testing.T) {
			h := NewHandler(Options{Spans: store, Now: now})
			for _, c := range cases {
				w := get(h, "/api/traces?"+c.query)
				if w.Code != http.StatusOK {
					t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
					continue
				}
				var ids []string
				for _, trace := range decode(t, w.Body.Bytes()).Data {
					ids = append(ids, trace.TraceID)
				}
				if !slices.Equal(ids, c.want) {
					t.Errorf("%s: %v, want %v", c.query, ids, c.want)
				}
			}
		})
	}
}

// Every tag that is shown is found by typing it.
func TestShownTagsAreFound(t *testing.T) {
	for name, store := range stores(t, shop()) {
		h := NewHandler(Options{Spans: store, Now: now})
		for _, trace := range decode(t, get(h, "/api/traces?traceID=00000000000000010000000000000001&traceID=2").Body.Bytes()).Data {
			for _, span := range trace.Spans {
				tags := slices.Concat(span.Tags, trace.Processes[span.ProcessID].Tags)
				for _, log := range span.Logs {
					tags = append(tags, log.Fields...)
				}
				for _, tag := range tags {
					text := tagText(tag.Value)
					if tag.Key == "peer.ipv4" || tag.Key == "note" {
						continue // shown in dotted form; not UTF-8 as it was sent
					}
					if text == "1e-9" || text == "1e-09" {
						text = "1e-09"
					}
					q := url.Values{"service": {trace.Processes[span.ProcessID].ServiceName}, "operation": {span.OperationName}, "tag": {tag.Key + ":" + text}}
					if found := decode(t, get(h, "/api/traces?"+q.Encode()).Body.Bytes()).Data; len(found) != 1 {
						t.Errorf("%s: %v found %d traces", name, q, len(found))
					}
				}
			}
		}
	}
}

func TestNewestFirstAndLimit(t *testing.T) {
	td := ptrace.NewTraces()
	spans := service(td, "busy", nil)
	for i := range 150 {
		minute := (i*7 + 3) % 150 // in no order
		add(spans, fields{trace: traceID(0, byte(minute+1)), id: spanID(1), name: "job", from: minutes(minute), to: minutes(minute + 1)})
	}
	for name, store := range stores(t, td) {
		h := NewHandler(Options{Spans: store, Now: now})
		for query, want := range map[string]int{"": 100, "&limit=7": 7, "&limit=1000": 150} {
			found := decode(t, get(h, "/api/traces?service=busy&end=1716000000000000"+query).Body.Bytes()).Data
			if len(found) != want {
				t.Fatalf("%s%s: %d traces, want %d", name, query, len(found), want)
			}
			for i, trace := range found {
				if got, want := trace.TraceID, string(appendTraceID(nil, traceID(0, byte(150-i)))); got != want {
					t.Fatalf("%s%s: place %d has %s, want %s", name, query, i, got, want)
				}
			}
		}
	}
}

// A search without start and end covers the two days before now.
func TestDefaultWindow(t *testing.T) {
	td := ptrace.NewTraces()
	spans := service(td, "a", nil)
	add(spans, fields{trace: traceID(0, 1), id: spanID(1), from: -47*hour + 59*minutes(1)})
	add(spans, fields{trace: traceID(0, 2), id: spanID(1), from: -47*hour - minutes(1)})
	add(spans, fields{trace: traceID(0, 3), id: spanID(1), from: hour + minutes(1)})
	h := newTestHandler(memoryOf(td))
	if found := decode(t, get(h, "/api/traces?service=a").Body.Bytes()).Data; len(found) != 1 || found[0].TraceID != "0000000000000001" {
		t.Errorf("found %+v", found)
	}
}
