// Package facet says what a set of spans consists of: the most frequent values
// of chosen keys, and how durations spread over time. Both come from one pass
// over columns and need memory that does not grow with the number of spans.
// Compare says by which values two sets differ.
package facet

import (
	"cmp"
	"iter"
	"math"
	"slices"

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

// Projection lists the columns that the batches for Compute must have.
func (q Query) Projection() []storage.Key {
	return append(slices.Clone(q.Keys), trace.ErrorKeys()...)
}

// Result is what was found. Spans and Errors are those of all batches.
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

// Compute reads the batches, whose columns are those of Projection.
func Compute(q Query, batches iter.Seq2[*storage.Batch, error]) (Result, error) {
	var r Result
	var heat *heat
	if q.Columns > 0 {
		heat = newHeat(q.Window, min(q.Columns, MaxColumns))
	}
	var total Count
	counters, err := tallyWith(q.Keys, batches, &total, func(batch *storage.Batch, failed []bool) {
		if heat != nil {
			heat.add(batch.StartsNs, batch.DurationsNs, failed)
		}
	})
	if err != nil {
		return Result{}, err
	}
	r.Spans, r.Errors = total.Spans, total.Errors
	most := min(cmp.Or(q.Values, 10), MaxValues)
	for i, key := range q.Keys {
		r.Facets = append(r.Facets, counters[i].facet(key, most))
	}
	if heat != nil {
		r.Heatmap = heat.heatmap(min(cmp.Or(q.Rows, 40), MaxRows))
	}
	return r, nil
}

// tally counts the values of every key in one pass over the batches.
func tally(keys []storage.Key, batches iter.Seq2[*storage.Batch, error], total *Count) ([]counter, error) {
	return tallyWith(keys, batches, total, func(*storage.Batch, []bool) {})
}

// tallyWith is tally and gives each batch to also, with which of its spans
// failed.
func tallyWith(keys []storage.Key, batches iter.Seq2[*storage.Batch, error], total *Count, also func(*storage.Batch, []bool)) ([]counter, error) {
	counters := make([]counter, len(keys))
	for i := range counters {
		room := min(max(maxDistinct/len(keys), leastDistinctOfKey), maxDistinctOfKey)
		counters[i] = counter{room: room, values: map[storage.Value]Count{}, numbers: map[numberKey]Count{}}
	}
	var failed []bool
	for batch, err := range batches {
		if err != nil {
			return nil, err
		}
		n := batch.Len()
		status, attribute := &batch.Columns[len(keys)], &batch.Columns[len(keys)+1]
		failed = slices.Grow(failed[:0], n)[:n]
		for row := range n {
			failed[row] = trace.ErrorAt(status, attribute, row)
			if failed[row] {
				total.Errors++
			}
		}
		total.Spans += uint64(n)
		for i := range counters {
			counters[i].add(&batch.Columns[i], failed)
		}
		also(batch, failed)
	}
	for i := range counters {
		counters[i].takeNumbers()
	}
	return counters, nil
}

// counter counts the values of one key. A value for which there is no room when
// it first comes never gets one: the counts of those that have are right.
type counter struct {
	room      int // most values
	values    map[storage.Value]Count
	absent    Count
	crowded   Count // values for which there was no room
	truncated bool

	// Within a batch, text is counted by its place in the dictionary and only
	// then looked up: most batches have few distinct values.
	byText  []Count
	texts   []uint64 // entries of byText that are not zero
	numbers map[numberKey]Count
	small   [64]Count // ints from 0, such as kinds and statuses: they need no map
}

type numberKey struct {
	typ  storage.Type
	bits uint64
}

func (c *counter) add(col *storage.Column, failed []bool) {
	if len(c.byText) < len(col.Dict) {
		c.byText = slices.Grow(c.byText, len(col.Dict)-len(c.byText))[:len(col.Dict)]
	}
	for row, f := range failed {
		one := Count{Spans: 1}
		if f {
			one.Errors = 1
		}
		switch typ := col.Types[row]; typ {
		case storage.TypeAbsent:
			c.absent.add(one)
		case storage.TypeString:
			e := &c.byText[col.Bits[row]]
			if e.Spans == 0 {
				c.texts = append(c.texts, col.Bits[row])
			}
			e.add(one)
		case storage.TypeInt, storage.TypeFloat, storage.TypeBool:
			if typ == storage.TypeInt && col.Bits[row] < uint64(len(c.small)) {
				c.small[col.Bits[row]].add(one)
				continue
			}
			k := numberKey{typ, col.Bits[row]}
			n, ok := c.numbers[k]
			if !ok && len(c.numbers) >= c.room {
				c.truncated = true
				c.crowded.add(one)
				continue
			}
			n.add(one)
			c.numbers[k] = n
		default:
			c.count(col.Value(row), one)
		}
	}
	for _, at := range c.texts {
		c.count(storage.String(col.Dict[at]), c.byText[at])
		c.byText[at] = Count{}
	}
	c.texts = c.texts[:0]
}

func (c *counter) count(v storage.Value, n Count) {
	old, ok := c.values[v]
	if !ok && len(c.values) >= c.room {
		c.truncated = true
		c.crowded.add(n)
		return
	}
	if !ok {
		v = trace.OwnValue(v)
	}
	old.add(n)
	c.values[v] = old
}

// takeNumbers counts the numbers among the values.
func (c *counter) takeNumbers() {
	for i, n := range c.small {
		if n.Spans > 0 {
			c.count(storage.Int(int64(i)), n)
		}
	}
	for k, n := range c.numbers {
		switch k.typ {
		case storage.TypeInt:
			c.count(storage.Int(int64(k.bits)), n)
		case storage.TypeBool:
			c.count(storage.Bool(k.bits != 0), n)
		default:
			c.count(storage.Float(math.Float64frombits(k.bits)), n)
		}
	}
}

func (c *counter) facet(key storage.Key, most int) Facet {
	list := make([]Value, 0, len(c.values))
	for v, n := range c.values {
		list = append(list, Value{v, n})
	}
	slices.SortFunc(list, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Value.Text(), b.Value.Text()), cmp.Compare(a.Value.Type(), b.Value.Type()))
	})
	f := Facet{Key: key, Absent: c.absent, Other: c.crowded, Distinct: len(list), Truncated: c.truncated}
	for _, v := range list[min(most, len(list)):] {
		f.Other.add(v.Count)
	}
	f.Values = slices.Clip(list[:min(most, len(list))])
	return f
}
