package selection

import (
	"context"
	"iter"

	"github.com/heddle-io/heddle/storage"
)

// Each visits every trace with selected spans, in no particular order. The
// sequence is single use; an error is its last element.
func (s *Search) Each(ctx context.Context) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		ids, err := s.candidates(ctx)
		if err != nil {
			yield(Match{}, err)
			return
		}
		for m, err := range s.EachOf(ctx, ids) {
			if !yield(m, err) {
				return
			}
		}
	}
}

// EachOf visits those of some traces that have selected spans.
func (s *Search) EachOf(ctx context.Context, ids []storage.TraceID) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		f := fetcher{s, 64}
		for len(ids) > 0 {
			chunk := ids[:min(f.size, len(ids))]
			ids = ids[len(chunk):]
			traces, err := f.fetch(ctx, chunk)
			if err != nil {
				yield(Match{}, err)
				return
			}
			for _, id := range chunk {
				t := traces[id]
				if t == nil {
					continue
				}
				m, err := s.Match(t)
				if err != nil {
					yield(Match{}, err)
					return
				}
				if len(m.Spans) > 0 && !yield(m, nil) {
					return
				}
			}
			if len(ids) > 0 && s.spent() {
				return
			}
		}
	}
}

// candidates lists the traces that may match, as the scan comes upon them: what
// the store keeps together is then read together.
func (s *Search) candidates(ctx context.Context) ([]storage.TraceID, error) {
	if err := s.bind(ctx); err != nil {
		return nil, err
	}
	var seen seenTraces
	for batch, err := range s.reader.Scan(ctx, storage.Scan{Window: s.Window, Where: s.where}) {
		if err != nil {
			return nil, err
		}
		s.Stats.Scanned += batch.Scanned
		s.note(batch, &seen)
		if s.spent() {
			break
		}
	}
	return seen.ids, nil
}

// seenTraces is a set that remembers the order.
type seenTraces struct {
	ids   []storage.TraceID
	known map[storage.TraceID]struct{}
}

func (s *Search) note(batch *storage.Batch, seen *seenTraces) {
	if seen.known == nil {
		seen.known = map[storage.TraceID]struct{}{}
	}
	var last storage.TraceID
	for _, id := range batch.TraceIDs {
		if id == last { // spans of a trace often stand together
			continue
		}
		last = id
		if _, ok := seen.known[id]; ok {
			continue
		}
		if len(seen.ids) >= maxCandidates {
			s.Stats.Partial = "too many traces match to look at all of them; a shorter window or narrower conditions match fewer"
			return
		}
		seen.known[id] = struct{}{}
		seen.ids = append(seen.ids, id)
	}
}

// Total counts what is selected. Copies of a span that were not folded yet count
// as they are stored where the store decides what is selected, as in Scan, and
// once where whole traces do.
type Total struct{ Traces, Spans int }

// Count counts the selected spans and their traces. It is a lower bound when
// Stats.Partial is set.
func (s *Search) Count(ctx context.Context) (Total, error) {
	var total Total
	where, exact, err := s.Exact(ctx)
	if err != nil {
		return total, err
	}
	if !exact {
		for m, err := range s.Each(ctx) {
			if err != nil {
				return total, err
			}
			total.Traces++
			total.Spans += len(m.Spans)
		}
		return total, nil
	}
	var seen seenTraces
	for batch, err := range s.reader.Scan(ctx, storage.Scan{Window: s.Window, Where: where}) {
		if err != nil {
			return total, err
		}
		s.Stats.Scanned += batch.Scanned
		total.Spans += batch.Len()
		s.note(batch, &seen)
		if s.spent() {
			break
		}
	}
	total.Traces = len(seen.ids)
	return total, nil
}
