package trace

// Change says how a path differs between two call trees.
type Change uint8

const (
	Same    Change = iota // in both, about as long
	Added                 // only in the second
	Removed               // only in the first
	Slower                // in both, longer in the second
	Faster                // in both, shorter in the second
)

var changeNames = [...]string{"same", "added", "removed", "slower", "faster"}

// String returns the name that heddle's APIs use.
func (c Change) String() string { return changeNames[c] }

// A path counts as slower or faster when its time per trace changed by a tenth
// of itself, and by a hundredth of the longer one of the two traces: what is
// less is noise to the person who asks why a trace took longer.
const (
	changedShareOfSelf  = 0.1
	changedShareOfTrace = 0.01
)

// DiffNode is a path that at least one of two call trees has.
type DiffNode struct {
	Parent        int32 // index into the list, -1 at the top
	Service, Name string
	A, B          *CallNode // nil where the tree does not have the path
	Change        Change
	// TimeA and TimeB are the total time of the path per trace, in ns.
	TimeA, TimeB float64
}

// Diff matches two call trees by path. Nodes stand in the order of a, a parent
// before its children, then what only b has. The result refers to a and b.
func Diff(a, b *CallTree) []DiffNode {
	type key struct {
		parent        int32
		service, name string
	}
	var nodes []DiffNode
	index := map[key]int32{}
	place := func(n *CallNode, at []int32) int32 {
		k := key{-1, n.Service, n.Name}
		if n.Parent >= 0 {
			k.parent = at[n.Parent]
		}
		i, ok := index[k]
		if !ok {
			i = int32(len(nodes))
			index[k] = i
			nodes = append(nodes, DiffNode{Parent: k.parent, Service: n.Service, Name: n.Name})
		}
		return i
	}
	inA, inB := make([]int32, len(a.Nodes)), make([]int32, len(b.Nodes))
	for i := range a.Nodes {
		inA[i] = place(&a.Nodes[i], inA)
		nodes[inA[i]].A = &a.Nodes[i]
	}
	for i := range b.Nodes {
		inB[i] = place(&b.Nodes[i], inB)
		nodes[inB[i]].B = &b.Nodes[i]
	}
	longest := max(a.topTime(), b.topTime())
	for i := range nodes {
		nodes[i].judge(a.Traces, b.Traces, longest)
	}
	return nodes
}

// topTime is the time per trace of the top level.
func (c *CallTree) topTime() (ns float64) {
	for i := range c.Nodes {
		if c.Nodes[i].Parent < 0 {
			ns += c.Nodes[i].timePerTrace(c.Traces)
		}
	}
	return ns
}

func (n *CallNode) timePerTrace(traces int) float64 {
	return float64(n.TotalNs) / float64(max(traces, 1))
}

func (d *DiffNode) judge(tracesA, tracesB int, longest float64) {
	switch {
	case d.A == nil:
		d.Change, d.TimeB = Added, d.B.timePerTrace(tracesB)
		return
	case d.B == nil:
		d.Change, d.TimeA = Removed, d.A.timePerTrace(tracesA)
		return
	}
	d.TimeA, d.TimeB = d.A.timePerTrace(tracesA), d.B.timePerTrace(tracesB)
	least := max(changedShareOfSelf*d.TimeA, changedShareOfTrace*longest)
	switch {
	case d.TimeB > d.TimeA+least:
		d.Change = Slower
	case d.TimeB < d.TimeA-least:
		d.Change = Faster
	}
}
