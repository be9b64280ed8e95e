package storage

import (
	"context"
	"iter"
	"regexp"
)

// MetricReader answers questions about stored series, in the data model of
// Prometheus: a series is a set of labels, one of them __name__, with samples
// at Unix milliseconds. It is what the PromQL engine needs of a backend.
// Concurrency, freshness and cancellation are as in SpanReader.
type MetricReader interface {
	// Select returns the series that have samples in the window and satisfy
	// every matcher, ordered by their labels, with those samples in ascending
	// time. A Series belongs to the consumer. The sequence is single use; an
	// error is its last element.
	Select(ctx context.Context, q MetricQuery) iter.Seq2[Series, error]
	// LabelNames lists the label names of the series that Select would return.
	LabelNames(ctx context.Context, q MetricQuery) ([]string, error)
	// LabelValues lists the values that those series have under one name.
	LabelValues(ctx context.Context, name string, q MetricQuery) ([]string, error)
}

// MetricQuery selects series and samples.
type MetricQuery struct {
	FromMs, ToMs  int64 // inclusive on both sides, as in Prometheus
	Matchers      []Matcher
	SamplesUnread bool // the caller wants only the labels; Series may come without samples
}

// Matcher is a condition on one label. A label that a series does not have
// counts as "". Op must be Equal, NotEqual, Match or NotMatch.
type Matcher struct {
	Label  string
	Op     Op
	Value  string
	Regexp *regexp.Regexp // for Match and NotMatch, anchored by the caller
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// Series is one series. Sample i is a float in Values[i] or, where
// Histograms[i] is not nil, a native histogram.
type Series struct {
	Labels     []Label // ordered by name
	TimesMs    []int64
	Values     []float64
	Histograms []*ExpHistogram // nil when the series has no histograms
}
