package storage

import (
	"fmt"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Limits bound a single record, so that no sender can make one row costlier
// than the store can bear. Zero fields mean no limit; values nested deeper
// than 64 levels are refused in any case because they cannot be read back.
type Limits struct {
	ValueBytes int // longest text of any kind: key, name, message; bytes; array or map value, encoded
	Attributes int // most attributes on one span, event, link or record, and most entries of one map value
	Events     int // most events, and most links, on one span
}

// DefaultLimits are far above what instrumentation writes on purpose.
func DefaultLimits() Limits {
	return Limits{ValueBytes: 1 << 20, Attributes: 1024, Events: 4096}
}

// CheckSpan says why a span cannot be stored, or ok. A span that ends before
// it starts is stored as it is: its clock is wrong, its content is not.
func (l Limits) CheckSpan(s ptrace.Span) (reason Reason, detail string, ok bool) {
	switch {
	case s.TraceID().IsEmpty():
		return ReasonNoTraceID, fmt.Sprintf("span %q has no trace id", clip(s.Name())), false
	case s.SpanID().IsEmpty():
		return ReasonNoSpanID, fmt.Sprintf("span %q has no span id", clip(s.Name())), false
	case uint64(s.StartTimestamp()) > math.MaxInt64 || uint64(s.EndTimestamp()) > math.MaxInt64:
		return ReasonTimeRange, fmt.Sprintf("span %q has a time after the year 2262: times are nanoseconds since 1970", clip(s.Name())), false
	}
	if reason, detail, ok = l.checkText("span name", s.Name()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.checkText("status message", s.Status().Message()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.checkText("trace state", s.TraceState().AsRaw()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckAttributes(s.Attributes()); !ok {
		return reason, detail, false
	}
	if l.Events > 0 && (s.Events().Len() > l.Events || s.Links().Len() > l.Events) {
		return ReasonTooLarge, fmt.Sprintf("span %q has %d events and %d links, the limit is %d", clip(s.Name()), s.Events().Len(), s.Links().Len(), l.Events), false
	}
	for i := range s.Events().Len() {
		if reason, detail, ok = l.checkText("event name", s.Events().At(i).Name()); !ok {
			return reason, detail, false
		}
		if reason, detail, ok = l.CheckAttributes(s.Events().At(i).Attributes()); !ok {
			return reason, detail, false
		}
	}
	for i := range s.Links().Len() {
		if reason, detail, ok = l.checkText("trace state of a link", s.Links().At(i).TraceState().AsRaw()); !ok {
			return reason, detail, false
		}
		if reason, detail, ok = l.CheckAttributes(s.Links().At(i).Attributes()); !ok {
			return reason, detail, false
		}
	}
	return "", "", true
}

// CheckAttributes says why an attribute list cannot be stored, or ok. A writer
// also asks it about the resource and the instrumentation scope: when those
// cannot be stored, none of their records can.
func (l Limits) CheckAttributes(m pcommon.Map) (reason Reason, detail string, ok bool) {
	if l.Attributes > 0 && m.Len() > l.Attributes {
		return ReasonTooManyKey, fmt.Sprintf("%d attributes on one record, the limit is %d", m.Len(), l.Attributes), false
	}
	for k, v := range m.All() {
		if reason, detail, ok = l.checkValue(k, v); !ok {
			return reason, detail, false
		}
	}
	return "", "", true
}

func nested(v pcommon.Value) bool {
	return v.Type() == pcommon.ValueTypeSlice || v.Type() == pcommon.ValueTypeMap
}

// fits says whether a value can be read back at bearable cost: reading a map
// looks for every key among those before it.
func (l Limits) fits(v pcommon.Value, depth int) bool {
	switch {
	case !nested(v):
		return depth <= maxAnyDepth
	case depth >= maxAnyDepth:
		return false
	case v.Type() == pcommon.ValueTypeSlice:
		for i := range v.Slice().Len() {
			if !l.fits(v.Slice().At(i), depth+1) {
				return false
			}
		}
		return true
	}
	if l.Attributes > 0 && v.Map().Len() > l.Attributes {
		return false
	}
	for _, item := range v.Map().All() {
		if !l.fits(item, depth+1) {
			return false
		}
	}
	return true
}

func (l Limits) checkText(what, text string) (Reason, string, bool) {
	if l.ValueBytes > 0 && len(text) > l.ValueBytes {
		return ReasonTooLarge, fmt.Sprintf("%s has %d bytes, the limit is %d", what, len(text), l.ValueBytes), false
	}
	return "", "", true
}

func valueBytes(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return len(v.Str())
	case pcommon.ValueTypeBytes:
		return v.Bytes().Len()
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		return anyValueSize(v)
	}
	return 8
}

// clip shortens text of a sender for a message.
func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD") // the cut may split a character
}
