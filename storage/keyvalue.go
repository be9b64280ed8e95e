package storage

import (
	"encoding/binary"
	"math"
)

// AppendKeyValue appends an attribute to the OTLP protobuf encoding of a
// KeyValueList. An absent value cannot be an attribute.
func AppendKeyValue(b []byte, key string, v Value) []byte {
	n := v.anySize()
	b = binary.AppendUvarint(append(b, tagItem), uint64(pairSize(key, n)))
	b = binary.AppendUvarint(append(b, tagItem), uint64(len(key)))
	b = append(b, key...)
	b = binary.AppendUvarint(append(b, tagValue), uint64(n))
	return v.appendAny(b)
}

// anySize is the length of what appendAny appends.
func (v Value) anySize() int {
	switch v.typ {
	case TypeString, TypeBytes:
		return prefixed(len(v.str))
	case TypeInt:
		return 1 + uvarintSize(v.bits)
	case TypeFloat:
		return 9
	case TypeBool:
		return 2
	}
	return len(v.str)
}

// appendAny appends the value as an OTLP AnyValue.
func (v Value) appendAny(b []byte) []byte {
	switch v.typ {
	case TypeString, TypeBytes:
		tag := byte(tagString)
		if v.typ == TypeBytes {
			tag = tagBytes
		}
		b = binary.AppendUvarint(append(b, tag), uint64(len(v.str)))
	case TypeInt:
		return binary.AppendUvarint(append(b, tagInt), v.bits)
	case TypeFloat:
		return binary.LittleEndian.AppendUint64(append(b, tagDouble), v.bits)
	case TypeBool:
		return append(b, tagBool, byte(v.bits))
	}
	return append(b, v.str...)
}

// EachKeyValue calls f with the attributes in the OTLP protobuf encoding of a
// KeyValueList, in order. Text shares the memory of b.
func EachKeyValue(b string, f func(key string, v Value)) error {
	for len(b) > 0 {
		tag, _, pair, rest, err := nextField(viewBytes(b))
		if err != nil {
			return err
		}
		b = b[len(b)-len(rest):]
		if tag != tagItem {
			continue
		}
		key, v := "", Empty()
		for len(pair) > 0 {
			tag, _, data, rest, err := nextField(pair)
			if err != nil {
				return err
			}
			pair = rest
			switch tag {
			case tagItem:
				key = viewString(data)
			case tagValue:
				if v, err = anyValue(viewString(data)); err != nil {
					return err
				}
			}
		}
		f(key, v)
	}
	return nil
}

// anyValue reads an OTLP AnyValue as appendAny writes it. Text shares its memory.
func anyValue(b string) (Value, error) {
	if b == "" {
		return Empty(), nil
	}
	tag, num, data, rest, err := nextField(viewBytes(b))
	switch {
	case err != nil:
		return Value{}, err
	case len(rest) > 0:
		return Value{}, errAnyValue
	}
	switch tag {
	case tagString:
		return String(viewString(data)), nil
	case tagBytes:
		return Value{typ: TypeBytes, str: viewString(data)}, nil
	case tagInt:
		return Int(int64(num)), nil
	case tagDouble:
		return Float(math.Float64frombits(num)), nil
	case tagBool:
		return Bool(num != 0), nil
	case tagArray:
		return Array(b), nil
	case tagMap:
		return Map(b), nil
	}
	return Value{}, errAnyValue
}
