package trace

import "math"

// order lays the nodes out depth first, children by start, and fills the
// trace. It uses child lists in one array and an explicit stack.
func (b *builder) order() {
	n := len(b.rows)
	// Children of parent p are childList[first[p+1]:first[p+2]]; p = -1 is the
	// top level. Nodes are in time order, so are the children.
	first := make([]int32, n+3)
	for _, p := range b.parents {
		first[p+3]++
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	childList := make([]int32, n)
	for node, p := range b.parents {
		childList[first[p+2]] = int32(node)
		first[p+2]++
	}
	// Filling moved every start to its end: list p now is first[p+1]:first[p+2].
	t := b.t
	t.Rows = make([]uint32, 0, n)
	t.Parents = make([]int32, 0, n)
	t.Flags = make([]Flags, 0, n)
	t.Hosts = make([]uint32, 0, n)
	t.Ends = make([]int32, n)
	t.StartNs, t.EndNs = math.MaxInt64, math.MinInt64

	hostNumber := map[uint32]uint32{}
	position := make([]int32, n)
	stack := make([]int32, 0, 64)
	push := func(p int32) {
		children := childList[first[p+1]:first[p+2]]
		for i := len(children) - 1; i >= 0; i-- {
			stack = append(stack, children[i])
		}
	}
	push(-1)
	for len(stack) > 0 {
		node := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		position[node] = int32(len(t.Rows))
		parent := int32(-1)
		if p := b.parents[node]; p >= 0 {
			parent = position[p]
		}
		t.Rows = append(t.Rows, b.rows[node])
		t.Parents = append(t.Parents, parent)
		t.Flags = append(t.Flags, b.flags[node])
		host, ok := hostNumber[b.host(node)]
		if !ok {
			host = uint32(len(t.HostTable))
			hostNumber[b.host(node)] = host
			t.HostTable = append(t.HostTable, Host{Name: b.canon.hosts[b.host(node)]})
		}
		t.Hosts = append(t.Hosts, host)
		t.StartNs = min(t.StartNs, b.startNs(node))
		t.EndNs = max(t.EndNs, b.endNs(node), b.startNs(node))
		b.count(b.flags[node])
		push(node)
	}
	// A subtree ends where the next one at its level or above begins: after
	// the last of its descendants.
	for p := n - 1; p >= 0; p-- {
		t.Ends[p] = max(t.Ends[p], int32(p)+1)
		if parent := t.Parents[p]; parent >= 0 {
			t.Ends[parent] = max(t.Ends[parent], t.Ends[p])
		}
	}
}

func (b *builder) count(f Flags) {
	if f&Error != 0 {
		b.t.Errors++
	}
	if f&Root != 0 {
		b.t.Roots++
	}
	if f&Orphan != 0 {
		b.t.Orphans++
	}
	if f&Conflict != 0 {
		b.t.Conflicts++
	}
}
