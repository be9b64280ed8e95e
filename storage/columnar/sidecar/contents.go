package sidecar

import "github.com/heddle-io/heddle/storage"

// Contents is what Write writes. The order of lists is free where nothing else
// is said; equal contents give equal files.
type Contents struct {
	Zones   []Zone    // one per row group, in order; at most MaxGroups
	Filters []*Filter // empty, or one per row group; nil: the group has none and may contain anything
	Traces  []Trace
	Keys    []Key // each (scope, name, type) once
	RED     REDContents
	Edges   Edges
	Extra   map[string][]byte // what this package knows nothing of
}

// MaxGroups bounds the row groups of a part.
const MaxGroups = 1 << 16

// Zone is what the rows of a group lie between, both ends included.
type Zone struct {
	Rows                         uint32
	MinStartNs, MaxStartNs       int64
	MinDurationNs, MaxDurationNs int64 // may be negative: a span may end before it starts
}

// Run is a run of rows in a group that belong to one trace. Rows is at least 1.
type Run struct {
	Group, FirstRow, Rows uint32
}

// Trace is a run and the fingerprint of its trace. Two traces may have the same
// fingerprint: whoever follows a run compares the trace id.
type Trace struct {
	Fingerprint uint64
	Run
}

// Key is an attribute that occurs in a part. The counts of a key are per type.
type Key struct {
	Scope storage.Scope
	Name  string
	Type  storage.Type
	Count uint64 // values of it
}

// Series is what the spans of a cell have in common. Service and Name are
// opaque here: the caller encodes values of any type, and absence, as it likes.
type Series struct {
	Service, Name string
	Kind, Status  uint8
}

// Measures sums up the durations of some spans. Of none it is zero.
type Measures struct {
	Count        uint64
	SumNs        float64 // exact up to 2^53, 104 days
	MinNs, MaxNs int64
}

// observe adds one duration.
func (m *Measures) observe(ns int64) {
	m.Merge(Measures{1, float64(ns), ns, ns})
}

// Merge adds the spans of o.
func (m *Measures) Merge(o Measures) {
	switch {
	case o.Count == 0:
		return
	case m.Count == 0:
		*m = o
		return
	}
	m.Count += o.Count
	m.SumNs += o.SumNs
	m.MinNs, m.MaxNs = min(m.MinNs, o.MinNs), max(m.MaxNs, o.MaxNs)
}

// REDCell has the spans of one series that start in one minute. Count is at
// least 1 and also that of the histogram, which has what Observe made of every
// duration.
type REDCell struct {
	Series    uint32 // index in REDContents.Series
	Minute    int64  // see MinuteOf
	Measures  Measures
	Histogram storage.ExpHistogram
}

// REDContents are the rates, errors and durations of a part: each series once,
// and at most one cell for a series and minute. REDBuilder makes them.
type REDContents struct {
	Series []Series
	Cells  []REDCell
}

// Edge counts the calls from one service to another that start in a minute.
type Edge struct {
	Caller, Callee uint32 // indexes in Edges.Names
	Minute         int64
	Calls, Errors  uint64
}

// Edges are the calls between services that a part knows of by itself.
type Edges struct {
	// AllFailed says that Errors of List counts all calls that failed, see
	// storage.Failed. Files of earlier versions count those with status error.
	AllFailed bool
	Names     []string // opaque, as in Series; each once
	List      []Edge   // read: by (minute, caller, callee), of which each occurs once
	// Excluded has the fingerprints of traces whose calls are not in List,
	// because not all of their spans are in the part. Read: ascending.
	Excluded []uint64
}

const nsPerMinute = 60_000_000_000

// MinuteOf returns the minute that a time is in: the minutes since 1970,
// rounded down.
func MinuteOf(ns int64) int64 {
	minute := ns / nsPerMinute
	if ns%nsPerMinute < 0 {
		minute--
	}
	return minute
}
