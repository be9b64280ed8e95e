// Package facet says what a set of spans consists of: the most frequent values
// of chosen keys, and how durations spread over time. Both come from one pass
// over columns, on all cores, and need memory that does not grow with the number
// of spans.
// Compare says by which values two sets differ.
package facet

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Bounds of a Query.
const (
	MaxKeys    = 50
	MaxValues  = 200
	MaxColumns = 400
	MaxRows    = 252
)

// Values that are counted: so many of all keys together, some 25 MB of them,
// and of one key.
const (
	maxDistinct        = 200_000
	maxDistinctOfKey   = 20_000
	leastDistinctOfKey = 500
)

// Query says what to find out.
type Query struct {
	Window  storage.Window
	Keys    []storage.Key // at most MaxKeys
	Values  int           // most values of a key to return, 0: 10; at most MaxValues
	Columns int           // of the heatmap, at most MaxColumns; 0: no heatmap
	Rows    int           // most rows of the heatmap, 0: 40; at most MaxRows
}

// Spans are what a question is asked about, as selection.Search and
// selection.Pair have them: Tally shows them as storage.SpanReader.Tally does.
type Spans interface {
	Tally(ctx context.Context, keys []storage.Key, marks []storage.Predicate, begin func() func(storage.TallyBatch) bool) error
}

// Result is what was found. Spans and Errors are those of all spans.
type Result struct {
	Spans, Errors uint64
	Facets        []Facet // parallel to Query.Keys
	Heatmap       *Heatmap
}

// Facet is about one key. The counts of Values, Other and Absent add up to
// Result.Spans.
type Facet struct {
	Key           storage.Key
	Values        []Value // most frequent first
	Other, Absent Count   // values that are not listed; spans without a value
	Distinct      int     // values that were counted; those left out for lack of room are not
	Truncated     bool    // there were more values than could be counted; the counts of the listed ones are right, but others may be more frequent
}

// Count counts spans and those of them that failed.
type Count struct{ Spans, Errors uint64 }

func (c *Count) add(o Count) { c.Spans += o.Spans; c.Errors += o.Errors }

// Value is a value and its count.
type Value struct {
	Value storage.Value
	Count
}

// Compute counts the spans.
func Compute(ctx context.Context, q Query, spans Spans) (Result, error) {
	var r Result
	counters := newCounters(q.Keys)
	var workers []*worker
	err := spans.Tally(ctx, q.Keys, []storage.Predicate{trace.IsError()}, func() func(storage.TallyBatch) bool {
		w := &worker{}
		if q.Columns > 0 {
			w.heat = newHeat(q.Window, min(q.Columns, MaxColumns))
		}
		workers = append(workers, w)
		return func(b storage.TallyBatch) bool {
			w.visit(b)
			b.Count(w.failed, 2, func(key int, v storage.Value, failed int, spans uint64) {
				counters[key].count(v, Count{Spans: spans, Errors: spans * uint64(failed)})
			})
			return true
		}
	})
	if err != nil {
		return Result{}, err
	}
	var total Count
	var heat *heat
	if q.Columns > 0 {
		heat = newHeat(q.Window, min(q.Columns, MaxColumns))
	}
	for _, w := range workers {
		total.add(w.total)
		heat.merge(w.heat)
	}
	r.Spans, r.Errors = total.Spans, total.Errors
	most := min(cmp.Or(q.Values, 10), MaxValues)
	for i, key := range q.Keys {
		r.Facets = append(r.Facets, counters[i].facet(key, most, total))
	}
	if heat != nil {
		r.Heatmap = heat.heatmap(min(cmp.Or(q.Rows, 40), MaxRows))
	}
	return r, nil
}

// worker is what one goroutine counts of Compute.
type worker struct {
	total  Count
	heat   *heat    // nil: not asked for
	failed []uint32 // of the batch at hand: 1 for the spans that failed
}

func (w *worker) visit(b storage.TallyBatch) {
	w.failed = slices.Grow(w.failed[:0], b.Len())
	for _, marks := range b.Marks() {
		w.failed = append(w.failed, uint32(marks&1))
		w.total.Errors += uint64(marks & 1)
	}
	w.total.Spans += uint64(b.Len())
	if w.heat != nil {
		w.heat.add(b.StartsNs(), b.DurationsNs(), w.failed)
	}
}

// counter counts the values of one key. A value for which there is no room when
// it first comes never gets one: the counts of those that have are right. Its
// methods may be called concurrently.
type counter struct {
	room int // most values

	mu        sync.Mutex // guards what follows
	index     map[storage.Value]int
	values    []Value // by index
	last      int     // index of what was counted last: it often comes again
	crowded   Count   // values for which there was no room
	all       Count   // of all values
	truncated bool
}

func newCounters(keys []storage.Key) []counter {
	counters := make([]counter, len(keys))
	for i := range counters {
		counters[i] = counter{room: min(max(maxDistinct/len(keys), leastDistinctOfKey), maxDistinctOfKey), index: map[storage.Value]int{}}
	}
	return counters
}

func (c *counter) count(v storage.Value, n Count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.add(n)
	if c.last < len(c.values) && c.values[c.last].Value == v {
		c.values[c.last].add(n)
		return
	}
	at, ok := c.index[v]
	if !ok {
		if len(c.values) >= c.room {
			c.truncated = true
			c.crowded.add(n)
			return
		}
		at = len(c.values)
		v = trace.OwnValue(v)
		c.index[v] = at
		c.values = append(c.values, Value{Value: v})
	}
	c.values[at].add(n)
	c.last = at
}

// facet is about all spans, of which total are there.
func (c *counter) facet(key storage.Key, most int, total Count) Facet {
	list := c.values
	slices.SortFunc(list, func(a, b Value) int {
		if by := cmp.Compare(b.Spans, a.Spans); by != 0 {
			return by
		}
		return compareValues(a.Value, b.Value)
	})
	f := Facet{Key: key, Absent: total.without(c.all), Other: c.crowded, Distinct: len(list), Truncated: c.truncated}
	for _, v := range list[min(most, len(list)):] {
		f.Other.add(v.Count)
	}
	f.Values = slices.Clone(list[:min(most, len(list))])
	return f
}

// compareValues orders values that are equally many by their text, which is made
// for it.
func compareValues(a, b storage.Value) int {
	return cmp.Or(cmp.Compare(a.Text(), b.Text()), cmp.Compare(a.Type(), b.Type()))
}
