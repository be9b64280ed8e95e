package columnar

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// oddKeys are attribute keys that other readers may stumble over: empty ones,
// those with signs that SQL gives a meaning, those that look like the names of
// other columns, and those that differ only in case.
var oddKeys = []string{
	"plain", "http.status_code", "", ".", "a.b.", " ", "with space", `"quoted"`, "it's", "semi;colon", "new\nline", "tab\t", "日本", "é", "😀",
	"Case", "case", "CASE", "É", "x", "x:int", "x:string", "x:int:string", "~2", "case~2",
	"name", "start", "trace_id", "heddle.shape", "heddle.overflow", "span.name", "resource.service.name", "list", "element", "version", "events",
}

// oddText is as odd.
var oddText = []string{"", "a", "ab", "500", "true", "NULL", "'; DROP TABLE spans", `"`, `\`, "\x00", "new\nline", "日本", "😀", strings.Repeat("long ", 40)}

func pickOne[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func oddValue(r *rand.Rand, v pcommon.Value, depth int) {
	kind := r.IntN(13)
	if depth > 2 {
		kind = r.IntN(9)
	}
	switch kind {
	case 0, 1, 2, 3:
		v.SetStr(pickOne(r, oddText))
	case 4, 5:
		v.SetInt(pickOne(r, []int64{0, 1, -1, 500, 1<<53 + 1, math.MaxInt64, math.MinInt64}))
	case 6:
		v.SetDouble(pickOne(r, []float64{0, math.Copysign(0, -1), 1.5, -1, 1 << 53, math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64}))
	case 7:
		v.SetBool(r.IntN(2) == 0)
	case 8: // no value
	case 9:
		v.SetEmptyBytes().FromRaw([]byte(pickOne(r, []string{"", "a", "\xff\x00"})))
	case 10:
		list := v.SetEmptySlice()
		for range r.IntN(3) {
			oddValue(r, list.AppendEmpty(), depth+1)
		}
	case 11:
		m := v.SetEmptyMap()
		for range r.IntN(3) {
			oddValue(r, m.PutEmpty(pickOne(r, oddKeys)), depth+1)
		}
	default:
		v.SetStr(fmt.Sprintf("%x", r.Uint64()))
	}
}

// Pdata does not put a key twice into a map, a request may have it. So some
// keys are renamed in the encoding.
const twice, twiceToo = "twice-here", "twice-hErE"

func oddMap(r *rand.Rand, m pcommon.Map, most int) {
	for range r.IntN(most + 1) {
		oddValue(r, m.PutEmpty(pickOne(r, oddKeys)), 0)
	}
	if r.IntN(12) == 0 {
		oddValue(r, m.PutEmpty(twice), 0)
		oddMap(r, m, 1)
		oddValue(r, m.PutEmpty(twiceToo), 0)
	}
}

// oddResource has many attributes sometimes.
func oddResource(r *rand.Rand, to pcommon.Resource) {
	if r.IntN(6) > 0 {
		to.Attributes().PutStr("service.name", fmt.Sprint("service-", r.IntN(5)))
	}
	if r.IntN(3) == 0 {
		for i := range 30 {
			to.Attributes().PutStr(fmt.Sprint("k8s.label.", i), pickOne(r, oddText))
		}
	}
	oddMap(r, to.Attributes(), 4)
	to.SetDroppedAttributesCount(r.Uint32N(3))
}

func oddScope(r *rand.Rand, to pcommon.InstrumentationScope) {
	to.SetName(pickOne(r, []string{"", "lib", "envoy"}))
	to.SetVersion(pickOne(r, []string{"", "1.2"}))
	oddMap(r, to.Attributes(), 2)
}

// oddEpoch is where the times of random records begin.
const oddEpoch = int64(1_700_000_000_000_000_000)

// oddTraces are n spans of the given number of traces with everything that a
// span can have, and some spans twice.
func oddTraces(r *rand.Rand, n, traces int) ptrace.Traces {
	td := ptrace.NewTraces()
	left := n
	for left > 0 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl(pickOne(r, []string{"", "https://example.org/1"}))
		oddResource(r, rs.Resource())
		for range 1 + r.IntN(2) {
			ss := rs.ScopeSpans().AppendEmpty()
			oddScope(r, ss.Scope())
			for i := 1 + r.IntN(12); i > 0 && left > 0; i-- {
				oddSpan(r, ss.Spans().AppendEmpty(), traces)
				if left--; left > 0 && r.IntN(25) == 0 {
					ss.Spans().At(ss.Spans().Len() - 1).CopyTo(ss.Spans().AppendEmpty())
					left--
				}
			}
		}
	}
	return renamed(td, (&ptrace.ProtoMarshaler{}).MarshalTraces, (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces)
}

func renamed[T any](x T, marshal func(T) ([]byte, error), unmarshal func([]byte) (T, error)) T {
	b, err := marshal(x)
	if err == nil {
		x, err = unmarshal(bytes.ReplaceAll(b, []byte(twiceToo), []byte(twice)))
	}
	if err != nil {
		panic(err)
	}
	return x
}

func oddSpan(r *rand.Rand, s ptrace.Span, traces int) {
	trace := r.IntN(traces)
	s.SetTraceID(pcommon.TraceID{1, byte(trace * 37), byte(trace), 15: byte(trace >> 8)})
	s.SetSpanID(pcommon.SpanID{2, byte(r.IntN(200))})
	if r.IntN(4) > 0 {
		s.SetParentSpanID(pcommon.SpanID{2, byte(r.IntN(200))})
	}
	start := oddEpoch + int64(trace)*1e9 + r.Int64N(3e9)
	s.SetStartTimestamp(pcommon.Timestamp(start))
	s.SetEndTimestamp(pcommon.Timestamp(start + r.Int64N(1_000_000) - 50_000))
	s.SetName(pickOne(r, oddText))
	s.SetKind(ptrace.SpanKind(r.IntN(6)))
	s.Status().SetCode(ptrace.StatusCode(r.IntN(3)))
	s.Status().SetMessage(pickOne(r, []string{"", "", "boom"}))
	s.TraceState().FromRaw(pickOne(r, []string{"", "", "v=1"}))
	s.SetFlags(r.Uint32() >> r.IntN(32))
	s.SetDroppedAttributesCount(r.Uint32N(2))
	s.SetDroppedEventsCount(r.Uint32N(2))
	s.SetDroppedLinksCount(r.Uint32N(2) * math.MaxUint32)
	oddMap(r, s.Attributes(), 8)
	for range max(0, r.IntN(6)-2) {
		e := s.Events().AppendEmpty()
		e.SetName(pickOne(r, []string{"exception", "retry", ""}))
		e.SetTimestamp(pcommon.Timestamp(start + r.Int64N(100)))
		e.SetDroppedAttributesCount(r.Uint32N(2))
		oddMap(r, e.Attributes(), 3)
	}
	for range max(0, r.IntN(5)-3) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{3, byte(r.IntN(5))})
		if r.IntN(3) > 0 {
			l.SetSpanID(pcommon.SpanID{4, byte(r.IntN(5))})
		}
		l.SetFlags(r.Uint32N(3))
		l.TraceState().FromRaw(pickOne(r, []string{"", "v=2"}))
		oddMap(r, l.Attributes(), 2)
	}
}

// oddLogs are n log records with everything that a record can have.
func oddLogs(r *rand.Rand, n int) plog.Logs {
	ld := plog.NewLogs()
	for left := n; left > 0; {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl(pickOne(r, []string{"", "https://example.org/1"}))
		oddResource(r, rl.Resource())
		sl := rl.ScopeLogs().AppendEmpty()
		oddScope(r, sl.Scope())
		for i := 1 + r.IntN(20); i > 0 && left > 0; i-- {
			oddRecord(r, sl.LogRecords().AppendEmpty())
			left--
		}
	}
	return renamed(ld, (&plog.ProtoMarshaler{}).MarshalLogs, (&plog.ProtoUnmarshaler{}).UnmarshalLogs)
}

func oddRecord(r *rand.Rand, to plog.LogRecord) {
	at := pcommon.Timestamp(oddEpoch + r.Int64N(60e9))
	if r.IntN(4) > 0 {
		to.SetTimestamp(at)
	}
	if r.IntN(3) > 0 {
		to.SetObservedTimestamp(at + 5)
	}
	if r.IntN(2) == 0 {
		to.SetTraceID(pcommon.TraceID{1, byte(r.IntN(9))})
		to.SetSpanID(pcommon.SpanID{2, byte(r.IntN(9))})
	}
	to.SetSeverityNumber(plog.SeverityNumber(r.IntN(25)))
	to.SetSeverityText(pickOne(r, []string{"", "INFO", "ERROR"}))
	to.SetEventName(pickOne(r, []string{"", "", "click"}))
	to.SetFlags(plog.LogRecordFlags(r.Uint32N(2)))
	to.SetDroppedAttributesCount(r.Uint32N(2))
	oddValue(r, to.Body(), 0)
	oddMap(r, to.Attributes(), 6)
}

// spanTableOf seals the spans into one table.
func spanTableOf(t testing.TB, requests ...ptrace.Traces) *spanTable {
	t.Helper()
	s := inMemory(t)
	for _, td := range requests {
		if out, err := s.Spans().WriteSpans(t.Context(), td); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	return s.spans.open.seal()
}

// logTableOf seals the records into one table.
func logTableOf(t testing.TB, requests ...plog.Logs) *logTable {
	t.Helper()
	s := inMemory(t)
	for _, ld := range requests {
		if out, err := s.Logs().WriteLogs(t.Context(), ld); err != nil || out.RejectedCount() > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	return s.logs.open.seal()
}

func inMemory(t testing.TB) *Store {
	t.Helper()
	s, err := Open(Options{SealRows: maxSealRows, MaxBytes: 4 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// spanFile is a sealed table as the file of a part.
func spanFile(t testing.TB, table *spanTable, pageRows int) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := writeSpanTable(&b, table, pageRows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// logFile is spanFile for log records.
func logFile(t testing.TB, table *logTable, pageRows int) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := writeLogTable(&b, table, pageRows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// openFile opens the file of a part. Zones are those that its rows say.
func openFile(t testing.TB, file []byte) *partFile {
	t.Helper()
	p, err := openBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openBytes(file []byte) (*partFile, error) {
	f, err := parquet.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	zones := make([]zone, len(f.RowGroups()))
	for i := range zones {
		zones[i] = zone{math.MinInt64, math.MaxInt64}
	}
	return openPart("test", bytes.NewReader(file), int64(len(file)), zones, nil)
}

// spanRowsOf lists every span of a part, in its order, as text.
func spanRowsOf(t testing.TB, p *partFile) (list []string) {
	t.Helper()
	for number := range p.file.RowGroups() {
		rows := p.spanRows(number)
		list = append(list, dumpSpans(rows.spans(allRows(rows.n)))...)
		if rows.err() != nil {
			t.Fatal(rows.err())
		}
	}
	return list
}

// logRowsOf is spanRowsOf for log records.
func logRowsOf(t testing.TB, p *partFile) (list []string) {
	t.Helper()
	for number := range p.file.RowGroups() {
		rows := p.logRows(number)
		list = append(list, dumpLogs(rows.records(allRows(rows.n)))...)
		if rows.err() != nil {
			t.Fatal(rows.err())
		}
	}
	return list
}

// dumpSpans writes down everything that each span has: equal spans have equal
// dumps.
func dumpSpans(s *storage.Spans) (list []string) {
	for i := range s.Len() {
		var b strings.Builder
		d := dumper{&b, s.Strings, s.List, s.Value}
		fmt.Fprintf(&b, "trace %s span %s parent %s start %d duration %d kind %d status %d name %q message %q state %q flags %d dropped %v",
			s.TraceIDs[i], s.SpanIDs[i], s.ParentIDs[i], s.StartsNs[i], s.DurationsNs[i], s.Kinds[i], s.Statuses[i], s.Name(i),
			s.Strings[s.StatusMessages[i]], s.Strings[s.TraceStates[i]], s.Flags[i], s.Dropped[i])
		d.origin(s.ResourceTable[s.Resources[i]], s.ScopeTable[s.Scopes[i]])
		d.list("attributes", s.Attributes[i])
		for _, e := range s.EventsOf(i) {
			d.list(fmt.Sprintf("event %d %q dropped %d", e.TimeNs, s.Strings[e.Name], e.DroppedAttributes), e.Attributes)
		}
		for _, l := range s.LinksOf(i) {
			d.list(fmt.Sprintf("link %s %s %q flags %d dropped %d", l.TraceID, l.SpanID, s.Strings[l.TraceState], l.Flags, l.DroppedAttributes), l.Attributes)
		}
		list = append(list, b.String())
	}
	return list
}

func dumpLogs(l *storage.Logs) (list []string) {
	for i := range l.Len() {
		var b strings.Builder
		d := dumper{&b, l.Strings, l.List, l.Value}
		fmt.Fprintf(&b, "time %d observed %d trace %s span %s severity %d %q event %q flags %d dropped %d body %s", l.TimesNs[i], l.ObservedNs[i], l.TraceIDs[i],
			l.SpanIDs[i], l.Severities[i], l.Strings[l.SeverityTexts[i]], l.Strings[l.EventNames[i]], l.Flags[i], l.DroppedAttrs[i], dumpValue(l.Bodies[i]))
		d.origin(l.ResourceTable[l.Resources[i]], l.ScopeTable[l.Scopes[i]])
		d.list("attributes", l.Attributes[i])
		list = append(list, b.String())
	}
	return list
}

type dumper struct {
	b       *strings.Builder
	strings []string
	attrs   func(storage.Range) []storage.Attr
	value   func(storage.Attr) storage.Value
}

func (d dumper) origin(res storage.Resource, scope storage.InstrumentationScope) {
	d.list(fmt.Sprintf("resource %q dropped %d", d.strings[res.SchemaURL], res.DroppedAttributes), res.Attributes)
	d.list(fmt.Sprintf("scope %q %q %q dropped %d", d.strings[scope.Name], d.strings[scope.Version], d.strings[scope.SchemaURL], scope.DroppedAttributes), scope.Attributes)
}

func (d dumper) list(what string, r storage.Range) {
	fmt.Fprintf(d.b, "\n  %s", what)
	for _, a := range d.attrs(r) {
		fmt.Fprintf(d.b, " %q=%s", d.strings[a.Key], dumpValue(d.value(a)))
	}
}

func dumpValue(v storage.Value) string {
	switch v.Type() {
	case storage.TypeString:
		return fmt.Sprintf("%q", v.Str())
	case storage.TypeFloat:
		return fmt.Sprintf("double(%x)", math.Float64bits(v.Float()))
	case storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		return fmt.Sprintf("%s(%x)", v.Type(), v.Str())
	}
	return fmt.Sprintf("%s(%s)", v.Type(), v.Text())
}
