package red

// spanTable finds the latest span with a key. It holds four bytes a slot; the
// keys are in the spans. The zero table is empty.
type spanTable struct {
	slots []int32 // index of a span + 1, 0: free
	used  int
}

// makeRoom sizes an empty table for n keys.
func (t *spanTable) makeRoom(n int) {
	size := 1024
	for 2*size < 3*n {
		size *= 2
	}
	t.slots = make([]int32, size)
}

// find returns the slot of a key, and the span there, -1 when there is none.
func (t *spanTable) find(spans []joinSpan, key uint64) (slot int, span int32) {
	if len(t.slots) == 0 {
		t.slots = make([]int32, 1024)
	}
	mask := len(t.slots) - 1 // a power of two, less one
	for slot = int(key>>16) & mask; ; slot = (slot + 1) & mask {
		at := t.slots[slot] - 1
		if at < 0 || spans[at].key == key {
			return slot, at
		}
	}
}

// set puts a span in the slot that find gave.
func (t *spanTable) set(slot int, span int32, isNew bool) {
	t.slots[slot] = span + 1
	if isNew {
		t.used++
	}
}

// grow keeps a third of the slots free.
func (t *spanTable) grow(spans []joinSpan) {
	if 3*t.used < 2*len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]int32, 2*len(old))
	for _, at := range old {
		if at > 0 {
			slot, _ := t.find(spans, spans[at-1].key)
			t.slots[slot] = at
		}
	}
}
