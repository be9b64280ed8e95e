package e2e

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
)

// span is a span as the native API shows it and as tests expect it.
type span struct {
	TraceID      string       `json:"traceId"`
	SpanID       string       `json:"spanId"`
	ParentSpanID string       `json:"parentSpanId,omitempty"`
	TraceState   string       `json:"traceState,omitempty"`
	Flags        uint32       `json:"flags,omitempty"`
	Name         string       `json:"name"`
	Kind         string       `json:"kind"`
	Start        string       `json:"startUnixNano"`
	DurationNs   int64        `json:"durationNs"`
	Status       spanStatus   `json:"status"`
	Service      string       `json:"service"`
	Resource     spanResource `json:"resource"`
	Scope        spanScope    `json:"scope"`
	Attributes   []attr       `json:"attributes"`
	Events       []event      `json:"events"`
	Links        []link       `json:"links"`
	Notes        []string     `json:"notes,omitempty"`

	DroppedAttributes uint32 `json:"droppedAttributes,omitempty"`
	DroppedEvents     uint32 `json:"droppedEvents,omitempty"`
	DroppedLinks      uint32 `json:"droppedLinks,omitempty"`
}

type spanStatus struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

type spanResource struct {
	Attributes []attr `json:"attributes"`
	SchemaURL  string `json:"schemaUrl,omitempty"`
}

type spanScope struct {
	Name       string `json:"name,omitempty"`
	Version    string `json:"version,omitempty"`
	Attributes []attr `json:"attributes,omitempty"`
	SchemaURL  string `json:"schemaUrl,omitempty"`
}

type event struct {
	Name       string `json:"name"`
	Time       string `json:"timeUnixNano"`
	Attributes []attr `json:"attributes"`
}

type link struct {
	TraceID    string `json:"traceId"`
	SpanID     string `json:"spanId"`
	TraceState string `json:"traceState,omitempty"`
	Attributes []attr `json:"attributes"`
}

// attr is an attribute; Value is as encoding/json decodes it with UseNumber.
type attr struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// find returns the attribute under a key, or one without a type.
func find(list []attr, key string) attr {
	for _, a := range list {
		if a.Key == key {
			return a
		}
	}
	return attr{Key: key}
}

func textAttr(key, value string) attr  { return attr{key, "string", value} }
func boolAttr(key string, v bool) attr { return attr{key, "bool", v} }
func bytesAttr(key string, v []byte) attr {
	return attr{key, "bytes", base64.StdEncoding.EncodeToString(v)}
}

// maxExact is the largest integer that the APIs write as a JSON number.
const maxExact = 1<<53 - 1

func intAttr(key string, v int64) attr {
	if v > maxExact || v < -maxExact {
		return attr{key, "int", strconv.FormatInt(v, 10)}
	}
	return attr{key, "int", json.Number(strconv.FormatInt(v, 10))}
}

func doubleAttr(key string, v float64) attr {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return attr{key, "double", map[bool]string{true: "NaN"}[math.IsNaN(v)]}
	}
	b, _ := json.Marshal(v) // a finite number cannot fail
	return attr{key, "double", json.Number(b)}
}

// nanos reads a time of the native API.
func nanos(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // 0 is no time that a test sends
	return n
}
