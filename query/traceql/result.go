package traceql

import (
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Attribute is a named value in a result.
type Attribute struct {
	// Name is the field or expression in its canonical form, such as
	// resource.service.name, status or count().
	Name string
	// Key is Name without the scope of an attribute, such as service.name; ""
	// where Name is no field.
	Key   string
	Value Value
}

// Match is a span that matched.
type Match struct {
	SpanID              storage.SpanID // the one that trace.Identities shows it under
	Name                string
	StartNs, DurationNs int64
	// Attributes are the values that the span has of the selected fields and of
	// the fields that the conditions name, in this order; of a field with several
	// values the first.
	Attributes []Attribute
}

// Spanset is a set of matched spans of one trace.
type Spanset struct {
	Spans      []Match     // at most Options.SpansPerSpanset, in display order
	Matched    int         // all of them
	Attributes []Attribute // what by(…) and aggregates said
}

// TraceResult is a trace that matched. It shares no memory with the store.
type TraceResult struct {
	trace.Summary           // of the whole trace
	Spansets      []Spanset // never empty, as are their spans
	NewestMatchNs int64     // start of its newest matching span in the window
}

// Stats say what an answer cost, and whether it is all there is.
type Stats struct {
	SpansScanned    int   // rows that the store looked at
	TracesInspected int   // traces that were read and evaluated
	SpansInspected  int   // their spans
	BytesInspected  int64 // their size in memory, about
	Elapsed         time.Duration
	// Partial says why the answer may lack something, "" when it is whole.
	Partial string
}

// Budget bounds what an answer may cost. Zero fields do not bound. When a
// bound is reached the answer is what was found so far, and says so in
// Stats.Partial.
type Budget struct {
	Spans    int           // spans of traces that are read
	Bytes    int64         // their size in memory, about
	Duration time.Duration // time since the query began
}
