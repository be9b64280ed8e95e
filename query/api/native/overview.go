package native

import (
	"net/http"
	"strconv"

	"github.com/heddle-io/heddle/query/facet"
	"github.com/heddle-io/heddle/storage"
)

type overviewAnswer struct {
	Spans   uint64       `json:"spans"`
	Errors  uint64       `json:"errors"`
	Facets  []facetJSON  `json:"facets"`
	Heatmap *heatmapJSON `json:"heatmap,omitempty"`
	Partial string       `json:"partial,omitempty"`
	Stats   statsJSON    `json:"stats"`
}

type facetJSON struct {
	Key       keyJSON      `json:"key"`
	Values    []facetValue `json:"values"`
	Other     uint64       `json:"otherSpans"`
	Absent    uint64       `json:"absentSpans"`
	Distinct  int          `json:"distinct"`
	Truncated bool         `json:"truncated,omitempty"`
}

type facetValue struct {
	typedValue
	Spans      uint64 `json:"spans"`
	Errors     uint64 `json:"errors"`
	ErrorShare number `json:"errorShare"`
}

type heatmapJSON struct {
	Start   string   `json:"startUnixNano"`
	StepNs  int64    `json:"stepNs"`
	Columns int      `json:"columns"`
	Bounds  []int64  `json:"lowerBoundsNs"`
	Spans   []uint32 `json:"spans"`
	Errors  []uint32 `json:"errors"`
}

func (a *api) overview(r *http.Request) (overviewAnswer, error) {
	q := r.URL.Query()
	search, err := a.requestSearch(r)
	if err != nil {
		return overviewAnswer{}, err
	}
	query := facet.Query{Window: search.Window}
	query.Keys, err = keyParams("facet", q["facet"], facet.MaxKeys, storage.KeyService, storage.KeyName, storage.KeyKind, storage.KeyStatus)
	if err != nil {
		return overviewAnswer{}, err
	}
	if query.Values, err = intParam(q, "values", 10, 1, facet.MaxValues); err != nil {
		return overviewAnswer{}, err
	}
	if query.Columns, err = intParam(q, "columns", 100, 0, facet.MaxColumns); err != nil {
		return overviewAnswer{}, err
	}
	if query.Rows, err = intParam(q, "rows", 40, 2, facet.MaxRows); err != nil {
		return overviewAnswer{}, err
	}
	res, err := facet.Compute(r.Context(), query, search)
	if err != nil {
		return overviewAnswer{}, err
	}
	out := overviewAnswer{
		Spans: res.Spans, Errors: res.Errors, Facets: make([]facetJSON, len(res.Facets)),
		Partial: search.Stats.Partial, Stats: newStats(search.Stats),
	}
	for i, f := range res.Facets {
		out.Facets[i] = newFacet(f)
	}
	if h := res.Heatmap; h != nil {
		out.Heatmap = &heatmapJSON{strconv.FormatInt(h.StartNs, 10), h.StepNs, h.Columns, h.BoundsNs, h.Spans, h.Errors}
	}
	return out, nil
}

func newFacet(f facet.Facet) facetJSON {
	out := facetJSON{
		Key: newKeyJSON(f.Key), Values: make([]facetValue, len(f.Values)),
		Other: f.Other.Spans, Absent: f.Absent.Spans, Distinct: f.Distinct, Truncated: f.Truncated,
	}
	for i, v := range f.Values {
		out.Values[i] = facetValue{newTypedValue(f.Key, v.Value), v.Spans, v.Errors, errorShare(v.Errors, v.Spans)}
	}
	return out
}
