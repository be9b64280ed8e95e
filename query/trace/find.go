package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Query asks for traces. A trace matches when one of its spans starts in the
// window and satisfies the predicate.
type Query struct {
	Window storage.Window
	Where  storage.Predicate // nil: every span
	Limit  int               // most traces to return; must be positive
}

// Found is the answer to a Query.
type Found struct {
	Traces    []*Trace // whole traces, the one with the newest matching span first
	Matched   []int    // per trace: spans that start in the window and satisfy the predicate
	More      bool     // more than Limit traces match
	Inspected int      // spans looked at
}

// Find returns the Limit traces with the newest matching spans, whole: spans
// outside of the window included. The choice is exact, not the first Limit
// that a scan came upon.
func Find(ctx context.Context, r storage.SpanReader, q Query) (Found, error) {
	if q.Limit <= 0 {
		return Found{}, fmt.Errorf("trace: limit %d: must be positive", q.Limit)
	}
	var found Found
	ids, err := newestMatches(ctx, r, q, &found)
	if err != nil || len(ids) == 0 {
		return found, err
	}
	if len(ids) > q.Limit {
		found.More = true
		ids = ids[:q.Limit]
	}
	traces, err := Fetch(ctx, r, ids)
	if err != nil {
		return Found{}, err
	}
	// The store may have given a trace up between the two reads.
	byID := make(map[storage.TraceID]*Trace, len(traces))
	for _, t := range traces {
		byID[t.ID] = t
	}
	for _, id := range ids {
		t := byID[id]
		if t == nil {
			continue
		}
		n, err := t.countMatches(q)
		if err != nil {
			return Found{}, err
		}
		found.Traces = append(found.Traces, t)
		found.Matched = append(found.Matched, n)
	}
	return found, nil
}

// newestMatches returns more than Limit ids when there are more, ordered by
// their newest match.
func newestMatches(ctx context.Context, r storage.SpanReader, q Query, found *Found) ([]storage.TraceID, error) {
	newest := map[storage.TraceID]int64{}
	for batch, err := range r.Scan(ctx, storage.Scan{Window: q.Window, Where: q.Where}) {
		if err != nil {
			return nil, err
		}
		found.Inspected += batch.Scanned
		for row, id := range batch.TraceIDs {
			if at, ok := newest[id]; !ok || batch.StartsNs[row] > at {
				newest[id] = batch.StartsNs[row]
			}
		}
		// What follows cannot displace matches that start after all of it.
		if len(newest) > q.Limit && settled(newest, batch.NewestLeftNs) > q.Limit {
			break
		}
	}
	ids := make([]storage.TraceID, 0, len(newest))
	for id := range newest {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b storage.TraceID) int {
		return cmp.Or(cmp.Compare(newest[b], newest[a]), slices.Compare(a[:], b[:]))
	})
	return ids, nil
}

func settled(newest map[storage.TraceID]int64, leftNs int64) (n int) {
	for _, at := range newest {
		if at > leftNs {
			n++
		}
	}
	return n
}

func (t *Trace) countMatches(q Query) (n int, err error) {
	for _, row := range t.Rows {
		if !q.Window.Contains(t.Spans.StartsNs[row]) {
			continue
		}
		ok, err := Matches(t.Spans, int(row), q.Where)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

// Fetch returns the traces with the given ids, whole and rebuilt, in no
// particular order; ids that are not stored are left out.
func Fetch(ctx context.Context, r storage.SpanReader, ids []storage.TraceID) ([]*Trace, error) {
	return FetchFrom(ctx, ids, r)
}

// FetchFrom is Fetch from several stores. What one store has lost of a trace
// another may still have; what several have is folded.
func FetchFrom(ctx context.Context, ids []storage.TraceID, from ...storage.SpanReader) ([]*Trace, error) {
	var chunks []*storage.Spans
	for _, r := range from {
		for chunk, err := range r.Traces(ctx, ids) {
			if err != nil {
				return nil, err
			}
			chunks = append(chunks, chunk)
		}
	}
	return buildChunks(chunks), nil
}

// buildChunks rebuilds the traces of several chunks. Only those that are
// spread over chunks are copied together.
func buildChunks(chunks []*storage.Spans) (traces []*Trace) {
	at := map[storage.TraceID]int{} // the chunk that has the trace first
	spread := map[storage.TraceID]struct{}{}
	for i, chunk := range chunks {
		for row, id := range chunk.TraceIDs {
			if row > 0 && id == chunk.TraceIDs[row-1] {
				continue
			}
			if first, ok := at[id]; !ok {
				at[id] = i
			} else if first != i {
				spread[id] = struct{}{}
			}
		}
	}
	b := storage.NewSpansBuilder(0)
	for _, chunk := range chunks {
		traces = append(traces, buildSome(chunk, spread)...)
		if len(spread) > 0 {
			b.AddSpans(chunk, func(row int) bool {
				_, ok := spread[chunk.TraceIDs[row]]
				return ok
			})
		}
	}
	return append(traces, Build(b.Spans())...)
}

// Get returns one trace, nil when none of its spans is stored.
func Get(ctx context.Context, r storage.SpanReader, id storage.TraceID) (*Trace, error) {
	traces, err := Fetch(ctx, r, []storage.TraceID{id})
	if err != nil || len(traces) == 0 {
		return nil, err
	}
	return traces[0], nil
}
