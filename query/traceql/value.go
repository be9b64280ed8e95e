package traceql

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// Type is the type of a Value.
type Type uint8

const (
	TypeNil Type = iota // there is no value
	TypeString
	TypeInt
	TypeFloat
	TypeBool
	TypeDuration
	TypeStatus
	TypeKind
	TypeBytes // stored values only, like those below: no literal has the type
	TypeArray
	TypeMap

	typeAny Type = 255 // static type of an attribute: known only per span
)

var typeNames = [...]string{"nil", "string", "int", "float", "bool", "duration", "status", "kind", "bytes", "array", "map"}

// String returns the name of the type in messages.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "attribute"
}

func (t Type) numeric() bool { return t == TypeInt || t == TypeFloat || t == TypeDuration }

// Value is a typed value of the language. The zero Value is nil. Values are
// comparable with == and may be map keys.
type Value struct {
	typ  Type
	bits uint64
	str  string
}

func String(s string) Value          { return Value{typ: TypeString, str: s} }
func Int(i int64) Value              { return Value{typ: TypeInt, bits: uint64(i)} }
func Float(f float64) Value          { return Value{typ: TypeFloat, bits: math.Float64bits(f)} }
func Duration(d time.Duration) Value { return Value{typ: TypeDuration, bits: uint64(d)} }
func Status(otlpCode uint8) Value    { return Value{typ: TypeStatus, bits: uint64(otlpCode)} }
func Kind(otlpKind uint8) Value      { return Value{typ: TypeKind, bits: uint64(otlpKind)} }
func Bool(b bool) Value {
	if b {
		return Value{typ: TypeBool, bits: 1}
	}
	return Value{typ: TypeBool}
}

// ValueOf converts a stored value. The absent and the empty value are nil.
// Text shares the memory of v.
func ValueOf(v storage.Value) Value {
	switch v.Type() {
	case storage.TypeString:
		return String(v.Str())
	case storage.TypeInt:
		return Int(v.Int())
	case storage.TypeFloat:
		return Float(v.Float())
	case storage.TypeBool:
		return Bool(v.Bool())
	case storage.TypeBytes:
		return Value{typ: TypeBytes, str: v.Str()}
	case storage.TypeArray:
		return Value{typ: TypeArray, str: v.Any()}
	case storage.TypeMap:
		return Value{typ: TypeMap, str: v.Any()}
	}
	return Value{}
}

func (v Value) Type() Type              { return v.typ }
func (v Value) IsNil() bool             { return v.typ == TypeNil }
func (v Value) Str() string             { return v.str }                            // of a string
func (v Value) Int() int64              { return int64(v.bits) }                    // of an int, duration (ns), status or kind
func (v Value) Float() float64          { return math.Float64frombits(v.bits) }     // of a float
func (v Value) Bool() bool              { return v.typ == TypeBool && v.bits != 0 } // of a bool
func (v Value) Duration() time.Duration { return time.Duration(int64(v.bits)) }     // of a duration

// Storage returns the value as the store has it: durations, statuses and kinds
// as ints.
func (v Value) Storage() storage.Value {
	switch v.typ {
	case TypeString:
		return storage.String(v.str)
	case TypeInt, TypeDuration, TypeStatus, TypeKind:
		return storage.Int(v.Int())
	case TypeFloat:
		return storage.Float(v.Float())
	case TypeBool:
		return storage.Bool(v.Bool())
	case TypeBytes:
		return storage.Bytes([]byte(v.str))
	case TypeArray:
		return storage.Array(v.str)
	case TypeMap:
		return storage.Map(v.str)
	}
	return storage.Value{}
}

// Number returns an int, float or duration (in ns) as a float.
func (v Value) Number() (float64, bool) {
	switch v.typ {
	case TypeInt, TypeDuration:
		return float64(v.Int()), true
	case TypeFloat:
		return v.Float(), true
	}
	return 0, false
}

// Text returns the value for people: strings as they are, statuses and kinds
// as words, nil as "nil", all others like storage.Value.Text.
func (v Value) Text() string {
	switch v.typ {
	case TypeNil:
		return "nil"
	case TypeString:
		return v.str
	case TypeDuration:
		return durationText(v.Duration())
	case TypeStatus:
		return enumText(statusNames, v.bits)
	case TypeKind:
		return enumText(kindNames, v.bits)
	case TypeBytes:
		return base64.StdEncoding.EncodeToString([]byte(v.str))
	}
	return v.Storage().Text()
}

// Literals returns the values whose literals equal v: those of the elements of
// an array, v itself where the language has literals of its type, else none.
func (v Value) Literals() []Value {
	switch v.typ {
	case TypeNil, TypeBytes, TypeMap:
		return nil
	case TypeArray:
		var list []Value
		seen := map[Value]struct{}{}
		for _, item := range arrayItems(v) {
			if _, ok := seen[item]; ok {
				continue
			}
			seen[item] = struct{}{}
			list = append(list, item.Literals()...)
		}
		return list
	}
	return []Value{v}
}

// String returns the value as a literal of the language, where it has one.
func (v Value) String() string {
	switch v.typ {
	case TypeString:
		return strconv.Quote(v.str)
	case TypeInt:
		switch v.Int() {
		case math.MinInt64:
			return "minInt"
		case math.MaxInt64:
			return "maxInt"
		}
	case TypeFloat:
		return floatText(v.Float())
	}
	return v.Text()
}

// floatText keeps a float a float: with a point or an exponent.
func floatText(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	for _, c := range text {
		if (c < '0' || c > '9') && c != '-' {
			return text
		}
	}
	return text + ".0"
}

func durationText(d time.Duration) string { return d.String() }

// The words of the language for OTLP's StatusCode and SpanKind, by number.
var (
	statusNames = []string{"unset", "ok", "error"}
	kindNames   = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
)

func enumText(names []string, n uint64) string {
	if n < uint64(len(names)) {
		return names[n]
	}
	return fmt.Sprint(n)
}
