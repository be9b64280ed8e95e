package traceql

import "math"

// exemplars collects spans that stand for points: spread over the window, and
// over the series in each part of it.
type exemplars struct {
	measured bool  // only spans that have a measure stand for points
	slots    []int // exemplars that a part of the window still takes
	perSlot  int   // cells of a part
	seen     map[[2]int32]struct{}
	list     []foundExemplar
}

type foundExemplar struct {
	Exemplar
	group, cell int
	measure     Value
}

func newExemplars(most, cells int, measured bool) *exemplars {
	parts := min(most, cells)
	x := &exemplars{measured: measured, perSlot: (cells + parts - 1) / parts, seen: map[[2]int32]struct{}{}}
	x.slots = make([]int, (cells+x.perSlot-1)/x.perSlot)
	for i := range x.slots {
		x.slots[i] = most / len(x.slots)
	}
	return x
}

// wantsAt says whether another exemplar at the cell may be taken.
func (x *exemplars) wantsAt(cell int) bool { return x.slots[cell/x.perSlot] > 0 }

// has says whether there is an exemplar of a group in a slot.
func (x *exemplars) has(group, slot int) bool {
	_, ok := x.seen[[2]int32{int32(group), int32(slot)}]
	return ok
}

// add takes the exemplar if there is none of its group in its part, and says
// whether it did.
func (x *exemplars) add(group, cell int, measure Value, e Exemplar) bool {
	slot := cell / x.perSlot
	if x.has(group, slot) || x.slots[slot] == 0 {
		return false
	}
	if f, ok := measure.Number(); x.measured && (!ok || math.IsNaN(f)) {
		return false
	}
	x.seen[[2]int32{int32(group), int32(slot)}] = struct{}{}
	x.list = append(x.list, foundExemplar{e, group, cell, measure})
	x.slots[slot]--
	return true
}
