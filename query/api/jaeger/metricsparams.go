package jaeger

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/storage"
)

const (
	defaultMetricsLookback = time.Hour
	defaultMetricsStep     = 5 * time.Second
	defaultMetricsRatePer  = 10 * time.Minute
)

// maxCells is the most cells that storage.Aggregation allows.
const maxCells = 11_000

// metricsParams are the parameters of the metrics routes: a point every step
// from start to end, each over the ratePer before it. Cells divide both step
// and ratePer, so that every point covers whole cells.
type metricsParams struct {
	services       []string
	kinds          []int64
	byOperation    bool
	startNs, endNs int64
	stepNs         int64
	ratePer        int64
	cellNs         int64
}

func (h *Handler) parseMetrics(query url.Values) (metricsParams, error) {
	var q metricsParams
	var err error
	if q.services = query["service"]; len(q.services) == 0 {
		return q, paramError("service", errors.New("please provide at least one service name"))
	}
	if q.byOperation, err = boolParam(query, "groupByOperation"); err != nil {
		return q, err
	}
	q.kinds = []int64{kindServer}
	if names, ok := query["spanKind"]; ok {
		q.kinds = nil
		for _, name := range names {
			kind, ok := parseKind(name)
			if !ok {
				return q, paramError("spanKind", fmt.Errorf("unsupported span kind: '%s'", name))
			}
			q.kinds = append(q.kinds, kind)
		}
	}
	if q.endNs, err = h.endTs(query); err != nil {
		return q, err
	}
	lookback, err := millisParam(query, "lookback", defaultMetricsLookback)
	if err != nil {
		return q, err
	}
	if q.stepNs, err = millisParam(query, "step", defaultMetricsStep); err != nil {
		return q, err
	}
	if q.ratePer, err = millisParam(query, "ratePer", defaultMetricsRatePer); err != nil {
		return q, err
	}
	return q, q.divide(lookback)
}

var errNotPositive = errors.New("must be a positive number of milliseconds")

// divide sets the start and the cells, or says why that cannot be.
func (q *metricsParams) divide(lookback int64) error {
	switch {
	case lookback < 0:
		return paramError("lookback", errors.New("must not be negative"))
	case q.stepNs <= 0:
		return paramError("step", errNotPositive)
	case q.ratePer <= 0:
		return paramError("ratePer", errNotPositive)
	}
	q.startNs = addNs(q.endNs, -lookback)
	q.cellNs = gcd(q.stepNs, q.ratePer)
	cells := lookback/q.cellNs + q.ratePer/q.cellNs
	if cells < 0 || cells > maxCells {
		return fmt.Errorf("the window divides into %d cells of %v, the most is %d: choose a larger step, or a ratePer that is a multiple of it",
			cells, time.Duration(q.cellNs), maxCells)
	}
	if addNs(q.startNs, -q.ratePer) == math.MinInt64 {
		return paramError("endTs", errors.New("out of range"))
	}
	return nil
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// points is the number of points.
func (q *metricsParams) points() int { return int((q.endNs-q.startNs)/q.stepNs) + 1 }

// aggregation covers every point's cells, and no further cell: the last one
// ends with the last point.
func (q *metricsParams) aggregation(f family) storage.Aggregation {
	services, kinds := storage.Or{}, storage.Or{}
	for _, name := range q.services {
		services = append(services, filter.ServiceIs(name))
	}
	for _, kind := range q.kinds {
		kinds = append(kinds, equalInt(storage.KeyKind, kind))
	}
	by := []storage.Key{storage.KeyService}
	if q.byOperation {
		by = append(by, storage.KeyName)
	}
	last := q.startNs + int64(q.points()-1)*q.stepNs
	return storage.Aggregation{
		Window: storage.Window{FromNs: q.startNs - q.ratePer, ToNs: last},
		Where:  storage.And{services, kinds}, By: by,
		StepNs: q.cellNs, Measure: f.measure, Histogram: f.measure != storage.Key{},
	}
}
