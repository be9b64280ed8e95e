package columnar

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/heddle-io/heddle/storage"
)

const (
	defaultMaxGroups = 10_000
	maxCellsPerGroup = 11_000
	maxCells         = 4_000_000 // of all groups together, some 250 MB
	maxGroupText     = 128 << 20 // bytes of the values of all groups
)

var errBadQuery = errors.New("columnar: bad query")

// aggregateItem is something to aggregate: the rows of a table in a window, or
// what an index says.
type aggregateItem[T table] struct {
	table  T
	window storage.Window
	red    *redItem // nil: the rows of table
}

// aggregate answers an Aggregation from tables.
func aggregate[T table](ctx context.Context, tables []T, q storage.Aggregation, checkKey func(storage.Key) error) ([]storage.Group, error) {
	items := make([]aggregateItem[T], len(tables))
	for i, t := range tables {
		items[i] = aggregateItem[T]{table: t, window: q.Window}
	}
	return aggregateItems(ctx, items, q, checkKey)
}

// aggregateItems aggregates items on several goroutines.
func aggregateItems[T table](ctx context.Context, items []aggregateItem[T], q storage.Aggregation, checkKey func(storage.Key) error) ([]storage.Group, error) {
	if err := checkAggregation(q, checkKey); err != nil {
		return nil, err
	}
	first, err := newAggregator(q)
	if err != nil || first.cells == 0 {
		return nil, err
	}
	keys := q.By
	if (q.Measure != storage.Key{}) {
		keys = append(keys[:len(keys):len(keys)], q.Measure)
	}
	workers := make([]*tableAggregator, maxWorkers())
	err = inParallel(ctx, len(items), func(worker, i int) error {
		w := workers[worker]
		if w == nil {
			a := first
			if worker > 0 {
				var err error
				if a, err = newAggregator(q); err != nil {
					return err
				}
			}
			w = &tableAggregator{a: a, keys: keys, columns: make([]gathered, len(keys))}
			workers[worker] = w
		}
		if items[i].red != nil {
			return w.a.addRED(items[i].red)
		}
		return w.add(ctx, items[i].table, items[i].window)
	})
	if err != nil {
		return nil, err
	}
	var all *aggregator
	for _, w := range workers {
		switch {
		case w == nil:
		case all == nil:
			all = w.a
		default:
			if err := all.merge(w.a); err != nil {
				return nil, err
			}
		}
	}
	if all == nil {
		return nil, nil
	}
	return all.groups, nil
}

// tableAggregator aggregates tables one after the other.
type tableAggregator struct {
	a       *aggregator
	keys    []storage.Key
	columns []gathered
	found   found
}

func (w *tableAggregator) add(ctx context.Context, t table, window storage.Window) error {
	if !overlaps(t, window) {
		return t.err()
	}
	w.found.search(t, window, w.a.q.Where, w.keys)
	n := len(w.a.q.By)
	values := make([]storage.Column, len(w.keys))
	for from := 0; from < len(w.found.rows); from += batchRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+batchRows, len(w.found.rows))
		for k := range w.keys {
			w.found.vectors[k].gather(w.found.rows[from:to], &w.columns[k])
			values[k] = w.columns[k].column()
		}
		if err := t.err(); err != nil {
			return err
		}
		if err := w.a.add(w.found.times[from:to], values[:n], values[n:]); err != nil {
			return err
		}
	}
	return t.err()
}

func checkAggregation(q storage.Aggregation, checkKey func(storage.Key) error) error {
	if err := checkPredicate(q.Where, checkKey); err != nil {
		return err
	}
	if err := checkKeys(q.By, checkKey); err != nil {
		return err
	}
	if q.StepNs < 0 || q.MaxGroups < 0 {
		return fmt.Errorf("%w: StepNs %d and MaxGroups %d must not be negative", errBadQuery, q.StepNs, q.MaxGroups)
	}
	if (q.Measure != storage.Key{}) {
		return checkKey(q.Measure)
	}
	return nil
}

