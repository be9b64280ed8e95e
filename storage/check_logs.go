package storage

import "go.opentelemetry.io/collector/pdata/plog"

// BodyKey names the body of a log record where it is checked like an attribute.
const BodyKey = "body"

// CheckLog says why a log record cannot be stored, or ok. A record needs
// neither ids nor a time.
func (l Limits) CheckLog(r plog.LogRecord) (reason Reason, detail string, ok bool) {
	if reason, detail, ok = CheckLogTimes(uint64(r.Timestamp()), uint64(r.ObservedTimestamp())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("severity text", len(r.SeverityText())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("event name", len(r.EventName())); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.checkValue(BodyKey, r.Body()); !ok {
		return reason, detail, false
	}
	return l.CheckAttributes(r.Attributes())
}
