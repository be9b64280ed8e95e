package columnar

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// newMergeTest prepares merging parts outside of a store. The part i has
// position i+1 of the log.
func newMergeTest(files []*partFile, groupRows int) *mergeRun {
	m := &mergeRun{d: &disk{opts: DiskOptions{GroupRows: groupRows, pageRows: 64}}, job: &mergeJob{}, files: files, deleted: map[*tombstone]uint64{}}
	for i, f := range files {
		m.job.parts = append(m.job.parts, &livePart{Part: manifest.Part{Signal: manifest.Signal(f.signal), MaxLSN: uint64(i + 1)}})
	}
	return m
}

func (m *mergeRun) writeSpans(t testing.TB, w io.Writer) (*summary, error) {
	t.Helper()
	return m.spans(t.Context(), w)
}

// partsMerged merges parts again and again, as a store does over the hours of a
// day: neighbours first, then what came of them.
func partsMerged(t testing.TB, r *rand.Rand, files []*partFile, groupRows int) (*partFile, int) {
	t.Helper()
	folded := 0
	for len(files) > 1 {
		n := 2 + r.IntN(len(files)-1)
		from := r.IntN(len(files) - n + 1)
		m := newMergeTest(files[from:from+n], groupRows)
		var b bytes.Buffer
		write := m.spans
		if files[0].signal == storage.SignalLogs {
			write = m.logs
		}
		if _, err := write(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		folded += m.folded
		files = slices.Replace(slices.Clone(files), from, from+n, openFile(t, b.Bytes()))
	}
	return files[0], folded
}

// TestMergingKeepsEverySpanOnce: merging random parts gives the union of their
// spans, in which identical ones are one; each trace is in one row group unless
// it is longer than that; rows are in the order of parts, row groups in that of
// time.
func TestMergingKeepsEverySpanOnce(t *testing.T) {
	for seed := range storagetest.Fewer(uint64(30)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 4))
			groupRows := 64 + r.IntN(200)
			var files []*partFile
			var all []string
			var last ptrace.Traces
			for i := range 2 + r.IntN(5) {
				requests := []ptrace.Traces{oddTraces(r, 1+r.IntN(300), 1+r.IntN(60))}
				if i > 0 && r.IntN(3) == 0 {
					requests = append(requests, last) // sent again
				}
				last = requests[0]
				table := spanTableOf(t, requests...)
				all = append(all, dumpSpans(table.spans(allRows(table.n)))...)
				files = append(files, openFile(t, spanFile(t, table, 0)))
			}
			merged, folded := partsMerged(t, r, files, groupRows)
			got := spanRowsOf(t, merged)
			if folded != len(all)-len(got) {
				t.Errorf("%d spans were folded, %d are missing", folded, len(all)-len(got))
			}
			long := longTraces(all, groupRows)
			slices.Sort(all)
			want := slices.Compact(all)
			if len(long) > 0 { // identical spans of a long trace may be in different row groups
				got = slices.Compact(slices.Sorted(slices.Values(got)))
			}
			if diff := firstDifference(slices.Sorted(slices.Values(got)), want); diff != "" {
				t.Error(diff)
			}
			checkGroups(t, merged, groupRows, long)
		})
	}
}

// longTraces are those that do not fit into a row group.
func longTraces(dumps []string, groupRows int) map[string]bool {
	rows, long := map[string]int{}, map[string]bool{}
	for _, d := range dumps {
		id, _, _ := strings.Cut(d, " span ")
		if rows[id]++; rows[id] > groupRows {
			long[id] = true
		}
	}
	return long
}