// aggregator collects groups.
type aggregator struct {
	q         storage.Aggregation
	first     int64 // where the first cell begins
	cells     int   // per group; 0: the window is empty
	maxGroups int
	groups    []storage.Group
	text      int                        // bytes of their values
	byValue   []map[storage.Value]uint32 // per key: a number for every value
	small     [][smallInts]uint32        // per key: number +1 by int
	byPair    map[uint64]uint32          // a combination and the next value: a combination
	pairs     []uint32                   // group of a full combination +1, by its number
	recent    [1024]recentPair           // in front of byPair, by hash
	byValues  map[string]uint32          // group +1 by encoded values, for groups that come from elsewhere
	encoded   int                        // groups that byValues has
	lastGroup int                        // of newGroup
	ids       []uint32                   // scratch: combination per row
	memo      []uint32                   // scratch: value number +1 by dictionary index
}

// recentPair is an entry of byPair; id is one more than there.
type recentPair struct {
	pair uint64
	id   uint32
}

func newAggregator(q storage.Aggregation) (*aggregator, error) {
	a := &aggregator{q: q, first: q.FirstCellNs(), cells: 1, maxGroups: q.MaxGroups, byPair: map[uint64]uint32{}}
	if a.maxGroups == 0 {
		a.maxGroups = defaultMaxGroups
	}
	if q.Window.Empty() {
		a.cells = 0
		return a, nil
	}
	if q.StepNs > 0 {
		length := uint64(q.Window.ToNs) - uint64(a.first) // a full range does not fit an int64
		cells := (length-1)/uint64(q.StepNs) + 1
		if cells > maxCellsPerGroup {
			return nil, fmt.Errorf("columnar: the window has %d steps, at most %d are allowed: %w", cells, maxCellsPerGroup, storage.ErrTooLarge)
		}
		a.cells = int(cells)
	}
	a.small = make([][smallInts]uint32, len(q.By))
	for range q.By {
		a.byValue = append(a.byValue, map[storage.Value]uint32{})
	}
	return a, nil
}

// add aggregates rows with these times and values.
func (a *aggregator) add(times []int64, by, measure []storage.Column) error {
	groups, err := a.groupsOf(len(times), by)
	if err != nil {
		return err
	}
	for i, time := range times {
		cell := &a.groups[groups[i]].Cells[a.cell(time)]
		cell.Count++
		if len(measure) == 0 {
			continue
		}
		var v float64
		switch bits := measure[0].Bits[i]; measure[0].Types[i] {
		case storage.TypeInt:
			v = float64(int64(bits))
		case storage.TypeFloat:
			if v = math.Float64frombits(bits); math.IsNaN(v) {
				continue
			}
		default:
			continue
		}
		a.measure(cell, v)
	}
	return nil
}

func (a *aggregator) cell(t int64) int {
	if a.cells == 1 {
		return 0
	}
	return int((uint64(t) - uint64(a.first)) / uint64(a.q.StepNs))
}

func (a *aggregator) measure(c *storage.Cell, v float64) {
	if c.Measured == 0 {
		c.Min, c.Max = v, v
		if a.q.Histogram {
			c.Histogram = new(storage.ExpHistogram)
		}
	}
	c.Measured++
	c.Sum += v
	c.Min, c.Max = min(c.Min, v), max(c.Max, v)
	if c.Histogram != nil {
		c.Histogram.Observe(v)
	}
}

// groupsOf returns the group of every row. Combinations are numbered key by
// key: the pair of the number so far and that of the next value gets a number.
func (a *aggregator) groupsOf(n int, by []storage.Column) ([]uint32, error) {
	a.ids = append(a.ids[:0], make([]uint32, n)...)
	for k := range by {
		a.combine(k, &by[k])
	}
	for i, id := range a.ids {
		for int(id) >= len(a.pairs) {
			a.pairs = append(a.pairs, 0)
		}
		if a.pairs[id] == 0 {
			if err := a.newGroup(i, by); err != nil {
				return nil, err
			}
			a.pairs[id] = uint32(a.lastGroup + 1)
		}
		a.ids[i] = a.pairs[id] - 1
	}
	return a.ids, nil
}

