package otlp

import (
	"encoding/binary"

	"github.com/heddle-io/heddle/storage"
)

// nested reads an array or map whose tag t is at start and whose length is at
// pos. Its bytes are taken as they are when they are the canonical encoding,
// that of storage.AppendAnyValue: one field in each value, the key before the
// value in each pair, both present, no number longer than it need be.
func (m *Message) nested(a *Attr, t uint64, b []byte, start, pos int) int {
	from, to := length(b, pos)
	if to == bad {
		return bad
	}
	s := nesting{canonical: from == start+1+uvarintSize(uint64(to-from))}
	if s.list(b[:to], from, t, 0) != to {
		return bad
	}
	typ := storage.TypeArray
	if t == tagMap {
		typ = storage.TypeMap
	}
	if s.canonical {
		a.setText(typ, uint32(start), to-start)
	} else {
		at := len(m.made)
		s = nesting{}
		m.made = s.encode(m.made, found{tag: t, data: b[from:to]}, 0)
		if len(m.made) >= made {
			m.made = m.made[:at]
			return bad
		}
		a.setText(typ, uint32(at)|made, len(m.made)-at)
	}
	if a.Entries = s.entries; s.deep {
		a.setText(typ, 0, 0)
		a.Entries = TooDeep
	}
	m.entries = max(m.entries, a.Entries)
	return to
}

// nesting is what is learned about an array or map on the way through it.
type nesting struct {
	entries   uint32 // of the largest map
	deep      bool   // there are more levels than storage.MaxAnyDepth
	canonical bool
}

// list checks the ArrayValue or KeyValueList, as its tag says, that ends with
// b. depth is the number of arrays and maps around it.
func (s *nesting) list(b []byte, pos int, list uint64, depth int) int {
	if depth >= storage.MaxAnyDepth {
		s.deep = true
		return len(b) // nobody may store it, so nobody need know what it is
	}
	n := uint32(0)
	for pos < len(b) {
		start := pos
		var t uint64
		if t, pos = tag(b, pos); t != tagItem {
			s.canonical = false
			pos = listFields.other(b, pos, t)
			continue
		}
		from, to := length(b, pos)
		if to == bad {
			return bad
		}
		s.canonical = s.canonical && from == start+1+uvarintSize(uint64(to-from))
		n++
		if list == tagMap {
			pos = s.pair(b[:to], from, depth)
		} else {
			pos = s.value(b[:to], from, depth)
		}
		if pos != to {
			return bad
		}
	}
	if list == tagMap {
		s.entries = max(s.entries, n)
	}
	return pos
}

// pair checks the KeyValue that ends with b.
func (s *nesting) pair(b []byte, pos int, depth int) int {
	for n := range 3 {
		if pos == len(b) {
			s.canonical = s.canonical && n == 2
			return pos
		}
		start := pos
		t, at := tag(b, pos)
		if t != tagKey && t != tagValue || n == 2 {
			break
		}
		s.canonical = s.canonical && t == [2]uint64{tagKey, tagValue}[n]
		from, to := length(b, at)
		if to == bad {
			return bad
		}
		s.canonical = s.canonical && from == start+1+uvarintSize(uint64(to-from))
		if t == tagValue && s.value(b[:to], from, depth) != to {
			return bad
		}
		pos = to
	}
	// Something that only a sender with unusual habits writes.
	s.canonical = false
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagKey:
			_, pos = length(b, pos)
		case tagValue:
			from, to := length(b, pos)
			if to == bad || s.value(b[:to], from, depth) != to {
				return bad
			}
			pos = to
		case 3<<3 | wireVarint:
			_, pos = varint(b, pos)
		default:
			pos = keyValueFields.other(b, pos, t)
		}
	}
	return pos
}

