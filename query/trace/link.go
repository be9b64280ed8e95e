package trace

// flagSharedAndConflicts looks at the spans that still share an id after
// folding: a calling and a called kind are the two halves of a shared span,
// equal kinds are a conflict.
func (b *builder) flagSharedAndConflicts() {
	for node := range int32(len(b.rows)) {
		if b.ids.next[node] < 0 || b.ids.head(b.spanID(node)) != node {
			continue
		}
		var ofKind [3]int // by kindRank
		for n := node; n >= 0; n = b.ids.next[n] {
			ofKind[kindRank(b.kind(n))]++
		}
		for n := node; n >= 0; n = b.ids.next[n] {
			rank := kindRank(b.kind(n))
			if ofKind[rank] > 1 || ofKind[1] > 0 {
				b.flags[n] |= Conflict
			}
			if rank != 1 && ofKind[2-rank] > 0 {
				b.flags[n] |= SharedID
			}
		}
	}
}

// linkParents finds the parent of every node.
func (b *builder) linkParents() {
	b.parents = make([]int32, len(b.rows))
	for node := range int32(len(b.rows)) {
		b.parents[node] = b.parentOf(node)
		if b.parents[node] < 0 && b.flags[node]&Root == 0 && b.flags[node]&Cycle == 0 {
			b.flags[node] |= Orphan
		}
		if b.parents[node] >= 0 {
			// The server half of a shared root names no parent either, but it
			// is not where the trace begins.
			b.flags[node] &^= Root
		}
	}
}

func (b *builder) parentOf(node int32) int32 {
	if b.flags[node]&SharedID != 0 && kindRank(b.kind(node)) == 2 {
		if client := b.closest(b.ids.head(b.spanID(node)), node, func(n int32) bool { return kindRank(b.kind(n)) == 0 }); client >= 0 {
			return client
		}
	}
	parent := b.parentID(node)
	if parent.IsEmpty() {
		return -1
	}
	if parent == b.spanID(node) {
		b.flags[node] |= Cycle
		return -1
	}
	head := b.ids.head(parent)
	if head < 0 || b.ids.next[head] < 0 {
		return head
	}
	return b.closest(head, node, func(int32) bool { return true })
}

// maxCandidates bounds the choice among spans that share one id, so that a
// client that gives every span the same id costs linear time.
const maxCandidates = 64

// closest chooses among the nodes with one id the likeliest parent of child:
// the one that ran in the child's service, else on its host, else the
// innermost that contains it in time, else the one nearest in time. -1 when no
// node is eligible.
func (b *builder) closest(head, child int32, eligible func(int32) bool) int32 {
	best, bestScore, bestDistance := int32(-1), -1, int64(0)
	seen := 0
	for n := head; n >= 0 && seen < maxCandidates; n = b.ids.next[n] {
		seen++
		if n == child || !eligible(n) {
			continue
		}
		score := 0
		contains := b.startNs(n) <= b.startNs(child) && b.endNs(child) <= b.endNs(n)
		if b.service(n) == b.service(child) {
			score += 4
		} else if b.host(n) == b.host(child) {
			score += 2
		}
		if contains {
			score++
		}
		// Of two that contain the child, the innermost starts last; of two
		// that do not, the nearer is likelier.
		distance := b.startNs(child) - b.startNs(n)
		if distance < 0 {
			distance = -distance
		}
		if score > bestScore || score == bestScore && b.closer(n, best, distance, bestDistance) {
			best, bestScore, bestDistance = n, score, distance
		}
	}
	return best
}

// closer breaks a tie: the smaller distance, then the called side, which is
// where the work below a shared span happens.
func (b *builder) closer(n, best int32, distance, bestDistance int64) bool {
	if distance != bestDistance {
		return distance < bestDistance
	}
	return kindRank(b.kind(n)) > kindRank(b.kind(best))
}

// cutCycles cuts one parent link of every loop, at its earliest span. It walks
// up from every node once: nodes are marked with the walk that saw them first.
func (b *builder) cutCycles() {
	walk := make([]int32, len(b.rows)) // 0: not seen
	for start := range int32(len(b.rows)) {
		mark := start + 1
		n := start
		for n >= 0 && walk[n] == 0 {
			walk[n] = mark
			n = b.parents[n]
		}
		if n < 0 || walk[n] != mark {
			continue
		}
		first := n // nodes are in time order: the smallest is the earliest
		for m := b.parents[n]; m != n; m = b.parents[m] {
			first = min(first, m)
		}
		b.parents[first] = -1
		b.flags[first] |= Cycle
	}
}
