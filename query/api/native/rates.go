package native

import (
	"math"
	"net/http"
	"strconv"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/storage"
)

type ratesAnswer struct {
	Start   string      `json:"startUnixNano"`
	StepNs  int64       `json:"stepNs"`
	Groups  []groupJSON `json:"groups"`
	Source  string      `json:"source"`
	Partial string      `json:"partial,omitempty"`
	Stats   statsJSON   `json:"stats"`
}

type groupJSON struct {
	By         []groupValue `json:"by"`
	Spans      uint64       `json:"spans"`
	Errors     uint64       `json:"errors"`
	ErrorShare number       `json:"errorShare"`
	PerSecond  number       `json:"perSecond"`
	MeanNs     number       `json:"meanNs"`
	MinNs      number       `json:"minNs"`
	MaxNs      number       `json:"maxNs"`
	durationsJSON
	Cells     *cellsJSON     `json:"cells,omitempty"`
	Exemplars []exemplarJSON `json:"exemplars,omitempty"`
}

type groupValue struct {
	Key keyJSON `json:"key"`
	typedValue
}

// cellsJSON has one entry per step in every list.
type cellsJSON struct {
	Spans  []uint64 `json:"spans"`
	Errors []uint64 `json:"errors"`
	P50    []number `json:"p50Ns"`
	P90    []number `json:"p90Ns"`
	P99    []number `json:"p99Ns"`
}

// source says where an answer comes from.
func source(scanned bool) string {
	if scanned {
		return "scan"
	}
	return "store"
}

func (a *api) rates(r *http.Request) (ratesAnswer, error) {
	q := r.URL.Query()
	search, err := a.requestSearch(r)
	if err != nil {
		return ratesAnswer{}, err
	}
	var query red.Query
	if query.By, err = keyParams("by", q["by"], red.MaxBy, storage.KeyService); err != nil {
		return ratesAnswer{}, err
	}
	if query.Exemplars, err = intParam(q, "exemplars", 0, 0, red.MaxExemplars); err != nil {
		return ratesAnswer{}, err
	}
	if query.MaxGroups, err = intParam(q, "groups", 1000, 1, 10_000); err != nil {
		return ratesAnswer{}, err
	}
	step, stepped, err := durationParam(q, "step")
	if err != nil {
		return ratesAnswer{}, err
	}
	if stepped && step <= 0 {
		return ratesAnswer{}, badRequest("step %v: must be positive", step)
	}
	query.StepNs = int64(step)
	res, err := red.Rates(r.Context(), search, query)
	if err != nil {
		return ratesAnswer{}, err
	}
	out := ratesAnswer{
		Start: strconv.FormatInt(res.FirstNs, 10), StepNs: res.StepNs, Groups: make([]groupJSON, len(res.Groups)),
		Source: source(res.Scanned), Partial: search.Stats.Partial, Stats: newStats(search.Stats),
	}
	for i := range res.Groups {
		out.Groups[i] = newGroup(&res.Groups[i], query.By, search.Window, stepped)
	}
	return out, nil
}

func newGroup(g *red.Group, by []storage.Key, w storage.Window, stepped bool) groupJSON {
	total := g.Total()
	out := groupJSON{
		By: make([]groupValue, len(by)), Spans: total.Spans, Errors: total.Errors, ErrorShare: errorShare(total.Errors, total.Spans),
		PerSecond: perSecond(total.Spans, w), MeanNs: number(total.SumNs / float64(total.Spans)), MinNs: number(total.MinNs), MaxNs: number(total.MaxNs),
		durationsJSON: cellDurations(&total), Exemplars: newExemplars(g.Exemplars),
	}
	for i, key := range by {
		out.By[i] = groupValue{newKeyJSON(key), newTypedValue(key, g.Values[i])}
	}
	if !stepped {
		return out
	}
	out.Cells = &cellsJSON{Spans: []uint64{}, Errors: []uint64{}}
	for i := range g.Cells {
		c := &g.Cells[i]
		d := cellDurations(c)
		out.Cells.Spans, out.Cells.Errors = append(out.Cells.Spans, c.Spans), append(out.Cells.Errors, c.Errors)
		out.Cells.P50, out.Cells.P90, out.Cells.P99 = append(out.Cells.P50, d.P50), append(out.Cells.P90, d.P90), append(out.Cells.P99, d.P99)
	}
	return out
}

