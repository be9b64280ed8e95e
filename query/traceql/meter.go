package traceql

import (
	"fmt"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// meter counts what an answer costs and holds it to its budget.
type meter struct {
	budget Budget
	start  time.Time
	stats  Stats
}

func newMeter(b Budget) meter { return meter{budget: b, start: time.Now()} }

func (m *meter) read() Stats {
	m.stats.Elapsed = time.Since(m.start)
	return m.stats
}

// over says whether the budget is spent, and notes it.
func (m *meter) over() bool {
	b, s := m.budget, &m.stats
	switch {
	case s.Partial != "":
	case b.Spans > 0 && s.SpansInspected > b.Spans:
		s.Partial = fmt.Sprintf("more than %d spans had to be inspected", b.Spans)
	case b.Bytes > 0 && s.BytesInspected > b.Bytes:
		s.Partial = fmt.Sprintf("more than %d bytes had to be inspected", b.Bytes)
	case b.Duration > 0 && time.Since(m.start) > b.Duration:
		s.Partial = fmt.Sprintf("it took longer than %v", b.Duration)
	}
	return s.Partial != ""
}

func (m *meter) fetched(traces []*trace.Trace) {
	m.stats.TracesInspected += len(traces)
	var last *storage.Spans
	for _, t := range traces {
		m.stats.SpansInspected += t.Len()
		if t.Spans != last { // traces that were read together share their columns
			last = t.Spans
			m.stats.BytesInspected += sizeOf(last)
		}
	}
}

// sizeOf is about what spans take in memory, without the content of strings.
func sizeOf(s *storage.Spans) int64 {
	const perSpan, perAttr, perEvent, perLink, perString = 128, 16, 32, 48, 24
	return int64(s.Len())*perSpan + int64(len(s.Attrs))*perAttr + int64(len(s.EventTable))*perEvent +
		int64(len(s.LinkTable))*perLink + int64(len(s.Strings))*perString
}
