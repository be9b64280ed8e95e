package selection

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// stores opens every backend that the tests run on.
func stores(t *testing.T) map[string]storage.Store {
	t.Helper()
	memory, err := columnar.Open(columnar.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	options := columnar.DefaultDiskOptions()
	options.Dir, options.SealRows = t.TempDir(), 100 // several parts
	options.Retention = columnar.Retention{}
	disk, err := columnar.OpenDisk(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]storage.Store{"memory": memory, "disk": disk}
	for _, s := range all {
		t.Cleanup(func() { s.Close() })
	}
	return all
}

// randomTraces makes n traces with up to 6 spans within a second, some of which
// start together, and attributes of several types.
func randomTraces(rng *rand.Rand, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range n {
		prefix := rng.Uint32()
		for j := range 1 + rng.IntN(6) {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", fmt.Sprint("s", rng.IntN(4)))
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			var id pcommon.TraceID
			binary.BigEndian.PutUint32(id[:], prefix)
			binary.BigEndian.PutUint32(id[12:], uint32(i+1))
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{7: byte(j + 1)})
			if rng.IntN(3) == 0 {
				s.Attributes().PutStr("both", "x")
			}
			if rng.IntN(3) == 0 {
				rs.Resource().Attributes().PutStr("both", "y")
			}
			if j > 0 {
				s.SetParentSpanID(pcommon.SpanID{7: byte(1 + rng.IntN(j))})
			}
			s.SetName(fmt.Sprint("op", rng.IntN(3)))
			start := 1_000_000 + rng.IntN(40)*1000
			s.SetStartTimestamp(pcommon.Timestamp(start))
			s.SetEndTimestamp(pcommon.Timestamp(start + rng.IntN(20)*100))
			if rng.IntN(5) == 0 {
				s.Status().SetCode(ptrace.StatusCodeError)
			}
			switch rng.IntN(6) {
			case 0:
				s.Attributes().PutInt("n", int64(rng.IntN(5)))
			case 1:
				s.Attributes().PutStr("n", fmt.Sprint(rng.IntN(5)))
			case 2:
				s.Attributes().PutEmptySlice("list").AppendEmpty().SetStr("x")
			case 3:
				s.Attributes().PutStr("list", "x")
			}
		}
	}
	return td
}

var queries = []string{
	"", "{ }", `{ resource.service.name = "s1" }`, `{ span.n = 3 }`, `{ .n = 3 }`, `{ name = "op1" && status = error }`,
	`{ !(span.n = 3) || duration > 500ns }`, `{ span.list = "x" }`, `{ name = "op0" } >> { name = "op1" }`, `{ status = error } | count() > 1`,
	`{ rootName = "op2" }`, `{ span.n != 3 }`, `{ .service.name = "s1" && !(.n > 2) }`, `{ .both = "x" || .n = ".n" }`, `{ .nowhere = 1 || name = "op2" }`, `{ duration > 1us && name =~ "op[01]" }`,
}

func selectionOf(t *testing.T, query string, where storage.Predicate) Selection {
	t.Helper()
	if query == "" {
		return Selection{Where: where}
	}
	q, err := traceql.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	return Selection{Where: where, Query: q}
}

// answer is what a selection selects, found the slow and sure way.
type answer struct {
	ids    []storage.TraceID // newest first
	newest map[storage.TraceID]int64
	spans  map[storage.TraceID]int
	traces map[storage.TraceID]*trace.Trace
}

