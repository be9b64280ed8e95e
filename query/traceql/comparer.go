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

// maxComparedValues bounds the distinct values that are counted of one
// attribute, as maxHeldCells and maxHeldText bound all of them; the values that
// come later are in the attribute's total only.
const maxComparedValues = 10_000

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
	counts  counts
	dropped bool // there are too many values to count this one
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
	if len(k.values) >= maxComparedValues || c.held+2*c.e.cells > maxHeldCells || c.text+len(x.str) > maxHeldText {
		return &comparedValue{key: k, dropped: true}
	}
	c.held += 2 * c.e.cells
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
	v.counts.increment(which, cell, c.e.cells)
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
				counts []uint64
				sum    uint64
			}
			var values []ranked
			for x, v := range k.values {
				if n := v.counts[which]; n != nil {
					values = append(values, ranked{x, n, sum(n)})
				}
			}
			slices.SortFunc(values, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.sum, a.sum), compareValues(a.value, b.value)) })
			tooMany = tooMany || k.more[which] || len(values) > c.m.compare.topN
			for _, r := range values[:min(len(values), c.m.compare.topN)] {
				list = append(list, Series{Labels: []Label{{labelMetaType, String(metaType)}, {name, r.value}}, Values: floats(r.counts)})
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
