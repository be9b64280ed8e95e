package red

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Bounds of a Query.
const (
	MaxBy        = 4
	MaxSteps     = 11_000
	MaxExemplars = 10
	maxCells     = 100_000 // over all groups; each has a histogram of up to 1.3 kB
)

// Query says how to group. Cells begin at multiples of the step since 1970, as
// those of Tempo and Prometheus do, so that the same spans are in the same cell
// whenever a graph is drawn anew. The window cuts the first and the last one. Steps
// of whole minutes are what stores may have sums of.
type Query struct {
	By        []storage.Key // at most MaxBy
	StepNs    int64         // length of a cell; 0: one cell for the whole window
	MaxGroups int           // storage.ErrTooLarge beyond it; 0: 1,000
	Exemplars int           // spans to return for each group, at most MaxExemplars
}

// Result has a group for every combination of values that occurs, the one with
// most spans first.
type Result struct {
	Groups  []Group
	FirstNs int64 // where the first cell begins: at or before the window's start
	StepNs  int64 // length of a cell
	Scanned bool  // the spans were read; otherwise the store aggregated
}

// Group is one combination of values.
type Group struct {
	Values    []storage.Value // parallel to Query.By
	Cells     []Cell          // ascending in time
	Exemplars []Exemplar      // failed ones first, then the longest
}

// Cell has the spans that start in one step.
type Cell struct {
	Spans, Errors       uint64
	SumNs, MinNs, MaxNs float64               // of the durations; 0 without spans
	Durations           *storage.ExpHistogram // ns; nil without spans
}

// Exemplar is a span that a group or an edge counts.
type Exemplar struct {
	TraceID             storage.TraceID
	SpanID              storage.SpanID
	StartNs, DurationNs int64
	Error               bool

	ref storage.SpanRef // in its place until it is known which of many are wanted
}

// Total adds the cells up.
func (g *Group) Total() Cell {
	var total Cell
	for i := range g.Cells {
		total.add(&g.Cells[i])
	}
	return total
}

// spans counts those of all cells.
func (g *Group) spans() (n uint64) {
	for i := range g.Cells {
		n += g.Cells[i].Spans
	}
	return n
}

func (c *Cell) add(o *Cell) {
	if o.Durations == nil {
		return
	}
	if c.Durations == nil {
		c.Durations = &storage.ExpHistogram{}
		c.MinNs, c.MaxNs = o.MinNs, o.MaxNs
	}
	c.Spans += o.Spans
	c.Errors += o.Errors
	c.SumNs += o.SumNs
	c.MinNs, c.MaxNs = min(c.MinNs, o.MinNs), max(c.MaxNs, o.MaxNs)
	c.Durations.Merge(o.Durations)
}

func (c *Cell) observe(durationNs int64, failed bool) {
	d := float64(durationNs)
	if c.Durations == nil {
		c.Durations = &storage.ExpHistogram{}
		c.MinNs, c.MaxNs = d, d
	}
	c.Spans++
	if failed {
		c.Errors++
	}
	c.SumNs += d
	c.MinNs, c.MaxNs = min(c.MinNs, d), max(c.MaxNs, d)
	c.Durations.Observe(d)
}

// Rates groups the selected spans. The store aggregates when it can tell which
// spans are selected and no exemplars are wanted.
func Rates(ctx context.Context, s *selection.Search, q Query) (Result, error) {
	if s.Window.Empty() {
		return Result{FirstNs: s.Window.FromNs}, nil
	}
	a := storage.Aggregation{Window: s.Window, By: q.By, StepNs: max(q.StepNs, 0), Aligned: true}
	first := a.FirstCellNs()
	length := uint64(s.Window.ToNs) - uint64(first)
	step := uint64(q.StepNs)
	if q.StepNs <= 0 {
		step = length
	}
	cells := (length-1)/step + 1
	if len(q.By) > MaxBy || cells > MaxSteps {
		return Result{}, fmt.Errorf("red: %d keys and %d steps, at most %d and %d are possible: %w", len(q.By), cells, MaxBy, MaxSteps, storage.ErrTooLarge)
	}
	q.MaxGroups = min(cmp.Or(max(q.MaxGroups, 0), 1000), maxCells/int(cells))
	r := Result{FirstNs: first, StepNs: int64(min(step, math.MaxInt64))}
	where, exact, err := s.Exact(ctx)
	if err != nil {
		return Result{}, err
	}
	if exact && q.Exemplars <= 0 {
		a.Where, a.MaxGroups = where, q.MaxGroups
		r.Groups, err = aggregate(ctx, s, a)
	} else {
		r.Scanned = true
		r.Groups, err = scan(ctx, s, q, first, step, int(cells))
	}
	if err != nil {
		return Result{}, err
	}
	slices.SortFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.spans(), a.spans()), compareValues(a.Values, b.Values))
	})
	return r, nil
}

func compareValues(a, b []storage.Value) int {
	return slices.CompareFunc(a, b, func(x, y storage.Value) int {
		return cmp.Or(cmp.Compare(x.Text(), y.Text()), cmp.Compare(x.Type(), y.Type()))
	})
}

// groupKey is what groups are told apart by.
type groupKey [MaxBy]storage.Value

func keyOf(values []storage.Value) (k groupKey) {
	copy(k[:], values)
	return k
}

