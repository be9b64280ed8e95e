package traceql

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// aggregationPlan answers a metric from the store's aggregation, or from what
// that would aggregate, without reading a trace.
type aggregationPlan struct {
	e    *metricsEngine
	none bool // no span matches
	q    storage.Aggregation
	// columns has for every label its place in q.By, -1 where no span has a
	// value.
	columns []int
}

// planAggregation says whether the store can answer a metric exactly: when the
// spans that it counts are those that satisfy a predicate, and its labels and
// its measure are columns.
func (e *metricsEngine) planAggregation(m *metric) (*aggregationPlan, bool) {
	b := boundStages(m.source, e.known)
	if !b.exact || e.o.wholeTraces {
		return nil, false
	}
	p := &aggregationPlan{e: e, none: b.none, q: storage.Aggregation{
		Where: b.where, StepNs: e.o.StepNs, Histogram: m.histogram(), MaxGroups: maxHeldSeries,
	}}
	for _, f := range m.by {
		key, stored, ok := e.column(f)
		if !ok {
			return nil, false
		}
		if !stored {
			p.columns = append(p.columns, -1)
			continue
		}
		p.columns = append(p.columns, len(p.q.By))
		p.q.By = append(p.q.By, key)
	}
	if m.arg != nil {
		f, ok := m.arg.(*fieldExpr)
		if !ok {
			return nil, false
		}
		key, stored, ok := e.column(f.field)
		if !ok {
			return nil, false
		}
		if stored {
			p.q.Measure = key
		}
	}
	if p.q.Measure == (storage.Key{}) {
		p.q.Histogram = false
	}
	return p, true
}

// column is the key under which the store has a field's value; ok is false
// where it has none such, stored is false where no span has a value.
func (e *metricsEngine) column(f field) (key storage.Key, stored, ok bool) {
	if f.parent || f.intrinsic == inEventTime {
		return key, false, false
	}
	if f.intrinsic != notIntrinsic {
		key = intrinsics[f.intrinsic].key
		return key, true, key != (storage.Key{})
	}
	for _, k := range f.keys() {
		s, has := e.known.of(k)
		switch {
		case !has:
			continue
		case stored: // the first scope that has a value counts, span by span
			return key, false, false
		case s.has(storage.TypeEmpty) && (k.Scope == storage.ScopeEvent || k.Scope == storage.ScopeLink):
			return key, false, false // the first event that has more than an empty value counts
		}
		key, stored = k, true
	}
	return key, stored, true
}

// run counts the spans of a slice of the window.
func (p *aggregationPlan) run(g *groups, slice storage.Window) error {
	if p.none {
		return nil
	}
	p.q.Window = slice
	aggregate := p.aggregate
	if p.e.extrapolate {
		aggregate = p.weigh
	}
	if err := aggregate(g); err != nil {
		return err
	}
	if g.exemplars != nil {
		return p.findExemplars(g)
	}
	return nil
}

// aggregate lets the store count, every span once.
func (p *aggregationPlan) aggregate(g *groups) error {
	first := p.e.cell(p.q.Window.FromNs)
	ctx := p.e.until
	if p.q.Window.ToNs == p.e.o.Window.ToNs { // without the first slice there is nothing to answer with
		ctx = p.e.ctx
	}
	found, err := p.e.reader.Aggregate(ctx, p.q)
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return p.e.tooManySeries()
	case err != nil:
		return err
	}
	values := make([]Value, len(g.m.by))
	for _, one := range found {
		p.labels(g.m.by, func(i int) storage.Value { return one.Values[i] }, values)
		n, err := g.group(values)
		if err != nil {
			return err
		}
		for i := range one.Cells {
			g.cells[n][first+i].Add(one.Cells[i])
		}
	}
	return nil
}

// weigh counts what the store would, every span as often as its weight says.
func (p *aggregationPlan) weigh(g *groups) error {
	columns, measured := p.scanned()
	weight := &columnWeights{}
	values := make([]Value, len(g.m.by))
	scan := storage.Scan{Window: p.q.Window, Where: p.q.Where, Columns: append(columns, storage.KeyTraceState)}
	for batch, err := range p.e.reader.Scan(p.e.until, scan) {
		if err != nil {
			return err
		}
		p.e.meter.stats.SpansScanned += batch.Scanned
		weight.reset(&batch.Columns[len(columns)])
		for row, start := range batch.StartsNs {
			n, err := p.group(g, batch, row, values)
			if err != nil {
				return err
			}
			g.observe(n, p.e.cell(start), measureOf(batch, measured, row), weight.of(row))
		}
		if p.e.meter.over() {
			return nil
		}
		if err := p.e.steps.progress(p.e); err != nil {
			return err
		}
	}
	return nil
}

