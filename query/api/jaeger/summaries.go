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
func (f *finding) summaries(ctx context.Context) iter.Seq2[trace.Summary, error] {
	return func(yield func(trace.Summary, error) bool) {
		for t, err := range f.traces(ctx) {
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

// sendSummaries calls send with the summaries of a search, some at a time, and
// with the last of them the token of the next page.
func (f *finding) sendSummaries(ctx context.Context, send func(list []trace.Summary, next string) error) error {
	var list []trace.Summary
	for s, err := range f.summaries(ctx) {
		if err == nil && len(list) == summariesAtOnce {
			err = send(list, "")
			list = list[:0]
		}
		if err != nil {
			return err
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil
	}
	return send(list, f.next)
}
