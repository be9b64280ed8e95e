package selection

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Cursor is a place in an order of traces: after the trace with the id, whose
// value in the order is Value.
type Cursor struct {
	Value int64
	ID    storage.TraceID
}

// candidate is a trace that may match, and when its newest match can be.
type candidate struct {
	id      storage.TraceID
	boundNs int64
}

// Newest finds the traces with selected spans, the one with the newest first;
// of equal ones the one with the least id. after is where to begin, nil: at
// the newest. The newest selected span counts, wherever the traversal began,
// so that going on from the last trace of an answer visits every trace once.
// expect is how many traces will probably be asked for.
//
// The order is exact unless Stats.Partial says that the search was cut short.
// The sequence is single use; an error is its last element. Traces are read as
// the consumer asks for them.
func (s *Search) Newest(ctx context.Context, after *Cursor, expect int) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		if err := s.bind(ctx); err != nil {
			yield(Match{}, err)
			return
		}
		window := s.Window
		if after != nil && after.Value < math.MaxInt64 {
			window.ToNs = min(window.ToNs, after.Value+1)
		}
		n := newest{
			search: s, after: after, yield: yield, leftNs: math.MaxInt64,
			open: map[storage.TraceID]int64{}, done: map[storage.TraceID]struct{}{},
			fetcher: fetcher{s, min(max(expect, 1), firstFetched)}, wanted: expect,
		}
		for batch, err := range s.reader.Scan(ctx, storage.Scan{Window: window, Where: s.where}) {
			if err != nil {
				yield(Match{}, err)
				return
			}
			n.add(batch)
			if !n.settle(ctx, false) {
				return
			}
			if s.spent() {
				break
			}
		}
		n.leftNs = storage.NoneLeft
		n.settle(ctx, true)
	}
}

// newest is the state of Newest. Traces go from open to queue when nothing left
// to scan can be newer, from there to found when they were read and match, and
// out when nothing that was not read can be newer.
type newest struct {
	search  *Search
	after   *Cursor
	yield   func(Match, error) bool
	fetcher fetcher
	wanted  int // traces that will probably be asked for still
	looked  int // traces that were read
	matched int // of them

	open   map[storage.TraceID]int64
	done   map[storage.TraceID]struct{} // left open
	queue  []candidate                  // newest first
	found  []Match
	leftNs int64 // no span left to scan starts later
	rows   int   // since open was looked through
}

func (n *newest) add(batch *storage.Batch) {
	n.search.Stats.Scanned += batch.Scanned
	n.rows += batch.Len()
	n.leftNs = min(n.leftNs, batch.NewestLeftNs)
	for row, id := range batch.TraceIDs {
		at, known := n.open[id]
		if known && at >= batch.StartsNs[row] {
			continue
		}
		if !known {
			if _, left := n.done[id]; left {
				continue
			}
			if len(n.open)+len(n.done) >= maxCandidates {
				n.search.Stats.Partial = "too many traces match to find the newest of them; a shorter window or narrower conditions match fewer"
				return
			}
		}
		n.open[id] = batch.StartsNs[row]
	}
}

// settle hands out what is certain. It returns false when nobody wants more.
func (n *newest) settle(ctx context.Context, last bool) bool {
	// Looking through all open traces pays when as many rows have come.
	if last || n.rows >= len(n.open) {
		n.rows = 0
		from := len(n.queue)
		for id, at := range n.open {
			if at > n.leftNs || last {
				n.queue = append(n.queue, candidate{id, at})
				n.done[id] = struct{}{}
				delete(n.open, id)
			}
		}
		slices.SortFunc(n.queue[from:], func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.boundNs, a.boundNs), slices.Compare(a.id[:], b.id[:]))
		})
	}
	for len(n.queue) >= n.chunk() || last && len(n.queue) > 0 {
		if n.search.budget.Spans > 0 && n.search.Stats.Spans >= n.search.budget.Spans && n.search.spent() {
			break
		}
		if !n.read(ctx) {
			return false
		}
		if last && n.search.spent() {
			break
		}
	}
	if last {
		return n.handOut(math.MinInt64, true)
	}
	return true
}

// firstFetched bounds the traces that are read before it is known how large they
// are. leastFetched are read at a time even when fewer are wanted.
const (
	firstFetched = 64
	leastFetched = 16
)

// chunk is how many traces to read next: no more than fit, and than will be
// wanted when as many match as did until now.
func (n *newest) chunk() int {
	left := n.wanted - len(n.found)
	if left <= 0 || n.looked == 0 {
		return n.fetcher.size
	}
	return min(n.fetcher.size, max(left*n.looked/max(n.matched, 1), leastFetched))
}

// read reads one chunk of the queue.
func (n *newest) read(ctx context.Context) bool {
	chunk := n.queue[:min(n.chunk(), len(n.queue))]
	n.queue = n.queue[len(chunk):]
	ids := make([]storage.TraceID, len(chunk))
	for i, c := range chunk {
		ids[i] = c.id
	}
	traces, err := n.fetcher.fetch(ctx, ids)
	if err != nil {
		n.yield(Match{}, err)
		return false
	}
	n.looked += len(ids)
	for _, id := range ids {
		t := traces[id]
		if t == nil { // the store gave it up meanwhile
			continue
		}
		m, err := n.search.Match(t)
		if err != nil {
			n.yield(Match{}, err)
			return false
		}
		if len(m.Spans) > 0 && n.isAfter(m) {
			n.matched++
			n.found = append(n.found, m)
		}
	}
	bound := n.leftNs
	if len(n.queue) > 0 {
		bound = max(bound, n.queue[0].boundNs)
	}
	return n.handOut(bound, false)
}

func (n *newest) isAfter(m Match) bool {
	if n.after == nil {
		return true
	}
	return cmp.Or(cmp.Compare(n.after.Value, m.NewestNs), slices.Compare(m.Trace.ID[:], n.after.ID[:])) > 0
}

// handOut yields the traces that are newer than the bound, or all of them.
func (n *newest) handOut(boundNs int64, all bool) bool {
	slices.SortFunc(n.found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.NewestNs, a.NewestNs), slices.Compare(a.Trace.ID[:], b.Trace.ID[:]))
	})
	for len(n.found) > 0 && (all || n.found[0].NewestNs > boundNs) {
		m := n.found[0]
		n.found[0] = Match{} // its memory is the consumer's now
		n.found = n.found[1:]
		n.wanted--
		if !n.yield(m, nil) {
			return false
		}
	}
	return true
}
