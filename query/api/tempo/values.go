package tempo

import (
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// shortTraceID is how search results name a trace: without leading zeros.
func shortTraceID(id storage.TraceID) string {
	return strings.TrimLeft(hex.EncodeToString(id[:]), "0")
}

func textValue(text string) *tempopb.AnyValue {
	// protobuf takes nothing but UTF-8
	return &tempopb.AnyValue{Value: &tempopb.AnyValue_StringValue{StringValue: valid(text)}}
}

// anyValue is a value of a span. Words and durations are text.
func anyValue(v traceql.Value) *tempopb.AnyValue {
	switch v.Type() {
	case traceql.TypeInt:
		return &tempopb.AnyValue{Value: &tempopb.AnyValue_IntValue{IntValue: v.Int()}}
	case traceql.TypeFloat:
		return &tempopb.AnyValue{Value: &tempopb.AnyValue_DoubleValue{DoubleValue: v.Float()}}
	case traceql.TypeBool:
		return &tempopb.AnyValue{Value: &tempopb.AnyValue_BoolValue{BoolValue: v.Bool()}}
	case traceql.TypeArray, traceql.TypeMap:
		any := new(tempopb.AnyValue)
		if proto.Unmarshal([]byte(v.Storage().Any()), any) == nil { // it is stored as OTLP
			return any
		}
	}
	return textValue(v.Text())
}

// labelValue is anyValue for labels of series, which are single values.
func labelValue(v traceql.Value) *tempopb.AnyValue {
	switch v.Type() {
	case traceql.TypeArray, traceql.TypeMap:
		return textValue(v.Text())
	}
	return anyValue(v)
}

// valid replaces what is not UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// typeName is the type of a value in lists for completion.
func typeName(t traceql.Type) string {
	switch t {
	case traceql.TypeInt:
		return "int"
	case traceql.TypeFloat:
		return "float"
	case traceql.TypeBool:
		return "bool"
	case traceql.TypeDuration:
		return "duration"
	case traceql.TypeStatus, traceql.TypeKind:
		return "keyword"
	}
	return "string"
}
