package traceql

import (
	"context"
	"errors"
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
	chunk  int // how many traces to read at once
}

// Reading many traces at once costs a store on disk little more than reading
// one: their rows share pages. What it costs is memory, so the number grows
// while the traces are small.
const (
	firstChunk = 64      // traces
	mostChunk  = 4096    // traces
	chunkSpans = 1 << 16 // of all traces that are read at once, about; some 15 MB
)

func newMeter(b Budget) meter { return meter{budget: b, start: time.Now(), chunk: firstChunk} }

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
	case b.Duration > 0 && time.Since(m.start) >= b.Duration:
		s.Partial = fmt.Sprintf("it took longer than %v", b.Duration)
	}
	return s.Partial != ""
}

// bounded is ctx until the time of the budget is over. What is being read then
// ends with an error, of which ended knows that what was found before is an
// answer.
func (m *meter) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if m.budget.Duration <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, m.start.Add(m.budget.Duration))
}

// ended says whether an error under bounded(ctx) means that the time of the
// budget is over, and not that of ctx.
func (m *meter) ended(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && m.over()
}

func (m *meter) fetched(traces []*trace.Trace) {
	spans := m.stats.SpansInspected
	defer func() {
		if spans = m.stats.SpansInspected - spans; spans > 0 {
			m.chunk = min(max(chunkSpans*len(traces)/spans, 1), 2*m.chunk, mostChunk)
		}
	}()
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
