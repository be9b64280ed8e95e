package storage

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Type is the type of a Value. Types are kept as they were sent: an int 500
// and a string "500" under one key are two values.
type Type uint8

const (
	TypeAbsent Type = iota // there is no value
	TypeString
	TypeInt
	TypeFloat
	TypeBool
	TypeBytes
	TypeArray // an OTLP ArrayValue
	TypeMap   // an OTLP KeyValueList
	TypeEmpty // the key is present, its AnyValue has no value
)

var typeNames = [...]string{"absent", "string", "int", "double", "bool", "bytes", "array", "kvlist", "empty"}

// String returns the OTLP name of the type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Value is one typed value. The zero Value is absent. Values are comparable
// with == and may be map keys: two values are equal when type and content are
// (a float NaN equals itself, by bits).
type Value struct {
	typ  Type
	bits uint64
	str  string // string and bytes as they are; array and map as OTLP AnyValue protobuf
}

func String(s string) Value  { return Value{typ: TypeString, str: s} }
func Int(i int64) Value      { return Value{typ: TypeInt, bits: uint64(i)} }
func Float(f float64) Value  { return Value{typ: TypeFloat, bits: math.Float64bits(f)} }
func Bytes(b []byte) Value   { return Value{typ: TypeBytes, str: string(b)} }
func Empty() Value           { return Value{typ: TypeEmpty} }
func Array(any string) Value { return Value{typ: TypeArray, str: any} } // any is an encoded AnyValue, see AppendAnyValue
func Map(any string) Value   { return Value{typ: TypeMap, str: any} }   // any is an encoded AnyValue, see AppendAnyValue

func Bool(b bool) Value {
	if b {
		return Value{typ: TypeBool, bits: 1}
	}
	return Value{typ: TypeBool}
}

// ValueOf copies v.
func ValueOf(v pcommon.Value) Value {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return String(v.Str())
	case pcommon.ValueTypeInt:
		return Int(v.Int())
	case pcommon.ValueTypeDouble:
		return Float(v.Double())
	case pcommon.ValueTypeBool:
		return Bool(v.Bool())
	case pcommon.ValueTypeBytes:
		return Bytes(v.Bytes().AsRaw())
	case pcommon.ValueTypeSlice:
		return Array(string(AppendAnyValue(nil, v)))
	case pcommon.ValueTypeMap:
		return Map(string(AppendAnyValue(nil, v)))
	}
	return Empty()
}

func (v Value) Type() Type     { return v.typ }
func (v Value) Str() string    { return v.str }                        // of a string; the raw content of bytes
func (v Value) Int() int64     { return int64(v.bits) }                // of an int
func (v Value) Float() float64 { return math.Float64frombits(v.bits) } // of a float
func (v Value) Bool() bool     { return v.bits != 0 }                  // of a bool
func (v Value) Any() string    { return v.str }                        // of an array or map: its OTLP AnyValue protobuf

// Number returns the value as a float64 when it is an int or a float.
func (v Value) Number() (float64, bool) {
	switch v.typ {
	case TypeInt:
		return float64(v.Int()), true
	case TypeFloat:
		return v.Float(), true
	}
	return 0, false
}

// Text returns the value as text: a string as it is, numbers and booleans in
// their shortest form, bytes in base64, arrays and maps as JSON, "" for the
// absent and the empty value. Two values of different type may have one text.
func (v Value) Text() string {
	switch v.typ {
	case TypeString:
		return v.str
	case TypeInt:
		return strconv.FormatInt(v.Int(), 10)
	case TypeFloat:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case TypeBool:
		return strconv.FormatBool(v.Bool())
	case TypeBytes:
		return base64.StdEncoding.EncodeToString([]byte(v.str))
	case TypeArray, TypeMap:
		p := pcommon.NewValueEmpty()
		if v.CopyTo(p) != nil {
			return ""
		}
		return p.AsString()
	}
	return ""
}

// CopyTo writes the value into p. It fails only on an array or map whose
// encoding is damaged.
func (v Value) CopyTo(p pcommon.Value) error {
	switch v.typ {
	case TypeString:
		p.SetStr(v.str)
	case TypeInt:
		p.SetInt(v.Int())
	case TypeFloat:
		p.SetDouble(v.Float())
	case TypeBool:
		p.SetBool(v.Bool())
	case TypeBytes:
		p.SetEmptyBytes().FromRaw([]byte(v.str))
	case TypeArray, TypeMap:
		return DecodeAnyValue([]byte(v.str), p)
	}
	return nil
}
