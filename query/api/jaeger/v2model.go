package jaeger

import (
	"encoding/binary"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"

	"github.com/heddle-io/heddle/storage"
)

// modeler writes traces that share one Spans in Jaeger's model, with the same
// content that encoder writes as JSON, but in nanoseconds.
type modeler struct {
	s         *storage.Spans
	keys      knownKeys
	processes map[uint32]*model.Process // by index in ResourceTable
}

func newModeler(s *storage.Spans) *modeler {
	return &modeler{s, findKeys(s), map[uint32]*model.Process{}}
}

func modelTraceID(id storage.TraceID) model.TraceID {
	return model.NewTraceID(binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))
}

func modelSpanID(id storage.SpanID) model.SpanID {
	return model.NewSpanID(binary.BigEndian.Uint64(id[:]))
}

func modelTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func (m *modeler) span(v *view, p int32) model.Span {
	s, row := m.s, int(v.rows[p])
	span := model.Span{
		TraceID: modelTraceID(v.id), SpanID: modelSpanID(v.spanID(s, p)), OperationName: s.Name(row),
		Flags: model.Flags(s.Flags[row] & flagSampled), StartTime: modelTime(s.StartsNs[row]),
		Duration: time.Duration(max(0, s.DurationsNs[row])), Tags: m.spanTags(row, v.rebuilt != nil),
		Process: m.process(s.Resources[row]), Warnings: v.allWarnings(p),
	}
	v.references(s, m.keys, p, func(r reference) {
		kind := model.FollowsFrom
		if r.childOf {
			kind = model.ChildOf
		}
		span.References = append(span.References, model.SpanRef{TraceID: modelTraceID(r.traceID), SpanID: modelSpanID(r.spanID), RefType: kind})
	})
	for _, event := range s.EventsOf(row) {
		span.Logs = append(span.Logs, model.Log{Timestamp: modelTime(event.TimeNs), Fields: m.logFields(event, v.rebuilt != nil)})
	}
	return span
}

// process is shared by the spans of a resource, and must not be changed.
func (m *modeler) process(resource uint32) *model.Process {
	p := m.processes[resource]
	if p == nil {
		p = &model.Process{ServiceName: shownService(m.s.ServiceOf(resource))}
		for _, a := range m.s.List(m.s.ResourceTable[resource].Attributes) {
			if a.Key != m.keys.service {
				p.Tags = append(p.Tags, m.attribute(a, false))
			}
		}
		m.processes[resource] = p
	}
	return p
}

// spanTags has the order of encoder.spanTags.
func (m *modeler) spanTags(row int, normalize bool) []model.KeyValue {
	s := m.s
	scope := &s.ScopeTable[s.Scopes[row]]
	attrs := s.List(s.Attributes[row])
	tags := make([]model.KeyValue, 0, len(attrs)+4)
	tags = textTag(tags, tagScopeName, s.Strings[scope.Name])
	tags = textTag(tags, tagScopeVersion, s.Strings[scope.Version])
	for _, a := range attrs {
		tags = append(tags, m.attribute(a, normalize))
	}
	tags = textTag(tags, tagSpanKind, kindTag(int64(s.Kinds[row])))
	switch s.Statuses[row] {
	case statusOK:
		tags = textTag(tags, tagStatusCode, "OK")
	case statusError:
		tags = append(textTag(tags, tagStatusCode, "ERROR"), model.Bool(tagError, true))
	}
	tags = textTag(tags, tagStatusDescription, s.Strings[s.StatusMessages[row]])
	return textTag(tags, tagTraceState, s.Strings[s.TraceStates[row]])
}

func (m *modeler) logFields(event storage.Event, normalize bool) []model.KeyValue {
	attrs := m.s.List(event.Attributes)
	named := false
	for _, a := range attrs {
		named = named || a.Key == m.keys.event
	}
	fields := make([]model.KeyValue, 0, len(attrs)+1)
	if !named {
		fields = textTag(fields, tagEvent, m.s.Strings[event.Name])
	}
	for _, a := range attrs {
		fields = append(fields, m.attribute(a, normalize))
	}
	return fields
}

func textTag(tags []model.KeyValue, key, text string) []model.KeyValue {
	if text == "" {
		return tags
	}
	return append(tags, model.String(key, text))
}

func (m *modeler) attribute(a storage.Attr, normalize bool) model.KeyValue {
	key, v := m.s.Strings[a.Key], m.s.Value(a)
	switch v.Type() {
	case storage.TypeInt:
		if normalize && (a.Key == m.keys.ip || a.Key == m.keys.peerIPv4) {
			return model.String(key, dottedIPv4(v.Int()))
		}
		return model.Int64(key, v.Int())
	case storage.TypeFloat:
		return model.Float64(key, v.Float())
	case storage.TypeBool:
		return model.Bool(key, v.Bool())
	case storage.TypeBytes:
		return model.Binary(key, []byte(v.Str()))
	}
	return model.String(key, v.Text())
}
