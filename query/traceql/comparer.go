package traceql

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/heddle-io/heddle/storage"
)

// Labels and values of compare.
const (
	labelMetaType  = "__meta_type"
	labelMetaError = "__meta_error"
	tooManyValues  = "__too_many_values__"
)

var metaTypes = [2]string{"baseline", "selection"}

// Bounds of the distinct values that are counted: of one attribute, and of all of
// them in cells and, by maxHeldText, in bytes. The values that come later are in
// the attribute's total only. A quarter of the cells is shared evenly by the
// attributes, so that ids, of which every span has another, do not take the room
// of what tells the sides apart.
const (
	maxComparedValues = 10_000
	maxComparedCells  = 16_000_000 // 256 MB if every value were frequent
)

// comparer counts the values of every attribute apart in the selection and in
// the baseline, which is all other spans.
type comparer struct {
	m        *metric
	e        *metricsEngine
	selected cond
	keys     map[field]*comparedKey
	// cache finds what to count for an attribute of the spans at hand, whose
	// text has other indices than that of the spans before.
	cache      map[scopedAttr]*comparedValue
	generation int
	least      int          // values that each attribute has room for
	held       atomic.Int64 // cells of values beyond them
	text       atomic.Int64 // bytes of values
	weight     *spanWeights
}

type scopedAttr struct {
	scope scope
	attr  storage.Attr
}

type comparedKey struct {
	field field

	mu     sync.Mutex // guards what follows while a store is counting
	values map[Value]*comparedValue
	last   *comparedValue // what was counted last: it often comes again
	rest   comparedValue  // all values that there is no room for
	total  counts
	more   [2]bool // some values were not counted
}

// counts are spans in the baseline and in the selection, per cell; nil is none.
type counts [2][]float64

// comparedValue has its spans in the baseline and in the selection.
type comparedValue struct {
	key     *comparedKey
	value   Value
	counts  [2]cellCounts
	dropped bool // there are too many values to count this one
}

func newComparer(m *metric, e *metricsEngine) *comparer {
	return &comparer{
		m: m, e: e, selected: compileCond(m.compare.selection.where),
		keys: map[field]*comparedKey{}, cache: map[scopedAttr]*comparedValue{}, weight: newSpanWeights(e.extrapolate),
		least: min(maxComparedCells/4/e.cells/(len(comparedIntrinsics)+len(e.keys)), maxComparedValues),
	}
}

// comparedIntrinsics are compared like attributes.
var comparedIntrinsics = []intrinsic{inName, inKind, inStatus, inStatusMessage}

func (c *comparer) add(v *view, sets []spans) error {
	if c.generation != v.generation {
		c.generation = v.generation
		clear(c.cache)
	}
	chosen := v.take()
	clear(chosen)
	for _, set := range sets {
		for _, p := range set.positions {
			chosen.set(p)
		}
	}
	c.selected.narrow(v, chosen)
	for _, set := range sets {
		for _, p := range set.positions {
			c.addSpan(v, p, chosen.has(p))
		}
	}
	v.give(chosen)
	return nil
}

func (c *comparer) addSpan(v *view, p int32, selected bool) {
	s, row := v.s, v.row(p)
	start := s.StartsNs[row]
	if !c.e.o.Window.Contains(start) {
		return
	}
	which := 0
	if selected {
		which = c.which(1, start)
	}
	at := counted{which, c.e.cell(start), c.weight.of(v, row)}
	for _, in := range comparedIntrinsics {
		if x := v.intrinsic(in, p); x != String("") { // no message
			c.countValue(c.key(field{intrinsic: in}), x, at)
		}
	}
	c.addList(s, scopeSpan, s.Attributes[row], at)
	c.addList(s, scopeResource, s.ResourceTable[s.Resources[row]].Attributes, at)
}

// counted are spans as they are counted: in the baseline (0) or the selection
// (1), in a cell, as many times as they stand for.
type counted struct {
	which, cell int
	weight      float64
}

// which is 1 for a span of the selection, 0 for one of the baseline: a
// selection may be bounded in time.
func (c *comparer) which(selected int, startNs int64) int {
	if w := c.m.compare.window; w != nil && (startNs < w[0] || startNs >= w[1]) {
		return 0
	}
	return selected
}

func (c *comparer) addList(s *storage.Spans, sc scope, r storage.Range, at counted) {
	attrs := s.List(r)
	for i, a := range attrs {
		if a.Type == storage.TypeEmpty || slices.ContainsFunc(attrs[:i], func(b storage.Attr) bool { return b.Key == a.Key }) {
			continue
		}
		attr := scopedAttr{sc, a}
		x := c.cache[attr]
		if x == nil {
			x = c.value(c.key(field{scope: sc, name: s.Strings[a.Key]}), ValueOf(s.Value(a)))
			c.cache[attr] = x
		}
		x.count(at, c.e.cells)
	}
}

