package traceql

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// RangeOptions say what a metrics query looks at and how much it returns.
type RangeOptions struct {
	// Window selects spans by their start. It must have an end: AllTime is too
	// much to be divided into steps.
	Window storage.Window
	// StepNs is the length of a cell, aligned to the window's start. Windows and
	// steps of whole minutes are answered faster. Instant does not use it.
	StepNs int64
	// Exemplars is how many exemplars are wanted where the query has no hint
	// about it; 0: none.
	Exemplars int
	// MaxSeries is how many series to return at most, 0: DefaultMaxSeries. Of
	// more, those with the largest values are kept and Stats.Partial says so.
	MaxSeries int
	Budget    Budget

	wholeTraces bool // tests: do not let the store aggregate
	eagerSteps  bool // tests: hand out after every slice
}

// Bounds on metrics queries.
const (
	DefaultMaxSeries = 10_000
	maxCells         = 11_000
	maxHeldSeries    = 100_000 // before topk and the like
	maxHeldCells     = 4_000_000
	maxHeldText      = 128 << 20 // bytes of labels
)

// Label names a series.
type Label struct {
	Name  string // a field in its canonical form, or p, __bucket, __meta_type, __meta_error
	Value Value  // nil where the spans have no value of the field
}

// Exemplar is a span that a point of a series counts.
type Exemplar struct {
	TraceID storage.TraceID
	SpanID  storage.SpanID
	TimeNs  int64 // start of the span
	// Value is what was measured of the span, in the unit of the series; of a
	// series that counts, the value of the point.
	Value float64
}

// Series is one time series.
type Series struct {
	Labels    []Label    // in the order of by(…), then those that the function adds
	Values    []float64  // one per cell, NaN where there is no point
	Exemplars []Exemplar // by time
}

// Matrix is the answer to a metrics query. Cell i has the spans that start
// from StartNs+i*StepNs until before one step later or EndNs. Durations are in
// seconds.
type Matrix struct {
	StartNs, EndNs, StepNs int64
	Series                 []Series // ordered by their labels
	More                   bool     // of a stream: another step follows
	Stats                  Stats
}

// CellNs is the start of cell i.
func (m *Matrix) CellNs(i int) int64 { return m.StartNs + int64(i)*m.StepNs }

// Range evaluates a metrics query over steps.
func Range(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions) (Matrix, error) {
	return evaluateMetrics(ctx, r, q, o, nil)
}

// Instant evaluates a metrics query over its window as one cell.
func Instant(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions) (Matrix, error) {
	o.StepNs = o.wholeWindow()
	return evaluateMetrics(ctx, r, q, o, nil)
}

// wholeWindow is the step that makes one cell of the window.
func (o *RangeOptions) wholeWindow() int64 {
	if length := uint64(o.Window.ToNs) - uint64(o.Window.FromNs); !o.Window.Empty() && length <= math.MaxInt64 {
		return int64(length)
	}
	return 1 // check says what is wrong with the window
}

func (o *RangeOptions) check(q *Query) error {
	length := uint64(o.Window.ToNs) - uint64(o.Window.FromNs)
	switch {
	case !q.IsMetrics():
		return fmt.Errorf("%w: it finds traces, ask for them with Search or add a metrics function: … | rate()", ErrWrongKind)
	case o.Window.Empty():
		return fmt.Errorf("traceql: the window from %d to %d is empty", o.Window.FromNs, o.Window.ToNs)
	case length > math.MaxInt64:
		return fmt.Errorf("traceql: the window from %d to %d is longer than 292 years", o.Window.FromNs, o.Window.ToNs)
	case o.StepNs <= 0:
		return fmt.Errorf("traceql: step %d: must be positive", o.StepNs)
	case (length-1)/uint64(o.StepNs) >= maxCells:
		return fmt.Errorf("traceql: the window has more than %d steps, make them longer: %w", maxCells, storage.ErrTooLarge)
	case o.MaxSeries < 0 || o.Exemplars < 0:
		return fmt.Errorf("traceql: %d series and %d exemplars: must not be negative", o.MaxSeries, o.Exemplars)
	}
	return nil
}

// evaluateMetrics answers a metrics query. It hands out what is known on the
// way to steps, unless that is nil.
func evaluateMetrics(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions, steps *metricsSteps) (Matrix, error) {
	if err := o.check(q); err != nil {
		return Matrix{}, err
	}
	if o.MaxSeries == 0 {
		o.MaxSeries = DefaultMaxSeries
	}
	switch hint := q.hints.Exemplars; {
	case hint < 0:
		o.Exemplars = 0
	case hint > 0:
		o.Exemplars = hint
	}
	e, err := newMetricsEngine(ctx, r, q, o)
	if err != nil {
		return Matrix{}, err
	}
	e.steps = steps
	if err := e.collect(); err != nil {
		return Matrix{}, err
	}
	series, err := e.eval(e.of)
	if err != nil {
		return Matrix{}, err
	}
	return e.matrix(steps.rest(e, e.limit(series))), nil
}

func (e *metricsEngine) matrix(series []Series) Matrix {
	return Matrix{StartNs: e.o.Window.FromNs, EndNs: e.o.Window.ToNs, StepNs: e.o.StepNs, Series: series, Stats: e.meter.read()}
}

