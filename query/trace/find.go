package trace

import (
	"cmp"
	"context"
	"fmt"
	"math"
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

// FindIDs returns the Limit traces with the newest matching spans, the newest
// first, and whether more match. The choice is exact, not the first Limit that a
// scan came upon. How much memory it takes depends on the limit, not on how many
// traces match.
func FindIDs(ctx context.Context, r storage.SpanReader, q Query) (ids []storage.TraceID, more bool, err error) {
	if q.Limit <= 0 {
		return nil, false, fmt.Errorf("trace: limit %d: must be positive", q.Limit)
	}
	newest := newestTraces{keep: q.Limit + 1, at: map[storage.TraceID]int64{}, floorNs: math.MinInt64}
	for batch, err := range r.Scan(ctx, storage.Scan{Window: q.Window, Where: q.Where}) {
		if err != nil {
			return nil, false, err
		}
		newest.add(batch)
		// What follows cannot displace matches that start after all of it.
		if newest.after(batch.NewestLeftNs) > q.Limit {
			break
		}
	}
	if ids = newest.sorted(); len(ids) > q.Limit {
		return ids[:q.Limit], true, nil
	}
	return ids, false, nil
}

// newestTraces are the traces with the newest matches of those that were added:
// keep of them, and some more until there are too many.
type newestTraces struct {
	keep    int
	at      map[storage.TraceID]int64 // start of the newest match
	floorNs int64                     // a match that starts before it changes nothing
}

// slack is how many traces beyond keep are there before they are let go, at
// least, so that few of them cost little.
const slack = 1024

func (n *newestTraces) add(batch *storage.Batch) {
	for row, id := range batch.TraceIDs {
		start := batch.StartsNs[row]
		if start < n.floorNs {
			continue
		}
		if at, ok := n.at[id]; ok && start <= at {
			continue
		}
		n.at[id] = start
		if len(n.at) >= n.keep+max(n.keep, slack) {
			n.prune()
		}
	}
}

// prune lets go of all but the first keep. One that comes first in the end was
// never behind so many others once its newest match had been added.
func (n *newestTraces) prune() {
	ids := n.sorted()
	for _, id := range ids[n.keep:] {
		delete(n.at, id)
	}
	n.floorNs = n.at[ids[n.keep-1]]
}

// after counts the traces whose newest match starts after a time.
func (n *newestTraces) after(ns int64) (count int) {
	for _, at := range n.at {
		if at > ns {
			count++
		}
	}
	return count
}

// sorted are the ids, that with the newest match first, of equal ones the least.
func (n *newestTraces) sorted() []storage.TraceID {
	ids := make([]storage.TraceID, 0, len(n.at))
	for id := range n.at {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b storage.TraceID) int {
		return cmp.Or(cmp.Compare(n.at[b], n.at[a]), slices.Compare(a[:], b[:]))
	})
	return ids
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