// scanned are the columns that a scan reads instead of the store's aggregation,
// and which of them is the measure, -1 for none.
func (p *aggregationPlan) scanned() (columns []storage.Key, measured int) {
	if p.q.Measure == (storage.Key{}) {
		return slices.Clone(p.q.By), -1
	}
	return append(slices.Clone(p.q.By), p.q.Measure), len(p.q.By)
}

// group is the number of the group that a scanned row is in. values is scratch.
func (p *aggregationPlan) group(g *groups, batch *storage.Batch, row int, values []Value) (int, error) {
	p.labels(g.m.by, func(i int) storage.Value { return batch.Columns[i].Value(row) }, values)
	return g.group(values)
}

func measureOf(batch *storage.Batch, column, row int) Value {
	if column < 0 {
		return Value{}
	}
	return ValueOf(batch.Columns[column].Value(row))
}

// labels converts the values of columns.
func (p *aggregationPlan) labels(by []field, column func(i int) storage.Value, values []Value) {
	for i, f := range by {
		values[i] = Value{}
		if at := p.columns[i]; at >= 0 {
			values[i] = f.valueOf(column(at))
		}
	}
}

// valueOf converts what the store has under the field's key.
func (f field) valueOf(v storage.Value) Value {
	switch f.intrinsic {
	case inDuration:
		return Duration(time.Duration(v.Int()))
	case inStatus:
		return Status(uint8(v.Int()))
	case inKind:
		return Kind(uint8(v.Int()))
	case inSpanID, inTraceID:
		return String(hex.EncodeToString([]byte(v.Str())))
	case inParentID:
		if strings.Trim(v.Str(), "\x00") == "" {
			return Value{}
		}
		return String(hex.EncodeToString([]byte(v.Str())))
	}
	return ValueOf(v)
}

// findExemplars scans the parts of the slice that want exemplars, each until it
// has one of every group that it has spans of, or enough.
func (p *aggregationPlan) findExemplars(g *groups) error {
	x, slice := g.exemplars, p.q.Window
	first, end := p.e.cell(slice.FromNs), p.e.cell(slice.ToNs-1)+1
	for slot := (end - 1) / x.perSlot; slot >= first/x.perSlot; slot-- {
		from, to := max(slot*x.perSlot, first), min((slot+1)*x.perSlot, end)
		window := storage.Window{FromNs: p.e.startOf(from), ToNs: slice.ToNs}
		if to < end {
			window.ToNs = p.e.startOf(to)
		}
		if err := p.findExemplarsIn(window, g, from, to); err != nil || p.e.meter.over() {
			return err
		}
	}
	return nil
}

// findExemplarsIn scans the cells [from, to), which are in one slot.
func (p *aggregationPlan) findExemplarsIn(window storage.Window, g *groups, from, to int) error {
	x, slot := g.exemplars, from/g.exemplars.perSlot
	missing := 0 // groups with points there, of which there is no exemplar yet
	for n := range g.cells {
		if !x.has(n, slot) && slices.ContainsFunc(g.cells[n][from:to], func(c storage.Cell) bool {
			return c.Measured > 0 || c.Count > 0 && !x.measured
		}) {
			missing++
		}
	}
	missing = min(missing, x.slots[slot])
	if missing == 0 {
		return nil
	}
	columns, measured := p.scanned()
	values := make([]Value, len(g.m.by))
	for batch, err := range p.e.reader.Scan(p.e.until, storage.Scan{Window: window, Where: p.q.Where, Columns: columns}) {
		if err != nil {
			return err
		}
		p.e.meter.stats.SpansScanned += batch.Scanned
		for row, id := range batch.TraceIDs {
			n, err := p.group(g, batch, row, values)
			if err != nil {
				return err
			}
			if x.add(n, p.e.cell(batch.StartsNs[row]), measureOf(batch, measured, row), Exemplar{TraceID: id, SpanID: batch.SpanIDs[row], TimeNs: batch.StartsNs[row]}) {
				if missing--; missing == 0 {
					return nil
				}
			}
		}
		if p.e.meter.over() {
			return nil
		}
	}
	return nil
}
