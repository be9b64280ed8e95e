package storage

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Store is a backend. Its parts are safe for concurrent use until Close.
type Store interface {
	Spans() SpanStore
	Logs() LogStore
	Metrics() MetricStore
	Capabilities() Capabilities
	Stats() Stats
	// Close waits for calls under way, releases what the store holds and
	// makes every later call fail with ErrClosed. It must be called once.
	Close() error
}

// SpanStore, LogStore and MetricStore are the two sides of one signal.
type (
	SpanStore interface {
		SpanWriter
		SpanReader
	}
	LogStore interface {
		LogWriter
		LogReader
	}
	MetricStore interface {
		MetricWriter
		MetricReader
	}
)

// Capabilities tell what a backend promises beyond the contracts. The zero
// value promises nothing, so that a new field cannot make an old backend lie.
type Capabilities struct {
	Durable bool // acknowledged records survive a crash and a power cut
	Logs    bool // Logs() stores log records; otherwise it refuses every call
	Metrics bool // Metrics() stores metric points; otherwise it refuses every call
	Delete  bool // records can be deleted
}

// Stats describe what a store holds, for people and for /metrics.
type Stats struct {
	Spans, Logs   uint64 // records held
	Bytes         uint64 // what they take, in memory or on disk
	MaxBytes      uint64 // the bound on Bytes; 0: none
	EvictedSpans  uint64 // given up to stay inside MaxBytes since the store was opened
	EvictedLogs   uint64
	OldestSpanNs  int64 // starts of the oldest and newest span held; both 0 when there is none
	NewestSpanNs  int64
	AcceptedSpans uint64 // since the store was opened
	AcceptedLogs  uint64
	RepairedSpans uint64
	RepairedLogs  uint64
	RejectedSpans map[Reason]uint64 // owned by the caller
	RejectedLogs  map[Reason]uint64
}

// UnsupportedMetrics refuses every metric call. A backend without metrics
// returns it from Metrics.
type UnsupportedMetrics struct{}

var errNoMetrics = fmt.Errorf("storage: this backend does not store metrics: %w", errors.ErrUnsupported)

func (UnsupportedMetrics) WriteMetrics(context.Context, pmetric.Metrics) (Outcome, error) {
	return Outcome{}, errNoMetrics
}

func (UnsupportedMetrics) Select(context.Context, MetricQuery) iter.Seq2[Series, error] {
	return func(yield func(Series, error) bool) { yield(Series{}, errNoMetrics) }
}

func (UnsupportedMetrics) LabelNames(context.Context, MetricQuery) ([]string, error) {
	return nil, errNoMetrics
}

func (UnsupportedMetrics) LabelValues(context.Context, string, MetricQuery) ([]string, error) {
	return nil, errNoMetrics
}

var _ MetricStore = UnsupportedMetrics{}

// UnsupportedLogs refuses every log call. A backend without logs returns it
// from Logs.
type UnsupportedLogs struct{}

var errNoLogs = fmt.Errorf("storage: this backend does not store logs: %w", errors.ErrUnsupported)

func (UnsupportedLogs) WriteLogs(context.Context, plog.Logs) (Outcome, error) {
	return Outcome{}, errNoLogs
}

func (UnsupportedLogs) ScanLogs(context.Context, LogScan) iter.Seq2[*LogBatch, error] {
	return func(yield func(*LogBatch, error) bool) { yield(nil, errNoLogs) }
}

func (UnsupportedLogs) AggregateLogs(context.Context, Aggregation) ([]Group, error) {
	return nil, errNoLogs
}

func (UnsupportedLogs) LogKeys(context.Context, Window) ([]KeyInfo, error) { return nil, errNoLogs }

func (UnsupportedLogs) LogValues(context.Context, ValuesQuery) (Values, error) {
	return Values{}, errNoLogs
}

var _ LogStore = UnsupportedLogs{}
