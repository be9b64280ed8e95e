package traceql

// exemplars collects spans that stand for points: spread over the window, and
// over the series in each part of it.
type exemplars struct {
	slots   []int // exemplars that a part of the window still takes
	perSlot int   // cells of a part
	seen    map[[2]int32]struct{}
	list    []foundExemplar
}

type foundExemplar struct {
	Exemplar
	group, cell int
	measure     Value
}

func newExemplars(most, cells int) *exemplars {
	parts := min(most, cells)
	x := &exemplars{perSlot: (cells + parts - 1) / parts, seen: map[[2]int32]struct{}{}}
	x.slots = make([]int, (cells+x.perSlot-1)/x.perSlot)
	for i := range x.slots {
		x.slots[i] = most / len(x.slots)
	}
	return x
}

// wantsAt says whether another exemplar at the cell may be taken.
func (x *exemplars) wantsAt(cell int) bool { return x.slots[cell/x.perSlot] > 0 }

// fullFrom says whether none from a cell on are taken.
func (x *exemplars) fullFrom(cell int) bool {
	for _, left := range x.slots[cell/x.perSlot:] {
		if left > 0 {
			return false
		}
	}
	return true
}

// add takes the exemplar if there is none of its group in its part.
func (x *exemplars) add(group, cell int, measure Value, e Exemplar) {
	slot := cell / x.perSlot
	key := [2]int32{int32(group), int32(slot)}
	if _, ok := x.seen[key]; ok || x.slots[slot] == 0 {
		return
	}
	x.seen[key] = struct{}{}
	x.list = append(x.list, foundExemplar{e, group, cell, measure})
	x.slots[slot]--
}
