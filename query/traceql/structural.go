package traceql

import "math/bits"

// related keeps in b the positions that have the relation to a position in a:
// opChild: whose parent is in a, opDescendant: below one in a, opParent: with
// a child in a, opAncestor: above one in a, opSibling: beside another in a.
// Every relation takes time linear in the trace.
func (v *view) related(op operator, a, b bitmap) {
	t := v.t
	switch op {
	case opChild:
		b.narrow(func(p int32) bool { return t.Parents[p] >= 0 && a.has(t.Parents[p]) })
	case opParent:
		parents := v.take()
		clear(parents)
		a.each(func(p int32) {
			if t.Parents[p] >= 0 {
				parents.set(t.Parents[p])
			}
		})
		for i, w := range parents {
			b[i] &= w
		}
		v.give(parents)
	case opDescendant:
		// Display order is depth first: what is below any earlier position of
		// a ends where the farthest of their subtrees ends.
		end, next := int32(0), int32(0)
		b.narrow(func(p int32) bool {
			for ; next < p; next++ {
				if next = a.next(next); next >= p {
					break
				}
				end = max(end, t.Ends[next])
			}
			return p < end
		})
	case opAncestor:
		next := int32(-1) // the first position of a behind p
		b.narrow(func(p int32) bool {
			if next <= p {
				next = a.next(p + 1)
			}
			return next < t.Ends[p]
		})
	case opSibling:
		v.siblingGroups()
		v.counts = resize(v.counts, v.groups)
		clear(v.counts)
		a.each(func(p int32) {
			if g := v.siblings[p]; g >= 0 {
				v.counts[g]++
			}
		})
		b.narrow(func(p int32) bool {
			g := v.siblings[p]
			if g < 0 {
				return false
			}
			others := v.counts[g]
			if a.has(p) {
				others--
			}
			return others > 0
		})
	}
}

// next is the first bit that is set at or after i, a large number when there
// is none.
func (b bitmap) next(i int32) int32 {
	w := int(i >> 6)
	if w >= len(b) {
		return noBit
	}
	left := b[w] >> (i & 63) << (i & 63)
	for left == 0 {
		if w++; w == len(b) {
			return noBit
		}
		left = b[w]
	}
	return int32(w<<6 + bits.TrailingZeros64(left))
}

const noBit = int32(1<<31 - 1)

// inverse is the operator with which the right side is related to the left.
func inverse(op operator) operator {
	switch op {
	case opChild:
		return opParent
	case opParent:
		return opChild
	case opDescendant:
		return opAncestor
	case opAncestor:
		return opDescendant
	}
	return op
}

// combine evaluates a structural operator into b. a is only read by plain and
// negated operators.
func (v *view) combine(op operator, m mode, a, b bitmap) {
	switch m {
	case plain:
		v.related(op, a, b)
	case negated:
		rel := v.takeCopy(b)
		v.related(op, a, rel)
		b.andNot(rel)
		v.give(rel)
	case union:
		right := v.takeCopy(b)
		v.related(op, a, right)
		v.related(inverse(op), b, a)
		copy(b, a)
		b.or(right)
		v.give(right)
	}
}
