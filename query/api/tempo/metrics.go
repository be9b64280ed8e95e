package tempo

import (
	"context"
	"encoding/hex"
	"math"
	"net/http"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
)

// getRange answers GET /api/metrics/query_range.
func (h *Handler) getRange(w http.ResponseWriter, r *http.Request) error {
	q, err := h.parseRange(r.URL.Query())
	if err != nil {
		return err
	}
	m, err := traceql.Range(r.Context(), h.Spans, q.query, h.rangeOptions(r.Context(), q))
	if err != nil {
		return err
	}
	return writeRange(w, wantsProtobuf(r), q, &m)
}

// writeRange writes one series at a time: an answer of millions of samples as
// messages would take many times its size.
func writeRange(w http.ResponseWriter, asProtobuf bool, q metricsQuery, m *traceql.Matrix) (err error) {
	rest, contentType := rangeJSON, typeJSON
	var b []byte
	if asProtobuf {
		rest, contentType = rangeProtobuf, typeProtobuf
	} else {
		b = append(b, `{"series":[`...)
	}
	setHeaders(w, contentType)
	for i := range m.Series {
		series := timeSeries(q, m, i)
		m.Series[i] = traceql.Series{} // its memory is free
		switch {
		case asProtobuf:
			b, err = appendField(b, fieldSeries, series)
		case i > 0:
			b, err = appendMessage(append(b, ','), series, "")
		default:
			b, err = appendMessage(b, series, "")
		}
		if err != nil {
			return err
		}
		if len(b) >= flushBytes {
			if _, err := w.Write(b); err != nil {
				return nil //nolint:nilerr // nobody is left to tell
			}
			b = b[:0]
		}
	}
	if b, err = rest(b, metricsEnd(m)); err == nil {
		_, _ = w.Write(b)
	}
	return err
}

// rangeJSON and rangeProtobuf append what follows the series of an answer.
func rangeJSON(b []byte, last *tempopb.QueryRangeResponse) ([]byte, error) {
	rest, err := appendMessage(nil, last, "")
	if err != nil {
		return nil, err
	}
	b = append(b, ']')
	if len(rest) > len("{}") {
		b = append(b, ',')
	}
	return append(b, rest[1:]...), nil
}

func rangeProtobuf(b []byte, last *tempopb.QueryRangeResponse) ([]byte, error) {
	return proto.MarshalOptions{}.MarshalAppend(b, last)
}

const fieldSeries = 1 // of tempopb.QueryRangeResponse

// appendField appends a message as a field of another.
func appendField(b []byte, field protowire.Number, m proto.Message) ([]byte, error) {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(proto.Size(m)))
	return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(b, m)
}

// getInstant answers GET /api/metrics/query.
func (h *Handler) getInstant(w http.ResponseWriter, r *http.Request) error {
	q, err := h.parseInstant(r.URL.Query())
	if err != nil {
		return err
	}
	m, err := traceql.Instant(r.Context(), h.Spans, q.query, h.rangeOptions(r.Context(), q))
	if err != nil {
		return err
	}
	return writeMessage(w, r, instantResponse(q, m), "series")
}

func instantResponse(q metricsQuery, m traceql.Matrix) *tempopb.QueryInstantResponse {
	end := metricsEnd(&m)
	answer := &tempopb.QueryInstantResponse{Metrics: end.Metrics, Status: end.Status, Message: end.Message}
	for _, s := range m.Series {
		if len(s.Values) > 0 && !math.IsNaN(s.Values[0]) {
			answer.Series = append(answer.Series, &tempopb.InstantSeries{Labels: labelsOf(q, s), Value: proto.Float64(s.Values[0])})
		}
	}
	return answer
}

func (a *api) rangeOptions(ctx context.Context, q metricsQuery) traceql.RangeOptions {
	return traceql.RangeOptions{Window: q.window, StepNs: q.stepNs, Exemplars: q.exemplars, MaxSeries: q.maxSeries, Budget: a.budget(ctx)}
}

// metricsEnd is what an answer, or a step of it, says of itself.
func metricsEnd(m *traceql.Matrix) *tempopb.QueryRangeResponse {
	end := &tempopb.QueryRangeResponse{Metrics: searchMetrics(m.Stats)}
	if !m.More {
		end.Metrics.CompletedJobs = 1
		end.Status, end.Message = statusFor(m.Stats.Partial), m.Stats.Partial
	}
	return end
}

func timeSeries(q metricsQuery, m *traceql.Matrix, i int) *tempopb.TimeSeries {
	s := m.Series[i]
	series := &tempopb.TimeSeries{Labels: labelsOf(q, s), Samples: make([]*tempopb.Sample, 0, len(s.Values))}
	for cell, v := range s.Values {
		if !math.IsNaN(v) { // there is no point
			series.Samples = append(series.Samples, &tempopb.Sample{TimestampMs: m.CellNs(cell) / int64(time.Millisecond), Value: proto.Float64(v)})
		}
	}
	for _, x := range s.Exemplars {
		series.Exemplars = append(series.Exemplars, &tempopb.Exemplar{
			Labels: []*tempopb.KeyValue{
				{Key: "trace:id", Value: textValue(hex.EncodeToString(x.TraceID[:]))},
				{Key: "span:id", Value: textValue(hex.EncodeToString(x.SpanID[:]))},
			},
			Value:       proto.Float64(x.Value),
			TimestampMs: x.TimeNs / int64(time.Millisecond),
		})
	}
	return series
}

// labelsOf are the labels of a series. One without labels is named after its
// function, or a legend would have nothing to show.
func labelsOf(q metricsQuery, s traceql.Series) []*tempopb.KeyValue {
	if len(s.Labels) == 0 {
		return []*tempopb.KeyValue{{Key: "__name__", Value: textValue(q.query.Function())}}
	}
	labels := make([]*tempopb.KeyValue, 0, len(s.Labels))
	for _, l := range s.Labels {
		labels = append(labels, &tempopb.KeyValue{Key: valid(l.Name), Value: labelValue(l.Value)})
	}
	return labels
}
