package columnar

import (
	"math"

	"github.com/heddle-io/heddle/storage"
)

// rows is what spans and log records have in common: where they come from,
// when they were and to which trace they belong.
type rows struct {
	n        int
	traceIDs []storage.TraceID
	spanIDs  []storage.SpanID
	times    []int64 // start of a span, time of a record; Unix ns
	origin   []uint32
	origins  origins
	attrs    attrs
	zone     zone
	size     int // bytes, of a sealed table
}

// inWindow returns the rows whose time lies in w.
func (r *rows) inWindow(w storage.Window) bitmap {
	if w.FromNs <= r.zone.minNs && r.zone.maxNs < w.ToNs {
		return fullBitmap(r.n)
	}
	sel := newBitmap(r.n)
	for i, t := range r.times[:r.n] {
		if w.FromNs <= t && t < w.ToNs {
			sel.set(i)
		}
	}
	return sel
}

// overlaps says whether a row may lie in w.
func (r *rows) overlaps(w storage.Window) bool {
	return r.n > 0 && w.FromNs <= r.zone.maxNs && r.zone.minNs < w.ToNs
}

// newest is the latest time that a row of r inside w can have.
func (r *rows) newest(w storage.Window) int64 { return min(r.zone.maxNs, w.ToNs-1) }

// table is a set of rows that queries work on: a sealed table, or a snapshot
// of a builder. Nothing in it changes.
type table interface {
	base() *rows
	// vector gives access to the values under a key. The key was checked.
	vector(key storage.Key) vector
}

// zone is the earliest and the latest time of rows.
type zone struct{ minNs, maxNs int64 }

var emptyZone = zone{math.MaxInt64, math.MinInt64}

func (z zone) with(t int64) zone { return zone{min(z.minNs, t), max(z.maxNs, t)} }

func (z zone) join(o zone) zone { return zone{min(z.minNs, o.minNs), max(z.maxNs, o.maxNs)} }
