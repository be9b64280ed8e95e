package traceql

import (
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// view is a trace under evaluation with what was computed of it so far. A
// view is reused for the next trace with reset; it is not safe for concurrent
// use.
type view struct {
	t *trace.Trace
	s *storage.Spans
	n int

	// generation changes with s: what is remembered per string or resource is
	// void then.
	generation int

	left, right []int32 // nested set numbers, empty: not computed
	children    []int32 // number of direct children, empty: not computed
	siblings    []int32 // see siblingGroups, empty: not computed
	groups      int

	root int // position that stands for the trace

	free   []bitmap // scratch
	counts []int32  // scratch
}

func (v *view) reset(t *trace.Trace) {
	if v.s != t.Spans {
		v.s = t.Spans
		v.generation++
	}
	if words64(t.Len()) != words64(v.n) {
		v.free = v.free[:0]
	}
	v.t, v.n = t, t.Len()
	v.left, v.right, v.children, v.siblings = v.left[:0], v.right[:0], v.children[:0], v.siblings[:0]
	v.root = t.First()
}

// take returns a bitmap with arbitrary content; give it back with give.
func (v *view) take() bitmap {
	if last := len(v.free) - 1; last >= 0 {
		b := v.free[last]
		v.free = v.free[:last]
		return b
	}
	return make(bitmap, words64(v.n))
}

func (v *view) takeCopy(of bitmap) bitmap {
	b := v.take()
	copy(b, of)
	return b
}

func (v *view) give(b bitmap) { v.free = append(v.free, b) }

func (v *view) row(p int32) int { return int(v.t.Rows[p]) }

// number computes the nested set: walking the trees in display order, every
// span is given a number when it is entered and one when it is left, from 1.
func (v *view) number() {
	if len(v.left) > 0 {
		return
	}
	v.left, v.right = resize(v.left, v.n), resize(v.right, v.n)
	next := int32(1)
	last := int32(-1) // the innermost span that is entered and not left
	for p := range int32(v.n) {
		for last != v.t.Parents[p] {
			v.right[last] = next
			next++
			last = v.t.Parents[last]
		}
		v.left[p] = next
		next++
		last = p
	}
	for ; last >= 0; last = v.t.Parents[last] {
		v.right[last] = next
		next++
	}
}

func (v *view) countChildren() {
	if len(v.children) > 0 {
		return
	}
	v.children = resize(v.children, v.n)
	clear(v.children)
	for _, parent := range v.t.Parents {
		if parent >= 0 {
			v.children[parent]++
		}
	}
}

// siblingGroups numbers the spans that are siblings alike: the children of one
// span by its position, orphans that name one parent by a number from n. A
// root and a span whose parent link was cut have no siblings: -1.
func (v *view) siblingGroups() {
	if len(v.siblings) > 0 {
		return
	}
	v.siblings = append(v.siblings, v.t.Parents...)
	v.groups = v.n
	if v.t.Orphans == 0 {
		return
	}
	byParent := map[storage.SpanID]int32{}
	for p := 0; p < v.n; p = int(v.t.Ends[p]) {
		if v.t.Flags[p]&trace.Orphan == 0 {
			continue
		}
		id := v.s.ParentIDs[v.t.Rows[p]]
		group, ok := byParent[id]
		if !ok {
			group = int32(v.groups)
			v.groups++
			byParent[id] = group
		}
		v.siblings[p] = group
	}
}

// resize returns a slice of length n with arbitrary content.
func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
