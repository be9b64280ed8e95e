package columnar

import (
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
)

// Aggregations over service, name, kind and status, with no measure or that of
// the duration, are answered from the indexes of parts: they have the spans of
// every minute summed up. Rows are looked at where a minute is not wholly in
// the window, and in tables without an index.

const nsPerMinute = 60_000_000_000

// redQuery is an aggregation that indexes can answer.
type redQuery struct {
	q         storage.Aggregation
	from, to  int64 // minutes that are wholly in the window
	histogram bool
	named     bool // it looks at the names of spans
}

// newREDQuery returns nil when indexes cannot answer q.
func newREDQuery(q storage.Aggregation) *redQuery {
	if !redPredicate(q.Where) || (q.Measure != storage.Key{}) && q.Measure != storage.KeyDuration {
		return nil
	}
	for _, key := range q.By {
		if !redKey(key) {
			return nil
		}
	}
	if q.StepNs > 0 && (q.StepNs%nsPerMinute != 0 || q.FirstCellNs()%nsPerMinute != 0) {
		return nil // a minute could be in two cells
	}
	from, to := sidecar.MinuteOf(q.Window.FromNs), sidecar.MinuteOf(q.Window.ToNs)
	if from*nsPerMinute != q.Window.FromNs {
		from++
	}
	if q.Window.ToNs == math.MaxInt64 {
		to = math.MaxInt64 / nsPerMinute // there the last minute is not whole; its spans are looked at
	}
	if from >= to {
		return nil
	}
	return &redQuery{q: q, from: from, to: to, histogram: q.Histogram && (q.Measure != storage.Key{}), named: slices.Contains(q.By, storage.KeyName) || looksAtNames(q.Where)}
}

// looksAtNames says whether a predicate looks at the names of spans.
func looksAtNames(p storage.Predicate) bool {
	switch p := p.(type) {
	case storage.And:
		return slices.ContainsFunc(p, looksAtNames)
	case storage.Or:
		return slices.ContainsFunc(p, looksAtNames)
	case storage.Not:
		return looksAtNames(p.Of)
	case storage.Exists:
		return p.Key == storage.KeyName
	case storage.Compare:
		return p.Key == storage.KeyName
	}
	return false
}

func redKey(k storage.Key) bool {
	switch k {
	case storage.KeyService, storage.KeyName, storage.KeyKind, storage.KeyStatus:
		return true
	}
	return false
}

func redPredicate(p storage.Predicate) bool {
	switch p := p.(type) {
	case nil:
		return true
	case storage.And:
		for _, one := range p {
			if !redPredicate(one) {
				return false
			}
		}
		return true
	case storage.Or:
		for _, one := range p {
			if !redPredicate(one) {
				return false
			}
		}
		return true
	case storage.Not:
		return redPredicate(p.Of)
	case storage.Exists:
		return redKey(p.Key)
	case storage.Compare:
		return redKey(p.Key)
	}
	return false
}

// left are the parts of the window that are not whole minutes.
func (r *redQuery) left() []storage.Window {
	w := r.q.Window
	return []storage.Window{{FromNs: w.FromNs, ToNs: r.from * nsPerMinute}, {FromNs: r.to * nsPerMinute, ToNs: w.ToNs}}
}

// redItem is what the index of a part has for a query.
type redItem struct {
	query *redQuery
	part  *livePart
}

// spanItems lists what an aggregation of spans has to look at.
func spanItems(tables []spanSource, q storage.Aggregation) (items []aggregateItem[spanSource]) {
	red := newREDQuery(q)
	asked := map[*livePart]bool{}
	for _, t := range tables {
		v := t.(*spanView)
		if red == nil || v.part == nil || len(v.tombstones) > 0 {
			items = append(items, aggregateItem[spanSource]{table: t, window: q.Window})
			continue
		}
		if !asked[v.part] {
			asked[v.part] = true
			items = append(items, aggregateItem[spanSource]{red: &redItem{red, v.part}})
		}
		for _, w := range red.left() {
			if !w.Empty() && overlaps(t, w) {
				// A view of its own: items are worked on at the same time.
				items = append(items, aggregateItem[spanSource]{table: &spanView{v.view}, window: w})
			}
		}
	}
	return items
}

