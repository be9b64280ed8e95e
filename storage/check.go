package storage

import (
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
	if reason, detail, ok = CheckSpanIDs(s.Name(), s.TraceID(), s.SpanID(), uint64(s.StartTimestamp()), uint64(s.EndTimestamp())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("span name", len(s.Name())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("status message", len(s.Status().Message())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("trace state", len(s.TraceState().AsRaw())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckAttributes(s.Attributes()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckChildren(s.Name(), s.Events().Len(), s.Links().Len()); !ok {
		return reason, detail, false
	}
	for i := range s.Events().Len() {
		if reason, detail, ok = l.CheckText("event name", len(s.Events().At(i).Name())); !ok {
			return reason, detail, false
		}
		if reason, detail, ok = l.CheckAttributes(s.Events().At(i).Attributes()); !ok {
			return reason, detail, false
		}
	}
	for i := range s.Links().Len() {
		if reason, detail, ok = l.CheckText("trace state of a link", len(s.Links().At(i).TraceState().AsRaw())); !ok {
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
	if reason, detail, ok = l.CheckCount(m.Len()); !ok {
		return reason, detail, false
	}
	for k, v := range m.All() {
		if reason, detail, ok = l.checkValue(k, v); !ok {
			return reason, detail, false
		}
	}
	return "", "", true
}

func (l Limits) checkValue(key string, v pcommon.Value) (Reason, string, bool) {
	fits := !nested(v) || l.fits(v, 0)
	size := 0
	if fits { // the size of what is nested too deep is not asked for
		size = valueBytes(v)
	}
	return l.CheckValue(key, size, fits)
}

func nested(v pcommon.Value) bool {
	return v.Type() == pcommon.ValueTypeSlice || v.Type() == pcommon.ValueTypeMap
}

// fits says whether a value can be read back at bearable cost: reading a map
// looks for every key among those before it.
func (l Limits) fits(v pcommon.Value, depth int) bool {
	switch {
	case !nested(v):
		return depth <= MaxAnyDepth
	case depth >= MaxAnyDepth:
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

func valueBytes(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return len(v.Str())
	case pcommon.ValueTypeBytes:
		return v.Bytes().Len()
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		return anyValueSize(v)
	}
	return NumberBytes
}