// metricsEngine evaluates the metrics functions of a query, each into groups.
type metricsEngine struct {
	ctx    context.Context
	until  context.Context // ctx while the budget has time, for what can be cut short
	reader storage.SpanReader
	o      RangeOptions
	cells  int
	from   int // the cells from here on were read
	keys   []storage.KeyInfo
	known  types
	meter  meter
	steps  *metricsSteps // nil: nobody waits for them

	// extrapolate is whether spans count for those that they stand for.
	extrapolate bool

	of       series
	metrics  []*metric
	groups   map[*metric]*groups
	compared map[*metric]*comparer
}

func newMetricsEngine(ctx context.Context, r storage.SpanReader, q *Query, o RangeOptions) (*metricsEngine, error) {
	metrics := metricsOf(q.metrics, nil)
	keys, err := keysFor(ctx, r, o.Window, func(f func(field)) {
		for _, m := range metrics {
			m.eachField(f)
		}
	})
	if err != nil {
		return nil, err
	}
	length := uint64(o.Window.ToNs) - uint64(o.Window.FromNs)
	e := &metricsEngine{
		ctx: ctx, reader: r, o: o, of: q.metrics, metrics: metrics, keys: keys, known: typesOf(keys), meter: newMeter(o.Budget),
		cells: int((length-1)/uint64(o.StepNs)) + 1, extrapolate: q.hints.Extrapolate,
		groups: map[*metric]*groups{}, compared: map[*metric]*comparer{},
	}
	for _, m := range e.metrics {
		if m.compare != nil {
			e.compared[m] = newComparer(m, e)
		} else {
			e.groups[m] = newGroups(m, e)
		}
	}
	return e, nil
}

// eachField calls f with the fields that the metric depends on.
func (m *metric) eachField(f func(field)) {
	eachField(m.source, f)
	eachExprField(m.arg, f)
	for _, by := range m.by {
		f(by)
	}
	if m.compare != nil { // depends on all attributes
		f(field{})
	}
}

// collect fills the groups of every metric: from the store's columns what
// those can answer exactly, all others in one pass over whole traces. It does so
// for one slice of the window after the other, the newest first.
func (e *metricsEngine) collect() error {
	var runs []func(storage.Window) error
	var fromTraces []*metric
	for _, m := range e.metrics {
		if run, ok := e.plan(m); ok {
			runs = append(runs, run)
		} else {
			fromTraces = append(fromTraces, m)
		}
	}
	if len(fromTraces) > 0 {
		runs = append(runs, e.newTraceScan(fromTraces).run)
	}
	var cancel context.CancelFunc
	e.until, cancel = e.meter.bounded(e.ctx)
	defer cancel()
	for slice := range e.steps.slices(e) {
		for _, run := range runs {
			if err := run(slice); err != nil && !e.meter.ended(e.ctx, err) {
				return err
			}
		}
		cut := e.meter.stats.Partial != ""
		if !cut || slice.ToNs == e.o.Window.ToNs { // what is left of a later slice would look whole
			e.from = e.cell(slice.FromNs)
		}
		if cut || slice.FromNs == e.o.Window.FromNs || e.meter.over() {
			break
		}
		if err := e.steps.handOut(e, slice.FromNs); err != nil {
			return err
		}
	}
	return nil
}

// plan returns what answers a metric in a slice of the window without reading
// traces, if that is possible.
func (e *metricsEngine) plan(m *metric) (run func(storage.Window) error, ok bool) {
	if m.compare != nil {
		p, ok := e.planCompare(m)
		return func(slice storage.Window) error { return p.run(e.compared[m], slice) }, ok
	}
	p, ok := e.planAggregation(m)
	return func(slice storage.Window) error { return p.run(e.groups[m], slice) }, ok
}

func (e *metricsEngine) cell(startNs int64) int {
	return int((uint64(startNs) - uint64(e.o.Window.FromNs)) / uint64(e.o.StepNs))
}

// startOf is where a cell begins.
func (e *metricsEngine) startOf(cell int) int64 { return e.o.Window.FromNs + int64(cell)*e.o.StepNs }

// secondsOf is the length of a cell; the last one may be short.
func (e *metricsEngine) secondsOf(cell int) float64 {
	from := e.startOf(cell)
	return float64(min(e.o.StepNs, e.o.Window.ToNs-from)) / 1e9
}

// eval computes series from what was collected.
func (e *metricsEngine) eval(x series) ([]Series, error) {
	switch x := x.(type) {
	case *metric:
		if c := e.compared[x]; c != nil {
			return c.series(), nil
		}
		return e.groups[x].series()
	case *rank:
		list, err := e.eval(x.x)
		if err == nil {
			keepRanked(list, x.k, x.bottom)
		}
		return withPoints(list), err
	case *threshold:
		list, err := e.eval(x.x)
		if err == nil {
			keepThreshold(list, x.op, x.value)
		}
		return withPoints(list), err
	case *seriesOp:
		return e.evalOp(x)
	}
	return nil, nil
}

// limit orders the series and keeps the largest, after those of which points
// were handed out already.
func (e *metricsEngine) limit(list []Series) []Series {
	if most := e.o.MaxSeries; len(list) > most {
		shown := "the %d largest"
		if e.steps.sentAny() {
			shown = "%d"
		}
		why := fmt.Sprintf("there are %d series, "+shown+" are shown", len(list), most)
		if e.meter.stats.Partial != "" {
			why = e.meter.stats.Partial + "; " + why
		}
		e.meter.stats.Partial = why
		slices.SortStableFunc(list, func(a, b Series) int {
			return cmp.Or(e.steps.compareSent(a, b), compareFloats(total(b.Values), total(a.Values)))
		})
		list = list[:most]
	}
	sortSeries(list)
	return list
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += math.Abs(v)
		}
	}
	return sum
}
