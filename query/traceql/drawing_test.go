package traceql

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// draw reads spans from a drawing: a line "trace N" begins a trace, every
// other line is a span under the one that it is indented below.
//
//	ID SERVICE NAME START+DURATION [OPTION…]
//
// ID is up to eight letters, NAME has _ for a space, times are Go durations
// since 2026-01-01. Options are
//
//	^ID             a parent other than that of the drawing, "^-" for none
//	kind=K status=S message=TEXT scope=NAME@VERSION tracestate=TEXT
//	KEY=VALUE resource:KEY=VALUE instrumentation:KEY=VALUE
//	event:NAME@TIME,KEY=VALUE…   link:TRACE/ID,KEY=VALUE…
//
// with VALUE in its JSON form, [a|b] for an array, {} for an empty value; bare words are
// strings.
func draw(t testing.TB, text string) *storage.Spans {
	t.Helper()
	b := storage.NewSpansBuilder(8)
	traceID := storage.TraceID{15: 1}
	type open struct {
		indent int
		id     storage.SpanID
	}
	var path []open
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if f[0] == "trace" {
			n, _ := strconv.Atoi(f[1])
			traceID = storage.TraceID{15: byte(n)}
			path = path[:0]
			continue
		}
		if len(f) < 4 {
			t.Fatalf("line %q: want at least 4 fields", line)
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for len(path) > 0 && path[len(path)-1].indent >= indent {
			path = path[:len(path)-1]
		}
		fields := storage.SpanFields{TraceID: traceID, SpanID: spanID(f[0]), Name: strings.ReplaceAll(f[2], "_", " ")}
		if len(path) > 0 {
			fields.ParentID = path[len(path)-1].id
		}
		path = append(path, open{indent, fields.SpanID})
		at, length, _ := strings.Cut(f[3], "+")
		fields.StartNs, fields.DurationNs = epoch+nanoseconds(t, at), nanoseconds(t, length)
		drawOptions(t, b, fields, f[1], f[4:])
	}
	return b.Spans()
}

func drawOptions(t testing.TB, b *storage.SpansBuilder, fields storage.SpanFields, service string, options []string) {
	var attrs, resource, scopeAttrs []storage.Attr
	scope := storage.InstrumentationScope{}
	if service != "-" {
		resource = append(resource, b.Attr("service.name", storage.String(service)))
	}
	var children []string
	for _, option := range options {
		if strings.HasPrefix(option, "event:") || strings.HasPrefix(option, "link:") {
			children = append(children, option)
			continue
		}
		if parent, ok := strings.CutPrefix(option, "^"); ok {
			fields.ParentID = spanID(parent)
			continue
		}
		key, value, _ := strings.Cut(option, "=")
		switch {
		case key == "kind":
			fields.Kind = uint8(literalWords[value].Int())
		case key == "status":
			fields.Status = uint8(literalWords[value].Int())
		case key == "message":
			fields.StatusMessage = value
		case key == "scope":
			name, version, _ := strings.Cut(value, "@")
			scope.Name, scope.Version = b.Intern(name), b.Intern(version)
		case key == "tracestate":
			fields.TraceState = value
		case strings.HasPrefix(key, "resource:"):
			resource = append(resource, b.Attr(key[9:], drawnValue(value)))
		case strings.HasPrefix(key, "instrumentation:"):
			scopeAttrs = append(scopeAttrs, b.Attr(key[16:], drawnValue(value)))
		default:
			attrs = append(attrs, b.Attr(key, drawnValue(value)))
		}
	}
	fields.Resource = b.AddResource(storage.Resource{Attributes: b.AddAttrs(resource...)})
	scope.Attributes = b.AddAttrs(scopeAttrs...)
	fields.Scope = b.AddScope(scope)
	b.AddSpan(fields)
	b.SetAttributes(attrs...)
	for _, child := range children {
		kind, rest, _ := strings.Cut(child, ":")
		parts := strings.Split(rest, ",")
		var attrs []storage.Attr
		for _, pair := range parts[1:] {
			key, value, _ := strings.Cut(pair, "=")
			attrs = append(attrs, b.Attr(key, drawnValue(value)))
		}
		if kind == "event" {
			name, at, _ := strings.Cut(parts[0], "@")
			b.AddEvent(fields.StartNs+nanoseconds(t, at), name, 0, attrs...)
			continue
		}
		trace, id, _ := strings.Cut(parts[0], "/")
		n, _ := strconv.Atoi(trace)
		b.AddLink(storage.Link{TraceID: storage.TraceID{15: byte(n)}, SpanID: spanID(id)}, attrs...)
	}
}

func drawnValue(text string) storage.Value {
	if items, ok := strings.CutPrefix(text, "["); ok {
		return arrayOf(strings.Split(strings.TrimSuffix(items, "]"), "|")...)
	}
	if text == "{}" {
		return storage.Empty()
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return storage.Int(i)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return storage.Float(f)
	}
	switch text {
	case "true", "false":
		return storage.Bool(text == "true")
	}
	return storage.String(strings.Trim(text, `"`))
}

// arrayOf encodes an array of drawn values.
func arrayOf(items ...string) storage.Value {
	v := pcommon.NewValueSlice()
	for _, item := range items {
		if item != "" {
			if err := drawnValue(item).CopyTo(v.Slice().AppendEmpty()); err != nil {
				panic(err)
			}
		}
	}
	return storage.ValueOf(v)
}

func spanID(text string) (id storage.SpanID) {
	if text != "-" {
		copy(id[8-len(text):], text)
	}
	return id
}

// idText is what spanID read.
func idText(id storage.SpanID) string { return strings.Trim(string(id[:]), "\x00") }

func nanoseconds(t testing.TB, text string) int64 {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return int64(d)
}

// storeOf returns a store with the spans, in tables of some rows.
func storeOf(t testing.TB, s *storage.Spans, sealRows int) storage.SpanReader {
	t.Helper()
	store, err := columnar.Open(columnar.Options{SealRows: sealRows})
	if err != nil {
		t.Fatal(err)
	}
	return fill(t, store, s)
}

// diskOf returns a store with the spans on disk, in parts of a few rows or
// still on the way there.
func diskOf(t testing.TB, s *storage.Spans, sealRows int) storage.SpanReader {
	t.Helper()
	store, err := columnar.OpenDisk(context.Background(), columnar.DiskOptions{
		Dir: t.TempDir(), SealRows: sealRows, Durability: wal.None, Logger: slog.New(slog.DiscardHandler),
		Retention: columnar.Retention{MinFreeBytes: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fill(t, store, s)
}

func fill(t testing.TB, store *columnar.Store, s *storage.Spans) storage.SpanReader {
	t.Helper()
	t.Cleanup(func() { store.Close() })
	const request = 256
	for from := 0; from < s.Len(); from += request {
		var rows []int
		for row := from; row < min(from+request, s.Len()); row++ {
			rows = append(rows, row)
		}
		td, err := s.ToPdata(rows)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := store.Spans().WriteSpans(context.Background(), td); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("write: %+v, %v", out, err)
		}
	}
	return store.Spans()
}

// seeds is how many random histories a test tries, and how much it wants to see in
// them: with -short, as under the race detector, a fifth.
func seeds(n uint64) uint64 {
	if testing.Short() {
		return n / 5
	}
	return n
}