// checkGroups checks how a merged part is ordered.
func checkGroups(t *testing.T, p *partFile, groupRows int, long map[string]bool) {
	t.Helper()
	groupOf := map[string]int{}
	previous := int64(-1 << 62)
	for number, info := range p.file.RowGroups() {
		if info.Rows > groupRows {
			t.Errorf("row group %d has %d rows, the bound is %d", number, info.Rows, groupRows)
		}
		rows := p.spanRows(number)
		table := rows.load(rows.all())
		first := int64(1 << 62)
		for i := range table.n {
			id := fmt.Sprintf("trace %s", table.traceIDs[i])
			if g, ok := groupOf[id]; ok && g != number && !long[id] {
				t.Errorf("%s is in row groups %d and %d", id, g, number)
			}
			groupOf[id] = number
			first = min(first, table.times[i])
		}
		if row := firstOutOfOrder(table); row >= 0 {
			t.Fatalf("row group %d: row %d is out of order", number, row)
		}
		if first < previous {
			t.Errorf("row group %d begins %d ns before the one before", number, previous-first)
		}
		previous = first
	}
}

// firstOutOfOrder finds the first row that is not where it belongs: traces come
// in the order of their first start and id, the origins of their spans in that of
// their first start, and the spans of one in that of starts. -1: there is none.
func firstOutOfOrder(t *spanTable) int {
	begin, block := 0, 0 // of the trace, and of the spans of one origin
	seen := map[uint32]bool{}
	for i := range t.n {
		newTrace := i == 0 || t.traceIDs[i] != t.traceIDs[begin]
		newBlock := newTrace || t.origin[i] != t.origin[i-1]
		switch {
		case newTrace && i > 0 && cmp.Or(cmp.Compare(t.times[i], t.times[begin]), bytes.Compare(t.traceIDs[i][:], t.traceIDs[begin][:])) <= 0,
			newBlock && !newTrace && (seen[t.origin[i]] || t.times[i] < t.times[block]),
			!newBlock && t.times[i] < t.times[i-1]:
			return i
		}
		if newTrace {
			begin = i
			clear(seen)
		}
		if newBlock {
			block, seen[t.origin[i]] = i, true
		}
	}
	return -1
}

// TestMergingSplitsGiantTraces: a trace with more spans than a row group goes
// to several, by time.
func TestMergingSplitsGiantTraces(t *testing.T) {
	var files []*partFile
	var all []string
	for i := range 4 {
		td := ptrace.NewTraces()
		spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for n := range 200 {
			s := spans.AppendEmpty()
			s.SetTraceID(pcommon.TraceID{9})
			if n%10 == 0 {
				s.SetTraceID(pcommon.TraceID{byte(n), 1})
			}
			s.SetSpanID(pcommon.SpanID{byte(i), byte(n), 1})
			s.SetStartTimestamp(pcommon.Timestamp(oddEpoch + int64(n*4+i)))
		}
		table := spanTableOf(t, td)
		all = append(all, dumpSpans(table.spans(allRows(table.n)))...)
		files = append(files, openFile(t, spanFile(t, table, 0)))
	}
	m := newMergeTest(files, 100)
	var b bytes.Buffer
	s, err := m.writeSpans(t, &b)
	if err != nil {
		t.Fatal(err)
	}
	merged := openFile(t, b.Bytes())
	got := spanRowsOf(t, merged)
	checkGroups(t, merged, 100, map[string]bool{fmt.Sprintf("trace %s", pcommon.TraceID{9}): true})
	if diff := firstDifference(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(all))); diff != "" {
		t.Error(diff)
	}
	if excluded := s.contents.Edges.Excluded; !slices.Contains(excluded, fingerprint(storage.TraceID{9})) {
		t.Error("the summary has edges of a trace that is in several row groups")
	}
}

