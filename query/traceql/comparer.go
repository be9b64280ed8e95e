package traceql

import (
	"cmp"
	"slices"
	"strings"

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
// the attribute's total only: ids, of which every span has another, must not take
// the room of what tells the sides apart.
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
	held       int // cells of values
	text       int // bytes of values
}

type scopedAttr struct {
	scope scope
	attr  storage.Attr
}

type comparedKey struct {
	field  field
	values map[Value]*comparedValue
	total  counts
	more   [2]bool // some values were not counted
}

// counts are spans in the baseline and in the selection, per cell; nil is none.
type counts [2][]uint64

type comparedValue struct {
	key     *comparedKey
	counts  [2]cellCounts
	dropped bool // there are too many values to count this one
}

// cellCounts are counts per cell. Most values are rare: as long as few cells have
// one, only those are held.
type cellCounts struct {
	few []cellCount
	all []uint64 // nil: few has them
}

type cellCount struct {
	cell int
	n    uint64
}

const fewCells = 8

func (c *cellCounts) increment(cell, cells int) {
	if c.all != nil {
		c.all[cell]++
		return
	}
	for i := range c.few {
		if c.few[i].cell == cell {
			c.few[i].n++
			return
		}
	}
	if len(c.few) < fewCells {
		c.few = append(c.few, cellCount{cell, 1})
		return
	}
	c.all = c.list(cells)
	c.all[cell]++
	c.few = nil
}

// list has the counts of all cells, nil where there are none.
func (c *cellCounts) list(cells int) []uint64 {
	if c.all != nil || len(c.few) == 0 {
		return c.all
	}
	all := make([]uint64, cells)
	for _, one := range c.few {
		all[one.cell] = one.n
	}
	return all
}

func (c *cellCounts) sum() (n uint64) {
	for _, one := range c.few {
		n += one.n
	}
	return n + sum(c.all)
}

func newComparer(m *metric, e *metricsEngine) *comparer {
	return &comparer{
		m: m, e: e, selected: compileCond(m.compare.selection.where),
		keys: map[field]*comparedKey{}, cache: map[scopedAttr]*comparedValue{},
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
	cell := c.e.cell(start)
	for _, in := range comparedIntrinsics {
		if x := v.intrinsic(in, p); x != String("") { // no message
			c.count(c.value(c.key(field{intrinsic: in}), x), which, cell)
		}
	}
	c.addList(s, scopeSpan, s.Attributes[row], which, cell)
	c.addList(s, scopeResource, s.ResourceTable[s.Resources[row]].Attributes, which, cell)
}

// which is 1 for a span of the selection, 0 for one of the baseline: a
// selection may be bounded in time.
func (c *comparer) which(selected int, startNs int64) int {
	if w := c.m.compare.window; w != nil && (startNs < w[0] || startNs >= w[1]) {
		return 0
	}
	return selected
}

func (c *comparer) addList(s *storage.Spans, sc scope, r storage.Range, which, cell int) {
	attrs := s.List(r)
	for i, a := range attrs {
		if a.Type == storage.TypeEmpty || slices.ContainsFunc(attrs[:i], func(b storage.Attr) bool { return b.Key == a.Key }) {
			continue
		}
		at := scopedAttr{sc, a}
		x := c.cache[at]
		if x == nil {
			x = c.value(c.key(field{scope: sc, name: s.Strings[a.Key]}), ValueOf(s.Value(a)))
			c.cache[at] = x
		}
		c.count(x, which, cell)
	}
}

func (c *comparer) key(f field) *comparedKey {
	k := c.keys[f]
	if k == nil {
		f.name = strings.Clone(f.name)
		k = &comparedKey{field: f, values: map[Value]*comparedValue{}}
		c.keys[f] = k
	}
	return k
}

// value finds what to count for a value.
func (c *comparer) value(k *comparedKey, x Value) *comparedValue {
	v := k.values[x]
	if v != nil {
		return v
	}
	if len(k.values) >= maxComparedValues || c.held+c.e.cells > maxComparedCells || c.text+len(x.str) > maxHeldText {
		return &comparedValue{key: k, dropped: true}
	}
	c.held += c.e.cells
	c.text += len(x.str)
	x.str = strings.Clone(x.str)
	v = &comparedValue{key: k}
	k.values[x] = v
	return v
}

func (c *comparer) count(v *comparedValue, which, cell int) {
	v.key.total.increment(which, cell, c.e.cells)
	if v.dropped {
		v.key.more[which] = true
		return
	}
	v.counts[which].increment(cell, c.e.cells)
}

func (c *counts) increment(which, cell, cells int) {
	if c[which] == nil {
		c[which] = make([]uint64, cells)
	}
	c[which][cell]++
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
				sum    uint64
			}
			var values []ranked
			for x, v := range k.values {
				if n := v.counts[which].sum(); n > 0 {
					values = append(values, ranked{x, &v.counts[which], n})
				}
			}
			slices.SortFunc(values, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.sum, a.sum), compareValues(a.value, b.value)) })
			tooMany = tooMany || k.more[which] || len(values) > c.m.compare.topN
			for _, r := range values[:min(len(values), c.m.compare.topN)] {
				list = append(list, Series{Labels: []Label{{labelMetaType, String(metaType)}, {name, r.value}}, Values: floats(r.counts.list(c.e.cells))})
			}
			list = append(list, Series{Labels: []Label{{labelMetaType, String(metaType + "_total")}, {name, Value{}}}, Values: floats(k.total[which])})
		}
		if tooMany {
			list = append(list, Series{Labels: []Label{{labelMetaError, String(tooManyValues)}, {name, Value{}}}, Values: make([]float64, c.e.cells)})
		}
	}
	return list
}

func sum(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func floats(counts []uint64) []float64 {
	values := make([]float64, len(counts))
	for i, c := range counts {
		values[i] = float64(c)
	}
	return values
}
