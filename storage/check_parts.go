package storage

import (
	"fmt"
	"math"
	"strings"
)

// What follows are the steps of CheckSpan and CheckLog, for writers that have
// records in another form than pdata. Asked in the same order they give the
// same reasons.

// NumberBytes is the size that counts for a value that is no text, bytes,
// array or map.
const NumberBytes = 8

// CheckSpanIDs says why the ids and times of a span cannot be stored, or ok.
func CheckSpanIDs(name string, trace TraceID, span SpanID, startNs, endNs uint64) (reason Reason, detail string, ok bool) {
	switch {
	case trace == TraceID{}:
		return ReasonNoTraceID, fmt.Sprintf("span %q has no trace id", clip(name)), false
	case span == SpanID{}:
		return ReasonNoSpanID, fmt.Sprintf("span %q has no span id", clip(name)), false
	case startNs > math.MaxInt64 || endNs > math.MaxInt64:
		return ReasonTimeRange, fmt.Sprintf("span %q has a time after the year 2262: times are nanoseconds since 1970", clip(name)), false
	}
	return "", "", true
}

// CheckLogTimes says why the times of a log record cannot be stored, or ok.
func CheckLogTimes(timeNs, observedNs uint64) (reason Reason, detail string, ok bool) {
	if timeNs > math.MaxInt64 || observedNs > math.MaxInt64 {
		return ReasonTimeRange, "a log record has a time after the year 2262: times are nanoseconds since 1970", false
	}
	return "", "", true
}

// CheckText says why a text of the given length cannot be stored, or ok.
func (l Limits) CheckText(what string, bytes int) (reason Reason, detail string, ok bool) {
	if l.ValueBytes > 0 && bytes > l.ValueBytes {
		return ReasonTooLarge, fmt.Sprintf("%s has %d bytes, the limit is %d", what, bytes, l.ValueBytes), false
	}
	return "", "", true
}

// CheckCount says why one record cannot have so many attributes, or ok.
func (l Limits) CheckCount(attributes int) (reason Reason, detail string, ok bool) {
	if l.Attributes > 0 && attributes > l.Attributes {
		return ReasonTooManyKey, fmt.Sprintf("%d attributes on one record, the limit is %d", attributes, l.Attributes), false
	}
	return "", "", true
}

// CheckChildren says why a span cannot have so many events or links, or ok.
func (l Limits) CheckChildren(name string, events, links int) (reason Reason, detail string, ok bool) {
	if l.Events > 0 && (events > l.Events || links > l.Events) {
		return ReasonTooLarge, fmt.Sprintf("span %q has %d events and %d links, the limit is %d", clip(name), events, links, l.Events), false
	}
	return "", "", true
}

// CheckValue says why an attribute cannot be stored, or ok. bytes is the size
// of its text, NumberBytes where it has none; fits is false for an array or map
// with more than MaxAnyDepth levels or with a map of more entries than
// Limits.Attributes.
func (l Limits) CheckValue(key string, bytes int, fits bool) (reason Reason, detail string, ok bool) {
	if !fits {
		return ReasonTooLarge, fmt.Sprintf("%q is nested deeper than %d levels or has a map of more than %d entries", clip(key), MaxAnyDepth, l.Attributes), false
	}
	if n := max(len(key), bytes); l.ValueBytes > 0 && n > l.ValueBytes {
		return ReasonTooLarge, fmt.Sprintf("%q has %d bytes, the limit is %d", clip(key), n, l.ValueBytes), false
	}
	return "", "", true
}

// clip shortens text of a sender for a message.
func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD") // the cut may split a character
}
