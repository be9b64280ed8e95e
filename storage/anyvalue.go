package storage

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// An OTLP AnyValue on the wire (opentelemetry-proto common.proto):
//
//	oneof value: 1 string, 2 bool, 3 int64 (varint), 4 double (fixed64),
//	             5 ArrayValue{1 repeated AnyValue},
//	             6 KeyValueList{1 repeated KeyValue{1 string key, 2 AnyValue}}, 7 bytes
//
// pdata cannot encode a lone value, hence this codec. Arrays and maps are
// stored in this form because a receiver that reads raw OTLP has the bytes
// already.
const (
	tagString = 1<<3 | 2
	tagBool   = 2 << 3
	tagInt    = 3 << 3
	tagDouble = 4<<3 | 1
	tagArray  = 5<<3 | 2
	tagMap    = 6<<3 | 2
	tagBytes  = 7<<3 | 2
	tagItem   = 1<<3 | 2 // ArrayValue.values, KeyValueList.values, KeyValue.key
	tagValue  = 2<<3 | 2 // KeyValue.value
)

// MaxAnyDepth is how many arrays and maps may be inside each other, so that
// hostile input cannot exhaust the stack.
const MaxAnyDepth = 64

var errAnyValue = errors.New("storage: damaged AnyValue encoding")

// AppendAnyValue appends the OTLP protobuf encoding of v to b.
func AppendAnyValue(b []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		b = append(b, tagString)
		b = binary.AppendUvarint(b, uint64(len(v.Str())))
		return append(b, v.Str()...)
	case pcommon.ValueTypeBool:
		bit := byte(0)
		if v.Bool() {
			bit = 1
		}
		return append(b, tagBool, bit)
	case pcommon.ValueTypeInt:
		return binary.AppendUvarint(append(b, tagInt), uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		return binary.LittleEndian.AppendUint64(append(b, tagDouble), math.Float64bits(v.Double()))
	case pcommon.ValueTypeBytes:
		b = append(b, tagBytes)
		b = binary.AppendUvarint(b, uint64(v.Bytes().Len()))
		return append(b, v.Bytes().AsRaw()...)
	case pcommon.ValueTypeSlice:
		b = binary.AppendUvarint(append(b, tagArray), uint64(sliceSize(v.Slice())))
		for i := range v.Slice().Len() {
			item := v.Slice().At(i)
			b = binary.AppendUvarint(append(b, tagItem), uint64(anyValueSize(item)))
			b = AppendAnyValue(b, item)
		}
	case pcommon.ValueTypeMap:
		b = binary.AppendUvarint(append(b, tagMap), uint64(mapSize(v.Map())))
		for k, item := range v.Map().All() {
			n := anyValueSize(item)
			b = binary.AppendUvarint(append(b, tagItem), uint64(pairSize(k, n)))
			b = binary.AppendUvarint(append(b, tagItem), uint64(len(k)))
			b = append(b, k...)
			b = binary.AppendUvarint(append(b, tagValue), uint64(n))
			b = AppendAnyValue(b, item)
		}
	}
	return b
}

// AnyValueSize is the length of what AppendAnyValue appends.
func AnyValueSize(v pcommon.Value) int { return anyValueSize(v) }

func anyValueSize(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return prefixed(len(v.Str()))
	case pcommon.ValueTypeBool:
		return 2
	case pcommon.ValueTypeInt:
		return 1 + uvarintSize(uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		return 9
	case pcommon.ValueTypeBytes:
		return prefixed(v.Bytes().Len())
	case pcommon.ValueTypeSlice:
		return prefixed(sliceSize(v.Slice()))
	case pcommon.ValueTypeMap:
		return prefixed(mapSize(v.Map()))
	}
	return 0
}

func sliceSize(s pcommon.Slice) (n int) {
	for i := range s.Len() {
		n += prefixed(anyValueSize(s.At(i)))
	}
	return n
}

func mapSize(m pcommon.Map) (n int) {
	for k, v := range m.All() {
		n += prefixed(pairSize(k, anyValueSize(v)))
	}
	return n
}

func pairSize(key string, value int) int { return prefixed(len(key)) + prefixed(value) }

// prefixed is the size of a one-byte tag, a length and n bytes.
func prefixed(n int) int { return 1 + uvarintSize(uint64(n)) + n }

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// DecodeAnyValue reads an encoding written by AppendAnyValue or by any OTLP
// sender into v. Unknown fields are skipped; the last value of the oneof wins.
func DecodeAnyValue(b []byte, v pcommon.Value) error { return decodeAny(b, v, 0) }

func decodeAny(b []byte, v pcommon.Value, depth int) error {
	if depth > MaxAnyDepth {
		return errAnyValue
	}
	for len(b) > 0 {
		tag, num, data, rest, err := nextField(b)
		if err != nil {
			return err
		}
		b = rest
		switch tag {
		case tagString:
			v.SetStr(string(data))
		case tagBool:
			v.SetBool(num != 0)
		case tagInt:
			v.SetInt(int64(num))
		case tagDouble:
			v.SetDouble(math.Float64frombits(num))
		case tagBytes:
			v.SetEmptyBytes().FromRaw(data)
		case tagArray:
			err = decodeArray(data, v.SetEmptySlice(), depth)
		case tagMap:
			err = decodeMap(data, v.SetEmptyMap(), depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func decodeArray(b []byte, s pcommon.Slice, depth int) error {
	for len(b) > 0 {
		tag, _, data, rest, err := nextField(b)
		if err != nil {
			return err
		}
		b = rest
		if tag == tagItem {
			if err := decodeAny(data, s.AppendEmpty(), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeMap(b []byte, m pcommon.Map, depth int) error {
	for len(b) > 0 {
		tag, _, pair, rest, err := nextField(b)
		if err != nil {
			return err
		}
		b = rest
		if tag != tagItem {
			continue
		}
		var key string
		var value []byte
		for len(pair) > 0 {
			tag, _, data, rest, err := nextField(pair)
			if err != nil {
				return err
			}
			pair = rest
			switch tag {
			case tagItem:
				key = string(data)
			case tagValue:
				value = data
			}
		}
		if err := decodeAny(value, m.PutEmpty(key), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// nextField cuts the first protobuf field off b: num holds a varint or fixed
// value, data the bytes of a length-delimited one.
func nextField(b []byte) (tag, num uint64, data, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, nil, nil, errAnyValue
	}
	b = b[n:]
	switch tag & 7 {
	case 0:
		num, n = binary.Uvarint(b)
		if n <= 0 {
			return 0, 0, nil, nil, errAnyValue
		}
		return tag, num, nil, b[n:], nil
	case 1:
		if len(b) < 8 {
			return 0, 0, nil, nil, errAnyValue
		}
		return tag, binary.LittleEndian.Uint64(b), nil, b[8:], nil
	case 2:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return 0, 0, nil, nil, errAnyValue
		}
		return tag, 0, b[n : n+int(size)], b[n+int(size):], nil
	case 5:
		if len(b) < 4 {
			return 0, 0, nil, nil, errAnyValue
		}
		return tag, uint64(binary.LittleEndian.Uint32(b)), nil, b[4:], nil
	}
	return 0, 0, nil, nil, errAnyValue
}

// viewString reads b as a string without a copy; b must not change while the
// string is in use.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// viewBytes reads s as bytes without a copy; they must not be written to.
func viewBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
