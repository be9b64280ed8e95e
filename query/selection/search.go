package selection

import (
	"context"
	"fmt"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Selection says which spans are meant. The zero Selection means all.
type Selection struct {
	Where storage.Predicate // nil: every span
	Query *traceql.Query    // a search, not a metrics query; nil: every span
	// Filter decides what a predicate cannot, of the spans that satisfy Where.
	// nil: every span.
	Filter func(s *storage.Spans, row int) bool
}

// Budget bounds what an answer may cost. Zero fields do not bound.
type Budget struct {
	Spans    int           // of traces that are read
	Duration time.Duration // since New
}

// Stats say what a Search has cost so far.
type Stats struct {
	Scanned int // rows that the store looked at
	Traces  int // that were read and evaluated
	Spans   int // in them
	// Partial says why the answer may lack something, "" when it is whole.
	Partial string
}

// maxCandidates bounds the traces that a search keeps in mind, some 50 MB of
// them. It is a variable for tests.
var maxCandidates = 1_000_000

// Search is a question about a selection in a window. It is not safe for
// concurrent use; its methods may be called one after the other and share the
// budget.
type Search struct {
	Window storage.Window
	Stats  Stats
	// Progress is called now and then with the cost so far; nil: not.
	Progress func(Stats)

	reader    storage.SpanReader
	selection Selection
	budget    Budget
	deadline  time.Time // zero: none

	bounded bool              // what follows is known
	where   storage.Predicate // what every selected span satisfies
	exact   bool              // nothing but selected spans satisfies where
}

// New prepares a search. It fails on a query that selects no spans.
func New(r storage.SpanReader, s Selection, w storage.Window, b Budget) (*Search, error) {
	if s.Query != nil && s.Query.IsMetrics() {
		return nil, fmt.Errorf("%w: a metrics query computes series and selects no spans; leave out what follows the last spanset", traceql.ErrWrongKind)
	}
	search := &Search{Window: w, reader: r, selection: s, budget: b}
	if b.Duration > 0 {
		search.deadline = time.Now().Add(b.Duration)
	}
	return search, nil
}

// spent says whether the budget is used up, and notes it. It is asked after
// every batch and every chunk of traces.
func (s *Search) spent() bool {
	if s.Progress != nil {
		s.Progress(s.Stats)
	}
	switch {
	case s.Stats.Partial != "":
		return true
	case s.budget.Spans > 0 && s.Stats.Spans >= s.budget.Spans:
		s.Stats.Partial = fmt.Sprintf("%d spans of traces were read, which is the limit; a shorter window or narrower conditions need fewer", s.Stats.Spans)
	case !s.deadline.IsZero() && time.Now().After(s.deadline):
		s.Stats.Partial = fmt.Sprintf("the time limit of %v was reached; a shorter window or narrower conditions take less", s.budget.Duration)
	}
	return s.Stats.Partial != ""
}

// Match is a trace with selected spans.
type Match struct {
	Trace    *trace.Trace
	Spans    []int32 // positions of the selected spans, ascending; not empty
	NewestNs int64   // start of the newest of them
}

// Match evaluates the selection on a whole trace. Without a selected span the
// result has no Spans.
func (s *Search) Match(t *trace.Trace) (Match, error) {
	m := Match{Trace: t}
	consider := func(p int32) error {
		row := int(t.Rows[p])
		start := t.Spans.StartsNs[row]
		if !s.Window.Contains(start) {
			return nil
		}
		ok, err := trace.Matches(t.Spans, row, s.selection.Where)
		if err != nil || !ok || s.selection.Filter != nil && !s.selection.Filter(t.Spans, row) {
			return err
		}
		if len(m.Spans) == 0 || start > m.NewestNs {
			m.NewestNs = start
		}
		m.Spans = append(m.Spans, p)
		return nil
	}
	if s.selection.Query == nil {
		for p := range t.Rows {
			if err := consider(int32(p)); err != nil {
				return Match{}, err
			}
		}
		return m, nil
	}
	selected, err := traceql.Select(s.selection.Query, t)
	if err != nil {
		return Match{}, err
	}
	for _, p := range selected {
		if err := consider(p); err != nil {
			return Match{}, err
		}
	}
	return m, nil
}

// fetcher reads traces in chunks whose size follows that of the traces.
type fetcher struct {
	search *Search
	size   int
}

// chunkSpans is how many spans a chunk of traces should have, some 20 MB.
const chunkSpans = 100_000

func (f *fetcher) fetch(ctx context.Context, ids []storage.TraceID) (map[storage.TraceID]*trace.Trace, error) {
	traces, err := trace.Fetch(ctx, f.search.reader, ids)
	if err != nil {
		return nil, err
	}
	spans := 0
	byID := make(map[storage.TraceID]*trace.Trace, len(traces))
	for _, t := range traces {
		byID[t.ID] = t
		spans += t.Len()
	}
	f.search.Stats.Traces += len(traces)
	f.search.Stats.Spans += spans
	fits := chunkSpans * len(ids) / max(spans, 1)
	f.size = min(max(fits, 1), 2*max(f.size, 1), 1000)
	return byID, nil
}