// TestMergingKeepsEveryRecord: log records are never folded.
func TestMergingKeepsEveryRecord(t *testing.T) {
	for seed := range storagetest.Fewer(uint64(20)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			groupRows := 20 + r.IntN(200)
			var files []*partFile
			var all []string
			var last plog.Logs
			for i := range 2 + r.IntN(5) {
				requests := []plog.Logs{oddLogs(r, 1+r.IntN(300))}
				if i > 0 && r.IntN(3) == 0 {
					requests = append(requests, last)
				}
				last = requests[0]
				table := logTableOf(t, requests...)
				all = append(all, dumpLogs(table.records(allRows(table.n)))...)
				files = append(files, openFile(t, logFile(t, table, 0)))
			}
			merged, _ := partsMerged(t, r, files, groupRows)
			if diff := firstDifference(slices.Sorted(slices.Values(logRowsOf(t, merged))), slices.Sorted(slices.Values(all))); diff != "" {
				t.Error(diff)
			}
			previous := int64(-1 << 62)
			for number, info := range merged.file.RowGroups() {
				times := ints[int64](merged.logRows(number).times(), between(0, info.Rows))
				if info.Rows > groupRows || slices.Min(times) < previous {
					t.Errorf("row group %d has %d rows and begins at %d, the one before ends at %d", number, info.Rows, slices.Min(times), previous)
				}
				previous = slices.Max(times)
			}
		})
	}
}

// TestMergingKeepsConflicts: spans with the same ids that differ in anything
// both stay.
func TestMergingKeepsConflicts(t *testing.T) {
	one := func(change func(ptrace.ResourceSpans, ptrace.Span)) *partFile {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "a")
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{2})
		s.SetStartTimestamp(5)
		s.Attributes().PutStr("k", "v")
		s.Attributes().PutInt("n", 1)
		s.Events().AppendEmpty().SetName("e")
		change(rs, s)
		return openFile(t, spanFile(t, spanTableOf(t, td), 0))
	}
	same := func(ptrace.ResourceSpans, ptrace.Span) {}
	changes := map[string]func(ptrace.ResourceSpans, ptrace.Span){
		"attribute":       func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().PutStr("k", "w") },
		"type":            func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Attributes().PutStr("n", "1") },
		"duration":        func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetEndTimestamp(6) },
		"start":           func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetStartTimestamp(4) },
		"parent":          func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetParentSpanID(pcommon.SpanID{3}) },
		"event":           func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Events().At(0).SetTimestamp(1) },
		"link":            func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Links().AppendEmpty() },
		"resource":        func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.Resource().Attributes().PutStr("service.name", "b") },
		"scope":           func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.ScopeSpans().At(0).Scope().SetName("x") },
		"status":          func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Status().SetMessage("no") },
		"trace state":     func(_ ptrace.ResourceSpans, s ptrace.Span) { s.TraceState().FromRaw("a=b") },
		"dropped":         func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetDroppedLinksCount(1) },
		"flags":           func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetFlags(1) },
		"event attribute": func(_ ptrace.ResourceSpans, s ptrace.Span) { s.Events().At(0).Attributes().PutBool("b", true) },
	}
	for name, change := range changes {
		m := newMergeTest([]*partFile{one(same), one(change), one(same), one(change)}, 1000)
		var b bytes.Buffer
		if _, err := m.writeSpans(t, &b); err != nil {
			t.Fatal(err)
		}
		if got := openFile(t, b.Bytes()).file.Rows(); got != 2 || m.folded != 2 {
			t.Errorf("two spans that differ in %s, each twice: %d are left, %d were folded", name, got, m.folded)
		}
	}
}

