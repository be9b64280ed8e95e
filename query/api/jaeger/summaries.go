package jaeger

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
)

// summaries yields what lists say of the traces of a search, each with its
// services by name.
func (h *Handler) summaries(ctx context.Context, s search) iter.Seq2[trace.Summary, error] {
	return func(yield func(trace.Summary, error) bool) {
		for t, err := range h.find(ctx, s) {
			if err != nil {
				yield(trace.Summary{}, err)
				return
			}
			if !yield(shownSummary(t.Summarize()), nil) {
				return
			}
		}
	}
}

// shownSummary has services under the names that are shown, ordered by them.
func shownSummary(s trace.Summary) trace.Summary {
	s.RootService = shownService(s.RootService)
	for i := range s.Services {
		s.Services[i].Name = shownService(s.Services[i].Name)
	}
	slices.SortFunc(s.Services, func(a, b trace.ServiceCount) int { return cmp.Compare(a.Name, b.Name) })
	merged := s.Services[:0]
	for _, c := range s.Services {
		if n := len(merged); n > 0 && merged[n-1].Name == c.Name {
			merged[n-1].Spans += c.Spans
			merged[n-1].Errors += c.Errors
		} else {
			merged = append(merged, c)
		}
	}
	s.Services = merged
	return s
}

// summariesAtOnce is how many summaries a message holds. With a hundred
// services each they are some 250 kB.
const summariesAtOnce = 100

// inLists calls send with what a sequence yields, a few at a time.
func inLists(all iter.Seq2[trace.Summary, error], send func([]trace.Summary) error) error {
	var list []trace.Summary
	for s, err := range all {
		if err != nil {
			return err
		}
		if list = append(list, s); len(list) == summariesAtOnce {
			if err := send(list); err != nil {
				return err
			}
			list = list[:0]
		}
	}
	if len(list) == 0 {
		return nil
	}
	return send(list)
}
