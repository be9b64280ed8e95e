package columnar

import (
	"encoding/binary"
	"math/bits"

	"github.com/heddle-io/heddle/storage"
)

// idTable finds the spans of one trace at a time by their id.
type idTable struct {
	slots []idSlot // a power of two, at most half of them taken; open addressing
	stamp uint32   // of the trace
	shift int
}

type idSlot struct {
	stamp uint32 // another one: free
	row   int32
}

// reset makes the table empty, with room for n ids.
func (t *idTable) reset(n int) {
	t.stamp++
	if 2*n > len(t.slots) || t.stamp == 0 {
		size := max(1024, 1<<bits.Len(uint(2*n)))
		t.slots, t.stamp = make([]idSlot, size), 1
		t.shift = 64 - bits.TrailingZeros(uint(size))
	}
}

// find returns the slot of an id, and the row there, -1 when there is none.
// spans are the ids by row.
func (t *idTable) find(spans []storage.SpanID, id storage.SpanID) (slot *idSlot, row int32) {
	mask := uint64(len(t.slots) - 1)
	for at := mix(binary.LittleEndian.Uint64(id[:])^idSeed[0], idSeed[1]) >> t.shift; ; at++ {
		s := &t.slots[at&mask]
		if s.stamp != t.stamp {
			return s, -1
		}
		if spans[s.row] == id {
			return s, s.row
		}
	}
}

// add adds a row; twins gets it in the ring of an id that is there already, and
// is made for n rows when the first of these comes.
func (t *idTable) add(spans []storage.SpanID, row int32, twins []int32) []int32 {
	slot, first := t.find(spans, spans[row])
	if first < 0 {
		*slot = idSlot{t.stamp, row}
		return twins
	}
	if twins == nil {
		twins = make([]int32, len(spans))
		for i := range twins {
			twins[i] = int32(i)
		}
	}
	twins[row], twins[first] = twins[first], row
	return twins
}
