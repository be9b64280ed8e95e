package storage

import (
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// bodyKey names the body where a body is checked like an attribute.
const bodyKey = "body"

// CheckLog says why a log record cannot be stored, or ok. A record needs
// neither ids nor a time.
func (l Limits) CheckLog(r plog.LogRecord) (reason Reason, detail string, ok bool) {
	if uint64(r.Timestamp()) > math.MaxInt64 || uint64(r.ObservedTimestamp()) > math.MaxInt64 {
		return ReasonTimeRange, "a log record has a time after the year 2262: times are nanoseconds since 1970", false
	}
	if reason, detail, ok = l.checkText("severity text", r.SeverityText()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.checkText("event name", r.EventName()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.checkValue(bodyKey, r.Body()); !ok {
		return reason, detail, false
	}
	return l.CheckAttributes(r.Attributes())
}

func (l Limits) checkValue(key string, v pcommon.Value) (Reason, string, bool) {
	if nested(v) && !l.fits(v, 0) {
		return ReasonTooLarge, fmt.Sprintf("%q is nested deeper than %d levels or has a map of more than %d entries", clip(key), maxAnyDepth, l.Attributes), false
	}
	if n := max(len(key), valueBytes(v)); l.ValueBytes > 0 && n > l.ValueBytes {
		return ReasonTooLarge, fmt.Sprintf("%q has %d bytes, the limit is %d", clip(key), n, l.ValueBytes), false
	}
	return "", "", true
}
