package tempo

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Bounds on metrics queries, those of Tempo.
const (
	maxExemplars = 100
	maxIntervals = 10_000
	defaultSince = time.Hour
	// defaultPoints is about how many points a series has without a step.
	defaultPoints = 240
)

// metricsQuery is a query for series, whichever way it was asked.
type metricsQuery struct {
	query     *traceql.Query
	window    storage.Window
	stepNs    int64 // 0 for an instant query
	exemplars int
	maxSeries int // 0: as many as package traceql returns
}

func (a *api) parseRange(q url.Values) (m metricsQuery, err error) {
	if m, err = a.parseInstant(q); err != nil {
		return m, err
	}
	step, err := stepParam(q, "step")
	if err != nil {
		return m, err
	}
	m.exemplars = maxExemplars
	if text := q.Get("exemplars"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return m, bad("invalid exemplars: %q must be a number", text)
		}
		m.exemplars = int(min(n, maxExemplars))
	}
	return m, m.align(int64(step))
}

func (a *api) parseInstant(q url.Values) (m metricsQuery, err error) {
	endNs, err := timeParam(q, "end", a.Now().UnixNano())
	if err != nil {
		return m, err
	}
	since, err := stepParam(q, "since")
	if err != nil {
		return m, err
	}
	if since == 0 {
		since = defaultSince
	}
	startNs, err := timeParam(q, "start", max(endNs-int64(since), 0))
	if err != nil {
		return m, err
	}
	return metricsOf(q.Get("q"), startNs, endNs)
}

func metricsOf(text string, startNs, endNs int64) (m metricsQuery, err error) {
	if text == "" {
		return m, bad("missing query: give one in q, such as { status = error } | rate()")
	}
	if m.query, err = parse(text); err != nil {
		return m, err
	}
	if !m.query.IsMetrics() {
		return m, bad("the query finds traces: ask for it at /api/search, or add a metrics function such as | rate()")
	}
	m.window = storage.Window{FromNs: startNs, ToNs: endNs}
	if m.window.Empty() {
		return m, bad("start must be before end: received start=%d end=%d", startNs, endNs)
	}
	return m, nil
}

// rangeOf and instantOf read requests over gRPC, where zero is absent.
func (a *api) rangeOf(r *tempopb.QueryRangeRequest) (m metricsQuery, err error) {
	startNs, endNs, err := a.spanOf(r.Start, r.End)
	if err != nil {
		return m, err
	}
	if m, err = metricsOf(r.Query, startNs, endNs); err != nil {
		return m, err
	}
	m.exemplars = maxExemplars
	if r.Exemplars > 0 {
		m.exemplars = int(min(r.Exemplars, maxExemplars))
	}
	m.maxSeries = int(min(r.MaxSeries, traceql.DefaultMaxSeries))
	if r.Step > math.MaxInt64 {
		return m, bad("invalid step: %d ns is longer than 292 years", r.Step)
	}
	return m, m.align(int64(r.Step))
}

func (a *api) instantOf(r *tempopb.QueryInstantRequest) (m metricsQuery, err error) {
	startNs, endNs, err := a.spanOf(r.Start, r.End)
	if err != nil {
		return m, err
	}
	return metricsOf(r.Query, startNs, endNs)
}

func (a *api) spanOf(start, end uint64) (startNs, endNs int64, err error) {
	if start > math.MaxInt64 || end > math.MaxInt64 {
		return 0, 0, bad("start and end must be Unix nanoseconds: received start=%d end=%d", start, end)
	}
	startNs, endNs = int64(start), int64(end)
	if endNs == 0 {
		endNs = a.Now().UnixNano()
	}
	if startNs == 0 {
		startNs = max(endNs-int64(defaultSince), 0)
	}
	return startNs, endNs, nil
}

// align sets the step, and widens the window to whole steps, counted from 1970,
// so that the same spans fall in the same step whenever a query is repeated.
func (m *metricsQuery) align(stepNs int64) error {
	length := m.window.ToNs - m.window.FromNs
	if stepNs == 0 {
		stepNs = defaultStep(length)
	}
	if n := (length-1)/stepNs + 1; n > maxIntervals {
		return bad("the range has %d steps of %v, at most are %d: use a step of %v or more, or a shorter range",
			n, time.Duration(stepNs), maxIntervals, time.Duration((length-1)/maxIntervals+1))
	}
	m.stepNs = stepNs
	if stepNs >= length {
		return nil
	}
	m.window.FromNs -= m.window.FromNs % stepNs
	if over := m.window.ToNs % stepNs; over > 0 && m.window.ToNs < math.MaxInt64-stepNs {
		m.window.ToNs += stepNs - over
	}
	return nil
}

// defaultStep gives about defaultPoints points at steps that people find round
// and, from a minute on, that are answered from whole minutes.
func defaultStep(lengthNs int64) int64 {
	step := time.Duration(lengthNs / defaultPoints)
	switch {
	case step >= time.Minute:
		step = step.Round(time.Minute)
	case step >= 5*time.Second:
		step = step.Truncate(5 * time.Second)
	default:
		step = max(step.Truncate(time.Second), time.Second)
	}
	return int64(step)
}