// table reads the coarsest table of a part that answers the query.
func (q *redQuery) table(index *sidecar.Index, zones []zone, cell func(ns int64) int) (*sidecar.RED, error) {
	var fit []sidecar.Coarse
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, z := range zones {
		first, last = min(first, z.minNs), max(last, z.maxNs)
	}
	if q.from <= sidecar.MinuteOf(first) && sidecar.MinuteOf(last) < q.to && cell(first) == cell(last) {
		if !q.named {
			fit = append(fit, sidecar.UnnamedTotals)
		}
		fit = append(fit, sidecar.Totals)
	}
	if !q.named {
		fit = append(fit, sidecar.Unnamed)
	}
	for _, table := range fit {
		if red, err := index.CoarseRED(table); red != nil || err != nil {
			return red, err
		}
	}
	return index.RED()
}

// addRED adds the minutes of a part that are wholly in the window.
func (a *aggregator) addRED(item *redItem) (err error) {
	defer func() { _ = item.part.failed(err) }()
	index, zones, err := item.part.openIndex()
	if err != nil {
		return err
	}
	red, err := item.query.table(index, zones, a.cell)
	if err != nil {
		return err
	}
	const unknown, unwanted = -1, -2
	groups := make([]int, len(red.Series))
	for i := range groups {
		groups[i] = unknown
	}
	values := make([]storage.Value, len(a.q.By))
	for m, err := range red.Scan(item.query.from, item.query.to) {
		if err != nil {
			return err
		}
		cell := a.cell(m.Minute * nsPerMinute)
		for i, n := range m.Series {
			if groups[n] == unknown {
				series, err := decodeSeries(red.Series[n])
				if err != nil {
					return err
				}
				if groups[n] = unwanted; holds(a.q.Where, series.value) {
					for k, key := range a.q.By {
						values[k] = series.value(key)
					}
					if groups[n], err = a.group(values); err != nil {
						return err
					}
				}
			}
			if groups[n] == unwanted {
				continue
			}
			to, from := &a.groups[groups[n]].Cells[cell], &m.Measures[i]
			to.Count += from.Count
			if (a.q.Measure == storage.Key{}) {
				continue
			}
			if to.Measured == 0 {
				to.Min, to.Max = float64(from.MinNs), float64(from.MaxNs)
			}
			to.Measured += from.Count
			to.Sum += from.SumNs
			to.Min, to.Max = min(to.Min, float64(from.MinNs)), max(to.Max, float64(from.MaxNs))
			if item.query.histogram {
				if to.Histogram == nil {
					to.Histogram = new(storage.ExpHistogram)
				}
				if err := m.MergeHistogram(i, to.Histogram); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// redSeries is a series with its service decoded.
type redSeries struct {
	service storage.Value
	sidecar.Series
}

func decodeSeries(s sidecar.Series) (redSeries, error) {
	service, err := decodeValue(s.Service)
	return redSeries{service, s}, err
}

func (s *redSeries) value(k storage.Key) storage.Value {
	switch k {
	case storage.KeyService:
		return s.service
	case storage.KeyName:
		return storage.String(s.Name)
	case storage.KeyKind:
		return storage.Int(int64(s.Kind))
	}
	return storage.Int(int64(s.Status))
}

// holds says whether p is true of a record with these values.
func holds(p storage.Predicate, value func(storage.Key) storage.Value) bool {
	switch p := p.(type) {
	case storage.And:
		for _, one := range p {
			if !holds(one, value) {
				return false
			}
		}
	case storage.Or:
		for _, one := range p {
			if holds(one, value) {
				return true
			}
		}
		return false
	case storage.Not:
		return !holds(p.Of, value)
	case storage.Exists:
		return value(p.Key).Type() != storage.TypeAbsent
	case storage.Compare:
		return p.Holds(value(p.Key))
	}
	return true
}