// combine extends the combinations in ids by the values of key k.
func (a *aggregator) combine(k int, col *storage.Column) {
	a.memo = append(a.memo[:0], make([]uint32, len(col.Dict))...)
	for i := range a.ids {
		pair := uint64(k)<<56 | uint64(a.ids[i])<<28 | uint64(a.number(k, col, i))
		recent := &a.recent[pair*0x9E3779B97F4A7C15>>54]
		if recent.id == 0 || recent.pair != pair {
			id, ok := a.byPair[pair]
			if !ok {
				id = uint32(len(a.byPair))
				a.byPair[pair] = id
			}
			*recent = recentPair{pair, id + 1}
		}
		a.ids[i] = recent.id - 1
	}
}

// number returns the number of the value of a row among those of key k.
func (a *aggregator) number(k int, col *storage.Column, i int) uint32 {
	var memo *uint32
	switch bits := col.Bits[i]; {
	case col.Types[i] == storage.TypeString:
		memo = &a.memo[bits]
	case col.Types[i] == storage.TypeInt && bits < smallInts:
		memo = &a.small[k][bits]
	default:
		return numberOf(a.byValue[k], col.Value(i))
	}
	if *memo == 0 {
		*memo = numberOf(a.byValue[k], col.Value(i)) + 1
	}
	return *memo - 1
}

// smallInts are ints from 0 whose numbers are kept in an array: kinds and
// status codes.
const smallInts = 1024

func numberOf(ids map[storage.Value]uint32, v storage.Value) uint32 {
	id, ok := ids[v]
	if !ok {
		id = uint32(len(ids))
		ids[v] = id
	}
	return id
}

func (a *aggregator) newGroup(row int, by []storage.Column) error {
	values := make([]storage.Value, len(by))
	for k := range by {
		values[k] = by[k].Value(row)
	}
	if a.encoded > 0 { // some groups did not come from rows
		g, err := a.group(values)
		a.lastGroup = g
		return err
	}
	a.lastGroup = len(a.groups)
	return a.makeGroup(values)
}

// makeGroup adds a group. Its values are copied.
func (a *aggregator) makeGroup(values []storage.Value) error {
	if len(a.groups) >= a.maxGroups {
		return fmt.Errorf("columnar: more than %d groups, narrow the query or group by less: %w", a.maxGroups, storage.ErrTooLarge)
	}
	if (len(a.groups)+1)*a.cells > maxCells {
		return fmt.Errorf("columnar: more than %d cells, %d groups have %d each: %w", maxCells, len(a.groups)+1, a.cells, storage.ErrTooLarge)
	}
	for _, v := range values {
		if textual(v.Type()) {
			a.text += len(v.Str())
		}
	}
	if a.text > maxGroupText {
		return fmt.Errorf("columnar: the values of %d groups have more than %d bytes, group by shorter ones: %w", len(a.groups)+1, maxGroupText, storage.ErrTooLarge)
	}
	g := storage.Group{Values: make([]storage.Value, len(values)), Cells: make([]storage.Cell, a.cells)}
	for k, v := range values {
		g.Values[k] = cloneValue(v)
	}
	a.groups = append(a.groups, g)
	return nil
}

// merge adds the groups of another aggregator of the same query, which must
// not be used afterwards.
func (a *aggregator) merge(o *aggregator) error {
	for i := range o.groups {
		g, err := a.group(o.groups[i].Values)
		if err != nil {
			return err
		}
		for c := range o.groups[i].Cells {
			a.groups[g].Cells[c].Add(o.groups[i].Cells[c])
		}
	}
	return nil
}

// group returns the number of the group with these values.
func (a *aggregator) group(values []storage.Value) (int, error) {
	if a.byValues == nil {
		a.byValues = map[string]uint32{}
	}
	var key []byte
	for ; a.encoded < len(a.groups); a.encoded++ {
		key = appendValues(key[:0], a.groups[a.encoded].Values)
		a.byValues[string(key)] = uint32(a.encoded + 1)
	}
	key = appendValues(key[:0], values)
	if g, ok := a.byValues[string(key)]; ok {
		return int(g - 1), nil
	}
	if err := a.makeGroup(values); err != nil {
		return 0, err
	}
	a.byValues[string(key)] = uint32(len(a.groups))
	a.encoded = len(a.groups)
	return len(a.groups) - 1, nil
}

func appendValues(b []byte, values []storage.Value) []byte {
	for _, v := range values {
		enc := encodeValue(v)
		b = append(append(b, byte(v.Type())), enc...)
		b = append(b, 0xFF) // no encoding starts with it
	}
	return b
}
