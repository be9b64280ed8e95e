package traceql

import "github.com/heddle-io/heddle/storage"

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
	if !p.base.exact || !p.selected.exact || e.o.wholeTraces {
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

// comparedParts is in how many parts a window is compared: when the time is over,
// selection and baseline are those of the same part of it, but for the last.
const comparedParts = 8

// run counts the spans of a slice of the window, the newest first.
func (p *comparePlan) run(c *comparer, slice storage.Window) error {
	left := func(toNs int64) uint64 { return uint64(toNs) - uint64(slice.FromNs) }
	length := left(slice.ToNs)/comparedParts + 1
	for part := slice; part.ToNs > slice.FromNs; part.ToNs = part.FromNs {
		part.FromNs = part.ToNs - int64(min(length, left(part.ToNs)))
		if err := p.scan(c, part, 1, p.base.and(p.selected)); err != nil {
			return err
		}
		if err := p.scan(c, part, 0, p.base.and(p.selected.not())); err != nil || p.e.meter.over() {
			return err
		}
	}
	return nil
}

// scan counts the spans that satisfy b as baseline (0) or selection (1).
func (p *comparePlan) scan(c *comparer, slice storage.Window, which int, b bound) error {
	if b.none {
		return nil
	}
	memos := make([][]*comparedValue, len(p.keys)) // per column, by index of the batch's dictionary
	for batch, err := range p.e.reader.Scan(p.e.until, storage.Scan{Window: slice, Where: b.where, Columns: p.keys}) {
		if err != nil {
			return err
		}
		p.e.meter.stats.SpansScanned += batch.Scanned
		for i := range batch.Columns {
			column := &batch.Columns[i]
			memos[i] = append(memos[i][:0], make([]*comparedValue, len(column.Dict))...)
			for row, t := range column.Types {
				if t != storage.TypeAbsent && t != storage.TypeEmpty {
					start := batch.StartsNs[row]
					c.countColumn(p.fields[i], column, row, memos[i], c.which(which, start), p.e.cell(start))
				}
			}
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

// countColumn counts one value. memo has what to count for a string by its
// index.
func (c *comparer) countColumn(f field, column *storage.Column, row int, memo []*comparedValue, which, cell int) {
	if column.Types[row] != storage.TypeString {
		c.count(c.value(c.key(f), f.valueOf(column.Value(row))), which, cell)
		return
	}
	v := memo[column.Bits[row]]
	if v == nil {
		x := f.valueOf(column.Value(row))
		if f.intrinsic != notIntrinsic && x == String("") { // no message
			return
		}
		v = c.value(c.key(f), x)
		memo[column.Bits[row]] = v
	}
	c.count(v, which, cell)
}
