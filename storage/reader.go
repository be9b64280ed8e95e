package storage

import (
	"context"
	"iter"
	"math"
	"time"
)

// Window is a half-open range of time: from FromNs, until before ToNs.
type Window struct{ FromNs, ToNs int64 }

// AllTime covers every representable time but the last nanosecond.
func AllTime() Window { return Window{math.MinInt64, math.MaxInt64} }

// Contains says whether t lies in the window.
func (w Window) Contains(tNs int64) bool { return w.FromNs <= tNs && tNs < w.ToNs }

// Empty says whether no time lies in the window.
func (w Window) Empty() bool { return w.FromNs >= w.ToNs }

// UnixNs is a time in nanoseconds since 1970, held inside of what an int64 can
// be: a client's "until the year 9999" is a bound of a window like others.
func UnixNs(t time.Time) int64 {
	switch {
	case t.Unix() >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case t.Unix() <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	}
	return t.UnixNano()
}

// SpanReader answers questions about stored spans. All methods are safe for
// concurrent use, see every write that was acknowledged before the call (for
// a sequence: before its first element is asked for), stop
// soon after ctx is cancelled and then return its error.
//
// Windows select spans by their start.
type SpanReader interface {
	// Traces returns every stored span of the given traces, wherever and
	// whenever it was written, duplicates included: reconstruction decides
	// about them. A backend may keep one of several spans that are identical
	// in everything, here and in all other answers. A trace that is not stored is left out without an error.
	// The spans of one trace may be spread over several chunks. The order of
	// spans is not defined. The caller owns the chunks.
	//
	// The sequence is single use; an error is its last element.
	Traces(ctx context.Context, ids []TraceID) iter.Seq2[*Spans, error]

	// Scan returns the spans in the window that satisfy the predicate, with
	// the projected columns. A batch belongs to the consumer only until it
	// asks for the next one. Batches may be empty of rows; they still bound
	// what follows and count what was looked at.
	//
	// The sequence is single use; an error is its last element.
	Scan(ctx context.Context, q Scan) iter.Seq2[*Batch, error]

	// Tally shows the spans in the window that satisfy the predicate, in batches
	// and to several goroutines at once, and counts their values where they are
	// kept: what a question needs about how values are spread over many spans.
	//
	// Each goroutine that takes part calls begin once, one after the other, and
	// then what begin returned with one batch after the other. A batch belongs to
	// that call until it returns. When one returns false no more are shown, but
	// for calls under way, and Tally returns nil. All calls have returned when
	// Tally does. The order of batches is not defined; the newest come roughly
	// first.
	//
	// An error says that what was shown is not all, or not true.
	Tally(ctx context.Context, q Tally, begin func() func(TallyBatch) bool) error

	// Aggregate groups the spans in the window that satisfy the predicate.
	// Groups come in no particular order. A group has one cell per step;
	// empty cells have a zero Count. There is no group without a span.
	Aggregate(ctx context.Context, q Aggregation) ([]Group, error)

	// Keys lists the attribute keys that spans in the window have, by scope
	// and name. A backend may include keys of spans shortly outside of the
	// window, never leave out one inside.
	Keys(ctx context.Context, w Window) ([]KeyInfo, error)

	// Values lists the distinct values of a key, most frequent first, values
	// of equal count by their text, then by type, then by content. For event and link keys
	// the values of all events and links count, each once a span.
	Values(ctx context.Context, q ValuesQuery) (Values, error)

	// Edges counts the calls between services: pairs of spans, parent and
	// child by span id inside one trace, whose services differ, where the
	// child starts in the window. Each stored child counts once, identical
	// duplicates once. Ordered by caller, then callee.
	//
	// Several spans may have the parent's id: client and server of a call
	// may share one. When one of them belongs to the child's own service the
	// child is no call; otherwise the caller is the service of those that
	// serve (kind server or consumer), if there are any, of all others
	// otherwise, and of several services the first by name.
	//
	// A call failed when the child did, see Failed: its status is error, or its
	// attribute error is true.
	Edges(ctx context.Context, w Window) ([]Edge, error)

	// ReadTraces starts to read the whole traces of a scan. Unless it fails, the
	// reading must be closed. What is stored at the call is what it reads.
	ReadTraces(ctx context.Context, q TraceScan) (TraceReading, error)
}

