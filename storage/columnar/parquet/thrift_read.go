package parquet

import "encoding/binary"

// thriftReader reads from the front of b. The first thing that is wrong sets
// bad, after which every read returns zero and loops end.
type thriftReader struct {
	b    []byte
	bad  bool
	last int
	kind int // of the field or element that is next
}

func (r *thriftReader) fail() {
	r.bad, r.b = true, nil
}

func (r *thriftReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *thriftReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// fields calls field with the id of every field of a struct. What field does
// not read is skipped: it returns whether it did.
func (r *thriftReader) fields(field func(id int) bool) {
	outer := r.last
	r.last = 0
	for !r.bad {
		head := r.byte()
		if head == 0 {
			break
		}
		if delta := int(head >> 4); delta != 0 {
			r.last += delta
		} else {
			r.last = int(r.varint())
		}
		if r.last <= 0 || r.last > 1<<15 {
			r.fail()
			break
		}
		r.kind = int(head & 15)
		if id := r.last; !r.bad && !field(id) {
			r.last = id
			r.skip(0)
		} else {
			r.last = id
		}
	}
	r.last = outer
}

func (r *thriftReader) expect(kind int) bool {
	if r.kind != kind {
		r.fail()
	}
	return !r.bad
}

func (r *thriftReader) i32() int32 {
	if !r.expect(thriftI32) {
		return 0
	}
	v := r.varint()
	if v != int64(int32(v)) {
		r.fail()
	}
	return int32(v)
}

func (r *thriftReader) i64() int64 {
	if !r.expect(thriftI64) {
		return 0
	}
	return r.varint()
}

// binary shares the memory that is read from.
func (r *thriftReader) binary() []byte {
	if !r.expect(thriftBinary) {
		return nil
	}
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// list returns the number of elements, which must be of the kind and take at
// least one byte each, so that it never exceeds what is left to read.
func (r *thriftReader) list(kind int) int {
	if !r.expect(thriftList) {
		return 0
	}
	n, got := r.listHead()
	if n > 0 && got != kind && (kind != thriftTrue || got != thriftFalse) {
		r.fail()
		return 0
	}
	r.kind = kind
	return n
}

func (r *thriftReader) listHead() (n, kind int) {
	head := r.byte()
	size := uint64(head >> 4)
	if size == 15 {
		size = r.uvarint()
	}
	if size > uint64(len(r.b)) {
		r.fail()
		return 0, 0
	}
	return int(size), int(head & 15)
}

const maxThriftDepth = 16

// skip passes over the value of r.kind.
func (r *thriftReader) skip(depth int) {
	if depth > maxThriftDepth {
		r.fail()
	}
	if r.bad {
		return
	}
	switch r.kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		r.skipBytes(8)
	case thriftUUID:
		r.skipBytes(16)
	case thriftBinary:
		r.skipBytes(r.uvarint())
	case thriftList, thriftSet:
		n, kind := r.listHead()
		for ; n > 0 && !r.bad; n-- {
			r.skipElement(kind, depth)
		}
	case thriftMap:
		r.skipMap(depth)
	case thriftStruct:
		outer := r.last
		r.last = 0
		for !r.bad {
			head := r.byte()
			if head == 0 {
				break
			}
			if head>>4 == 0 {
				r.varint()
			}
			r.kind = int(head & 15)
			r.skip(depth + 1)
		}
		r.last = outer
	default:
		r.fail()
	}
}

func (r *thriftReader) skipMap(depth int) {
	n := r.uvarint()
	if n == 0 {
		return
	}
	kinds := r.byte()
	if n > uint64(len(r.b)) {
		r.fail()
	}
	for ; n > 0 && !r.bad; n-- {
		r.skipElement(int(kinds>>4), depth)
		r.skipElement(int(kinds&15), depth)
	}
}

// skipElement skips an element of a list or a map, where a bool is a byte.
func (r *thriftReader) skipElement(kind, depth int) {
	if kind == thriftTrue || kind == thriftFalse {
		r.byte()
		return
	}
	r.kind = kind
	r.skip(depth + 1)
}

func (r *thriftReader) skipBytes(n uint64) {
	if n > uint64(len(r.b)) {
		r.fail()
		return
	}
	r.b = r.b[n:]
}
