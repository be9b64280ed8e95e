package jaeger

import (
	"errors"
	"net/http"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

const archived = `{"data":[],"total":0,"limit":0,"offset":0,"errors":[]}`

func TestArchive(t *testing.T) {
	const id = "00000000000000010000000000000001"
	main, kept := memoryOf(shop()), &memory{}
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
	main.spans = storage.NewSpansBuilder(0).Spans() // retention took it
	for _, target := range []string{"/api/traces/" + id, "/api/traces?traceID=" + id} {
		if w := get(h, target); w.Code != 200 || w.Body.String() != before {
			t.Errorf("%s from the archive: %d\n%s\nwas\n%s", target, w.Code, w.Body, before)
		}
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
