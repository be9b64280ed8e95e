package native

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/heddle-io/heddle/query/facet"
	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/storage"
)

type compareAnswer struct {
	Selection setJSON          `json:"selection"`
	Baseline  setJSON          `json:"baseline"`
	Keys      []differenceJSON `json:"keys"`
	Compared  int              `json:"comparedKeys"`
	Notes     []string         `json:"notes,omitempty"`
	Partial   string           `json:"partial,omitempty"`
	Stats     statsJSON        `json:"stats"`
}

type setJSON struct {
	Spans  uint64 `json:"spans"`
	Errors uint64 `json:"errors"`
}

type differenceJSON struct {
	Key       keyJSON           `json:"key"`
	Score     number            `json:"score"`
	Values    []valueDifference `json:"values"`
	Distinct  int               `json:"distinct"`
	Truncated bool              `json:"truncated,omitempty"`
}

type valueDifference struct {
	typedValue
	Selection      uint64 `json:"selectionSpans"`
	Baseline       uint64 `json:"baselineSpans"`
	SelectionShare number `json:"selectionShare"`
	BaselineShare  number `json:"baselineShare"`
	Score          number `json:"score"`
}

// compare tells by which attribute values the spans of one query differ from
// those of another, or from all others that the common conditions leave.
func (a *api) compare(r *http.Request) (compareAnswer, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return compareAnswer{}, err
	}
	common, err := selectionParams(q)
	if err != nil {
		return compareAnswer{}, err
	}
	if common.Query != nil {
		return compareAnswer{}, badRequest("q: say with selection and baseline which spans to compare; service, tag and the like hold for both")
	}
	query := facet.CompareQuery{}
	if query.Most, err = intParam(q, "limit", 20, 1, facet.MaxCompareKeys); err != nil {
		return compareAnswer{}, err
	}
	if query.Values, err = intParam(q, "values", 8, 1, 50); err != nil {
		return compareAnswer{}, err
	}
	chosen, rest := common, common
	if chosen.Query, err = queryParam(q, "selection"); err != nil {
		return compareAnswer{}, err
	}
	if chosen.Query == nil {
		return compareAnswer{}, badRequest("selection: is required: a TraceQL query that selects the spans to explain")
	}
	if rest.Query, err = queryParam(q, "baseline"); err != nil {
		return compareAnswer{}, err
	}
	during, before, err := compareStretches(q, window)
	if err != nil {
		return compareAnswer{}, err
	}
	if rest.Query == nil {
		// All others: either those that are left when the selection is taken out, or
		// all of another time.
		switch query.BaselineIncludes = before.FromNs <= during.FromNs && during.ToNs <= before.ToNs; {
		case query.BaselineIncludes:
		case before.FromNs < during.ToNs && during.FromNs < before.ToNs:
			return compareAnswer{}, badRequest("baselineStart and baselineEnd: must contain the selection's time or be apart from it, or say with baseline which spans to compare with")
		}
	}
	var notes []string
	if query.Keys, err = keyParams("key", q["key"], facet.MaxCompareKeys); err != nil {
		return compareAnswer{}, err
	}
	if query.Keys == nil {
		if query.Keys, notes, err = a.comparable(r.Context(), window); err != nil {
			return compareAnswer{}, err
		}
	}
	ours, err := a.searchFor(r.Context(), chosen, during)
	if err != nil {
		return compareAnswer{}, err
	}
	theirs, err := a.searchFor(r.Context(), rest, before)
	if err != nil {
		return compareAnswer{}, err
	}
	c, err := facet.Compare(r.Context(), query, &selection.Pair{First: ours, Second: theirs, Within: query.BaselineIncludes})
	if err != nil {
		return compareAnswer{}, err
	}
	out := compareAnswer{
		Selection: setJSON(c.Selection), Baseline: setJSON(c.Baseline), Keys: make([]differenceJSON, len(c.Keys)),
		Compared: len(query.Keys), Notes: notes, Partial: cmp.Or(ours.Stats.Partial, theirs.Stats.Partial),
		Stats: newStats(selection.Stats{
			Scanned: ours.Stats.Scanned + theirs.Stats.Scanned, Traces: ours.Stats.Traces + theirs.Stats.Traces, Spans: ours.Stats.Spans + theirs.Stats.Spans,
		}),
	}
	for i, d := range c.Keys {
		out.Keys[i] = newDifference(d)
	}
	return out, nil
}

// compareStretches reads the parts of the window in which the spans of the two
// sets start.
func compareStretches(q url.Values, w storage.Window) (selection, baseline storage.Window, err error) {
	if selection, err = stretchParam(q, "selection", w); err != nil {
		return selection, baseline, err
	}
	baseline, err = stretchParam(q, "baseline", w)
	return selection, baseline, err
}

func stretchParam(q url.Values, name string, w storage.Window) (s storage.Window, err error) {
	if s.FromNs, err = timeParam(q, name+"Start", w.FromNs); err != nil {
		return s, err
	}
	if s.ToNs, err = timeParam(q, name+"End", w.ToNs); err != nil {
		return s, err
	}
	if s.FromNs, s.ToNs = max(s.FromNs, w.FromNs), min(s.ToNs, w.ToNs); s.Empty() {
		return s, badRequest("%sStart and %sEnd: no part of the window from %d to %d is between them", name, name, w.FromNs, w.ToNs)
	}
	return s, nil
}

func newDifference(d facet.Difference) differenceJSON {
	out := differenceJSON{Key: newKeyJSON(d.Key), Score: number(d.Score), Values: make([]valueDifference, len(d.Values)), Distinct: d.Distinct, Truncated: d.Truncated}
	for i, v := range d.Values {
		out.Values[i] = valueDifference{
			newTypedValue(d.Key, v.Value), v.Selection, v.Baseline, number(v.SelectionShare), number(v.BaselineShare), number(v.Score),
		}
	}
	return out
}

// comparable lists the keys that a comparison looks at when none are named:
// what every span has, then attributes of resources and spans, those with most
// values first.
func (a *api) comparable(ctx context.Context, w storage.Window) (keys []storage.Key, notes []string, err error) {
	infos, err := a.spans.Keys(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	infos = slices.DeleteFunc(infos, func(k storage.KeyInfo) bool {
		return k.Key.Scope != storage.ScopeResource && k.Key.Scope != storage.ScopeSpan
	})
	slices.SortFunc(infos, func(x, y storage.KeyInfo) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Key.Scope, y.Key.Scope), cmp.Compare(x.Key.Name, y.Key.Name))
	})
	const most = 150
	if len(infos) > most {
		notes = append(notes, "Only the "+strconv.Itoa(most)+" attributes with most values are compared; name others with key.")
		infos = infos[:most]
	}
	keys = []storage.Key{storage.KeyName, storage.KeyKind, storage.KeyStatus, storage.KeyStatusMessage}
	for _, info := range infos {
		keys = append(keys, info.Key)
	}
	return keys, notes, nil
}