type graphAnswer struct {
	Nodes   []nodeJSON `json:"nodes"`
	Edges   []edgeJSON `json:"edges"`
	Source  string     `json:"source"`
	Partial string     `json:"partial,omitempty"`
	Stats   statsJSON  `json:"stats"`
}

type nodeJSON struct {
	Name         string `json:"name"`
	Kind         string `json:"kind"`
	Spans        uint64 `json:"spans"`
	Errors       uint64 `json:"errors"`
	Served       uint64 `json:"served"`
	ServedErrors uint64 `json:"servedErrors"`
	PerSecond    number `json:"servedPerSecond"`
	durationsJSON
}

type edgeJSON struct {
	Caller     int    `json:"caller"`
	Callee     int    `json:"callee"`
	Calls      uint64 `json:"calls"`
	Errors     uint64 `json:"errors"`
	ErrorShare number `json:"errorShare"`
	PerSecond  number `json:"perSecond"`
	ClientOnly uint64 `json:"clientOnly,omitempty"`
	MeanNs     number `json:"meanNs"`
	durationsJSON
	Histogram *histogramJSON `json:"histogram,omitempty"`
	Exemplars []exemplarJSON `json:"exemplars,omitempty"`
}

func (a *api) graph(r *http.Request) (graphAnswer, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return graphAnswer{}, err
	}
	by, err := keyParams("by", q["by"], 1, storage.KeyService)
	if err != nil {
		return graphAnswer{}, err
	}
	query := red.GraphQuery{Window: window, By: by[0], MaxDuration: a.timeFor(r.Context()), Cache: a.opts.Graphs}
	switch nodes := q.Get("nodes"); nodes {
	case "", "all":
	case "services":
		query.ServicesOnly = true
	default:
		return graphAnswer{}, badRequest("nodes %q: must be all or services", clip(nodes))
	}
	chosen, err := selectionParams(q)
	if err != nil {
		return graphAnswer{}, err
	}
	if chosen.Where != nil || chosen.Query != nil {
		if query.Of, err = a.searchFor(r.Context(), chosen, window); err != nil {
			return graphAnswer{}, err
		}
	}
	g, err := red.DependencyGraph(r.Context(), a.spans, query)
	if err != nil {
		return graphAnswer{}, err
	}
	out := graphAnswer{
		Nodes: make([]nodeJSON, len(g.Nodes)), Edges: make([]edgeJSON, len(g.Edges)),
		Source: source(g.Scanned > 0), Partial: g.Partial, Stats: statsJSON{Scanned: g.Scanned},
	}
	if query.Of != nil {
		out.Stats = newStats(query.Of.Stats)
	}
	for i, n := range g.Nodes {
		out.Nodes[i] = nodeJSON{
			n.Name, n.Kind.String(), n.Spans, n.Errors, n.Served.Spans, n.Served.Errors, perSecond(n.Served.Spans, window), cellDurations(&n.Served),
		}
	}
	for i, e := range g.Edges {
		mean := number(math.NaN())
		if e.Latency.Spans > 0 {
			mean = number(e.Latency.SumNs / float64(e.Latency.Spans))
		}
		out.Edges[i] = edgeJSON{
			e.Caller, e.Callee, e.Calls, e.Errors, errorShare(e.Errors, e.Calls), perSecond(e.Calls, window), e.ClientOnly, mean,
			cellDurations(&e.Latency), newHistogram(e.Latency.Durations), newExemplars(e.Exemplars),
		}
	}
	return out, nil
}
