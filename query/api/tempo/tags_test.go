package tempo

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

// Tags are those of the selected spans however many there are.
func TestManyTagsAreFiltered(t *testing.T) {
	td := ptrace.NewTraces()
	spans := spansOf(td, "wide", nil)
	const n = 3*keysPerScan + 10
	for i := range 5 {
		s := add(spans, fields{trace: sharedID, id: byte(i + 1), name: fmt.Sprint("op", i), from: time.Duration(i) * ms, to: 10 * ms})
		for k := i; k < n/3; k += 5 {
			s.Attributes().PutInt(fmt.Sprintf("key%05d", k), 1)
		}
	}
	// A part of the store has so many keys at most; others come in another part.
	for part := 1; part < 4; part++ {
		more := spansOf(td, fmt.Sprint("wide", part), nil)
		s := add(more, fields{trace: sharedID, id: byte(part + 10), name: "other", from: ms, to: 2 * ms})
		for k := part * n / 3; k < (part+1)*n/3; k++ {
			s.Attributes().PutInt(fmt.Sprintf("key%05d", k), 1)
		}
	}
	for name, store := range stores(t, td) {
		h := newTestHandler(store)
		m := decode[tempopb.SearchTagsV2Response](t, h, "/api/v2/search/tags"+values("scope", "span", "q", `{ name = "op3" && .x = }`, "limit", "100000"))
		if m.Status != tempopb.PartialStatus_COMPLETE || len(m.Scopes) != 1 {
			t.Fatalf("%s: %v %q", name, m.Status, m.Message)
		}
		var want []string
		for k := 3; k < n/3; k += 5 {
			want = append(want, fmt.Sprintf("key%05d", k))
		}
		if !slices.Equal(m.Scopes[0].Tags, want) {
			t.Errorf("%s: %d tags, want %d", name, len(m.Scopes[0].Tags), len(want))
		}
	}
}

// An answer for more spans than q selects says so.
func TestWiderThanAsked(t *testing.T) {
	h := newTestHandler(inMemory(t))
	for target, want := range map[string]bool{
		"/api/v2/search/tags" + values("q", `{ status = error }`):                                                false,
		"/api/v2/search/tags" + values("q", `{ .http.status_code = 500 && `):                                     false,
		"/api/v2/search/tags" + values("q", `{ span.list = "x" }`):                                               true, // which has lists
		"/api/v2/search/tags" + values("q", `{ status = error } >> { }`):                                         true,
		"/api/v2/search/tags" + values("q", `{ trace:duration > 1s }`):                                           true,
		"/api/v2/search/tag/status/values" + values("q", `{ status = error } >> { }`):                            true,
		"/api/v2/search/tag/kind/values" + values("q", `{ trace:duration > 1s }`):                                true,
		"/api/search/tag/name/values" + values("q", `{ kind = server }`):                                         false,
		"/api/search/tag/name/values" + values("q", `{ parent.kind = server }`):                                  true,
		"/api/v2/search/tag/rootName/values" + values("q", `{ status = error } >> { }`):                          false,
		"/api/v2/search/tag/resource.service.name/values" + values("q", `{ name = "charge" } | count() > 1000 `): true,
	} {
		w := get(h, target)
		if got := strings.Contains(w.Body.String(), `"PARTIAL"`) && strings.Contains(w.Body.String(), "more spans than it selects"); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := get(h, "/api/v2/search/tag/rootName/values"+values("q", `{ status = error } | rate()`)); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
