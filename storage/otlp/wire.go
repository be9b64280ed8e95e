package otlp

import (
	"encoding/binary"
	"math"
)

// Positions in a message are offsets into the whole request, a message is the
// request cut off at its end. A function that reads something returns the
// position behind it, or bad.
//
// bad is behind every end, so that a loop over a message stops at it and one
// comparison after the loop, or of a length with the end, finds all damage.
const bad = math.MaxInt

// Wire types.
const (
	wireVarint = iota
	wireI64
	wireLen
	wireStartGroup
	wireEndGroup
	wireI32
)

// varint reads an unsigned number. As in pdata it may be longer than it need
// be, and bits above the 64th are lost.
func varint(b []byte, pos int) (v uint64, next int) {
	if pos < len(b) {
		if c := b[pos]; c < 0x80 {
			return uint64(c), pos + 1
		}
	}
	return longVarint(b, pos)
}

func longVarint(b []byte, pos int) (v uint64, next int) {
	for shift := 0; shift < 64; shift += 7 {
		if pos >= len(b) {
			return 0, bad
		}
		c := b[pos]
		pos++
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v, pos
		}
	}
	return 0, bad
}

// length reads a length and returns where what it measures begins and ends:
// at bad unless that is inside b.
func length(b []byte, pos int) (from, to int) {
	if pos < len(b) {
		if n := int(b[pos]); n < 0x80 && n < len(b)-pos {
			return pos + 1, pos + 1 + n
		}
	}
	return longLength(b, pos)
}

func longLength(b []byte, pos int) (from, to int) {
	v, pos := varint(b, pos)
	if pos == bad || v > uint64(len(b)-pos) {
		return bad, bad
	}
	return pos, pos + int(v)
}

func fixed64(b []byte, pos int) (v uint64, next int) {
	if len(b)-pos < 8 {
		return 0, bad
	}
	return binary.LittleEndian.Uint64(b[pos:]), pos + 8
}

func fixed32(b []byte, pos int) (v uint32, next int) {
	if len(b)-pos < 4 {
		return 0, bad
	}
	return binary.LittleEndian.Uint32(b[pos:]), pos + 4
}

// tag reads field number and wire type as number<<3 | type; there must be a
// byte at pos. As in pdata only 32 bits of the number count and it must be
// positive, otherwise tag is 0 to 7.
func tag(b []byte, pos int) (tag uint64, next int) {
	if c := b[pos]; c < 0x80 {
		return uint64(c), pos + 1
	}
	return longTag(b, pos)
}

func longTag(b []byte, pos int) (tag uint64, next int) {
	v, pos := varint(b, pos)
	if pos == bad {
		return 0, bad
	}
	number := int32(v >> 3)
	if number <= 0 {
		return 0, bad
	}
	return uint64(number)<<3 | v&7, pos
}

// fields are the numbers of the fields of a message, those below 64, as bits.
type fields uint64

// other goes past a field that is not one of the message. It is bad when the
// field's number is, for then it has the wrong wire type.
func (known fields) other(b []byte, pos int, tag uint64) int {
	number := tag >> 3
	if number == 0 || pos > len(b) || number < 64 && known>>number&1 != 0 {
		return bad
	}
	return skip(b, pos, tag&7)
}

// skip goes past a field of which the tag was read. It treats groups as pdata
// does: they end with their first field, or with an end tag that more follows.
func skip(b []byte, pos int, wire uint64) int {
	depth := 0
	for pos < len(b) {
		switch wire {
		case wireVarint:
			_, pos = varint(b, pos)
			return pos
		case wireI64:
			_, pos = fixed64(b, pos)
			return pos
		case wireLen:
			_, pos = length(b, pos)
			return pos
		case wireI32:
			_, pos = fixed32(b, pos)
			return pos
		case wireStartGroup:
			depth++
		case wireEndGroup:
			if depth == 0 {
				return bad
			}
			depth--
		default:
			return bad
		}
		if depth == 0 {
			return pos
		}
		var next uint64
		if next, pos = longTag(b, pos); next>>3 == 0 {
			return bad
		}
		wire = next & 7
	}
	return bad
}

// text reads a text. What it returns at bad must not be used.
func text(b []byte, pos int) (Text, int) {
	from, to := length(b, pos)
	return Text{uint32(from), uint32(to - from)}, to
}

func varint32(b []byte, pos int) (uint32, int) {
	v, pos := varint(b, pos)
	return uint32(v), pos
}

// id reads an id of the size of to: empty bytes stand for no id.
func id(to, b []byte, pos int) int {
	from, next := length(b, pos)
	switch {
	case next == bad:
		return bad
	case next-from == len(to):
		copy(to, b[from:next])
	case next == from:
		clear(to)
	default:
		return bad
	}
	return next
}
