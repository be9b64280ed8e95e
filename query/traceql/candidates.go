package traceql

import (
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// candidate is a trace that may match, and from when its newest match is at
// the latest.
type candidate struct {
	id      storage.TraceID
	boundNs int64
}

// compareCandidates orders by time, the newest first, then by id.
func compareCandidates(a, b candidate) int {
	switch {
	case a.boundNs > b.boundNs:
		return -1
	case a.boundNs < b.boundNs:
		return 1
	}
	return slices.Compare(a.id[:], b.id[:])
}

// candidates is a heap with the newest on top.
type candidates []candidate

func (c candidates) Len() int           { return len(c) }
func (c candidates) Less(i, j int) bool { return compareCandidates(c[i], c[j]) < 0 }
func (c candidates) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)        { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}