// TestMergingLeavesHiddenRowsOut: what a deletion covers is not in the result.
func TestMergingLeavesHiddenRowsOut(t *testing.T) {
	storagetest.Long(t)
	r := rand.New(rand.NewPCG(1, 6))
	var files []*partFile
	var dumps [][]string
	for range 4 {
		table := spanTableOf(t, oddTraces(r, 300, 30))
		dumps = append(dumps, dumpSpans(table.spans(allRows(table.n))))
		files = append(files, openFile(t, spanFile(t, table, 64)))
	}
	trace := storage.TraceID{1, 37, 1}
	m := newMergeTest(files, 128)
	m.job.tombstones = []*tombstone{
		newTombstone(catalog.Tombstone{ID: 1, LSN: 3, Signals: catalog.SignalBoth, TraceID: &trace}),
		newTombstone(catalog.Tombstone{ID: 2, LSN: 2, Signals: catalog.SignalSpans, Where: &catalog.Match{Key: storage.KeyService, Value: storage.String("service-1")}}),
	}
	m.job.parts[1].PurgedTo = 1 // the first one was applied to this part before
	var b bytes.Buffer
	if _, err := m.writeSpans(t, &b); err != nil {
		t.Fatal(err)
	}
	var want []string
	hidden := 0
	for i, list := range dumps {
		for _, d := range list {
			byTrace := strings.HasPrefix(d, fmt.Sprintf("trace %s ", trace)) && i < 3 && i != 1
			resource, _, _ := strings.Cut(d[strings.Index(d, "\n  resource"):], "\n  scope")
			if byTrace || i < 2 && strings.Contains(resource, `"service.name"="service-1"`) {
				hidden++
				continue
			}
			want = append(want, d)
		}
	}
	deleted := uint64(0)
	for _, rows := range m.deleted {
		deleted += rows
	}
	if hidden == 0 || deleted != uint64(hidden) {
		t.Errorf("%d rows were left out, want %d", deleted, hidden)
	}
	slices.Sort(want)
	if diff := firstDifference(slices.Sorted(slices.Values(spanRowsOf(t, openFile(t, b.Bytes())))), slices.Compact(want)); diff != "" {
		t.Error(diff)
	}
}

// TestMergingBoundsColumns: the keys of several parts may be more than a part
// has columns for. What has none is in the overflow and is found like the rest.
func TestMergingBoundsColumns(t *testing.T) {
	var files []*partFile
	var all []string
	for i := range 3 {
		td := ptrace.NewTraces()
		spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for n := range 100 {
			s := spans.AppendEmpty()
			s.SetTraceID(pcommon.TraceID{1, byte(i), byte(n)})
			s.SetSpanID(pcommon.SpanID{1})
			for k := range 6 {
				s.Attributes().PutStr(fmt.Sprintf("key-%d-%d", i, n*6+k), fmt.Sprint(n))
			}
			s.Attributes().PutInt("shared", int64(n))
		}
		table := spanTableOf(t, td)
		all = append(all, dumpSpans(table.spans(allRows(table.n)))...)
		files = append(files, openFile(t, spanFile(t, table, 0)))
	}
	m := newMergeTest(files, 128)
	var b bytes.Buffer
	s, err := m.writeSpans(t, &b)
	if err != nil {
		t.Fatal(err)
	}
	merged := openFile(t, b.Bytes())
	if n := len(merged.attrs.keys) + len(merged.events.keys) + len(merged.links.keys); n != maxColumns {
		t.Errorf("%d attribute columns, want %d", n, maxColumns)
	}
	if diff := firstDifference(slices.Sorted(slices.Values(spanRowsOf(t, merged))), slices.Sorted(slices.Values(all))); diff != "" {
		t.Error(diff)
	}
	for i := range 3 {
		for _, n := range []int{0, 50, 599} {
			key := storage.Key{Scope: storage.ScopeSpan, Name: fmt.Sprintf("key-%d-%d", i, n)}
			where := storage.Compare{Key: key, Op: storage.Equal, Value: storage.String(fmt.Sprint(n / 6))}
			found, counted := 0, newKeyCounter()
			for number := range merged.file.RowGroups() {
				rows := merged.spanRows(number)
				sel := fullBitmap(rows.n)
				filter(rows, where, sel)
				found += sel.count()
				rows.countKeys(counted, sel)
				if rows.err() != nil {
					t.Fatal(rows.err())
				}
			}
			c := counted.counts[key]
			if found != 1 || c == nil || c[storage.TypeString] != 1 {
				t.Errorf("%s: found %d times, counted %v", key, found, c)
			}
		}
	}
	s.finish()
	if n := len(s.contents.Keys); n != 1801 {
		t.Errorf("the summary has %d keys, want 1801", n)
	}
}

// manyEvents are spans of one trace with so many empty events each.
func manyEvents(spans, events int) ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for n := range spans {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(n >> 8)})
		s.SetSpanID(pcommon.SpanID{1, byte(n >> 8), byte(n)})
		s.Events().EnsureCapacity(events)
		for range events {
			s.Events().AppendEmpty()
		}
	}
	return td
}