// aggregate lets the store do it: once for all spans and once for those that
// failed.
func aggregate(ctx context.Context, s *selection.Search, a storage.Aggregation) ([]Group, error) {
	a.Measure, a.Histogram = storage.KeyDuration, true
	all, err := s.Aggregate(ctx, a)
	if err != nil {
		return nil, err
	}
	a.Measure, a.Histogram = storage.Key{}, false
	failed, err := failures(ctx, s.Aggregate, a)
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(all))
	index := make(map[groupKey]int, len(all))
	for i, g := range all {
		groups[i] = Group{Values: g.Values, Cells: make([]Cell, len(g.Cells))}
		index[keyOf(g.Values)] = i
		for j, c := range g.Cells {
			if c.Count > 0 {
				groups[i].Cells[j] = Cell{Spans: c.Count, SumNs: c.Sum, MinNs: c.Min, MaxNs: c.Max, Durations: c.Histogram}
			}
		}
	}
	for _, g := range failed {
		i, ok := index[keyOf(g.Values)]
		if !ok { // its first span arrived between the two questions
			continue
		}
		for j, c := range g.Cells {
			cell := &groups[i].Cells[j]
			cell.Errors = min(cell.Errors+c.Count, cell.Spans)
		}
	}
	return groups, nil
}

// failures aggregates the spans that failed. Groups may come twice.
func failures(ctx context.Context, aggregate func(context.Context, storage.Aggregation) ([]storage.Group, error), a storage.Aggregation) (groups []storage.Group, err error) {
	where := a.Where
	for _, failed := range trace.IsErrorBy() {
		if a.Where = failed; where != nil {
			a.Where = storage.And{where, failed}
		}
		some, err := aggregate(ctx, a)
		if err != nil {
			return nil, err
		}
		groups = append(groups, some...)
	}
	return groups, nil
}

// localKey is a groupKey inside one batch: values by their place in the
// dictionaries.
type localKey [MaxBy]struct {
	typ  storage.Type
	bits uint64
}

type scanGroup struct {
	Group
	picked picker
}

// scan reads the selected spans into cells from firstNs on.
func scan(ctx context.Context, s *selection.Search, q Query, firstNs int64, step uint64, cells int) ([]Group, error) {
	byKey := map[groupKey]*scanGroup{}
	var order []*scanGroup
	local := map[localKey]*scanGroup{}
	columns := append(slices.Clone(q.By), trace.ErrorKeys()...)
	for batch, err := range s.Scan(ctx, columns) {
		if err != nil {
			return nil, err
		}
		clear(local)
		status, attribute := &batch.Columns[len(q.By)], &batch.Columns[len(q.By)+1]
		for row := range batch.Len() {
			var k localKey
			for i := range q.By {
				k[i].typ, k[i].bits = batch.Columns[i].Types[row], batch.Columns[i].Bits[row]
			}
			g := local[k]
			if g == nil {
				values := make([]storage.Value, len(q.By))
				for i := range values {
					values[i] = batch.Columns[i].Value(row)
				}
				if g = byKey[keyOf(values)]; g == nil {
					if len(order) >= q.MaxGroups {
						return nil, fmt.Errorf("red: more than %d groups; group by keys with fewer values: %w", q.MaxGroups, storage.ErrTooLarge)
					}
					for i := range values {
						values[i] = trace.OwnValue(values[i])
					}
					g = &scanGroup{Group: Group{Values: values, Cells: make([]Cell, cells)}, picked: picker{most: min(q.Exemplars, MaxExemplars)}}
					byKey[keyOf(values)] = g
					order = append(order, g)
				}
				local[k] = g
			}
			failed := trace.ErrorAt(status, attribute, row)
			cell := (uint64(batch.StartsNs[row]) - uint64(firstNs)) / step
			if cell >= uint64(cells) {
				continue
			}
			g.Cells[cell].observe(batch.DurationsNs[row], failed)
			g.picked.offer(Exemplar{TraceID: batch.TraceIDs[row], SpanID: batch.SpanIDs[row], StartNs: batch.StartsNs[row], DurationNs: batch.DurationsNs[row], Error: failed})
		}
	}
	groups := make([]Group, len(order))
	for i, g := range order {
		groups[i] = g.Group
		groups[i].Exemplars = g.picked.exemplars()
	}
	return groups, nil
}

// picker keeps the longest failed spans and the longest others.
type picker struct {
	most         int
	failed, fine []Exemplar
}

func (p *picker) offer(e Exemplar) {
	list := &p.fine
	if e.Error {
		list = &p.failed
	}
	if p.most <= 0 || len(*list) == p.most && (*list)[p.most-1].DurationNs >= e.DurationNs {
		return
	}
	at, _ := slices.BinarySearchFunc(*list, e, func(a, b Exemplar) int { return cmp.Compare(b.DurationNs, a.DurationNs) })
	*list = slices.Insert(*list, at, e)
	*list = (*list)[:min(len(*list), p.most)]
}

// exemplars are failed ones for the first half, where there are so many, and
// others for the rest.
func (p *picker) exemplars() []Exemplar {
	failed := min(len(p.failed), max((p.most+1)/2, p.most-len(p.fine)))
	list := slices.Clone(p.failed[:failed])
	return append(list, p.fine[:min(len(p.fine), p.most-failed)]...)
}
