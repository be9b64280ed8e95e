package columnar

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// dict is the text of a column: entry i is text[ends[i-1]:ends[i]]. Both
// slices only grow, so a copy of the struct is a snapshot. One byte slice and
// no strings: the garbage collector sees two pointers a column.
type dict struct {
	text     []byte
	ends     []uint32
	repeated bool // an entry may have the content of another
}

func (d *dict) len() int { return len(d.ends) }

// at returns entry i. The string shares the dictionary's memory, which is
// never written to again.
func (d *dict) at(i uint32) string {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return unsafe.String(unsafe.SliceData(d.text[from:]), int(d.ends[i]-from))
}

func (d *dict) bytes() int { return cap(d.text) + 4*cap(d.ends) }

// dictBuilder interns text. Its hash table of codes is dropped once most
// values turn out to be new: ids that hardly repeat then cost their text, an
// offset and a code, and no table.
type dictBuilder struct {
	dict
	slots []uint32 // code+1, 0 is free; open addressing, at most 3/4 full
	plain bool     // no table any more
	last  uint32   // code of the last value
	asked int      // values looked up
}

var textSeed = maphash.MakeSeed()

const (
	firstSlots   = 16
	plainFrom    = 4096 // entries below which a table is always worth it
	plainPercent = 70   // share of new values above which it is not
)

// code returns the code of s, which is copied when it is new. Invalid UTF-8
// in new text is replaced when repair is set, and told.
func (b *dictBuilder) code(s string, repair bool) (code uint32, repaired bool) {
	b.asked++
	if len(b.ends) > 0 && b.at(b.last) == s {
		return b.last, false
	}
	if !b.plain {
		if code, ok := b.find(s); ok {
			b.last = code
			return code, false
		}
	}
	// Only text that is not there yet needs the check: what is there passed it.
	if repair && !utf8.ValidString(s) {
		b.asked--
		code, _ := b.code(strings.ToValidUTF8(s, "\uFFFD"), false)
		return code, true
	}
	b.last = b.add(s)
	return b.last, false
}

func (b *dictBuilder) find(s string) (uint32, bool) {
	if len(b.slots) == 0 {
		return 0, false
	}
	mask := uint32(len(b.slots) - 1)
	for i := uint32(maphash.String(textSeed, s)) & mask; ; i = (i + 1) & mask {
		slot := b.slots[i]
		if slot == 0 {
			return 0, false
		}
		if b.at(slot-1) == s {
			return slot - 1, true
		}
	}
}

func (b *dictBuilder) add(s string) uint32 {
	b.text = append(b.text, s...)
	b.ends = append(b.ends, uint32(len(b.text)))
	code := uint32(len(b.ends) - 1)
	if b.plain {
		return code
	}
	if 4*len(b.ends) > 3*len(b.slots) {
		b.grow()
	} else {
		b.place(code, s)
	}
	return code
}

func (b *dictBuilder) grow() {
	if len(b.ends) >= plainFrom && 100*len(b.ends) > plainPercent*b.asked {
		b.plain, b.repeated, b.slots = true, true, nil
		return
	}
	b.slots = make([]uint32, max(firstSlots, 2*len(b.slots)))
	for code := range uint32(len(b.ends)) {
		b.place(code, b.at(code))
	}
}

func (b *dictBuilder) place(code uint32, s string) {
	mask := uint32(len(b.slots) - 1)
	i := uint32(maphash.String(textSeed, s)) & mask
	for b.slots[i] != 0 {
		i = (i + 1) & mask
	}
	b.slots[i] = code + 1
}

func (b *dictBuilder) bytes() int { return b.dict.bytes() + 4*cap(b.slots) }

// seal gives back what only a builder needs.
func (d *dict) seal() {
	d.text, d.ends = trim(d.text), trim(d.ends)
}

// trim copies a slice whose spare capacity is worth it.
func trim[T any](s []T) []T {
	if cap(s)-len(s) <= len(s)/16 {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

// codesOf lists the entries equal to s. Entries of a column resemble each other:
// ids of the same length, paths that begin alike. What tells most of them apart
// is how they end.
func (d *dict) codesOf(s string) (codes []uint32) {
	from := uint32(0)
	want, last := []byte(s), byte(0)
	if len(want) > 0 {
		last = want[len(want)-1]
	}
	for i, end := range d.ends {
		if int(end-from) == len(want) && (len(want) == 0 || d.text[end-1] == last) && bytes.Equal(d.text[from:end], want) {
			codes = append(codes, uint32(i))
			if !d.repeated {
				return codes
			}
		}
		from = end
	}
	return codes
}
