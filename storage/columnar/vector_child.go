package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// childVector has for every span the values of its events or links under one
// key. A span satisfies a condition when one of them does; its own value is
// the first that there is.
type childVector struct {
	of    *children
	inner vector // over the children's rows
}

func (v *childVector) filter(sel bitmap, c *condition) {
	in := newBitmap(len(v.of.owner))
	for i, owner := range v.of.owner {
		if sel.has(int(owner)) {
			in.set(i)
		}
	}
	v.inner.filter(in, c)
	clear(sel)
	for _, i := range in.rows() {
		sel.set(int(v.of.owner[i]))
	}
}

func (v *childVector) gather(rows []uint32, out *gathered) {
	v.gatherEach(rows, out)
	types, bits := out.types, out.bits
	out.types, out.bits = make([]storage.Type, len(rows)), make([]uint64, len(rows))
	from := 0
	for i, row := range rows {
		first, to := v.of.of(row)
		for j := from; j < from+to-first; j++ {
			if types[j] != storage.TypeAbsent {
				out.types[i], out.bits[i] = types[j], bits[j]
				break
			}
		}
		from += to - first
	}
}

// gatherEach gathers the values of all children of the rows, not only the
// first of each, and tells whose they are.
func (v *childVector) gatherEach(rows []uint32, out *gathered) (owners []uint32) {
	var inner []uint32
	for _, row := range rows {
		from, to := v.of.of(row)
		for i := from; i < to; i++ {
			inner, owners = append(inner, uint32(i)), append(owners, row)
		}
	}
	v.inner.gather(inner, out)
	return owners
}

// childGatherer is a vector over children that can tell all their values, as
// childVector can.
type childGatherer interface {
	gatherEach(rows []uint32, out *gathered) (owners []uint32)
}

// lateChildVector is a childVector that is made when it is used.
type lateChildVector struct{ lateVector }

func (v *lateChildVector) gatherEach(rows []uint32, out *gathered) []uint32 {
	return v.get().(childGatherer).gatherEach(rows, out)
}

// lateVector is a vector that is made when it is used: that needs much reading,
// and often other conditions leave nothing to look for.
type lateVector struct {
	make  func() vector
	made  vector
	inner estimator // of what it depends on, or nil
	bytes float64   // to be read beyond that
}

func (v *lateVector) get() vector {
	if v.made == nil {
		v.made = v.make()
	}
	return v.made
}

func (v *lateVector) filter(sel bitmap, c *condition) {
	if !sel.empty() {
		v.get().filter(sel, c)
	}
}

func (v *lateVector) gather(rows []uint32, out *gathered) { v.get().gather(rows, out) }
