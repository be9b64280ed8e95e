package native

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// process is what heddle serves over two stores on disk.
type process struct {
	store, archive *columnar.Store
	native, jaeger http.Handler
}

func openProcess(t *testing.T, sealRows int) *process {
	open := func() *columnar.Store {
		store, err := columnar.OpenDisk(t.Context(), columnar.DiskOptions{
			Dir: "/data", FS: vfs.NewMem(), SealRows: sealRows, Retention: columnar.Retention{MinFreeBytes: -1},
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return store
	}
	p := &process{store: open(), archive: open()}
	p.native = NewHandler(Options{Store: p.store, Archive: p.archive, Version: "test"})
	p.jaeger = jaeger.NewHandler(jaeger.Options{
		Spans: p.store.Spans(), Archive: p.archive.Spans(), Now: func() time.Time { return time.Unix(0, at+60e9) },
	})
	return p
}

// write stores traces with a log record for each, and archives some.
func (p *process) write(t *testing.T, td ptrace.Traces, archived ...string) {
	t.Helper()
	write(t, p.store, td)
	logs := plog.NewLogs()
	for _, rs := range td.ResourceSpans().All() {
		rl := logs.ResourceLogs().AppendEmpty()
		rs.Resource().CopyTo(rl.Resource())
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			l := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			l.SetTraceID(span.TraceID())
			l.SetTimestamp(span.StartTimestamp())
			l.Body().SetStr("did " + span.Name())
			span.Attributes().CopyTo(l.Attributes())
		}
	}
	if outcome, err := p.store.Logs().WriteLogs(t.Context(), logs); err != nil || outcome.RejectedCount() > 0 {
		t.Fatalf("%+v, %v", outcome, err)
	}
	for _, id := range archived {
		rec := httptest.NewRecorder()
		if p.jaeger.ServeHTTP(rec, httptest.NewRequest("POST", "/api/archive/"+id, nil)); rec.Code != 200 {
			t.Fatalf("archiving %s: %d %s", id, rec.Code, rec.Body)
		}
	}
}

// shopFor is a checkout of a user: three services that call each other.
func shopFor(trace byte, user string, services [3]string) ptrace.Traces {
	mark := func(s ptrace.Span) { s.Attributes().PutStr("user.id", user) }
	ms := int64(trace) * 1000
	return traces(
		spanSpec{trace, 1, 0, services[0], "GET /" + services[0], ptrace.SpanKindServer, ms, 100, false, mark},
		spanSpec{trace, 2, 1, services[1], "GET /" + services[1], ptrace.SpanKindServer, ms + 10, 50, false, mark},
		spanSpec{trace, 3, 2, services[2], "GET /" + services[2], ptrace.SpanKindServer, ms + 20, 10, true, mark},
	)
}

// answers are those of every API to the same questions.
func (p *process) answers(t *testing.T) map[string]string {
	t.Helper()
	window := fmt.Sprintf("start=%d&end=%d", at, at+int64(60e9))
	micros := fmt.Sprintf("start=%d&end=%d", at/1000, (at+60e9)/1000)
	answers := map[string]string{}
	for path, h := range map[string]http.Handler{
		"/heddle/v1/services?" + window:                                      p.native,
		"/heddle/v1/operations?service=web&" + window:                        p.native,
		"/heddle/v1/operations?service=secret&" + window:                     p.native,
		"/heddle/v1/keys?" + window:                                          p.native,
		"/heddle/v1/values?scope=span&key=user.id&" + window:                 p.native,
		"/heddle/v1/values?scope=resource&key=service.name&" + window:        p.native,
		"/heddle/v1/traces?" + window:                                        p.native,
		"/heddle/v1/traces?service=secret&" + window:                         p.native,
		"/heddle/v1/traces?tag=user.id%3D42&" + window:                       p.native,
		"/heddle/v1/traces?status=error&sort=longest&" + window:              p.native,
		"/heddle/v1/traces/1/skeleton":                                       p.native,
		"/heddle/v1/traces/2/skeleton":                                       p.native,
		"/heddle/v1/traces/2/spans?id=1,2,3":                                 p.native,
		"/api/services":                                                      p.jaeger,
		"/api/operations?service=secret":                                     p.jaeger,
		"/api/services/secret/operations":                                    p.jaeger,
		"/api/traces?service=web&" + micros:                                  p.jaeger,
		"/api/traces?service=secret&" + micros:                               p.jaeger,
		"/api/traces?traceID=2":                                              p.jaeger,
		"/api/traces/1":                                                      p.jaeger,
		"/api/traces/2":                                                      p.jaeger,
		fmt.Sprintf("/api/dependencies?endTs=%d&lookback=60000", at/1e6+6e4): p.jaeger,
		fmt.Sprintf("/api/metrics/calls?service=secret&spanKind=server&endTs=%d&lookback=60000&step=60000", at/1e6+6e4): p.jaeger,
	} {
		rec := get(h, path)
		answers[path] = fmt.Sprintf("%d %s", rec.Code, inspected.ReplaceAllString(rec.Body.String(), ""))
	}
	for scope, key := range map[storage.Scope]string{storage.ScopeLog: "user.id", storage.ScopeResource: "service.name"} {
		v, err := p.store.Logs().LogValues(t.Context(), storage.ValuesQuery{Window: storage.AllTime(), Key: storage.Key{Scope: scope, Name: key}, Limit: 100})
		answers["logs by "+key] = fmt.Sprint(v, err)
	}
	return answers
}

// inspected is what was looked at, which may have been deleted.
var inspected = regexp.MustCompile(`"(inspectedSpans|scannedSpans)":\d+`)

// done waits until every deletion is carried out on disk.
func (p *process) done(t *testing.T) []deletionJSON {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		l := decodeListed(t, send(p.native, "GET", "/deletions", ""), 200)
		pending := 0
		for _, d := range l.Deletions {
			if d.Done == "" {
				pending++
			}
		}
		if pending == 0 {
			return l.Deletions
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("%d deletions are pending", pending)
		}
	}
}

