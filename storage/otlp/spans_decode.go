package otlp

import "github.com/heddle-io/heddle/storage"

const (
	spanFields   = fields(1<<17 - 2) // 1 to 16
	statusFields = fields(1<<2 | 1<<3)
	eventFields  = fields(1<<1 | 1<<2 | 1<<3 | 1<<4)
	linkFields   = fields(1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6)
)

func (d *Spans) record(b []byte, pos int) int {
	start, madeBefore := pos, len(d.made)
	d.entries = 0
	s := grown(&d.Spans)
	s.attrs.From, s.events.From, s.links.From = end(d.recordAttrs), end(d.events), end(d.links)
	var num uint64
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 9<<3 | wireLen:
			pos = d.attr(&d.recordAttrs, b, pos)
		case 1<<3 | wireLen:
			pos = id(s.TraceID[:], b, pos)
		case 2<<3 | wireLen:
			pos = id(s.SpanID[:], b, pos)
		case 3<<3 | wireLen:
			s.TraceState, pos = text(b, pos)
		case 4<<3 | wireLen:
			pos = id(s.ParentID[:], b, pos)
		case 5<<3 | wireLen:
			s.Name, pos = text(b, pos)
		case 6<<3 | wireVarint:
			num, pos = varint(b, pos)
			s.Kind = int32(num)
		case 7<<3 | wireI64:
			s.StartNs, pos = fixed64(b, pos)
		case 8<<3 | wireI64:
			s.EndNs, pos = fixed64(b, pos)
		case 10<<3 | wireVarint:
			s.Dropped.Attributes, pos = varint32(b, pos)
		case 11<<3 | wireLen:
			pos = d.event(b, pos)
		case 12<<3 | wireVarint:
			s.Dropped.Events, pos = varint32(b, pos)
		case 13<<3 | wireLen:
			pos = d.link(b, pos)
		case 14<<3 | wireVarint:
			s.Dropped.Links, pos = varint32(b, pos)
		case 15<<3 | wireLen:
			from, to := length(b, pos)
			if to == bad || s.status(b[:to], from) != to {
				return d.fail("a status")
			}
			pos = to
		case 16<<3 | wireI32:
			s.Flags, pos = fixed32(b, pos)
		default:
			pos = spanFields.other(b, pos, t)
		}
	}
	s.attrs.To, s.events.To, s.links.To = end(d.recordAttrs), end(d.events), end(d.links)
	s.bytes, s.entries = uint32(len(b)-start+len(d.made)-madeBefore), d.entries
	return pos
}

func (s *Span) status(b []byte, pos int) int {
	for pos < len(b) {
		var t, num uint64
		switch t, pos = tag(b, pos); t {
		case 2<<3 | wireLen:
			s.StatusMessage, pos = text(b, pos)
		case 3<<3 | wireVarint:
			num, pos = varint(b, pos)
			s.StatusCode = int32(num)
		default:
			pos = statusFields.other(b, pos, t)
		}
	}
	return pos
}

func (d *Spans) event(b []byte, pos int) int {
	pos, stop := length(b, pos)
	if stop == bad {
		return d.fail("an event")
	}
	b = b[:stop]
	e := grown(&d.events)
	e.attrs = storage.Range{From: end(d.eventAttrs)}
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 1<<3 | wireI64:
			e.TimeNs, pos = fixed64(b, pos)
		case 2<<3 | wireLen:
			e.Name, pos = text(b, pos)
		case 3<<3 | wireLen:
			pos = d.attr(&d.eventAttrs, b, pos)
		case 4<<3 | wireVarint:
			e.Dropped, pos = varint32(b, pos)
		default:
			pos = eventFields.other(b, pos, t)
		}
	}
	e.attrs.To = end(d.eventAttrs)
	if pos != stop {
		return d.fail("an event")
	}
	return pos
}

func (d *Spans) link(b []byte, pos int) int {
	pos, stop := length(b, pos)
	if stop == bad {
		return d.fail("a link")
	}
	b = b[:stop]
	l := grown(&d.links)
	l.attrs = storage.Range{From: end(d.linkAttrs)}
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 1<<3 | wireLen:
			pos = id(l.TraceID[:], b, pos)
		case 2<<3 | wireLen:
			pos = id(l.SpanID[:], b, pos)
		case 3<<3 | wireLen:
			l.TraceState, pos = text(b, pos)
		case 4<<3 | wireLen:
			pos = d.attr(&d.linkAttrs, b, pos)
		case 5<<3 | wireVarint:
			l.Dropped, pos = varint32(b, pos)
		case 6<<3 | wireI32:
			l.Flags, pos = fixed32(b, pos)
		default:
			pos = linkFields.other(b, pos, t)
		}
	}
	l.attrs.To = end(d.linkAttrs)
	if pos != stop {
		return d.fail("a link")
	}
	return pos
}
