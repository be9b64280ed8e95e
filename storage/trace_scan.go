package storage

import "context"

// TraceScan describes a scan over whole traces.
type TraceScan struct {
	Window Window
	Where  Predicate // nil: every span
	// Columns are the keys that TraceColumns.Column has, by their index. The rule
	// for event and link keys is that of Scan.
	Columns []Key
	// Known is asked by Each before it visits the traces of a TracePart, on its
	// own goroutine; true: the consumer knows what it would find, they are not
	// visited. nil: nothing is known, and no batch tells its part.
	Known func(TracePart) bool
	// PartsOnly leaves out the traces that belong to no TracePart; it needs Known.
	PartsOnly bool
}

// TracePart is traces that a backend keeps together and that do not change. It
// exists only where all of their spans are selected. A backend need not have any.
type TracePart struct {
	// ID tells parts apart. Parts of one store with the same ID, also in different
	// readings, have the same traces.
	ID      string
	Batches int // that Each visits for it
	Spans   int // of its traces, or some more
	// NewestNs is when its last span starts, or somewhat later.
	NewestNs int64
	// Table is the first that references into it have; their distance from it is
	// the same in all readings.
	Table uint32
}

// TraceReading reads whole traces in columns, all of them as they were stored at
// one moment. It is what a question about many traces needs that looks at a few
// columns of their spans: who called whom, which traces are the longest. What
// is not looked at is not decoded, and there is no object per span.
type TraceReading interface {
	// Each visits every trace that has a selected span: one that starts in the
	// window and satisfies the predicate. A trace is in one batch as a whole, with
	// all of its stored spans, wherever and whenever they were written; those
	// outside of the window are there too. Duplicates are as in SpanReader.Traces.
	// The order of batches, of traces and of the spans of a trace is not defined.
	//
	// visit is called concurrently; worker tells the callers apart, from 0, below
	// Workers, and calls with the same worker come one after the other. A batch
	// belongs to visit until it returns. When one returns false no more are
	// visited, but for calls under way, and Each returns nil.
	//
	// An error says that what was visited is not all, or not true. Each may be
	// called once.
	Each(ctx context.Context, visit func(worker int, b *TraceBatch) bool) error

	// Workers is the number of workers that Each may have.
	Workers() int

	// Spans tells which spans references mean, in their order. It may be called
	// once Each has returned.
	Spans(ctx context.Context, refs []SpanRef) ([]SpanHead, error)

	// Close releases what the reading holds, and ends the validity of references.
	Close()
}

// SpanRef refers to a span inside of a TraceReading.
type SpanRef struct {
	Table uint32
	Row   uint32
}

// SpanHead identifies a span.
type SpanHead struct {
	TraceID             TraceID
	SpanID              SpanID
	StartNs, DurationNs int64
}

// TraceBatch is some whole traces. Spans are known by a row, below Len; a row
// that is not in Rows is none.
type TraceBatch struct {
	Len  int
	Rows []uint32 // of the spans, those of a trace together, ascending inside it
	Ends []uint32 // trace i has the Rows from Ends[i-1] to before Ends[i]
	// Selected tells the selected spans by row; nil: all of them are.
	Selected []bool
	// Parents has by row the row of a span that has the parent's id, -1 where none
	// is stored or none is named. A span that names itself has its own row.
	Parents []int32
	// Twins leads by row to the next of the spans of the trace that have the same
	// id, and from the last of them to the first: the row itself where an id is
	// there once. nil: that is so for all.
	Twins []int32
	Part  *TracePart // that the traces belong to; nil: none
	// Columns has more of the spans.
	Columns TraceColumns
}

// TraceColumns are columns of a batch. The methods may be called in any order and
// again. What they return belongs to the batch and is read only; of rows that are
// none it says nothing. Where reading fails values are zero, and the error comes
// from Each.
type TraceColumns interface {
	Kinds() []uint8    // by row
	Statuses() []uint8 // by row
	StartsNs() []int64 // by row
	DurationsNs() []int64
	// Column sets to to the values that some rows, which ascend, have under
	// TraceScan.Columns[i]. to.Types is empty where no span of the batch has one.
	// It is valid until the next call for the same i.
	Column(i int, rows []uint32, to *Column)
	// TraceIDs appends the ids of the traces of some rows, which ascend.
	TraceIDs(rows []uint32, to []TraceID) []TraceID
	// Ref returns the reference of a row.
	Ref(row uint32) SpanRef
}
