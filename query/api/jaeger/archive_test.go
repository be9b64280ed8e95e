package jaeger

import (
	"errors"
	"net/http"
	"testing"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/storagev2"
	"github.com/heddle-io/heddle/storage"
)

const archived = `{"data":[],"total":0,"limit":0,"offset":0,"errors":[]}`

func TestArchive(t *testing.T) {
	const id = "00000000000000010000000000000001"
	main, kept := memoryOf(stored(t, shop())), &memory{}
	h := NewHandler(Options{Spans: main, Archive: kept, Now: now})
	if w := do(h, "POST", "/api/archive/77", ""); w.Code != 404 || w.Body.String() != errorBody(404, "trace not found") {
		t.Errorf("missing: %d %s", w.Code, w.Body)
	}
	if w := do(h, "POST", "/api/archive/zz", ""); w.Code != 400 {
		t.Errorf("bad id: %d %s", w.Code, w.Body)
	}
	before := get(h, "/api/traces/"+id).Body.String()
	for range 2 { // doing it again changes nothing
		if w := do(h, "POST", "/api/archive/"+id, ""); w.Code != 200 || w.Body.String() != archived {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	b := storage.NewSpansBuilder(0) // retention took all but one span
	b.AddSpans(main.spans, func(row int) bool { return main.spans.SpanIDs[row] == spanID(2) })
	main.spans = b.Spans()
	if w := get(h, "/api/traces/"+id); w.Code != 200 || w.Body.String() != before {
		t.Errorf("put together: %d\n%s\nwas\n%s", w.Code, w.Body, before)
	}
	main.spans = storage.NewSpansBuilder(0).Spans() // and that
	for _, target := range []string{"/api/traces/" + id, "/api/traces?traceID=" + id} {
		if w := get(h, target); w.Code != 200 || w.Body.String() != before {
			t.Errorf("%s from the archive: %d\n%s\nwas\n%s", target, w.Code, w.Body, before)
		}
	}
	// By id in every API; searches do not look there.
	c := newClients(serve(t, h))
	one, err := received(c.v3.GetTrace(t.Context(), &apiv3.GetTraceRequest{TraceId: id}))
	if err != nil || len(one) == 0 {
		t.Error(one, err)
	}
	v2, err := received(c.v2.GetTrace(t.Context(), &api_v2.GetTraceRequest{TraceID: model.TraceID{High: 1, Low: 1}}, gogo))
	if err != nil || len(v2) == 0 {
		t.Error(v2, err)
	}
	raw := traceID(1, 1)
	remote, err := received(c.remote.GetTraces(t.Context(), &storagev2.GetTracesRequest{Query: []*storagev2.GetTraceParams{{TraceId: raw[:]}}}))
	if err != nil || len(remote) == 0 {
		t.Error(remote, err)
	}
	if w := get(h, "/api/v3/traces/"+id); w.Code != 200 {
		t.Error(w.Code, w.Body)
	}
	if w := get(h, "/api/traces"); w.Code != 200 || len(decode(t, w.Body.Bytes()).Data) != 0 {
		t.Error(w.Code, w.Body)
	}
	// Archiving again what the archive alone has is harmless, too.
	if w := do(h, "POST", "/api/archive/"+id, ""); w.Code != 200 || w.Body.String() != archived {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestArchiveFailures(t *testing.T) {
	main := memoryOf(shop())
	for _, c := range []struct {
		archive *memory
		code    int
		msg     string
	}{
		{&memory{err: storage.ErrOverloaded}, http.StatusServiceUnavailable, "archive: storage: overloaded"},
		{&memory{err: errors.New("disk on fire")}, http.StatusInternalServerError, "archive: disk on fire"},
		{&memory{reject: true}, http.StatusInternalServerError, "archive: 1 of 1 spans were refused: the span is too large"},
	} {
		h := NewHandler(Options{Spans: main, Archive: c.archive, Now: now})
		if w := do(h, "POST", "/api/archive/2", ""); w.Code != c.code || w.Body.String() != errorBody(c.code, c.msg) {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.code, c.msg)
		}
	}
	for _, id := range []string{"2", "77"} {
		if w := do(newTestHandler(main), "POST", "/api/archive/"+id, ""); w.Code != 500 || w.Body.String() != errorBody(500, "archive span storage was not configured") {
			t.Errorf("without archive: %d %s", w.Code, w.Body)
		}
	}
}
