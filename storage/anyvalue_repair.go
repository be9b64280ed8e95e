package storage

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// RepairAnyValue replaces text in an encoding that is not UTF-8 (string values
// and keys, at any depth) by U+FFFD and tells whether it had to. It returns b
// itself when there was nothing to do or when the encoding is damaged.
func RepairAnyValue(b []byte) (repaired []byte, changed bool) {
	if ok, err := validAny(b, anyFields, 0); ok || err != nil {
		return b, false
	}
	return repairAny(nil, b, anyFields), true
}

// fieldKinds says what the length-delimited fields of a message are.
type fieldKinds struct {
	text     uint64                 // tag of the text field
	messages map[uint64]*fieldKinds // by tag
}

var (
	anyFields   = &fieldKinds{text: tagString}
	arrayFields = &fieldKinds{messages: map[uint64]*fieldKinds{tagItem: anyFields}}
	pairFields  = &fieldKinds{text: tagItem, messages: map[uint64]*fieldKinds{tagValue: anyFields}}
	mapFields   = &fieldKinds{messages: map[uint64]*fieldKinds{tagItem: pairFields}}
)

func init() { anyFields.messages = map[uint64]*fieldKinds{tagArray: arrayFields, tagMap: mapFields} }

// maxMessageDepth is MaxAnyDepth in messages: a level of a map takes three.
const maxMessageDepth = 3 * (MaxAnyDepth + 1)

func validAny(b []byte, kinds *fieldKinds, depth int) (bool, error) {
	if depth > maxMessageDepth {
		return false, errAnyValue
	}
	valid := true
	for len(b) > 0 {
		tag, _, data, rest, err := nextField(b)
		if err != nil {
			return false, err
		}
		b = rest
		if tag == kinds.text {
			valid = valid && utf8.Valid(data)
		} else if inner := kinds.messages[tag]; inner != nil {
			ok, err := validAny(data, inner, depth+1)
			if err != nil {
				return false, err
			}
			valid = valid && ok
		}
	}
	return valid, nil
}

func repairAny(to, b []byte, kinds *fieldKinds) []byte {
	for len(b) > 0 {
		tag, _, data, rest, _ := nextField(b)
		field := b[:len(b)-len(rest)]
		b = rest
		switch inner := kinds.messages[tag]; {
		case tag == kinds.text:
			data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
		case inner != nil:
			data = repairAny(nil, data, inner)
		default:
			to = append(to, field...)
			continue
		}
		to = binary.AppendUvarint(to, tag)
		to = binary.AppendUvarint(to, uint64(len(data)))
		to = append(to, data...)
	}
	return to
}
