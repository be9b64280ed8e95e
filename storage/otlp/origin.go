package otlp

import "github.com/heddle-io/heddle/storage"

const (
	resourceFields  = fields(1<<1 | 1<<2 | 1<<3)
	scopeFields     = fields(1<<1 | 1<<2 | 1<<3 | 1<<4)
	entityRefFields = fields(1<<1 | 1<<2 | 1<<3 | 1<<4)
	groupFields     = fields(1<<1 | 1<<2 | 1<<3) // ResourceSpans, ScopeSpans and those of logs
	requestFields   = fields(1 << 1)

	tagGroup      = 1<<3 | wireLen // ExportTraceServiceRequest.resource_spans, ExportLogsServiceRequest.resource_logs
	tagOf         = 1<<3 | wireLen // the resource or scope of a group
	tagMembers    = 2<<3 | wireLen // its scopes or records
	tagSchemaURL  = 3<<3 | wireLen
	tagDeprecated = 1000<<3 | wireLen // scopes as they were sent before OTLP 0.15
)

// recordReader reads the record that ends with b and appends it to a list.
type recordReader interface {
	record(b []byte, pos int) int
	count() int
	cut(records int) // takes off the records from that number on
}

// request reads a whole request. deprecated says that scopes in the deprecated
// field count where there are no others, as in an export request.
func (m *Message) request(r recordReader, body []byte, deprecated bool) error {
	if err := m.start(body); err != nil {
		return err
	}
	pos := 0
	for pos < len(body) {
		var t uint64
		if t, pos = tag(body, pos); t != tagGroup {
			pos = requestFields.other(body, pos, t)
			continue
		}
		from, to := length(body, pos)
		if to == bad || m.resourceGroup(r, body[:to], from, deprecated) != to {
			pos = bad
			break
		}
		pos = to
	}
	if pos != len(body) {
		m.fail("the request")
		return m.malformed(r.count())
	}
	return nil
}

// resourceGroup reads ResourceSpans or ResourceLogs.
func (m *Message) resourceGroup(r recordReader, b []byte, pos int, deprecated bool) int {
	start, old := pos, false
	res := Resource{Scopes: storage.Range{From: end(m.Scopes)}, attrs: storage.Range{From: end(m.resourceAttrs)}}
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagOf:
			from, to := length(b, pos)
			if to == bad || m.resource(&res, b[:to], from) != to {
				return m.fail("a resource")
			}
			pos = to
		case tagMembers:
			pos = m.scopeGroup(r, b, pos)
		case tagSchemaURL:
			res.SchemaURL, pos = text(b, pos)
		case tagDeprecated:
			old = true
			_, pos = length(b, pos)
		default:
			if t>>3 == tagDeprecated>>3 {
				return m.fail("a resource")
			}
			pos = groupFields.other(b, pos, t)
		}
	}
	if old && pos == len(b) {
		pos = m.oldScopes(r, b, start, deprecated && end(m.Scopes) == res.Scopes.From)
	}
	res.Scopes.To, res.attrs.To = end(m.Scopes), end(m.resourceAttrs)
	m.Resources = append(m.Resources, res)
	return pos
}

// oldScopes reads the scopes in the deprecated field of a group that was read
// otherwise. Damaged ones fail the request even if they are not to be kept.
func (m *Message) oldScopes(r recordReader, b []byte, pos int, keep bool) int {
	scopes, attrs, records := len(m.Scopes), len(m.scopeAttrs), r.count()
	for pos < len(b) {
		var t uint64
		if t, pos = tag(b, pos); t == tagDeprecated {
			pos = m.scopeGroup(r, b, pos)
		} else {
			pos = skip(b, pos, t&7)
		}
	}
	if !keep {
		m.Scopes, m.scopeAttrs = m.Scopes[:scopes], m.scopeAttrs[:attrs]
		r.cut(records)
	}
	return pos
}

// scopeGroup reads the length of ScopeSpans or ScopeLogs and the message.
func (m *Message) scopeGroup(r recordReader, b []byte, pos int) int {
	pos, stop := length(b, pos)
	if stop == bad {
		return m.fail("a scope")
	}
	b = b[:stop]
	s := Scope{Records: storage.Range{From: uint32(r.count())}, attrs: storage.Range{From: end(m.scopeAttrs)}}
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case tagOf:
			from, to := length(b, pos)
			if to == bad || m.scope(&s, b[:to], from) != to {
				return m.fail("a scope")
			}
			pos = to
		case tagMembers:
			from, to := length(b, pos)
			if to == bad || r.record(b[:to], from) != to {
				return m.fail("a record")
			}
			pos = to
		case tagSchemaURL:
			s.SchemaURL, pos = text(b, pos)
		default:
			pos = groupFields.other(b, pos, t)
		}
	}
	if pos != stop {
		return m.fail("a scope")
	}
	s.Records.To, s.attrs.To = uint32(r.count()), end(m.scopeAttrs)
	m.Scopes = append(m.Scopes, s)
	return pos
}

func (m *Message) resource(r *Resource, b []byte, pos int) int {
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 1<<3 | wireLen:
			pos = m.attr(&m.resourceAttrs, b, pos)
		case 2<<3 | wireVarint:
			r.Dropped, pos = varint32(b, pos)
		case 3<<3 | wireLen:
			from, to := length(b, pos)
			if to == bad || entityRef(b[:to], from) != to {
				return m.fail("an entity reference")
			}
			pos = to
		default:
			pos = resourceFields.other(b, pos, t)
		}
	}
	return pos
}

// entityRef checks an EntityRef: texts that nothing here stores.
func entityRef(b []byte, pos int) int {
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 1<<3 | wireLen, 2<<3 | wireLen, 3<<3 | wireLen, 4<<3 | wireLen:
			_, pos = length(b, pos)
		default:
			pos = entityRefFields.other(b, pos, t)
		}
	}
	return pos
}

func (m *Message) scope(s *Scope, b []byte, pos int) int {
	for pos < len(b) {
		var t uint64
		switch t, pos = tag(b, pos); t {
		case 1<<3 | wireLen:
			s.Name, pos = text(b, pos)
		case 2<<3 | wireLen:
			s.Version, pos = text(b, pos)
		case 3<<3 | wireLen:
			pos = m.attr(&m.scopeAttrs, b, pos)
		case 4<<3 | wireVarint:
			s.Dropped, pos = varint32(b, pos)
		default:
			pos = scopeFields.other(b, pos, t)
		}
	}
	return pos
}
