package columnar

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// TestPartIsTheSortedTable: writing a table as a part and reading it back
// gives the rows of the table in the order of parts.
func TestPartIsTheSortedTable(t *testing.T) {
	for seed := range uint64(40) {
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

// sortedSpans are the spans of a table by trace, start and span.
func sortedSpans(table *spanTable) []string {
	rows := allRows(table.n)
	slices.SortStableFunc(rows, func(a, b uint32) int {
		if c := bytes.Compare(table.traceIDs[a][:], table.traceIDs[b][:]); c != 0 {
			return c
		}
		if table.times[a] != table.times[b] {
			return int(min(1, max(-1, table.times[a]-table.times[b])))
		}
		return bytes.Compare(table.spanIDs[a][:], table.spanIDs[b][:])
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

// TestLimitsOfADisk: what a page cannot have must not be accepted.
func TestLimitsOfADisk(t *testing.T) {
	for _, events := range []int{-1, maxChildren + 1} {
		o := diskOptions()
		o.Limits = storage.Limits{ValueBytes: 100, Attributes: 100, Events: events}
		if s, err := OpenDisk(t.Context(), o); err == nil {
			_ = s.Close()
			t.Errorf("%d events were allowed", events)
		}
	}
}
