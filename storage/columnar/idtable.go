package columnar

import (
	"math/bits"

	"github.com/heddle-io/heddle/storage"
)

// idTable numbers pairs of trace and span id in the order of their coming.
type idTable struct {
	ids   []spanKey
	slots []uint32 // number+1, 0 is free; open addressing, at most half full
}

type spanKey struct {
	trace storage.TraceID
	span  storage.SpanID
}

func (x *idTable) len() int { return len(x.ids) }

// expect makes room for n pairs.
func (x *idTable) expect(n int) {
	x.ids = make([]spanKey, 0, n)
	x.slots = make([]uint32, 64<<bits.Len(uint(n)/32))
}

// put returns the number of a pair and whether it was not there before.
func (x *idTable) put(trace storage.TraceID, span storage.SpanID) (at int, fresh bool) {
	if 2*(len(x.ids)+1) > len(x.slots) {
		x.grow()
	}
	i := x.find(trace, span)
	if slot := x.slots[i]; slot != 0 {
		return int(slot - 1), false
	}
	x.ids = append(x.ids, spanKey{trace, span})
	x.slots[i] = uint32(len(x.ids))
	return len(x.ids) - 1, true
}

func (x *idTable) get(trace storage.TraceID, span storage.SpanID) (at int, ok bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	slot := x.slots[x.find(trace, span)]
	return int(slot) - 1, slot != 0
}

func (x *idTable) find(trace storage.TraceID, span storage.SpanID) int {
	mask := len(x.slots) - 1
	for i := int(hashSpan(trace, span)) & mask; ; i = (i + 1) & mask {
		slot := x.slots[i]
		if slot == 0 || x.ids[slot-1] == (spanKey{trace, span}) {
			return i
		}
	}
}

func (x *idTable) grow() {
	x.slots = make([]uint32, max(64, 2*len(x.slots)))
	for n, id := range x.ids {
		x.slots[x.find(id.trace, id.span)] = uint32(n + 1)
	}
}
