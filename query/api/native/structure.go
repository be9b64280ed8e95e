package native

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// maxStructureTraces bounds the traces that are merged.
const maxStructureTraces = 2000

// treeJSON is a call tree: nodes, a parent before its children.
type treeJSON struct {
	Traces int            `json:"traces"`
	Spans  int            `json:"spans"`
	Folded int            `json:"foldedSpans"`
	Nodes  []treeNodeJSON `json:"nodes"`
}

type treeNodeJSON struct {
	Parent  int32  `json:"parent"`
	Service string `json:"service"`
	Name    string `json:"name"`
	pathStats
}

type pathStats struct {
	Traces  int   `json:"traces"`
	Spans   int   `json:"spans"`
	Errors  int   `json:"errors"`
	TotalNs int64 `json:"totalNs"`
	SelfNs  int64 `json:"selfNs"`
	MinNs   int64 `json:"minNs"`
	MaxNs   int64 `json:"maxNs"`
	durationsJSON
}

func newTree(c *trace.CallTree) treeJSON {
	out := treeJSON{c.Traces, c.Spans, c.Folded, make([]treeNodeJSON, len(c.Nodes))}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		out.Nodes[i] = treeNodeJSON{n.Parent, n.Service, n.Name, newPathStats(n)}
	}
	return out
}

func newPathStats(n *trace.CallNode) pathStats {
	return pathStats{n.Traces, n.Spans, n.Errors, n.TotalNs, n.SelfNs, n.MinNs, n.MaxNs, newDurations(&n.Durations, float64(n.MinNs), float64(n.MaxNs))}
}

func nodesParam(q url.Values) (int, error) {
	return intParam(q, "nodes", 2000, 1, trace.DefaultCallTreeNodes)
}

func (a *api) flame(r *http.Request) (treeJSON, error) {
	nodes, err := nodesParam(r.URL.Query())
	if err != nil {
		return treeJSON{}, err
	}
	t, err := a.getTrace(r)
	if err != nil {
		return treeJSON{}, err
	}
	tree := trace.NewCallTree(nodes)
	tree.Add(t)
	return newTree(tree), nil
}

type structureAnswer struct {
	treeJSON
	More    bool      `json:"more"`
	Partial string    `json:"partial,omitempty"`
	Stats   statsJSON `json:"stats"`
}

func (a *api) structure(r *http.Request) (structureAnswer, error) {
	q := r.URL.Query()
	nodes, err := nodesParam(q)
	if err != nil {
		return structureAnswer{}, err
	}
	limit, err := intParam(q, "limit", 100, 1, maxStructureTraces)
	if err != nil {
		return structureAnswer{}, err
	}
	search, err := a.requestSearch(r)
	if err != nil {
		return structureAnswer{}, err
	}
	tree, more, err := merge(r.Context(), search, limit, nodes)
	if err != nil {
		return structureAnswer{}, err
	}
	return structureAnswer{newTree(tree), more, search.Stats.Partial, newStats(search.Stats)}, nil
}

// merge adds up the newest traces of a search.
func merge(ctx context.Context, s *selection.Search, limit, nodes int) (tree *trace.CallTree, more bool, err error) {
	tree = trace.NewCallTree(nodes)
	for m, err := range s.Newest(ctx, nil, limit+1) {
		if err != nil {
			return nil, false, err
		}
		if tree.Traces == limit {
			return tree, true, nil
		}
		tree.Add(m.Trace)
	}
	return tree, false, nil
}

type diffAnswer struct {
	A       diffSide   `json:"a"`
	B       diffSide   `json:"b"`
	Nodes   []diffNode `json:"nodes"`
	Partial string     `json:"partial,omitempty"`
}

type diffSide struct {
	TraceID string `json:"traceId,omitempty"`
	Traces  int    `json:"traces"`
	Spans   int    `json:"spans"`
	Folded  int    `json:"foldedSpans"`
	More    bool   `json:"more,omitempty"`
}

type diffNode struct {
	Parent  int32      `json:"parent"`
	Service string     `json:"service"`
	Name    string     `json:"name"`
	Change  string     `json:"change"`
	TimeA   number     `json:"timePerTraceANs"`
	TimeB   number     `json:"timePerTraceBNs"`
	A       *pathStats `json:"a,omitempty"`
	B       *pathStats `json:"b,omitempty"`
}

// diff compares two traces, or the newest traces of two queries.
func (a *api) diff(r *http.Request) (diffAnswer, error) {
	q := r.URL.Query()
	nodes, err := nodesParam(q)
	if err != nil {
		return diffAnswer{}, err
	}
	limit, err := intParam(q, "limit", 100, 1, maxStructureTraces)
	if err != nil {
		return diffAnswer{}, err
	}
	window, err := windowParam(q)
	if err != nil {
		return diffAnswer{}, err
	}
	var out diffAnswer
	side := func(name string, into *diffSide) (*trace.CallTree, error) {
		tree, partial, err := a.diffSide(r, name, window, limit, nodes, into)
		out.Partial = cmp.Or(out.Partial, partial)
		return tree, err
	}
	first, err := side("a", &out.A)
	if err != nil {
		return diffAnswer{}, err
	}
	second, err := side("b", &out.B)
	if err != nil {
		return diffAnswer{}, err
	}
	list := trace.Diff(first, second)
	out.Nodes = make([]diffNode, len(list))
	for i, d := range list {
		n := diffNode{Parent: d.Parent, Service: d.Service, Name: d.Name, Change: d.Change.String(), TimeA: number(d.TimeA), TimeB: number(d.TimeB)}
		if d.A != nil {
			stats := newPathStats(d.A)
			n.A = &stats
		}
		if d.B != nil {
			stats := newPathStats(d.B)
			n.B = &stats
		}
		out.Nodes[i] = n
	}
	return out, nil
}

// diffSide reads the trace that the parameter names, or the newest traces of
// the query under the parameter's name after a q.
func (a *api) diffSide(r *http.Request, name string, w storage.Window, limit, nodes int, into *diffSide) (tree *trace.CallTree, partial string, err error) {
	q := r.URL.Query()
	query, err := queryParam(q, "q"+name)
	switch {
	case err != nil:
		return nil, "", err
	case (query == nil) == (q.Get(name) == ""):
		return nil, "", badRequest("%s: give either a trace id as %s or a TraceQL query as q%s", name, name, name)
	case query == nil:
		t, err := a.traceNamed(r, q.Get(name))
		if err != nil {
			return nil, "", err
		}
		tree = trace.NewCallTree(nodes)
		tree.Add(t)
		into.TraceID = t.ID.String()
	default:
		search, err := a.searchFor(r.Context(), selection.Selection{Query: query}, w)
		if err != nil {
			return nil, "", err
		}
		if tree, into.More, err = merge(r.Context(), search, limit, nodes); err != nil {
			return nil, "", err
		}
		partial = search.Stats.Partial
	}
	into.Traces, into.Spans, into.Folded = tree.Traces, tree.Spans, tree.Folded
	return tree, partial, nil
}
