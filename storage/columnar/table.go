package columnar

import (
	"math"

	"github.com/heddle-io/heddle/storage"
)

// table is a set of rows that queries work on: a sealed table, a snapshot of
// a builder or a row group of a part. Nothing in it changes. What a row group
// has decoded belongs to the query that opened it, so that a table serves one
// query at a time.
type table interface {
	len() int
	bounds() zone
	// inWindow returns the rows whose time lies in w.
	inWindow(w storage.Window) bitmap
	// timesOf sets to to the times of rows, reusing its memory. rows ascend.
	timesOf(rows []uint32, to []int64) []int64
	// vector gives access to the values under a key. The key was checked.
	vector(key storage.Key) vector
	// err says why what the table told cannot be trusted. Only a table that
	// is read from disk fails; it then goes on with absent values, so that
	// the error must be asked for before anything is concluded from them.
	err() error
}

// overlaps says whether a row of t may lie in w.
func overlaps(t table, w storage.Window) bool {
	z := t.bounds()
	return t.len() > 0 && w.FromNs <= z.maxNs && z.minNs < w.ToNs
}

// newest is the latest time that a row of t inside w can have.
func newest(t table, w storage.Window) int64 { return min(t.bounds().maxNs, w.ToNs-1) }

// rows is what spans and log records in memory have in common: where they come
// from, when they were and to which trace they belong.
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

func (r *rows) len() int     { return r.n }
func (r *rows) bounds() zone { return r.zone }
func (r *rows) err() error   { return nil }

func (r *rows) inWindow(w storage.Window) bitmap {
	if w.FromNs <= r.zone.minNs && r.zone.maxNs < w.ToNs {
		return fullBitmap(r.n)
	}
	return timesInWindow(r.times[:r.n], w)
}

func timesInWindow(times []int64, w storage.Window) bitmap {
	sel := newBitmap(len(times))
	for i, t := range times {
		if w.FromNs <= t && t < w.ToNs {
			sel.set(i)
		}
	}
	return sel
}

func (r *rows) timesOf(rows []uint32, to []int64) []int64 { return pickRows(to, r.times, rows) }

// zone is the earliest and the latest time of rows.
type zone struct{ minNs, maxNs int64 }

var emptyZone = zone{math.MaxInt64, math.MinInt64}

func (z zone) with(t int64) zone { return zone{min(z.minNs, t), max(z.maxNs, t)} }

func (z zone) join(o zone) zone { return zone{min(z.minNs, o.minNs), max(z.maxNs, o.maxNs)} }
