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
)

var errBadQuery = errors.New("columnar: bad query")

// aggregate answers an Aggregation from tables.
func aggregate[T table](ctx context.Context, tables []T, q storage.Aggregation, checkKey func(storage.Key) error) ([]storage.Group, error) {
	if err := checkAggregation(q, checkKey); err != nil {
		return nil, err
	}
	a, err := newAggregator(q)
	if err != nil || a.cells == 0 {
		return nil, err
	}
	keys := q.By
	measured := q.Measure != storage.Key{}
	if measured {
		keys = append(keys[:len(keys):len(keys)], q.Measure)
	}
	var fail error
	err = scan(ctx, tables, q.Window, q.Where, keys, func(s *scanStep[T]) bool {
		fail = a.add(s.times, s.columns[:len(q.By)], s.columns[len(q.By):])
		return fail == nil
	})
	if err = errors.Join(err, fail); err != nil {
		return nil, err
	}
	return a.groups, nil
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
	cells     int // per group; 0: the window is empty
	maxGroups int
	groups    []storage.Group
	byValue   []map[storage.Value]uint32 // per key: a number for every value
	small     [][smallInts]uint32        // per key: number +1 by int
	byPair    map[uint64]uint32          // a combination and the next value: a combination
	pairs     []uint32                   // group of a full combination +1, by its number
	recent    [1024]recentPair           // in front of byPair, by hash
	ids       []uint32                   // scratch: combination per row
	memo      []uint32                   // scratch: value number +1 by dictionary index
}

// recentPair is an entry of byPair; id is one more than there.
type recentPair struct {
	pair uint64
	id   uint32
}

func newAggregator(q storage.Aggregation) (*aggregator, error) {
	a := &aggregator{q: q, cells: 1, maxGroups: q.MaxGroups, byPair: map[uint64]uint32{}}
	if a.maxGroups == 0 {
		a.maxGroups = defaultMaxGroups
	}
	if q.Window.Empty() {
		a.cells = 0
		return a, nil
	}
	if q.StepNs > 0 {
		length := uint64(q.Window.ToNs) - uint64(q.Window.FromNs) // a full range does not fit an int64
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
	return int((uint64(t) - uint64(a.q.Window.FromNs)) / uint64(a.q.StepNs))
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
			a.pairs[id] = uint32(len(a.groups))
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
	if len(a.groups) >= a.maxGroups {
		return fmt.Errorf("columnar: more than %d groups, narrow the query or group by less: %w", a.maxGroups, storage.ErrTooLarge)
	}
	if (len(a.groups)+1)*a.cells > maxCells {
		return fmt.Errorf("columnar: more than %d cells, %d groups have %d each: %w", maxCells, len(a.groups)+1, a.cells, storage.ErrTooLarge)
	}
	g := storage.Group{Values: make([]storage.Value, len(by)), Cells: make([]storage.Cell, a.cells)}
	for k := range by {
		g.Values[k] = cloneValue(by[k].Value(row))
	}
	a.groups = append(a.groups, g)
	return nil
}
