package trace

import (
	"github.com/heddle-io/heddle/storage"
)

// Trace is one trace, rebuilt. Positions are indices in display order: depth
// first, children by start, a parent before its children. It is immutable and
// safe for concurrent reading.
type Trace struct {
	ID    storage.TraceID
	Spans *storage.Spans // may hold spans of other traces too; go through Rows

	Rows    []uint32 // position -> row of Spans
	Parents []int32  // position -> position of the parent, -1 at the top level
	Ends    []int32  // position -> end of its subtree: the subtree of p is [p, Ends[p])
	Flags   []Flags
	Hosts   []uint32 // position -> index into HostTable

	HostTable []Host

	StartNs, EndNs int64 // earliest start and latest end, as recorded

	Roots      int // spans that name no parent
	Orphans    int // spans whose parent is not stored
	Errors     int // spans with Error
	Conflicts  int // spans with Conflict
	Duplicates int // spans folded away
	Segments   int // 1, or more when the id looks reused
}

// Host is a machine, as far as the spans tell: a clock.
type Host struct {
	Name string
	// SkewNs is the estimated clock error against the host of the first root:
	// add it to the recorded times of this host's spans to line them up. 0
	// where the spans agree or nothing is known.
	SkewNs int64
}

// Flags say what reconstruction found about one span. The bits are part of
// heddle's native API.
type Flags uint16

const (
	Error           Flags = 1 << iota // status error, or an attribute error=true
	Orphan                            // its parent is not stored
	Root                              // it names no parent
	Conflict                          // same id and kind as another, other content
	SharedID                          // another span with this id is its client or server half
	HasEvents                         //
	HasLinks                          //
	EndsBeforeStart                   //
	StatusOK                          // status ok, set by a person
	Proxy                             // a mesh proxy wrote it
	Cycle                             // its parent link closed a loop and was cut
)

// Len is the number of spans after folding duplicates.
func (t *Trace) Len() int { return len(t.Rows) }

// Depth returns the depth of every position; the top level has 0.
func (t *Trace) Depth() []int32 {
	depth := make([]int32, t.Len())
	for p, parent := range t.Parents {
		if parent >= 0 {
			depth[p] = depth[parent] + 1
		}
	}
	return depth
}

// First is the position that stands for the trace in a list: the earliest
// root, or the earliest orphan when no root is stored.
func (t *Trace) First() int {
	first := 0
	for p := 0; p < t.Len(); p = int(t.Ends[p]) {
		if t.Flags[p]&Root != 0 {
			return p
		}
	}
	return first
}

// DurationNs is the time from the earliest start to the latest end.
func (t *Trace) DurationNs() int64 { return t.EndNs - t.StartNs }
