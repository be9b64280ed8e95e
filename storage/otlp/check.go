package otlp

import "github.com/heddle-io/heddle/storage"

// Check says why a span cannot be stored, or ok, as Limits.CheckSpan does of
// the same span in pdata.
func (d *Spans) Check(l storage.Limits, s *Span) (reason storage.Reason, detail string, ok bool) {
	if reason, detail, ok = storage.CheckSpanIDs(d.String(s.Name), s.TraceID, s.SpanID, s.StartNs, s.EndNs); !ok {
		return reason, detail, false
	}
	// Most spans are smaller as a whole than any part of them may be.
	attrs, children := d.Counts(s)
	if small(l, s.bytes, s.entries, attrs) && (l.Events == 0 || children <= l.Events) {
		return "", "", true
	}
	if reason, detail, ok = l.CheckText("span name", s.Name.Len()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("status message", s.StatusMessage.Len()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("trace state", s.TraceState.Len()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = d.CheckAttrs(l, d.Attrs(s)); !ok {
		return reason, detail, false
	}
	events, links := d.Events(s), d.Links(s)
	if reason, detail, ok = l.CheckChildren(d.String(s.Name), len(events), len(links)); !ok {
		return reason, detail, false
	}
	for i := range events {
		if reason, detail, ok = l.CheckText("event name", events[i].Name.Len()); !ok {
			return reason, detail, false
		}
		if reason, detail, ok = d.CheckAttrs(l, d.EventAttrs(&events[i])); !ok {
			return reason, detail, false
		}
	}
	for i := range links {
		if reason, detail, ok = l.CheckText("trace state of a link", links[i].TraceState.Len()); !ok {
			return reason, detail, false
		}
		if reason, detail, ok = d.CheckAttrs(l, d.LinkAttrs(&links[i])); !ok {
			return reason, detail, false
		}
	}
	return "", "", true
}

// Check says why a record cannot be stored, or ok, as Limits.CheckLog does of
// the same record in pdata.
func (d *Logs) Check(l storage.Limits, r *Record) (reason storage.Reason, detail string, ok bool) {
	if reason, detail, ok = storage.CheckLogTimes(r.TimeNs, r.ObservedNs); !ok {
		return reason, detail, false
	}
	if small(l, r.bytes, r.entries, int(r.attrs.To-r.attrs.From)) {
		return "", "", true
	}
	if reason, detail, ok = l.CheckText("severity text", r.SeverityText.Len()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = l.CheckText("event name", r.EventName.Len()); !ok {
		return reason, detail, false
	}
	if reason, detail, ok = checkValue(l, storage.BodyKey, &r.Body); !ok {
		return reason, detail, false
	}
	return d.CheckAttrs(l, d.Attrs(r))
}

// CheckAttrs says why an attribute list cannot be stored, or ok, as
// Limits.CheckAttributes does of the same list in pdata.
func (m *Message) CheckAttrs(l storage.Limits, list []Attr) (reason storage.Reason, detail string, ok bool) {
	if reason, detail, ok = l.CheckCount(len(list)); !ok {
		return reason, detail, false
	}
	for i := range list {
		if reason, detail, ok = checkValue(l, m.String(list[i].Key), &list[i]); !ok {
			return reason, detail, false
		}
	}
	return "", "", true
}

func checkValue(l storage.Limits, key string, a *Attr) (reason storage.Reason, detail string, ok bool) {
	size := storage.NumberBytes
	switch a.Type {
	case storage.TypeString, storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		size = a.Text().Len()
	}
	return l.CheckValue(key, size, a.Entries != TooDeep && (l.Attributes == 0 || uint64(a.Entries) <= uint64(l.Attributes)))
}

// small says that nothing in a record can exceed l, from its bytes, its largest
// map and its number of attributes as a whole.
func small(l storage.Limits, bytes, entries uint32, attrs int) bool {
	return entries != TooDeep &&
		(l.ValueBytes == 0 || l.ValueBytes >= storage.NumberBytes && uint64(bytes) <= uint64(l.ValueBytes)) &&
		(l.Attributes == 0 || attrs <= l.Attributes && uint64(entries) <= uint64(l.Attributes))
}
