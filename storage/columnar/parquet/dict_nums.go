package parquet

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

// numDict makes the dictionary of a chunk of numbers, entries in order of
// first use. Its hash table is never cleared: slots are of this chunk when
// their stamp is.
type numDict struct {
	slots   []numSlot
	stamp   uint32
	entries []uint64
}

type numSlot struct {
	key         uint64
	code, stamp uint32
}

// codes sets dst to the codes of nums; false when there are more than limit
// distinct ones.
func (t *numDict) codes(dst []uint32, nums []uint64, limit int) bool {
	t.begin(limit)
	if len(nums) == 0 {
		return true
	}
	slots, stamp := t.slots, t.stamp
	shift := 64 - uint(bits.TrailingZeros(uint(len(slots))))
	last, lastCode := ^nums[0], uint32(0)
	for i, v := range nums {
		if v == last {
			dst[i] = lastCode
			continue
		}
		at := v * 0x9e3779b97f4a7c15 >> shift
		for slots[at].stamp == stamp && slots[at].key != v {
			at = (at + 1) & uint64(len(slots)-1)
		}
		s := &slots[at]
		if s.stamp != stamp {
			if len(t.entries) == limit {
				return false
			}
			*s = numSlot{v, uint32(len(t.entries)), stamp}
			t.entries = append(t.entries, v)
		}
		last, lastCode = v, s.code
		dst[i] = lastCode
	}
	return true
}

func (t *numDict) begin(limit int) {
	size := 64
	for size < 2*limit {
		size *= 2
	}
	if len(t.slots) < size {
		t.slots = make([]numSlot, size)
	}
	t.stamp++
	if t.stamp == 0 {
		clear(t.slots)
		t.stamp = 1
	}
	t.entries = t.entries[:0]
}

// fixedDict makes the dictionary of a chunk of Fixed values.
type fixedDict struct {
	slots   []uint64 // stamp, code
	stamp   uint32
	seed    maphash.Seed
	entries []byte
}

// codes sets dst to the codes of the values; false when there are more than
// limit distinct ones.
func (t *fixedDict) codes(dst []uint32, values []byte, length, limit int) bool {
	t.begin(limit)
	mask := uint64(len(t.slots) - 1)
	for i := range dst {
		v := values[i*length : (i+1)*length]
		if i > 0 && bytes.Equal(v, values[(i-1)*length:i*length]) {
			dst[i] = dst[i-1]
			continue
		}
		at := maphash.Bytes(t.seed, v) & mask
		code := -1
		for ; t.slots[at]>>32 == uint64(t.stamp); at = (at + 1) & mask {
			if c := int(uint32(t.slots[at])); bytes.Equal(t.entries[c*length:(c+1)*length], v) {
				code = c
				break
			}
		}
		if code < 0 {
			if code = len(t.entries) / length; code == limit {
				return false
			}
			t.slots[at] = uint64(t.stamp)<<32 | uint64(code)
			t.entries = append(t.entries, v...)
		}
		dst[i] = uint32(code)
	}
	return true
}

func (t *fixedDict) begin(limit int) {
	if t.stamp == 0 {
		t.seed = maphash.MakeSeed()
	}
	size := 64
	for size < 2*limit {
		size *= 2
	}
	if len(t.slots) < size {
		t.slots = make([]uint64, size)
	}
	t.stamp++
	if t.stamp == 0 {
		clear(t.slots)
		t.stamp = 1
	}
	t.entries = t.entries[:0]
}