// TestDeletedRecordsAreInNoAnswer compares with a process that never had the
// records: at once, when they are gone from disk, and when others arrive.
func TestDeletedRecordsAreInNoAnswer(t *testing.T) {
	kept := shopFor(1, "7", [3]string{"web", "cart", "stock"})
	gone := shopFor(2, "42", [3]string{"web", "secret", "vault"})
	const keptID, goneID = "00000000000000000000000000000001", "00000000000000000000000000000002"
	for _, c := range []struct {
		name, method, path, body string
		rows                     map[string]uint64 // by store
	}{
		{"trace", "DELETE", "/traces/2?reason=test", "", map[string]uint64{"main": 6, "archive": 3}},
		{"trace by order", "POST", "/deletions", `{"trace_id":"2"}`, map[string]uint64{"main": 6, "archive": 3}},
		{"person in spans", "POST", "/deletions", `{"key":{"scope":"span","name":"user.id"},"value":"42","type":"string"}`, map[string]uint64{"main": 3, "archive": 3}},
	} {
		for seal, sealRows := range map[string]int{"in memory": 1000, "in parts": 2} {
			t.Run(c.name+" "+seal, func(t *testing.T) {
				never, p := openProcess(t, sealRows), openProcess(t, sealRows)
				for _, q := range []*process{never, p} {
					q.write(t, kept, keptID)
				}
				p.write(t, gone, goneID)
				before := p.answers(t)
				decodeListed(t, send(p.native, c.method, c.path, c.body), 202)
				if c.name == "person in spans" { // log records have the key in another scope
					decodeListed(t, send(p.native, "POST", "/deletions", `{"key":{"scope":"log","name":"user.id"},"value":"42"}`), 202)
				}
				want := never.answers(t)
				differ := 0
				compare := func(when string) {
					t.Helper()
					for path, got := range p.answers(t) {
						if got != want[path] {
							t.Errorf("%s: %s:\n%s\nwant\n%s", when, path, got, want[path])
						}
						if got != before[path] {
							differ++
						}
					}
				}
				compare("at once")
				if differ < len(before)*2/3 {
					t.Errorf("only %d of %d answers told of the records before: the test asks the wrong questions", differ, len(before))
				}
				if rec := send(p.native, "DELETE", "/traces/2", ""); rec.Code != 404 {
					t.Errorf("deleting it again: %d %s", rec.Code, rec.Body)
				}

				rows := map[string]uint64{}
				for _, d := range p.done(t) {
					if d.Key == nil || d.Key.Scope != "log" {
						rows[d.Store] = d.Rows
					} else if want := map[string]uint64{"main": 3, "archive": 0}[d.Store]; d.Rows != want {
						t.Errorf("%d rows of logs in %s, want %d", d.Rows, d.Store, want)
					}
				}
				if fmt.Sprint(rows) != fmt.Sprint(c.rows) {
					t.Errorf("deleted %v, want %v", rows, c.rows)
				}
				compare("on disk")

				// What comes later is stored, the same trace included.
				p.write(t, gone)
				if rec := get(p.native, "/heddle/v1/traces/2/skeleton"); rec.Code != 200 {
					t.Errorf("the trace sent again: %d %s", rec.Code, rec.Body)
				}
			})
		}
	}
}

// A trace of which only log records came can be deleted, too.
func TestDeleteTraceOfLogs(t *testing.T) {
	p := openProcess(t, 1000)
	logs := plog.NewLogs()
	l := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	l.SetTraceID(pcommon.TraceID{15: 9})
	l.SetTimestamp(pcommon.Timestamp(at))
	if _, err := p.store.Logs().WriteLogs(t.Context(), logs); err != nil {
		t.Fatal(err)
	}
	l1 := decodeListed(t, send(p.native, "DELETE", "/traces/9", ""), 202)
	if len(l1.Deletions) != 1 || l1.Deletions[0].Store != "main" {
		t.Errorf("the archive is empty, the order was %+v", l1)
	}
	if rec := send(p.native, "DELETE", "/traces/9", ""); rec.Code != 404 {
		t.Errorf("again: %d %s", rec.Code, rec.Body)
	}
	if d := p.done(t); d[0].Rows != 1 {
		t.Errorf("%+v", d)
	}
}
