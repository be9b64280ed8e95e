package jaeger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// The metrics of Jaeger's Monitor tab, which Jaeger itself reads from a
// Prometheus that a span metrics connector feeds. Here they are computed from
// the stored spans, exactly: a point at t covers the spans that start in
// [t-ratePer, t). Durations are in milliseconds, as the UI expects.

// minStep answers GET /api/metrics/minstep: one millisecond.
func (h *Handler) minStep(w http.ResponseWriter, r *http.Request) {
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '1')
	p.closeData(0, nil)
}

// latencies answers GET /api/metrics/latencies.
func (h *Handler) latencies(w http.ResponseWriter, r *http.Request) {
	quantile, err := strconv.ParseFloat(r.URL.Query().Get("quantile"), 64)
	if err != nil {
		writeError(w, http.StatusBadRequest, paramError("quantile", err))
		return
	}
	if !(0 <= quantile && quantile <= 1) { // nor is NaN
		writeError(w, http.StatusBadRequest, paramError("quantile", errors.New("must be from 0 to 1")))
		return
	}
	f := family{
		name: "service_latencies", help: fmt.Sprintf("%.2fth quantile latency, grouped by service", quantile),
		measure: storage.KeyDuration,
		points: func(s *series, q metricsParams) []float64 {
			values := make([]float64, q.points())
			q.slideHistograms(s.all, func(i int, histogram *storage.ExpHistogram) {
				values[i] = histogram.Quantile(quantile) / float64(time.Millisecond)
			})
			return values
		},
	}
	h.metrics(w, r, f)
}

// calls answers GET /api/metrics/calls with calls a second.
func (h *Handler) calls(w http.ResponseWriter, r *http.Request) {
	h.metrics(w, r, family{
		name: "service_call_rate", help: "calls/sec, grouped by service",
		points: func(s *series, q metricsParams) []float64 {
			values := q.slideCounts(s.all)
			for i := range values {
				values[i] /= time.Duration(q.ratePer).Seconds()
			}
			return values
		},
	})
}

// errorRates answers GET /api/metrics/errors with the share of calls that
// failed (those that are shown with error=true), NaN where there were none.
func (h *Handler) errorRates(w http.ResponseWriter, r *http.Request) {
	h.metrics(w, r, family{
		name: "service_error_rate", help: "error rate, computed as a fraction of errors/sec over calls/sec, grouped by service",
		byFailure: true,
		points: func(s *series, q metricsParams) []float64 {
			values, calls := q.slideCounts(s.failed), q.slideCounts(s.all)
			for i := range values {
				if calls[i] == 0 {
					values[i] = math.NaN()
				} else {
					values[i] = min(values[i]/calls[i], 1) // spans arrive between the questions
				}
			}
			return values
		},
	})
}

// family describes one of the metrics.
type family struct {
	name, help string
	measure    storage.Key // of which points needs histograms; zero: counts only
	byFailure  bool        // points needs series.failed
	points     func(*series, metricsParams) []float64
}

func (h *Handler) metrics(w http.ResponseWriter, r *http.Request, f family) {
	q, err := h.parseMetrics(r.URL.Query())
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	all := q.aggregation(f)
	list := seriesList{q: q}
	err = h.aggregate(r.Context(), all, func(s *series, cells []storage.Cell) { s.all = addCells(s.all, cells) }, &list)
	if f.byFailure {
		where := all.Where
		for _, failed := range trace.IsErrorBy() {
			if err == nil {
				all.Where = storage.And{where, failed}
				err = h.aggregate(r.Context(), all, func(s *series, cells []storage.Cell) { s.failed = addCells(s.failed, cells) }, &list)
			}
		}
	}
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeFamily(newReply(w, r), f, q, list.sorted())
}

// aggregate adds the groups of an aggregation to the series that they are of.
func (h *Handler) aggregate(ctx context.Context, a storage.Aggregation, add func(*series, []storage.Cell), to *seriesList) error {
	groups, err := h.Spans.Aggregate(ctx, a)
	for _, g := range groups {
		add(to.of(g), g.Cells)
	}
	return err
}

// writeFamily writes a MetricFamily in protobuf's JSON, without envelope.
func writeFamily(p *reply, f family, q metricsParams, list []*series) {
	name, help := f.name, f.help
	if q.byOperation {
		name, help = "service_operation"+name[len("service"):], help+" & operation"
	}
	p.buf = jsontext.AppendString(append(p.buf, `{"name":`...), name)
	p.buf = jsontext.AppendString(append(p.buf, `,"type":"GAUGE","help":`...), help)
	p.buf = append(p.buf, `,"metrics":[`...)
	for i, s := range list {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = jsontext.AppendString(append(p.buf, `{"labels":[{"name":"service_name","value":`...), s.service)
		if q.byOperation {
			p.buf = jsontext.AppendString(append(p.buf, `},{"name":"operation","value":`...), s.operation)
		}
		p.buf = append(p.buf, `}],"metricPoints":[`...)
		for j, v := range f.points(s, q) {
			if j > 0 {
				p.buf = append(p.buf, ',')
			}
			p.buf = jsontext.AppendFloat(append(p.buf, `{"gaugeValue":{"doubleValue":`...), v)
			p.buf = append(p.buf, `},"timestamp":"`...)
			p.buf = appendTimestamp(p.buf, q.startNs+int64(j)*q.stepNs)
			p.buf = append(p.buf, '"', '}')
		}
		p.buf = append(p.buf, ']', '}')
		if !p.flush() {
			return
		}
	}
	p.buf = append(p.buf, ']', '}')
	p.close()
}

// appendTimestamp writes a time as protobuf's JSON does: RFC 3339 with 0, 3, 6
// or 9 digits of a second.
func appendTimestamp(b []byte, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	switch rest := t.Nanosecond(); {
	case rest == 0:
		return t.AppendFormat(b, "2006-01-02T15:04:05Z")
	case rest%1_000_000 == 0:
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	case rest%1_000 == 0:
		return t.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	}
	return t.AppendFormat(b, "2006-01-02T15:04:05.000000000Z")
}
