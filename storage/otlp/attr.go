package otlp

import "github.com/heddle-io/heddle/storage"

// Tags of common.proto.
const (
	tagKey   = 1<<3 | wireLen // KeyValue.key
	tagValue = 2<<3 | wireLen // KeyValue.value

	tagString = 1<<3 | wireLen // AnyValue
	tagBool   = 2<<3 | wireVarint
	tagInt    = 3<<3 | wireVarint
	tagDouble = 4<<3 | wireI64
	tagArray  = 5<<3 | wireLen
	tagMap    = 6<<3 | wireLen
	tagBytes  = 7<<3 | wireLen
	tagIndex  = 8<<3 | wireVarint // into a string table that only profiles have: no value

	tagItem = 1<<3 | wireLen // ArrayValue.values, KeyValueList.values

	keyValueFields = fields(1<<1 | 1<<2 | 1<<3)
	anyValueFields = fields(1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8)
	listFields     = fields(1 << 1)
)

// attr reads the length of a KeyValue and the KeyValue, and appends it to list.
func (m *Message) attr(list *[]Attr, b []byte, pos int) int {
	from, to := length(b, pos)
	if to == bad {
		return m.fail("an attribute")
	}
	*list = append(*list, Attr{Type: storage.TypeEmpty})
	if m.keyValue(&(*list)[len(*list)-1], b[:to], from) != to {
		return m.fail("an attribute")
	}
	return to
}

// keyValue reads a KeyValue up to the end of b. Either order of its fields is
// common: SDKs send the key first, pdata sends it last.
//
// This is where decoding spends its time. So the loop first takes fields that
// are as nearly all are, key or value with a length of one byte, and leaves
// what is not to the one below.
func (m *Message) keyValue(a *Attr, b []byte, pos int) int {
	for pos+1 < len(b) {
		from := pos + 2
		to := from + int(b[pos+1])
		if b[pos+1] >= 0x80 || to > len(b) {
			break
		}
		if b[pos] == tagKey {
			a.Key = Text{uint32(from), uint32(to - from)}
		} else if b[pos] != tagValue {
			break
		} else if from+1 < to && b[from] == tagString && int(b[from+1]) == to-from-2 {
			a.setText(storage.TypeString, uint32(from+2), to-from-2)
		} else if m.anyValue(a, b[:to], from) != to {
			return bad
		}
		pos = to
	}
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagKey:
			a.Key, pos = text(b, pos)
		case tagValue:
			from, to := length(b, pos)
			if to == bad || m.anyValue(a, b[:to], from) != to {
				return bad
			}
			pos = to
		case 3<<3 | wireVarint: // key_strindex
			_, pos = varint(b, pos)
		default:
			pos = keyValueFields.other(b, pos, t)
		}
	}
	return pos
}

// anyValue reads an AnyValue up to the end of b. Several of its fields, or
// occurrences of it, replace one another.
func (m *Message) anyValue(a *Attr, b []byte, pos int) int {
	for pos < len(b) {
		var t, num uint64
		start := pos
		switch t, pos = tag(b, pos); t {
		case tagString:
			from, to := length(b, pos)
			a.setText(storage.TypeString, uint32(from), to-from)
			pos = to
		case tagBool:
			num, pos = varint(b, pos)
			if num != 0 {
				num = 1
			}
			a.setBits(storage.TypeBool, num)
		case tagInt:
			num, pos = varint(b, pos)
			a.setBits(storage.TypeInt, num)
		case tagDouble:
			num, pos = fixed64(b, pos)
			a.setBits(storage.TypeFloat, num)
		case tagArray, tagMap:
			pos = m.nested(a, t, b, start, pos)
		case tagBytes:
			from, to := length(b, pos)
			a.setText(storage.TypeBytes, uint32(from), to-from)
			pos = to
		case tagIndex:
			_, pos = varint(b, pos)
			a.setBits(storage.TypeEmpty, 0)
		default:
			pos = anyValueFields.other(b, pos, t)
		}
	}
	return pos
}
