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
// attribute, as maxHeldCells bounds all of them; the values that come later are
// in the attribute's total only.
const maxComparedValues = 10_000

// comparer counts the values of every attribute apart in the selection and in
// the baseline, which is all other spans.
type comparer struct {
	m        *metric
	e        *metricsEngine
	selected cond
	keys     map[field]*comparedKey
	// byText finds the key of an attribute of the spans at hand by its scope and
	// the index of its name.
	byText     map[scopedText]*comparedKey
	generation int
	held       int // cells of values
}

type scopedText struct {
	scope scope
	name  uint32
}

type comparedKey struct {
	field  field
	values map[Value]*[2][]uint64 // per type and cell
	total  [2][]uint64
	more   [2]bool // some values were not counted
}

func newComparer(m *metric, e *metricsEngine) *comparer {
	return &comparer{
		m: m, e: e, selected: compileCond(m.compare.selection.where),
		keys: map[field]*comparedKey{}, byText: map[scopedText]*comparedKey{},
	}
}

// comparedIntrinsics are compared like attributes.
var comparedIntrinsics = []intrinsic{inName, inKind, inStatus, inStatusMessage, inRootName, inRootService}

func (c *comparer) add(v *view, sets []spans) error {
	if c.generation != v.generation {
		c.generation = v.generation
		clear(c.byText)
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
	if w := c.m.compare.window; w != nil && (start < w[0] || start >= w[1]) {
		selected = false
	}
	which := 0
	if selected {
		which = 1
	}
	cell := c.e.cell(start)
	for _, in := range comparedIntrinsics {
		if x := v.intrinsic(in, p); x != String("") { // no message, no service
			c.key(field{intrinsic: in}).count(c, which, cell, x)
		}
	}
	c.addList(s, scopeSpan, s.Attributes[row], which, cell)
	c.addList(s, scopeResource, s.ResourceTable[s.Resources[row]].Attributes, which, cell)
}

func (c *comparer) addList(s *storage.Spans, sc scope, r storage.Range, which, cell int) {
	attrs := s.List(r)
	for i, a := range attrs {
		if a.Type == storage.TypeEmpty || slices.ContainsFunc(attrs[:i], func(b storage.Attr) bool { return b.Key == a.Key }) {
			continue
		}
		at := scopedText{sc, a.Key}
		k := c.byText[at]
		if k == nil {
			k = c.key(field{scope: sc, name: s.Strings[a.Key]})
			c.byText[at] = k
		}
		k.count(c, which, cell, ValueOf(s.Value(a)))
	}
}

func (c *comparer) key(f field) *comparedKey {
	k := c.keys[f]
	if k == nil {
		f.name = strings.Clone(f.name)
		k = &comparedKey{field: f, values: map[Value]*[2][]uint64{}}
		c.keys[f] = k
	}
	return k
}

func (k *comparedKey) count(c *comparer, which, cell int, x Value) {
	increment(&k.total[which], cell, c.e.cells)
	counts := k.values[x]
	if counts == nil {
		if c.held += 2 * c.e.cells; len(k.values) >= maxComparedValues || c.held > maxHeldCells {
			k.more[which] = true
			return
		}
		x.str = strings.Clone(x.str)
		counts = new([2][]uint64)
		k.values[x] = counts
	}
	increment(&counts[which], cell, c.e.cells)
}

func increment(counts *[]uint64, cell, cells int) {
	if *counts == nil {
		*counts = make([]uint64, cells)
	}
	(*counts)[cell]++
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
			for x, counts := range k.values {
				if counts[which] != nil {
					values = append(values, ranked{x, counts[which], sum(counts[which])})
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
