package columnar

import (
	"math/bits"
)

// leftOut is where a row goes that the result does not have.
const leftOut = -1

// arrangement puts the rows of some tables into a new order: row r of source s
// becomes row to[s][r], or is left out. It is how a table is sorted when it
// becomes a part, and how parts are merged; each column is moved as a whole.
type arrangement struct {
	n  int       // rows of the result
	to [][]int32 // per source and row: row of the result, or leftOut
}

// place sets out to a column that every row has, in the new order.
func place[T any](a *arrangement, out []T, column func(source int) []T) []T {
	out = resize(out, a.n)
	for s, to := range a.to {
		from := column(s)
		for row, at := range to {
			if at >= 0 {
				out[at] = from[row]
			}
		}
	}
	return out
}

// resize returns a slice of n elements of any content, in the memory of s
// where that is enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// children returns the arrangement of the children of the rows, in the order
// of their owners and for one owner in their own, and their number per owner.
func (a *arrangement) children(owners func(source int) []uint32) (of *arrangement, counts []uint32) {
	counts = make([]uint32, a.n)
	of = &arrangement{to: make([][]int32, len(a.to))}
	for s, to := range a.to {
		for _, owner := range owners(s) {
			if at := to[owner]; at >= 0 {
				counts[at]++
				of.n++
			}
		}
	}
	next := make([]int32, a.n)
	sum := int32(0)
	for i, n := range counts {
		next[i] = sum
		sum += int32(n)
	}
	for s, to := range a.to {
		list := owners(s)
		child := make([]int32, len(list))
		for i, owner := range list {
			child[i] = leftOut
			if at := to[owner]; at >= 0 {
				child[i] = next[at]
				next[at]++
			}
		}
		of.to[s] = child
	}
	return of, counts
}

// placeText is place for text: codes of a dictionary that has the text of all
// sources.
func placeText(a *arrangement, column func(source int) ([]uint32, *dict)) ([]uint32, *dict) {
	m := newDictMerger(len(a.to))
	out := make([]uint32, a.n)
	for s, to := range a.to {
		codes, d := column(s)
		translate := m.from(d)
		for row, at := range to {
			if at >= 0 {
				out[at] = translate(codes[row])
			}
		}
	}
	return out, m.dict()
}

// dictMerger makes one dictionary of those of several sources. That of a
// single source stays as it is.
type dictMerger struct {
	only  *dict // of the single source
	one   bool
	all   dictBuilder
	known []uint32 // scratch
}

func newDictMerger(sources int) *dictMerger { return &dictMerger{one: sources == 1} }

// from returns the way from the codes of d to those of the merged dictionary.
// It is good until the next call of from.
func (m *dictMerger) from(d *dict) func(code uint32) uint32 {
	if m.one {
		m.only = d
		return func(code uint32) uint32 { return code }
	}
	if d.repeated { // most codes are met once
		return func(code uint32) uint32 {
			to, _ := m.all.code(d.at(code), false)
			return to
		}
	}
	m.known = resize(m.known, d.len())
	clear(m.known)
	known := m.known
	return func(code uint32) uint32 {
		if to := known[code]; to != 0 {
			return to - 1
		}
		to, _ := m.all.code(d.at(code), false)
		known[code] = to + 1
		return to
	}
}

func (m *dictMerger) dict() *dict {
	if m.one && m.only != nil {
		return m.only
	}
	return &m.all.dict
}

// ranks counts the members of a set before each of its words.
func (b bitmap) ranks(to []uint32) []uint32 {
	to = resize(to, len(b))
	n := uint32(0)
	for i, w := range b {
		to[i] = n
		n += uint32(bits.OnesCount64(w))
	}
	return to
}

// rank is the number of members before row, of which ranks are known.
func (b bitmap) rank(ranks []uint32, row int) uint32 {
	return ranks[row>>6] + uint32(bits.OnesCount64(b[row>>6]&(1<<(row&63)-1)))
}
