package native

import (
	"math"
	"net/http"
	"time"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

type usualAnswer struct {
	Service    string `json:"service"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	DurationNs int64  `json:"durationNs"`
	Spans      uint64 `json:"spans"`
	Shorter    uint64 `json:"shorterSpans"`
	// Percentile is the share of the spans that are shorter, in percent.
	Percentile number `json:"percentile"`
	Errors     uint64 `json:"errors"`
	ErrorShare number `json:"errorShare"`
	MeanNs     number `json:"meanNs"`
	MinNs      number `json:"minNs"`
	MaxNs      number `json:"maxNs"`
	durationsJSON
	Histogram *histogramJSON `json:"histogram,omitempty"`
}

// usual tells how long a span took against others of its service, operation
// and kind.
func (a *api) usual(r *http.Request) (usualAnswer, error) {
	id, err := storage.ParseSpanID(r.PathValue("spanId"))
	if err != nil {
		return usualAnswer{}, badRequest("%v", err)
	}
	t, err := a.getTrace(r)
	if err != nil {
		return usualAnswer{}, err
	}
	row := -1
	for _, candidate := range t.Rows {
		if t.Spans.SpanIDs[candidate] == id {
			row = int(candidate)
			break
		}
	}
	if row < 0 {
		return usualAnswer{}, notFound("trace %s has no span %s", t.ID, id)
	}
	window, err := a.usualWindow(r, t.Spans.StartsNs[row])
	if err != nil {
		return usualAnswer{}, err
	}
	kind := int64(t.Spans.Kinds[row])
	out := usualAnswer{Service: t.Spans.Service(row), Name: t.Spans.Name(row), Kind: enumName(kindNames, t.Spans.Kinds[row]), DurationNs: t.Spans.DurationsNs[row]}
	alike := storage.And{
		storage.Compare{Key: storage.KeyName, Op: storage.Equal, Value: storage.String(out.Name)},
		storage.Compare{Key: storage.KeyKind, Op: storage.Equal, Value: storage.Int(kind)},
		ofService(t.Spans, row),
	}
	search, err := a.searchFor(r.Context(), selection.Selection{Where: alike}, window)
	if err != nil {
		return usualAnswer{}, err
	}
	res, err := red.Rates(r.Context(), search, red.Query{})
	if err != nil {
		return usualAnswer{}, err
	}
	shorter, err := a.spans.Aggregate(r.Context(), storage.Aggregation{
		Window: window, Where: append(alike, storage.Compare{Key: storage.KeyDuration, Op: storage.Less, Value: storage.Int(out.DurationNs)}),
	})
	if err != nil {
		return usualAnswer{}, err
	}
	var total red.Cell
	if len(res.Groups) > 0 {
		total = res.Groups[0].Total()
	}
	if len(shorter) > 0 {
		out.Shorter = min(shorter[0].Cells[0].Count, total.Spans) // spans arrive between the questions
	}
	spans := float64(total.Spans) // 0 of 0 is NaN, which is null
	out.Spans, out.Errors, out.ErrorShare = total.Spans, total.Errors, errorShare(total.Errors, total.Spans)
	out.Percentile, out.MeanNs = number(100*float64(out.Shorter)/spans), number(total.SumNs/spans)
	out.MinNs, out.MaxNs = number(math.NaN()), number(math.NaN())
	if total.Spans > 0 {
		out.MinNs, out.MaxNs = number(total.MinNs), number(total.MaxNs)
	}
	out.durationsJSON, out.Histogram = cellDurations(&total), newHistogram(total.Durations)
	return out, nil
}

// usualWindow is from an hour before the span to a quarter of an hour after
// it, unless the request says otherwise.
func (a *api) usualWindow(r *http.Request, startNs int64) (storage.Window, error) {
	q := r.URL.Query()
	if q.Has("start") || q.Has("end") {
		return windowParam(q)
	}
	w := storage.Window{FromNs: startNs - int64(time.Hour), ToNs: startNs + int64(15*time.Minute)}
	if w.ToNs < startNs { // the end of time
		w.ToNs = math.MaxInt64
	}
	return w, nil
}

// ofService is true of the spans of the service of a span, which may have none.
func ofService(s *storage.Spans, row int) storage.Predicate {
	v, err := trace.FirstValue(s, row, storage.KeyService)
	if err != nil || v.Type() == storage.TypeAbsent {
		return storage.Not{Of: storage.Exists{Key: storage.KeyService}}
	}
	return trace.ServiceIs(v.Text())
}