func slowly(t *testing.T, r storage.SpanReader, sel Selection, w storage.Window) answer {
	t.Helper()
	a := answer{newest: map[storage.TraceID]int64{}, spans: map[storage.TraceID]int{}, traces: map[storage.TraceID]*trace.Trace{}}
	var ids []storage.TraceID
	for batch, err := range r.Scan(t.Context(), storage.Scan{Window: storage.AllTime()}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, batch.TraceIDs...)
	}
	slices.SortFunc(ids, func(a, b storage.TraceID) int { return slices.Compare(a[:], b[:]) })
	all, err := trace.Fetch(t.Context(), r, slices.Compact(ids))
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range all {
		var positions []int32
		if sel.Query == nil {
			for p := range tr.Rows {
				positions = append(positions, int32(p))
			}
		} else if positions, err = traceql.Select(sel.Query, tr); err != nil {
			t.Fatal(err)
		}
		for _, p := range positions {
			row := int(tr.Rows[p])
			if ok, err := trace.Matches(tr.Spans, row, sel.Where); err != nil {
				t.Fatal(err)
			} else if !ok || !w.Contains(tr.Spans.StartsNs[row]) {
				continue
			}
			if a.spans[tr.ID] == 0 {
				a.ids = append(a.ids, tr.ID)
				a.newest[tr.ID] = math.MinInt64
			}
			a.spans[tr.ID]++
			a.newest[tr.ID] = max(a.newest[tr.ID], tr.Spans.StartsNs[row])
		}
		a.traces[tr.ID] = tr
	}
	slices.SortFunc(a.ids, func(x, y storage.TraceID) int {
		return cmp.Or(cmp.Compare(a.newest[y], a.newest[x]), slices.Compare(x[:], y[:]))
	})
	return a
}

func TestEveryWayFindsTheSame(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			for range 3 { // several writes, so that the store has several pieces
				if _, err := store.Spans().WriteSpans(t.Context(), randomTraces(rng, 50)); err != nil {
					t.Fatal(err)
				}
			}
			window := storage.Window{FromNs: 1_005_000, ToNs: 1_035_000}
			named := storage.Compare{Key: storage.KeyName, Op: storage.Equal, Value: storage.String("op1")}
			for _, where := range []storage.Predicate{nil, named} {
				for _, query := range queries {
					sel := selectionOf(t, query, where)
					check(t, fmt.Sprintf("%s, %v", query, where), store.Spans(), sel, window, slowly(t, store.Spans(), sel, window))
				}
			}
		})
	}
}

