package trace

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// DefaultCallTreeNodes bounds a CallTree.
const DefaultCallTreeNodes = 5000

// CallTree merges traces by path: spans whose ancestors have the same services
// and operations, level by level, are one node. Of one trace it is what a
// flame graph draws, of many their structure. It is not safe for concurrent
// use.
type CallTree struct {
	// Nodes are in the order in which they were first met; a parent stands
	// before its children.
	Nodes  []CallNode
	Traces int // that were added
	Spans  int // all of them
	// Folded counts the spans for which there was no room; they count for none of
	// the Nodes.
	Folded int

	maxNodes int
	index    map[callKey]int32
	services intern32
	names    intern32
}

// CallNode is one path of a CallTree. Durations that are negative count as 0.
type CallNode struct {
	Parent        int32 // index into Nodes, -1 at the top
	Service, Name string
	Traces        int // that have the path
	Spans, Errors int
	TotalNs       int64 // sum of the durations; concurrent spans count each
	// SelfNs is the part of TotalNs during which no child was running. Children
	// are cut to their parents and corrected for clock skew.
	SelfNs       int64
	MinNs, MaxNs int64
	Durations    storage.ExpHistogram // ns

	lastTrace int
}

type callKey struct {
	parent        int32
	service, name uint32
}

// NewCallTree makes a tree of at most maxNodes nodes, 0: DefaultCallTreeNodes.
func NewCallTree(maxNodes int) *CallTree {
	return &CallTree{
		maxNodes: cmp.Or(max(maxNodes, 0), DefaultCallTreeNodes), index: map[callKey]int32{},
		services: intern32{}, names: intern32{},
	}
}

// intern32 numbers text.
type intern32 map[string]uint32

func (m intern32) number(text string) uint32 {
	n, ok := m[text]
	if !ok {
		n = uint32(len(m))
		m[text] = n
	}
	return n
}

// Add merges a trace in. Once there is no room for another node, spans on
// paths that are not in the tree yet are counted in Folded, with all below
// them.
func (c *CallTree) Add(t *Trace) {
	c.Traces++
	c.Spans += t.Len()
	self := t.SelfNs()
	nodeOf := make([]int32, t.Len())
	services, names := map[uint32]uint32{}, map[uint32]uint32{}
	for p, row := range t.Rows {
		parent := int32(-1)
		if q := t.Parents[p]; q >= 0 {
			if parent = nodeOf[q]; parent == noNode {
				nodeOf[p] = noNode
				c.Folded++
				continue
			}
		}
		service, ok := services[t.Spans.Resources[row]]
		if !ok {
			service = c.services.number(t.Spans.Service(int(row)))
			services[t.Spans.Resources[row]] = service
		}
		name, ok := names[t.Spans.Names[row]]
		if !ok {
			name = c.names.number(t.Spans.Name(int(row)))
			names[t.Spans.Names[row]] = name
		}
		n := c.node(callKey{parent, service, name}, t, int(row))
		if nodeOf[p] = n; n == noNode {
			c.Folded++
			continue
		}
		c.Nodes[n].count(max(t.Spans.DurationsNs[row], 0), self[p], t.Flags[p]&Error != 0, c.Traces)
	}
}

const noNode = -2

func (c *CallTree) node(key callKey, t *Trace, row int) int32 {
	n, ok := c.index[key]
	if ok {
		return n
	}
	if len(c.Nodes) >= c.maxNodes {
		return noNode
	}
	n = int32(len(c.Nodes))
	c.index[key] = n
	c.Nodes = append(c.Nodes, CallNode{Parent: key.parent, Service: t.Spans.Service(row), Name: t.Spans.Name(row)})
	return n
}

func (n *CallNode) count(durationNs, selfNs int64, failed bool, trace int) {
	if n.lastTrace != trace {
		n.lastTrace = trace
		n.Traces++
	}
	if n.Spans == 0 || durationNs < n.MinNs {
		n.MinNs = durationNs
	}
	n.MaxNs = max(n.MaxNs, durationNs)
	n.Spans++
	n.TotalNs += durationNs
	n.SelfNs += selfNs
	if failed {
		n.Errors++
	}
	n.Durations.Observe(float64(durationNs))
}

// SelfNs returns for every position the time during which the span ran and
// none of its children did, corrected for clock skew; never negative.
func (t *Trace) SelfNs() []int64 {
	self := make([]int64, t.Len())
	type interval struct{ from, to int64 }
	var children []interval
	for p := range t.Rows {
		from, to := t.correctedStart(p), t.correctedEnd(p)
		children = children[:0]
		sorted := true
		for c := int32(p) + 1; c < t.Ends[p]; c = t.Ends[c] {
			i := interval{max(t.correctedStart(int(c)), from), min(t.correctedEnd(int(c)), to)}
			if i.from >= i.to {
				continue
			}
			sorted = sorted && (len(children) == 0 || children[len(children)-1].from <= i.from)
			children = append(children, i)
		}
		if !sorted { // skew moved hosts against each other
			slices.SortFunc(children, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
		}
		at := from
		for _, c := range children {
			if c.from > at {
				self[p] += c.from - at
			}
			at = max(at, c.to)
		}
		self[p] += max(to-at, 0)
	}
	return self
}
