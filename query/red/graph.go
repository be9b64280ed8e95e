package red

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/storage"
)

// GraphQuery says which graph.
type GraphQuery struct {
	Window storage.Window
	// By is the attribute whose values are the services of the graph; zero:
	// storage.KeyService.
	By storage.Key
	// ServicesOnly leaves out what is known from callers only, durations and
	// exemplars of edges, so that the store can answer from what it has counted.
	ServicesOnly bool
	// Of narrows the graph to the traces that have a selected span. All their
	// spans count, also outside of the window. nil: all spans of the window.
	// Copies of a span count once.
	Of          *selection.Search
	MaxDuration time.Duration // 0: no limit
	Cache       *GraphCache   // of the same store; nil: none. It makes no difference to the answer.
}

// Graph says who called whom.
type Graph struct {
	Nodes   []Node // ordered by kind, then name
	Edges   []Edge // ordered by caller, then callee
	Scanned int    // spans read, now or for the cache; 0 where the store had counted
	// Partial says why calls may be missing, "" when none are.
	Partial string
}

// Node is a caller or callee.
type Node struct {
	Name          string
	Kind          Kind
	Spans, Errors uint64 // its own; of a node that sends none, the calls to it
	// Served are the spans that answer others: servers and consumers; for a node
	// that sends no spans, the calls to it as its callers saw them.
	Served Cell
}

// Edge counts calls from one node to another.
//
// Between services it is what storage.SpanReader.Edges defines: one call for
// each span whose parent is of another service, failed when that span did, by
// its status or by its attribute error=true as proxies say it. A call to anything else is a client or producer span without such a
// child. A message goes over two edges when its topic is known: from its
// producer to the topic and from there to its consumer.
type Edge struct {
	Caller, Callee int // indices into Nodes
	Calls, Errors  uint64
	// Latency has the durations of the calling spans where they are clients or
	// producers, else of the called ones; empty with ServicesOnly.
	Latency Cell
	// ClientOnly are further calls of which only the client's span is stored; it
	// names a service that sends spans, so the call was sampled away, or lost.
	ClientOnly uint64
	Exemplars  []Exemplar // calling spans where there are any, else called ones
}

// DependencyGraph finds who called whom in the window. A call belongs to the
// window in which the called span starts, where there is none the calling one.
func DependencyGraph(ctx context.Context, r storage.SpanReader, q GraphQuery) (Graph, error) {
	if q.By == (storage.Key{}) {
		q.By = storage.KeyService
	}
	if q.ServicesOnly && q.By == storage.KeyService && q.Of == nil {
		return countedGraph(ctx, r, q.Window)
	}
	return scannedGraph(ctx, r, q)
}

// nodeKey is what nodes are told apart by.
type nodeKey struct {
	kind Kind
	name string
}

// drawing is a graph being made.
type drawing struct {
	nodes  []Node
	byKey  map[nodeKey]int
	edges  []*edgeInMaking
	byEnds map[[2]int]*edgeInMaking
}

type edgeInMaking struct {
	Edge
	picked picker
}

const edgeExemplars = 3

func newDrawing() *drawing {
	return &drawing{byKey: map[nodeKey]int{}, byEnds: map[[2]int]*edgeInMaking{}}
}

func (d *drawing) node(kind Kind, name string) int {
	i, ok := d.byKey[nodeKey{kind, name}]
	if !ok {
		i = len(d.nodes)
		d.byKey[nodeKey{kind, name}] = i
		d.nodes = append(d.nodes, Node{Name: name, Kind: kind})
	}
	return i
}

func (d *drawing) edge(caller, callee int) *edgeInMaking {
	e := d.byEnds[[2]int{caller, callee}]
	if e == nil {
		e = &edgeInMaking{Edge: Edge{Caller: caller, Callee: callee}, picked: picker{most: edgeExemplars}}
		d.byEnds[[2]int{caller, callee}] = e
		d.edges = append(d.edges, e)
	}
	return e
}

func (e *edgeInMaking) call(x Exemplar) {
	e.Calls++
	if x.Error {
		e.Errors++
	}
	e.Latency.observe(x.DurationNs, x.Error)
	e.picked.offer(x)
}

// add adds the calls of another edge; see tally.merge.
func (e *edgeInMaking) add(o *edgeInMaking, firstTable uint32) {
	e.Calls, e.Errors = e.Calls+o.Calls, e.Errors+o.Errors
	e.Latency.add(&o.Latency)
	for _, list := range [][]Exemplar{o.picked.failed, o.picked.fine} {
		for _, x := range list {
			x.ref.Table += firstTable
			e.picked.offer(x)
		}
	}
}

// graph orders nodes and edges.
func (d *drawing) graph() Graph {
	order := make([]int, len(d.nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(d.nodes[a].Kind, d.nodes[b].Kind), cmp.Compare(d.nodes[a].Name, d.nodes[b].Name))
	})
	g := Graph{Nodes: make([]Node, len(order)), Edges: make([]Edge, len(d.edges))}
	place := make([]int, len(order))
	for to, from := range order {
		g.Nodes[to], place[from] = d.nodes[from], to
	}
	for i, e := range d.edges {
		g.Edges[i] = e.Edge
		g.Edges[i].Caller, g.Edges[i].Callee = place[e.Caller], place[e.Callee]
		g.Edges[i].Exemplars = e.picked.exemplars()
	}
	slices.SortFunc(g.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return g
}

// countedGraph asks the store for what it has counted.
func countedGraph(ctx context.Context, r storage.SpanReader, w storage.Window) (Graph, error) {
	edges, err := r.Edges(ctx, w)
	if err != nil {
		return Graph{}, fmt.Errorf("red: edges between services: %w", err)
	}
	d := newDrawing()
	by := []storage.Key{storage.KeyService, storage.KeyKind}
	all, err := r.Aggregate(ctx, storage.Aggregation{Window: w, By: by, Measure: storage.KeyDuration, Histogram: true})
	if err != nil {
		return Graph{}, err
	}
	failed, err := failures(ctx, r.Aggregate, storage.Aggregation{Window: w, By: by})
	if err != nil {
		return Graph{}, err
	}
	for _, g := range all {
		n, c := &d.nodes[d.node(Service, g.Values[0].Text())], g.Cells[0]
		n.Spans += c.Count
		if serves(uint8(g.Values[1].Int())) {
			n.Served.add(&Cell{Spans: c.Count, SumNs: c.Sum, MinNs: c.Min, MaxNs: c.Max, Durations: c.Histogram})
		}
	}
	for _, g := range failed {
		n := &d.nodes[d.node(Service, g.Values[0].Text())]
		n.Errors = min(n.Errors+g.Cells[0].Count, n.Spans) // spans arrive between the questions
		if serves(uint8(g.Values[1].Int())) {
			n.Served.Errors = min(n.Served.Errors+g.Cells[0].Count, n.Served.Spans)
		}
	}
	for _, e := range edges {
		to := d.edge(d.node(Service, e.Caller), d.node(Service, e.Callee))
		to.Calls, to.Errors = e.Calls, e.Errors
	}
	return d.graph(), nil
}

// OTLP SpanKind values.
const (
	kindServer   = 2
	kindClient   = 3
	kindProducer = 4
	kindConsumer = 5

	statusError = 2
)

func serves(kind uint8) bool { return kind == kindServer || kind == kindConsumer }
func calls(kind uint8) bool  { return kind == kindClient || kind == kindProducer }