func check(t *testing.T, what string, r storage.SpanReader, sel Selection, w storage.Window, want answer) {
	t.Helper()
	search := func() *Search {
		s, err := New(r, sel, w, Budget{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	// Pages of the newest traces visit every one once, in order.
	for _, size := range []int{3, 1000} {
		var got []storage.TraceID
		var after *Cursor
		for {
			n := 0
			for m, err := range search().Newest(t.Context(), after, size+1) {
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if m.NewestNs != want.newest[m.Trace.ID] || len(m.Spans) != want.spans[m.Trace.ID] {
					t.Fatalf("%s: %s has %d spans, the newest at %d", what, m.Trace.ID, len(m.Spans), m.NewestNs)
				}
				got = append(got, m.Trace.ID)
				after = &Cursor{m.NewestNs, m.Trace.ID}
				if n++; n == size {
					break
				}
			}
			if n < size {
				break
			}
		}
		if !slices.Equal(got, want.ids) {
			t.Fatalf("%s: pages of %d have %d traces, want %d", what, size, len(got), len(want.ids))
		}
	}
	for _, order := range []Order{Longest, Shortest, MostSpans, MostErrors} {
		byValue := slices.Clone(want.ids)
		slices.SortFunc(byValue, func(a, b storage.TraceID) int {
			return cmp.Or(cmp.Compare(order.value(want.traces[a].Summarize()), order.value(want.traces[b].Summarize())), slices.Compare(a[:], b[:]))
		})
		var got []storage.TraceID
		var after *Cursor
		for more := true; more; {
			page, err := search().Ranked(t.Context(), order, after, 40)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Traces {
				got = append(got, r.ID)
				after = &r.Cursor
			}
			more = page.More
			if page.Total.Traces != len(want.ids) {
				t.Fatalf("%s: total %+v, want %d traces", what, page.Total, len(want.ids))
			}
		}
		if !slices.Equal(got, byValue) {
			t.Fatalf("%s: order %d differs", what, order)
		}
	}
	spans := 0
	for _, n := range want.spans {
		spans += n
	}
	if total, err := search().Count(t.Context()); err != nil || total != (Total{len(want.ids), spans}) {
		t.Fatalf("%s: total %+v, %v, want %d traces and %d spans", what, total, err, len(want.ids), spans)
	}
	rows := 0
	for batch, err := range search().Scan(t.Context(), []storage.Key{storage.KeyName, {Scope: storage.ScopeSpan, Name: "n"}}) {
		if err != nil {
			t.Fatal(err)
		}
		for row, id := range batch.TraceIDs {
			if want.spans[id] == 0 {
				t.Fatalf("%s: scan has %s", what, id)
			}
			if name := batch.Columns[0].Value(row).Text(); !strings.HasPrefix(name, "op") {
				t.Fatalf("%s: name %q", what, name)
			}
			tr := want.traces[id]
			for p, r := range tr.Rows {
				if tr.Spans.SpanIDs[r] == batch.SpanIDs[row] {
					if v, _ := trace.FirstValue(tr.Spans, int(r), storage.Key{Scope: storage.ScopeSpan, Name: "n"}); v != batch.Columns[1].Value(row) {
						t.Fatalf("%s: position %d has %v, scan says %v", what, p, v, batch.Columns[1].Value(row))
					}
				}
			}
		}
		rows += batch.Len()
	}
	checkReading(t, what, search(), want)
	if rows != spans {
		t.Fatalf("%s: scan has %d spans, want %d", what, rows, spans)
	}
}

// checkReading compares whole traces in columns.
func checkReading(t *testing.T, what string, s *Search, want answer) {
	t.Helper()
	reading, err := s.ReadTraces(t.Context(), []storage.Key{storage.KeyName})
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	type row struct {
		id                  storage.TraceID
		name, parent        string
		startNs, durationNs int64
		kind, status        uint8
		selected            bool
	}
	var mu sync.Mutex
	var refs []storage.SpanRef
	got := map[storage.SpanHead]row{}
	var rows []row
	if err := reading.Each(t.Context(), func(_ int, b *storage.TraceBatch) bool {
		mu.Lock()
		defer mu.Unlock()
		var names storage.Column
		b.Columns.Column(0, b.Rows, &names)
		ids := b.Columns.TraceIDs(b.Rows, nil)
		for i, at := range b.Rows {
			r := row{id: ids[i], name: names.Value(i).Text(), startNs: b.Columns.StartsNs()[at], durationNs: b.Columns.DurationsNs()[at], kind: b.Columns.Kinds()[at], status: b.Columns.Statuses()[at], selected: b.Selected == nil || b.Selected[at]}
			if p := b.Parents[at]; p >= 0 {
				r.parent = fmt.Sprint(b.Columns.StartsNs()[p])
			}
			rows, refs = append(rows, r), append(refs, b.Columns.Ref(at))
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	heads, err := reading.Spans(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range heads {
		got[h] = rows[i]
	}
	n, selected := 0, 0
	for _, id := range want.ids {
		tr := want.traces[id]
		starts := map[storage.SpanID]string{}
		for _, at := range tr.Rows {
			starts[tr.Spans.SpanIDs[at]] = fmt.Sprint(tr.Spans.StartsNs[at])
		}
		for _, at := range tr.Rows {
			n++
			x := tr.Spans
			r, ok := got[storage.SpanHead{TraceID: id, SpanID: x.SpanIDs[at], StartNs: x.StartsNs[at], DurationNs: x.DurationsNs[at]}]
			if !ok {
				t.Fatalf("%s: span %x of trace %x was not read", what, x.SpanIDs[at], id)
			}
			if r.selected {
				selected++
			}
			w := row{id, x.Name(int(at)), starts[x.ParentIDs[at]], x.StartsNs[at], x.DurationsNs[at], x.Kinds[at], x.Statuses[at], r.selected}
			if r != w {
				t.Fatalf("%s: read %+v, want %+v", what, r, w)
			}
		}
	}
	if n != len(rows) {
		t.Fatalf("%s: %d spans were read, want %d", what, len(rows), n)
	}
	for _, n := range want.spans {
		selected -= n
	}
	if selected != 0 {
		t.Fatalf("%s: %d more spans are selected than should be", what, selected)
	}
}

func TestExact(t *testing.T) {
	store := stores(t)["memory"]
	if _, err := store.Spans().WriteSpans(t.Context(), randomTraces(rand.New(rand.NewPCG(1, 1)), 100)); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]bool{
		"": true, "{ }": true, `{ resource.service.name = "s1" }`: true, `{ name = "op1" && status = error }`: true,
		`{ span.n != 3 && duration > 2us }`: true, `{ .n = 3 }`: true, `{ .service.name = "s1" && !(.n > 2) }`: true,
		`{ .both = "x" }`: true, `{ .missing = 1 || .both != "x" }`: true,
		`{ span.list = "x" }`: false, `{ name = "op0" } >> { name = "op1" }`: false, `{ rootName = "op2" }`: false,
		`{ status = error } | count() > 1`: false,
	} {
		s, err := New(store.Spans(), selectionOf(t, query, nil), storage.AllTime(), Budget{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Exact(t.Context()); err != nil || ok != want {
			t.Errorf("%q: exact is %v, %v", query, ok, err)
		}
	}
}

// TestRankedOfBothWays: ranking by columns is ranking whole traces, also where
// spans came twice, share ids, end before they start or fail by an attribute.
func TestRankedOfBothWays(t *testing.T) {
	for name, store := range stores(t) {
		rng := rand.New(rand.NewPCG(2, 9))
		for range 3 {
			td := randomTraces(rng, 60)
			for _, rs := range td.ResourceSpans().All() {
				list := rs.ScopeSpans().At(0).Spans()
				span := list.At(0)
				switch rng.IntN(8) {
				case 0:
					span.SetEndTimestamp(span.StartTimestamp() - 500)
				case 1:
					span.Attributes().PutStr("error", []string{"true", "false"}[rng.IntN(2)])
				case 2:
					span.SetSpanID(pcommon.SpanID{7: 1})
				}
				if rng.IntN(6) == 0 {
					span.CopyTo(list.AppendEmpty())
				}
			}
			if _, err := store.Spans().WriteSpans(t.Context(), td); err != nil {
				t.Fatal(err)
			}
		}
		for _, order := range []Order{Longest, Shortest, MostSpans, MostErrors} {
			for _, where := range []storage.Predicate{nil, storage.Compare{Key: storage.KeyName, Op: storage.Equal, Value: storage.String("op1")}} {
				var after *Cursor
				for range 5 {
					var answers [2]Ranking
					for i, query := range []string{"", `{ traceDuration >= 0s }`} {
						s, err := New(store.Spans(), selectionOf(t, query, where), storage.Window{FromNs: 1_005_000, ToNs: 1_030_000}, Budget{})
						if err != nil {
							t.Fatal(err)
						}
						if answers[i], err = s.Ranked(t.Context(), order, after, 9); err != nil || s.Stats.Partial != "" {
							t.Fatal(s.Stats.Partial, err)
						}
						if got, err := s.Ranked(t.Context(), order, after, 9); err != nil || !reflect.DeepEqual(got, answers[i]) {
							t.Fatalf("asked again: %+v, %v", got, err)
						}
						if total, err := s.Count(t.Context()); err != nil || total != answers[i].Total {
							t.Fatalf("%s, order %d, %q: total %+v, counted %+v, %v", name, order, query, answers[i].Total, total, err)
						}
					}
					// Where the store decides, copies count as they are stored.
					answers[1].Total.Spans = answers[0].Total.Spans
					if !reflect.DeepEqual(answers[0], answers[1]) {
						t.Fatalf("%s, order %d after %v:\ncolumns %+v\ntraces  %+v", name, order, after, answers[0], answers[1])
					}
					after = &answers[0].Traces[len(answers[0].Traces)-1].Cursor
				}
			}
		}
	}
}

func TestBudget(t *testing.T) {
	store := stores(t)["memory"]
	if _, err := store.Spans().WriteSpans(t.Context(), randomTraces(rand.New(rand.NewPCG(1, 1)), 3000)); err != nil {
		t.Fatal(err)
	}
	s, _ := New(store.Spans(), selectionOf(t, `{ traceDuration >= 0s }`, nil), storage.AllTime(), Budget{Spans: 500})
	ranking, err := s.Ranked(t.Context(), Longest, nil, 10)
	if err != nil || len(ranking.Traces) != 10 || !strings.Contains(s.Stats.Partial, "which is the limit") || s.Stats.Spans < 500 || s.Stats.Spans > 3000 {
		t.Errorf("%d traces, %v, %+v", len(ranking.Traces), err, s.Stats)
	}
	s, _ = New(store.Spans(), Selection{}, storage.AllTime(), Budget{Duration: 1})
	if _, err := s.Count(t.Context()); err != nil || !strings.Contains(s.Stats.Partial, "time limit") {
		t.Errorf("%v, %+v", err, s.Stats)
	}
	defer func(n int) { maxCandidates = n }(maxCandidates)
	maxCandidates = 50
	s, _ = New(store.Spans(), Selection{}, storage.AllTime(), Budget{})
	if total, err := s.Count(t.Context()); err != nil || total.Traces != 50 || !strings.Contains(s.Stats.Partial, "too many") {
		t.Errorf("%+v, %v, %+v", total, err, s.Stats)
	}
}

func TestMetricsQueriesAreRefused(t *testing.T) {
	if _, err := New(nil, selectionOf(t, "{ } | rate()", nil), storage.AllTime(), Budget{}); err == nil {
		t.Error("taken")
	}
}

// BenchmarkRanked orders all traces by duration, by columns and by whole traces.
func BenchmarkRanked(b *testing.B) {
	options := columnar.DefaultDiskOptions()
	options.Dir, options.Retention = b.TempDir(), columnar.Retention{}
	store, err := columnar.OpenDisk(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		if _, err := store.Spans().WriteSpans(b.Context(), randomTraces(rng, 2000)); err != nil {
			b.Fatal(err)
		}
	}
	for name, query := range map[string]string{"columns": "{ }", "traces": "{ traceDuration >= 0s }"} {
		b.Run(name, func(b *testing.B) {
			q, err := traceql.Parse(query)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				s, err := New(store.Spans(), Selection{Query: q}, storage.AllTime(), Budget{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Ranked(b.Context(), Longest, nil, 20); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(store.Stats().Spans), "ns/span")
		})
	}
}

// fetches notes how many traces were asked for at a time.
type fetches struct {
	storage.SpanReader
	sizes []int
}

func (f *fetches) Traces(ctx context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	f.sizes = append(f.sizes, len(ids))
	return f.SpanReader.Traces(ctx, ids)
}

// Nobody knows how large traces are before some were read: the first are few,
// and no more are read than are wanted where all that are read match.
func TestNewestReadsNoMoreThanIsWanted(t *testing.T) {
	store := stores(t)["memory"]
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 3000 {
		s := spans.AppendEmpty()
		var id pcommon.TraceID
		binary.BigEndian.PutUint32(id[12:], uint32(i+1))
		s.SetTraceID(id)
		s.SetSpanID(pcommon.SpanID{1})
		s.SetStartTimestamp(pcommon.Timestamp(1000 + i*7919%3000))
	}
	if _, err := store.Spans().WriteSpans(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []int{1, 21, 1001} {
		reader := &fetches{SpanReader: store.Spans()}
		s, err := New(reader, Selection{}, storage.AllTime(), Budget{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range s.Newest(t.Context(), nil, wanted) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == wanted {
				break
			}
		}
		if n != wanted || s.Stats.Traces > wanted+leastFetched || reader.sizes[0] > firstFetched || len(reader.sizes) > 8 {
			t.Errorf("%d of %d traces, %d read: %v", n, wanted, s.Stats.Traces, reader.sizes)
		}
	}
}
