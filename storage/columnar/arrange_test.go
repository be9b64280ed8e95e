package columnar

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// TestPartIsTheSortedTable: writing a table as a part and reading it back
// gives the rows of the table in the order of parts.
func TestPartIsTheSortedTable(t *testing.T) {
	for seed := range storagetest.Fewer(uint64(40)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			pageRows := []int{0, 64, 128}[r.IntN(3)]
			n := 1 + r.IntN(600)
			spans := spanTableOf(t, oddTraces(r, n, 1+r.IntN(40)), oddTraces(r, 1+r.IntN(50), 8))
			got := spanRowsOf(t, openFile(t, spanFile(t, spans, pageRows)))
			if diff := firstDifference(got, sortedSpans(spans)); diff != "" {
				t.Errorf("spans: %s", diff)
			}
			logs := logTableOf(t, oddLogs(r, n), oddLogs(r, 1+r.IntN(50)))
			got = logRowsOf(t, openFile(t, logFile(t, logs, pageRows)))
			if diff := firstDifference(got, sortedLogs(logs)); diff != "" {
				t.Errorf("log records: %s", diff)
			}
		})
	}
}

// sortedSpans are the spans of a table by the first start of their trace, trace,
// start and span.
func sortedSpans(table *spanTable) []string {
	first := map[storage.TraceID]int64{}
	for i, id := range table.traceIDs {
		if ns, ok := first[id]; !ok || table.times[i] < ns {
			first[id] = table.times[i]
		}
	}
	rows := allRows(table.n)
	slices.SortStableFunc(rows, func(a, b uint32) int {
		trace, other := table.traceIDs[a], table.traceIDs[b]
		return cmp.Or(cmp.Compare(first[trace], first[other]), bytes.Compare(trace[:], other[:]),
			cmp.Compare(table.times[a], table.times[b]), bytes.Compare(table.spanIDs[a][:], table.spanIDs[b][:]))
	})
	all := dumpSpans(table.spans(allRows(table.n)))
	return pickRows(nil, all, rows)
}

// sortedLogs are the records of a table by resource, in the order of their
// coming, and time.
func sortedLogs(table *logTable) []string {
	rows := allRows(table.n)
	resource := func(row uint32) int64 { return int64(table.origins.pairs[table.origin[row]].resource) }
	slices.SortStableFunc(rows, func(a, b uint32) int {
		if d := resource(a) - resource(b); d != 0 {
			return int(d)
		}
		return int(min(1, max(-1, table.times[a]-table.times[b])))
	})
	return pickRows(nil, dumpLogs(table.records(allRows(table.n))), rows)
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("row %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	return ""
}

// TestPartsOfTheLongestLists: a request of spans with as many events as a span
// may have becomes a part, and parts of such become one.
func TestPartsOfTheLongestLists(t *testing.T) {
	storagetest.Long(t)
	const spans, events = 1100, 4000 // in one page these exceed what a page may have
	table := spanTableOf(t, manyEvents(spans, events))
	p := openFile(t, spanFile(t, table, 0))
	rows := p.spanRows(0)
	if n := p.file.Chunk(0, p.fixed.eventTime).Places(); n != spans*events || len(rows.pageStarts()) < 2 {
		t.Errorf("%d events in %d pages, want %d in several", n, len(rows.pageStarts()), spans*events)
	}
	some := rows.spans([]uint32{7, spans - 1})
	if rows.err() != nil || some.Len() != 2 || len(some.EventsOf(1)) != events {
		t.Errorf("%d spans, %v", some.Len(), rows.err())
	}
	m := newMergeTest([]*partFile{p, openFile(t, spanFile(t, spanTableOf(t, manyEvents(60, 10)), 0))}, 65536)
	var b bytes.Buffer
	if _, err := m.writeSpans(t, &b); err != nil {
		t.Fatal(err)
	}
	if merged := openFile(t, b.Bytes()); merged.file.Rows() != spans+60 {
		t.Errorf("%d rows after merging, want %d", merged.file.Rows(), spans+60)
	}
}

// TestLimitsOfADisk: what a page cannot have is not accepted, whatever the
// limits are.
func TestLimitsOfADisk(t *testing.T) {
	for events, want := range map[int]int{0: maxChildren, 1: 1, maxChildren: maxChildren, math.MaxInt32: maxChildren} {
		o := diskOptions()
		o.Limits = storage.Limits{ValueBytes: 100, Events: events}
		s := openDisk(t, o)
		if got := s.opts.Limits.Events; got != want {
			t.Errorf("with a limit of %d events it is %d, want %d", events, got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	o := diskOptions()
	o.Limits = storage.Limits{Events: -1}
	if _, err := OpenDisk(t.Context(), o); err == nil {
		t.Error("a negative limit was allowed")
	}
}