// value checks the AnyValue that ends with b.
func (s *nesting) value(b []byte, pos int, depth int) int {
	for n := 0; pos < len(b); n++ {
		start := pos
		var t, num uint64
		t, pos = tag(b, pos)
		s.canonical = s.canonical && n == 0 && pos == start+1
		switch t {
		case tagString, tagBytes, tagArray, tagMap:
			from, to := length(b, pos)
			if to == bad {
				return bad
			}
			s.canonical = s.canonical && from == pos+uvarintSize(uint64(to-from))
			if t == tagArray || t == tagMap {
				to = s.list(b[:to], from, t, depth+1)
			}
			pos = to
		case tagBool:
			num, pos = varint(b, pos)
			s.canonical = s.canonical && num <= 1 && pos == start+2
		case tagInt:
			num, pos = varint(b, pos)
			s.canonical = s.canonical && pos == start+1+uvarintSize(num) && (pos != start+11 || b[pos-1] == 1)
		case tagDouble:
			_, pos = fixed64(b, pos)
		case tagIndex:
			_, pos = varint(b, pos)
			s.canonical = false
		default:
			s.canonical = false
			pos = anyValueFields.other(b, pos, t)
		}
	}
	return pos
}

// found is the field of an AnyValue that won. The zero found is an empty value.
type found struct {
	tag  uint64
	num  uint64
	data []byte
}

// read takes the last field of an AnyValue that was checked, if it has one.
func (f *found) read(b []byte) {
	for pos := 0; pos < len(b); {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagString, tagBytes, tagArray, tagMap:
			from, to := length(b, pos)
			*f, pos = found{tag: t, data: b[from:to]}, to
		case tagBool, tagInt:
			f.tag = t
			f.num, pos = varint(b, pos)
		case tagDouble:
			f.tag = t
			f.num, pos = fixed64(b, pos)
		case tagIndex:
			_, pos = varint(b, pos)
			*f = found{}
		default:
			pos = anyValueFields.other(b, pos, t)
		}
	}
}

// encode appends the canonical encoding of a value that was checked. It learns
// entries and deep of the values that won. depth is as in list.
func (s *nesting) encode(to []byte, f found, depth int) []byte {
	switch f.tag {
	case 0:
		return to
	case tagBool:
		if f.num != 0 {
			f.num = 1
		}
		return append(to, tagBool, byte(f.num))
	case tagInt:
		return binary.AppendUvarint(append(to, tagInt), f.num)
	case tagDouble:
		return binary.LittleEndian.AppendUint64(append(to, tagDouble), f.num)
	case tagString, tagBytes:
		to = binary.AppendUvarint(append(to, byte(f.tag)), uint64(len(f.data)))
		return append(to, f.data...)
	}
	if depth >= storage.MaxAnyDepth {
		s.deep = true
		return to
	}
	n := uint32(0)
	to, at := open(to, byte(f.tag))
	for pos := 0; pos < len(f.data); {
		var t uint64
		if t, pos = tag(f.data, pos); t != tagItem {
			pos = listFields.other(f.data, pos, t)
			continue
		}
		n++
		from, next := length(f.data, pos)
		item := f.data[from:next]
		pos = next
		var inner int
		to, inner = open(to, tagItem)
		if f.tag == tagMap {
			to = s.encodePair(to, item, depth)
		} else {
			var v found
			v.read(item)
			to = s.encode(to, v, depth+1)
		}
		to = shut(to, inner)
	}
	if f.tag == tagMap {
		s.entries = max(s.entries, n)
	}
	return shut(to, at)
}

func (s *nesting) encodePair(to, b []byte, depth int) []byte {
	var key []byte
	var v found
	for pos := 0; pos < len(b); {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagKey:
			from, next := length(b, pos)
			key, pos = b[from:next], next
		case tagValue:
			from, next := length(b, pos)
			v.read(b[from:next]) // keeps what an earlier occurrence had unless this one has a value
			pos = next
		case 3<<3 | wireVarint:
			_, pos = varint(b, pos)
		default:
			pos = keyValueFields.other(b, pos, t)
		}
	}
	to = binary.AppendUvarint(append(to, tagKey), uint64(len(key)))
	to, at := open(append(to, key...), tagValue)
	return shut(s.encode(to, v, depth+1), at)
}

// open begins a field whose length is not known yet, shut sets the length.
func open(b []byte, tag byte) (_ []byte, at int) {
	b = append(b, tag, 0)
	return b, len(b)
}

func shut(b []byte, at int) []byte {
	n := len(b) - at
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	more := uvarintSize(uint64(n)) - 1
	b = append(b, make([]byte, more)...)
	copy(b[at+more:], b[at:])
	binary.PutUvarint(b[at-1:], uint64(n))
	return b
}

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
