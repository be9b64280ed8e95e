package trace

import (
	"encoding/binary"

	"github.com/heddle-io/heddle/storage"
)

// idIndex finds the nodes that have a span id, in ascending order.
type idIndex struct {
	first map[uint64]int32
	next  []int32 // node -> next node with the same id, -1 at the end
}

func newIDIndex(n int, id func(node int32) storage.SpanID) idIndex {
	x := idIndex{first: make(map[uint64]int32, n), next: make([]int32, n)}
	for node := int32(n) - 1; node >= 0; node-- {
		key := idKey(id(node))
		next, ok := x.first[key]
		if !ok {
			next = -1
		}
		x.next[node], x.first[key] = next, node
	}
	return x
}

// head returns the first node with the id, -1 when there is none.
func (x idIndex) head(id storage.SpanID) int32 {
	if node, ok := x.first[idKey(id)]; ok {
		return node
	}
	return -1
}

func idKey(id storage.SpanID) uint64 { return binary.BigEndian.Uint64(id[:]) }
