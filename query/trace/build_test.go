package trace

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

var update = flag.Bool("update", false, "rewrite the golden part of testdata/*.txt")

// The cases are text: spans, a line "---", and the trace as it must be
// rebuilt. A span is a line
//
//	ID PARENT SERVICE KIND START+DURATION [name=N] [host=H] [pod=P] [status=ok|error] [KEY=VALUE…]
//
// with "-" for no parent and Go durations since 2026-01-01. "trace N" starts
// another trace.
func TestBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := bytes.Cut(text, []byte("---\n"))
			var got strings.Builder
			for _, tr := range Build(parseSpans(t, string(input))) {
				writeTrace(&got, tr)
			}
			if *update {
				if err := os.WriteFile(file, fmt.Appendf(nil, "%s---\n%s", input, got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

func parseSpans(t *testing.T, input string) *storage.Spans {
	t.Helper()
	b := storage.NewSpansBuilder(8)
	traceID := storage.TraceID{15: 1}
	for line := range strings.Lines(input) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if f[0] == "trace" {
			n, _ := strconv.Atoi(f[1])
			traceID = storage.TraceID{15: byte(n)}
			continue
		}
		if len(f) < 5 {
			t.Fatalf("line %q: want at least 5 fields", line)
		}
		startText, durationText, _ := strings.Cut(f[4], "+")
		fields := storage.SpanFields{
			TraceID: traceID, SpanID: testID(f[0]), ParentID: testID(f[1]), Name: "op",
			Kind:    map[string]uint8{"-": 0, "internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}[f[3]],
			StartNs: epoch + parseDuration(t, startText), DurationNs: parseDuration(t, durationText),
		}
		host, pod := f[2], ""
		var attrs []storage.Attr
		for _, option := range f[5:] {
			key, value, _ := strings.Cut(option, "=")
			switch key {
			case "name":
				fields.Name = value
			case "host":
				host = value
			case "pod":
				pod = value
			case "status":
				fields.Status = map[string]uint8{"ok": 1, "error": 2}[value]
			default:
				attrs = append(attrs, b.Attr(key, storage.String(value)))
			}
		}
		resource := []storage.Attr{b.Attr("service.name", storage.String(f[2]))}
		if host != "" {
			resource = append(resource, b.Attr("host.name", storage.String(host)))
		}
		if pod != "" {
			resource = append(resource, b.Attr("k8s.pod.name", storage.String(pod)))
		}
		fields.Resource = b.AddResource(storage.Resource{Attributes: b.AddAttrs(resource...)})
		fields.Scope = b.AddScope(storage.InstrumentationScope{})
		b.AddSpan(fields)
		b.SetAttributes(attrs...)
	}
	return b.Spans()
}

func testID(text string) (id storage.SpanID) {
	if text != "-" {
		copy(id[8-len(text):], text)
	}
	return id
}

func parseDuration(t *testing.T, text string) int64 {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return int64(d)
}

func writeTrace(w *strings.Builder, t *Trace) {
	s := t.Summarize()
	fmt.Fprintf(w, "trace %d: %d spans, %v, root %s %s", t.ID[15], s.Spans, time.Duration(s.DurationNs), s.RootService, s.RootName)
	if s.RootMissing {
		w.WriteString(" (missing)")
	}
	w.WriteByte('\n')
	depth := t.Depth()
	for p, row := range t.Rows {
		id := t.Spans.SpanIDs[row]
		fmt.Fprintf(w, "%s%s %s %v+%v%s\n", strings.Repeat("  ", int(depth[p])+1), bytes.Trim(id[:], "\x00"), t.Spans.Service(int(row)),
			time.Duration(t.Spans.StartsNs[row]-epoch), time.Duration(t.Spans.DurationsNs[row]), flagText(t.Flags[p]))
	}
	for _, note := range t.Notes() {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}

var flagNames = []string{"error", "orphan", "root", "conflict", "shared", "events", "links", "backwards", "ok", "proxy", "cycle"}

func flagText(f Flags) (text string) {
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			text += " " + name
		}
	}
	return text
}

// A predicate sees the first of two values under a key, and so does a trace:
// what a list counts as failed the detail shows as failed.
func TestErrorOfAKeyThatIsThereTwice(t *testing.T) {
	for i, values := range [][]string{{"true", "false"}, {"false", "true"}, {"true"}, {"false"}} {
		var attributes []string
		for _, v := range values {
			attributes = append(attributes, `{"key":"error","value":{"stringValue":"`+v+`"}}`)
		}
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{
			"traceId":"01000000000000000000000000000000","spanId":"0100000000000000","attributes":[` + strings.Join(attributes, ",") + `]}]}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		spans := storage.SpansFromPdata(td)
		failed, err := Matches(spans, 0, IsError())
		if err != nil || failed != (i%2 == 0) {
			t.Fatalf("%v: failed %v, %v", values, failed, err)
		}
		if shown := Build(spans)[0].Errors == 1; shown != failed {
			t.Errorf("%v: shown as failed: %v, found as failed: %v", values, shown, failed)
		}
	}
}