// Scan describes a scan over spans. Batches come in the backend's order,
// newest data roughly first; Batch.NewestLeftNs makes an exact newest-first
// search with early stop possible.
type Scan struct {
	Window Window
	Where  Predicate // nil: every span
	// Columns is the projection, beyond the columns that each Batch has. A
	// span's value under an event or link key is that of the first of its
	// events or links that has one; the same holds for grouping.
	Columns []Key
}

// Aggregation describes a grouping of spans.
type Aggregation struct {
	Window Window
	Where  Predicate // nil: every span
	By     []Key     // one group per distinct combination of values; absent is a value too
	StepNs int64     // length of a cell; 0: one cell for the whole window. At most 11,000 cells.
	// Aligned says that cells begin at multiples of StepNs since 1970, so that
	// the window may cut the first one and the last; see FirstCellNs. Otherwise the
	// first cell begins with the window.
	Aligned bool
	// Measure is the numeric key of which sum, min, max and histogram are
	// taken. The zero Key counts only. Spans without a numeric value under it
	// are counted but not measured; NaN is no numeric value.
	Measure   Key
	Histogram bool // fill Cell.Histogram
	MaxGroups int  // ErrTooLarge beyond it; 0: 10,000
}

// FirstCellNs is where the first cell begins: at or before the window's start.
// Where a multiple of the step would be before the first nanosecond there is, the
// cells are not aligned.
func (q *Aggregation) FirstCellNs() int64 {
	from := q.Window.FromNs
	if !q.Aligned || q.StepNs <= 0 {
		return from
	}
	before := from % q.StepNs
	if before < 0 {
		before += q.StepNs
	}
	if from < math.MinInt64+before {
		return from
	}
	return from - before
}

// Group is one combination of values and its cells.
type Group struct {
	Values []Value // parallel to Aggregation.By
	Cells  []Cell  // ascending in time
}

// Cell holds what was aggregated over one step.
type Cell struct {
	Count         uint64 // spans
	Measured      uint64 // spans with a numeric value under Measure
	Sum, Min, Max float64
	Histogram     *ExpHistogram // nil unless asked for and Measured > 0
}

// Add adds what another cell aggregated. It may keep the other's histogram.
func (c *Cell) Add(o Cell) {
	c.Count += o.Count
	if o.Measured == 0 {
		return
	}
	if c.Measured == 0 {
		c.Min, c.Max = o.Min, o.Max
	}
	c.Measured += o.Measured
	c.Sum += o.Sum
	c.Min, c.Max = min(c.Min, o.Min), max(c.Max, o.Max)
	switch {
	case o.Histogram == nil:
	case c.Histogram == nil:
		c.Histogram = o.Histogram
	default:
		c.Histogram.Merge(o.Histogram)
	}
}

// KeyInfo describes an attribute key.
type KeyInfo struct {
	Key   Key
	Types []Type // that were seen under the key, ascending
	Count uint64 // values stored, an estimate where the backend says so
}

// ValuesQuery asks for the values of a key.
type ValuesQuery struct {
	Window Window
	Key    Key
	Where  Predicate // only of spans that satisfy it; nil: all
	Prefix string    // only values whose text starts with it
	Limit  int       // most values to return; 0: 1,000
}

// Values is the answer to a ValuesQuery.
type Values struct {
	Values []ValueCount
	More   bool // there are more than Limit
	// Cut says that there are more distinct values than a backend holds at once:
	// those that it met when it was full are missing, the others are counted
	// right. More is set then.
	Cut bool
}

// ValueCount is a value and the number of spans that have it. Its text is its
// own: keeping it keeps nothing else of the store.
type ValueCount struct {
	Value Value
	Count uint64
}

// Edge counts the calls from one service to another.
type Edge struct {
	Caller, Callee string // service names; "" where a resource has none
	Calls          uint64
	Errors         uint64 // calls whose callee span Failed
}
