package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/vfs"
)

func openDisk(t testing.TB) *columnar.Store {
	t.Helper()
	store, err := columnar.OpenDisk(t.Context(), columnar.DiskOptions{
		Dir: "/data", FS: vfs.NewMem(), Retention: columnar.Retention{MinFreeBytes: -1},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// send makes a request with a body; headers are names and values.
func send(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://heddle:3300/heddle/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// listed is an answer that has deletions in it.
type listed struct {
	Deadline  string         `json:"deadlineUnixNano"`
	Deletions []deletionJSON `json:"deletions"`
}

func decodeListed(t testing.TB, rec *httptest.ResponseRecorder, want int) (l listed) {
	t.Helper()
	if rec.Code != want {
		t.Fatalf("%d, want %d: %s", rec.Code, want, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &l); err != nil {
		t.Fatalf("%v: %s", err, rec.Body)
	}
	return l
}

// what says in one line what a deletion names.
func what(d deletionJSON) string {
	if d.Key == nil {
		return fmt.Sprintf("%s trace %s (%s)", d.Store, d.TraceID, d.Reason)
	}
	return fmt.Sprintf("%s %s.%s = %s %s (%s)", d.Store, d.Key.Scope, d.Key.Name, d.Type, d.Value, d.Reason)
}

func TestDeletionsAreListed(t *testing.T) {
	store := openDisk(t)
	write(t, store, shopTraces())
	h := NewHandler(Options{Store: store})
	if l := decodeListed(t, send(h, "GET", "/deletions", ""), 200); l.Deletions == nil || len(l.Deletions) != 0 {
		t.Errorf("before: %+v", l)
	}
	var want []string
	for _, c := range []struct{ method, path, body, want string }{
		{"DELETE", "/traces/1?reason=ticket+12", "", "main trace 00000000000000000000000000000001 (ticket 12)"},
		{"POST", "/deletions", `{"traceId":"ff"}`, "main trace 000000000000000000000000000000ff ()"},
		{"POST", "/deletions", `{"trace_id":"ff","reason":"Ärger"}`, "main trace 000000000000000000000000000000ff (Ärger)"},
		{"POST", "/deletions", `{"key":{"scope":"resource","name":"user.id"},"value":"42","type":"string"}`, `main resource.user.id = string "42" ()`},
		{"POST", "/deletions", `{"key":{"scope":"span","name":"n"},"value":42}`, `main span.n = int 42 ()`},
		{"POST", "/deletions", `{"key":{"scope":"log","name":"n"},"value":"9223372036854775807","type":"int"}`, `main log.n = int "9223372036854775807" ()`},
		{"POST", "/deletions", `{"key":{"scope":"scope","name":"n"},"value":42,"type":"double"}`, `main scope.n = double 42 ()`},
		{"POST", "/deletions", `{"key":{"scope":"event","name":"n"},"value":2.5}`, `main event.n = double 2.5 ()`},
		{"POST", "/deletions", `{"key":{"scope":"link","name":"n"},"value":false}`, `main link.n = bool false ()`},
	} {
		l := decodeListed(t, send(h, c.method, c.path, c.body), 202)
		if len(l.Deletions) != 1 || what(l.Deletions[0]) != c.want {
			t.Fatalf("%s %s: %+v, want %s", c.path, c.body, l, c.want)
		}
		d := l.Deletions[0]
		if l.Deadline != d.Deadline || d.Deadline <= d.Created || d.Done != "" {
			t.Errorf("deadline %s, %+v", l.Deadline, d)
		}
		want = append(want, fmt.Sprintf("%d %s", len(want)+1, c.want))
	}
	slices.Reverse(want)
	var got []string
	for _, d := range decodeListed(t, send(h, "GET", "/deletions", ""), 200).Deletions {
		got = append(got, d.ID+" "+what(d))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDeletionsThatCannotBe(t *testing.T) {
	store := openDisk(t)
	write(t, store, shopTraces())
	h := NewHandler(Options{Store: store})
	key := `{"key":{"scope":"span","name":"n"},`
	for _, c := range []struct {
		method, path, body string
		code               int
		says               string
	}{
		{"DELETE", "/traces/xyz", "", 400, "hex digits"},
		{"DELETE", "/traces/0", "", 400, "all zeros"},
		{"DELETE", "/traces/ff", "", 404, "is not stored"},
		{"DELETE", "/traces/1?reason=" + strings.Repeat("x", 1025), "", 400, "1024 bytes"},
		{"DELETE", "/traces/1?reason=%ff", "", 400, "UTF-8"},
		{"DELETE", "/traces/1?reason=%zz", "", 400, "malformed"},
		{"DELETE", "/traces", "", 405, "only GET"},
		{"POST", "/deletions", `{}`, 400, "give either"},
		{"POST", "/deletions", `{"traceId":"1","trace_id":"1"}`, 400, "the same"},
		{"POST", "/deletions", `{"traceId":"1","value":1}`, 400, "go with key"},
		{"POST", "/deletions", `{"traceId":"0"}`, 400, "all zeros"},
		{"POST", "/deletions", `{"traceId":"g"}`, 400, "hex digits"},
		{"POST", "/deletions", key[:len(key)-1] + `,"traceId":"1","value":1}`, 400, "give either"},
		{"POST", "/deletions", `{"key":{"scope":"intrinsic","name":"name"},"value":"x"}`, 400, "key.scope"},
		{"POST", "/deletions", `{"key":{"scope":"span","name":""},"value":"x"}`, 400, "key.name"},
		{"POST", "/deletions", `{"key":{"scope":"span","name":"a\u0000b"},"value":"x"}`, 400, "key.name"},
		{"POST", "/deletions", key + `"value":null}`, 400, "value: is required"},
		{"POST", "/deletions", key + `"type":"int"}`, 400, "value: is required"},
		{"POST", "/deletions", key + `"value":[1]}`, 400, "list"},
		{"POST", "/deletions", key + `"value":1,"type":"number"}`, 400, "must be string, int"},
		{"POST", "/deletions", key + `"value":1,"type":"string"}`, 400, "no string"},
		{"POST", "/deletions", key + `"value":"1","type":"double"}`, 400, "no double"},
		{"POST", "/deletions", key + `"value":true,"type":"int"}`, 400, "no int"},
		{"POST", "/deletions", key + `"value":"x","type":"int"}`, 400, "whole number"},
		{"POST", "/deletions", key + `"value":1.5,"type":"int"}`, 400, "whole number"},
		{"POST", "/deletions", key + `"value":9223372036854775808}`, 400, "64 bits"},
		{"POST", "/deletions", key + `"value":1e999}`, 400, "double"},
		{"POST", "/deletions", key + `"value":"` + strings.Repeat("x", 4097) + `"}`, 400, "4096"},
		{"POST", "/deletions", key + `"value":1,"since":2}`, 400, "since"},
		{"POST", "/deletions", key + `"value":1}{}`, 400, "more than one"},
		{"POST", "/deletions", key + `"value":"` + "\xff" + `"}`, 400, "UTF-8"},
		{"POST", "/deletions", `nonsense`, 400, "openapi.yaml"},
		{"POST", "/deletions", `{"reason":"` + strings.Repeat("x", 70000) + `"}`, 413, "65536"},
		{"PUT", "/deletions", `{}`, 405, "GET, HEAD, POST"},
	} {
		rec := send(h, c.method, c.path, c.body)
		if rec.Code != c.code || !strings.Contains(rec.Body.String(), c.says) || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s %.60s %.80s: %d %s, want %d with %q", c.method, c.path, c.body, rec.Code, rec.Body, c.code, c.says)
		}
	}
	if l := decodeListed(t, send(h, "GET", "/deletions", ""), 200); len(l.Deletions) != 0 {
		t.Errorf("something was deleted: %+v", l)
	}
}

// A page of another site can make a browser send requests; none may delete.
func TestBrowsersDeleteFromHeddlesOwnPageOnly(t *testing.T) {
	store := openDisk(t)
	h := NewHandler(Options{Store: store})
	body := `{"traceId":"1"}`
	for _, c := range []struct {
		name, method, path string
		code               int
		headers            []string
	}{
		{"no browser", "POST", "/deletions", 202, nil},
		{"own page", "POST", "/deletions", 202, []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://heddle:3300"}},
		{"own page, old browser", "POST", "/deletions", 202, []string{"Origin", "http://heddle:3300"}},
		{"own page, parameters of the type", "POST", "/deletions", 202, []string{"Content-Type", "application/json; charset=utf-8"}},
		{"other site", "POST", "/deletions", 403, []string{"Sec-Fetch-Site", "cross-site"}},
		{"other port of the host", "POST", "/deletions", 403, []string{"Sec-Fetch-Site", "same-site"}},
		{"other site, old browser", "POST", "/deletions", 403, []string{"Origin", "https://evil.example"}},
		{"sandboxed page", "POST", "/deletions", 403, []string{"Origin", "null"}},
		{"other site deletes a trace", "DELETE", "/traces/1", 403, []string{"Origin", "https://evil.example"}},
		{"form", "POST", "/deletions", 415, []string{"Content-Type", "text/plain"}},
		{"form data", "POST", "/deletions", 415, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"no type", "POST", "/deletions", 415, []string{"Content-Type", ""}},
	} {
		if rec := send(h, c.method, c.path, body, c.headers...); rec.Code != c.code {
			t.Errorf("%s: %d %s, want %d", c.name, rec.Code, rec.Body, c.code)
		}
	}
}

// refusing is a store that can delete and does not.
type refusing struct {
	storage.Store
	err error
}

func (r refusing) Capabilities() storage.Capabilities {
	return storage.Capabilities{Logs: true, Delete: true}
}

func (r refusing) Delete(context.Context, storage.Deletion) (storage.DeletionStatus, error) {
	return storage.DeletionStatus{}, r.err
}

func (r refusing) Deletions(context.Context) ([]storage.DeletionStatus, error) { return nil, r.err }

func TestStoresThatDoNotDelete(t *testing.T) {
	memory, disk, empty := openStore(t), openDisk(t), openStore(t)
	write(t, memory, shopTraces())
	write(t, disk, shopTraces())
	busy := refusing{memory, fmt.Errorf("catalog: the disk is nearly full: %w", storage.ErrOverloaded)}
	for _, c := range []struct {
		name           string
		store, archive storage.Store
		code           int
		says           []string
	}{
		{"memory", memory, nil, 501, []string{"main store deletes nothing", "on disk"}},
		{"archive in memory", disk, memory, 501, []string{"archive store deletes nothing"}},
		{"empty archive in memory", disk, empty, 202, nil},
		{"empty main store in memory", empty, disk, 501, []string{"main store"}},
		{"busy", busy, nil, 503, []string{"main store did not take", "nearly full"}},
		{"closed", refusing{memory, storage.ErrClosed}, nil, 503, []string{"closed"}},
		{"too many", refusing{memory, fmt.Errorf("%w: 10000 tombstones", storage.ErrTooLarge)}, nil, 429, []string{"10000"}},
		{"cannot", refusing{memory, fmt.Errorf("no such key: %w", errors.ErrUnsupported)}, nil, 400, []string{"no such key"}},
		{"broken", refusing{memory, errors.New("disk on fire")}, nil, 500, []string{"disk on fire", "may be in effect"}},
		{"busy archive", disk, busy, 503, []string{"the main store has taken", "archive store did not take", "Order it again"}},
	} {
		h := NewHandler(Options{Store: c.store, Archive: c.archive})
		for _, rec := range []*httptest.ResponseRecorder{
			send(h, "POST", "/deletions", `{"traceId":"2"}`),
			send(h, "POST", "/deletions", `{"key":{"scope":"span","name":"n"},"value":1}`),
		} {
			if rec.Code != c.code {
				t.Errorf("%s: %d %s, want %d", c.name, rec.Code, rec.Body, c.code)
			}
			for _, says := range c.says {
				if !strings.Contains(rec.Body.String(), says) {
					t.Errorf("%s: %s does not say %q", c.name, rec.Body, says)
				}
			}
			if again := rec.Header().Get("Retry-After") != ""; again != (c.code == 503 || c.code == 429) {
				t.Errorf("%s: Retry-After %q", c.name, rec.Header().Get("Retry-After"))
			}
		}
	}
	h := NewHandler(Options{Store: memory})
	if rec := send(h, "DELETE", "/traces/2", ""); rec.Code != 501 {
		t.Errorf("a trace in memory: %d %s", rec.Code, rec.Body)
	}
	if rec := send(h, "GET", "/deletions", ""); rec.Code != 501 {
		t.Errorf("the list in memory: %d %s", rec.Code, rec.Body)
	}
	if rec := send(NewHandler(Options{Store: busy}), "GET", "/deletions", ""); rec.Code != 503 {
		t.Errorf("the list of a busy store: %d %s", rec.Code, rec.Body)
	}
	if body := get(NewHandler(Options{Store: disk}), "/heddle/v1/status").Body.String(); !strings.Contains(body, `"durable":true,"deletes":true`) {
		t.Errorf("status: %s", body)
	}
}

func FuzzDeletion(f *testing.F) {
	f.Add([]byte(`{"traceId":"1","reason":"r"}`))
	f.Add([]byte(`{"key":{"scope":"resource","name":"user.id"},"value":"42","type":"string"}`))
	f.Add([]byte(`{"key":{"scope":"span","name":"n"},"value":-1.5e3}`))
	f.Add([]byte(`{"key":{"scope":"log","name":"n"},"value":"9223372036854775807","type":"int"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/heddle/v1/deletions", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		d, err := parseDeletion(r)
		if err != nil {
			var e *apiError
			if !errors.As(err, &e) || e.message == "" {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if d.TraceID.IsEmpty() == (d.Key == storage.Key{}) || len(d.Reason) > maxReasonBytes || len(d.Key.Name) > maxKeyBytes || len(d.Value.Str()) > maxMatchBytes {
			t.Fatalf("%q: %+v", body, d)
		}
		// What is listed can be ordered again.
		j := newDeletionJSON("main", storage.DeletionStatus{Deletion: d})
		var again []byte
		if j.Key == nil {
			again, _ = json.Marshal(map[string]string{"traceId": j.TraceID, "reason": j.Reason})
		} else {
			again, _ = json.Marshal(map[string]any{"key": j.Key, "type": j.Type, "value": j.Value, "reason": j.Reason})
		}
		r = httptest.NewRequest(http.MethodPost, "/heddle/v1/deletions", strings.NewReader(string(again)))
		r.Header.Set("Content-Type", "application/json")
		if d2, err := parseDeletion(r); err != nil || d2 != d {
			t.Fatalf("%q became %q: %+v, %v, was %+v", body, again, d2, err, d)
		}
	})
}