func (c *comparer) key(f field) *comparedKey {
	k := c.keys[f]
	if k == nil {
		f.name = strings.Clone(f.name)
		k = &comparedKey{field: f, values: map[Value]*comparedValue{}}
		k.rest = comparedValue{key: k, dropped: true}
		c.keys[f] = k
	}
	return k
}

// countValue counts spans that have a value. It may be called concurrently.
func (c *comparer) countValue(k *comparedKey, x Value, at counted) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == nil || k.last.value != x {
		v := c.value(k, x)
		if v.dropped {
			v.count(at, c.e.cells)
			return
		}
		k.last = v
	}
	k.last.count(at, c.e.cells)
}

// value finds what to count for a value.
func (c *comparer) value(k *comparedKey, x Value) *comparedValue {
	v := k.values[x]
	if v != nil {
		return v
	}
	cells, text := int64(c.e.cells), int64(len(x.str))
	switch {
	case len(k.values) >= maxComparedValues:
		return &k.rest
	case c.text.Add(text) > maxHeldText:
		c.text.Add(-text)
		return &k.rest
	case len(k.values) < c.least:
	case c.held.Add(cells) > maxComparedCells/4*3:
		c.held.Add(-cells)
		c.text.Add(-text)
		return &k.rest
	}
	x.str = strings.Clone(x.str)
	v = &comparedValue{key: k, value: x}
	k.values[x] = v
	return v
}

func (v *comparedValue) count(at counted, cells int) {
	v.key.total.add(at, cells)
	if v.dropped {
		v.key.more[at.which] = true
		return
	}
	v.counts[at.which].add(at.cell, at.weight, cells)
}

func (c *counts) add(at counted, cells int) {
	if c[at.which] == nil {
		c[at.which] = make([]float64, cells)
	}
	c[at.which][at.cell] += at.weight
}

// series has, for the baseline and the selection, one series for each of the
// most frequent values of every attribute, and one with the number of spans
// that have the attribute. Where there are more values, a series says so.
func (c *comparer) series() []Series {
	var list []Series
	for _, k := range c.keys {
		name := k.field.String()
		tooMany := false
		for which, metaType := range metaTypes {
			if k.total[which] == nil {
				continue
			}
			type ranked struct {
				value  Value
				counts *cellCounts
				sum    float64
			}
			var values []ranked
			for x, v := range k.values {
				if n := &v.counts[which]; !n.empty() {
					values = append(values, ranked{x, n, n.sum()})
				}
			}
			slices.SortFunc(values, func(a, b ranked) int { return cmp.Or(compareFloats(b.sum, a.sum), compareValues(a.value, b.value)) })
			tooMany = tooMany || k.more[which] || len(values) > c.m.compare.topN
			for _, r := range values[:min(len(values), c.m.compare.topN)] {
				list = append(list, Series{Labels: []Label{{labelMetaType, String(metaType)}, {name, r.value}}, Values: r.counts.list(c.e.cells)})
			}
			list = append(list, Series{Labels: []Label{{labelMetaType, String(metaType + "_total")}, {name, Value{}}}, Values: k.total[which]})
		}
		if tooMany {
			list = append(list, Series{Labels: []Label{{labelMetaError, String(tooManyValues)}, {name, Value{}}}, Values: make([]float64, c.e.cells)})
		}
	}
	return list
}

// cellCounts are counts per cell. Most values are rare: as long as few cells have
// one, only those are held.
type cellCounts struct {
	few []cellCount
	all []float64 // nil: few has them
}

type cellCount struct {
	cell   int
	weight float64
}

const fewCells = 8

func (c *cellCounts) add(cell int, weight float64, cells int) {
	if c.all != nil {
		c.all[cell] += weight
		return
	}
	for i := range c.few {
		if c.few[i].cell == cell {
			c.few[i].weight += weight
			return
		}
	}
	if len(c.few) < fewCells {
		c.few = append(c.few, cellCount{cell, weight})
		return
	}
	c.all = c.list(cells)
	c.all[cell] += weight
	c.few = nil
}

func (c *cellCounts) empty() bool { return c.all == nil && len(c.few) == 0 }

// list has the counts of all cells, nil where there are none.
func (c *cellCounts) list(cells int) []float64 {
	if c.all != nil || len(c.few) == 0 {
		return c.all
	}
	all := make([]float64, cells)
	for _, one := range c.few {
		all[one.cell] = one.weight
	}
	return all
}

// sum adds the counts up in the order of cells, so that it does not depend on
// how they are held.
func (c *cellCounts) sum() (n float64) {
	slices.SortFunc(c.few, func(a, b cellCount) int { return cmp.Compare(a.cell, b.cell) })
	for _, one := range c.few {
		n += one.weight
	}
	return n + total(c.all)
}
