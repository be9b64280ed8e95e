package traceql

import (
	"context"
	"slices"
	"sync"

	"github.com/heddle-io/heddle/storage"
)

// comparePlan answers compare from columns, without reading a trace.
type comparePlan struct {
	e        *metricsEngine
	base     bound
	selected bound
	fields   []field
	keys     []storage.Key
}

// planCompare says whether the spans that a metric compares, and those that
// are selected of them, are what predicates say.
func (e *metricsEngine) planCompare(m *metric) (*comparePlan, bool) {
	p := &comparePlan{e: e, base: boundStages(m.source, e.known), selected: boundOf(m.compare.selection.where, e.known)}
	if !p.base.exact || !p.selected.exact || e.o.wholeTraces || e.extrapolate { // the store counts spans, not weights
		return nil, false
	}
	for _, in := range comparedIntrinsics {
		p.fields = append(p.fields, field{intrinsic: in})
		p.keys = append(p.keys, intrinsics[in].key)
	}
	for _, k := range e.keys {
		for _, sc := range []scope{scopeSpan, scopeResource} {
			if storageScopes[sc] == k.Key.Scope {
				p.fields = append(p.fields, field{scope: sc, name: k.Key.Name})
				p.keys = append(p.keys, k.Key)
			}
		}
	}
	return p, true
}

// run counts the spans of a slice of the window.
func (p *comparePlan) run(c *comparer, slice storage.Window) error {
	if p.base.none {
		return nil
	}
	q := storage.Tally{Window: slice, Where: p.base.where, Keys: p.keys}
	if !p.selected.none {
		q.Marks = []storage.Predicate{p.selected.where}
	}
	keys := make([]*comparedKey, len(p.fields))
	for i, f := range p.fields {
		keys[i] = c.key(f)
	}
	var mu sync.Mutex // guards the meter
	return p.e.steps.during(p.e, &mu, func(ctx context.Context) error {
		return p.e.reader.Tally(ctx, q, func() func(storage.TallyBatch) bool {
			var groups []uint32
			return func(b storage.TallyBatch) bool {
				groups = p.groups(c, b, groups)
				b.Count(groups, 2*p.e.cells, func(key int, v storage.Value, group int, spans uint64) {
					if v.Type() == storage.TypeEmpty {
						return
					}
					x := p.fields[key].valueOf(v)
					if p.fields[key].intrinsic != notIntrinsic && x == String("") { // no message
						return
					}
					c.countValue(keys[key], x, counted{group / p.e.cells, group % p.e.cells, float64(spans)})
				})
				mu.Lock()
				defer mu.Unlock()
				p.e.meter.stats.SpansScanned += b.Scanned()
				return !p.e.meter.over()
			}
		})
	})
}

// groups tells for every span of a batch whether it is in the selection, and its
// cell.
func (p *comparePlan) groups(c *comparer, b storage.TallyBatch, groups []uint32) []uint32 {
	groups = slices.Grow(groups[:0], b.Len())
	if p.e.cells == 1 && c.m.compare.window == nil {
		for _, marks := range b.Marks() {
			groups = append(groups, uint32(marks&1))
		}
		return groups
	}
	marks := b.Marks()
	for i, start := range b.StartsNs() {
		groups = append(groups, uint32(c.which(int(marks[i]&1), start)*p.e.cells+p.e.cell(start)))
	}
	return groups
}
