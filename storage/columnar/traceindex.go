package columnar

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/heddle-io/heddle/storage"
)

// traceIndex finds the last row of a trace; spanTable.prev leads from there to
// the others. It holds row numbers only: the ids are in the rows. It is written
// in place, so a builder's may be read only under the lock of the builder.
type traceIndex struct {
	slots []uint32 // row+1, 0 is free; open addressing, at most 3/4 full
	used  int
}

// noRow ends a chain of rows.
const noRow = ^uint32(0)

// idSeed keeps a sender from choosing ids that collide.
var idSeed = [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}

func hashTrace(id storage.TraceID) uint64 {
	return mix(binary.LittleEndian.Uint64(id[:8])^idSeed[0], binary.LittleEndian.Uint64(id[8:])^idSeed[1])
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// last returns the last row of a trace, or noRow.
func (x *traceIndex) last(ids []storage.TraceID, id storage.TraceID) uint32 {
	if len(x.slots) == 0 {
		return noRow
	}
	if slot := x.slots[x.find(ids, id)]; slot != 0 {
		return slot - 1
	}
	return noRow
}

// put makes row, which ids must already hold, the last of its trace and
// returns the one that was before, or noRow.
func (x *traceIndex) put(ids []storage.TraceID, row uint32) (before uint32) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow(ids)
	}
	i := x.find(ids, ids[row])
	before = x.slots[i] - 1 // noRow when it is free
	if before == noRow {
		x.used++
	}
	x.slots[i] = row + 1
	return before
}

// find returns the slot of a trace or the free one where it belongs.
func (x *traceIndex) find(ids []storage.TraceID, id storage.TraceID) int {
	mask := len(x.slots) - 1
	for i := int(hashTrace(id)) & mask; ; i = (i + 1) & mask {
		if slot := x.slots[i]; slot == 0 || ids[slot-1] == id {
			return i
		}
	}
}

func (x *traceIndex) grow(ids []storage.TraceID) {
	old := x.slots
	x.slots = make([]uint32, max(64, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			x.slots[x.find(ids, ids[slot-1])] = slot
		}
	}
}

func (x *traceIndex) bytes() int { return 4 * cap(x.slots) }
