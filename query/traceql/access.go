package traceql

import (
	"encoding/hex"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// access reads one field of the spans of a trace. It remembers the index of
// its attribute's name per storage.Spans; not safe for concurrent use.
type access struct {
	field      field
	generation int
	key        uint32
	known      bool // the name occurs in the spans at all
}

// look finds the attribute's name in the spans' text, once per Spans.
func (a *access) look(v *view) {
	if a.generation == v.generation {
		return
	}
	a.generation = v.generation
	a.known = false
	for i, s := range v.s.Strings {
		if s == a.field.name {
			a.key, a.known = uint32(i), true
			return
		}
	}
}

// at is the position that the field belongs to; ok is false where there is no
// parent.
func (a *access) at(v *view, p int32) (int32, bool) {
	if a.field.parent {
		p = v.t.Parents[p]
	}
	return p, p >= 0
}

// value returns the value of the field at a position, the first one where
// there may be several; nil when there is none.
func (a *access) value(v *view, p int32) Value {
	p, ok := a.at(v, p)
	if !ok {
		return Value{}
	}
	if a.field.intrinsic != notIntrinsic {
		if a.field.multi() {
			return a.firstMulti(v, v.row(p))
		}
		return v.intrinsic(a.field.intrinsic, p)
	}
	a.look(v)
	if !a.known {
		return Value{}
	}
	if attr, ok := a.attribute(v, v.row(p)); ok {
		return ValueOf(v.s.Value(attr))
	}
	return Value{}
}

// values appends all values of the field at a position, nil left out.
func (a *access) values(v *view, p int32, list []Value) []Value {
	if !a.field.multi() && (a.field.scope != scopeAny || a.field.intrinsic != notIntrinsic) {
		if x := a.value(v, p); !x.IsNil() {
			list = append(list, x)
		}
		return list
	}
	p, ok := a.at(v, p)
	if !ok {
		return list
	}
	row := v.row(p)
	if a.field.intrinsic != notIntrinsic {
		a.eachMulti(v, row, func(x Value) bool { list = append(list, x); return true })
		return list
	}
	a.look(v)
	if !a.known {
		return list
	}
	a.eachAttribute(v, row, func(attr storage.Attr) bool {
		if x := ValueOf(v.s.Value(attr)); !x.IsNil() {
			list = append(list, x)
		}
		return true
	})
	return list
}

// first returns the first attribute of a list with the key. An attribute
// without a value is none.
func first(attrs []storage.Attr, key uint32) (storage.Attr, bool) {
	for i := range attrs {
		if attrs[i].Key == key {
			return attrs[i], attrs[i].Type != storage.TypeEmpty
		}
	}
	return storage.Attr{}, false
}

// attribute returns the first attribute of a row that the field names.
func (a *access) attribute(v *view, row int) (storage.Attr, bool) {
	s := v.s
	switch a.field.scope {
	case scopeSpan:
		return first(s.List(s.Attributes[row]), a.key)
	case scopeResource:
		return first(s.List(s.ResourceTable[s.Resources[row]].Attributes), a.key)
	case scopeInstrumentation:
		return first(s.List(s.ScopeTable[s.Scopes[row]].Attributes), a.key)
	case scopeEvent:
		return firstOfEvents(s, row, a.key)
	case scopeLink:
		return firstOfLinks(s, row, a.key)
	}
	if attr, ok := first(s.List(s.Attributes[row]), a.key); ok {
		return attr, true
	}
	if attr, ok := first(s.List(s.ResourceTable[s.Resources[row]].Attributes), a.key); ok {
		return attr, true
	}
	if attr, ok := first(s.List(s.ScopeTable[s.Scopes[row]].Attributes), a.key); ok {
		return attr, true
	}
	if attr, ok := firstOfEvents(s, row, a.key); ok {
		return attr, true
	}
	return firstOfLinks(s, row, a.key)
}

func firstOfEvents(s *storage.Spans, row int, key uint32) (storage.Attr, bool) {
	for _, e := range s.EventsOf(row) {
		if attr, ok := first(s.List(e.Attributes), key); ok {
			return attr, true
		}
	}
	return storage.Attr{}, false
}

func firstOfLinks(s *storage.Spans, row int, key uint32) (storage.Attr, bool) {
	for _, l := range s.LinksOf(row) {
		if attr, ok := first(s.List(l.Attributes), key); ok {
			return attr, true
		}
	}
	return storage.Attr{}, false
}

// eachAttribute calls f with every attribute of a row that the field names,
// until f returns false. Without a scope, only the first scope that has the
// name counts.
func (a *access) eachAttribute(v *view, row int, f func(storage.Attr) bool) {
	s := v.s
	sc := a.field.scope
	if sc == scopeAny {
		_, inEvents := firstOfEvents(s, row, a.key)
		switch {
		case a.single(s, row):
		case inEvents:
			sc = scopeEvent
		default:
			sc = scopeLink
		}
	}
	switch sc {
	case scopeEvent:
		for _, e := range s.EventsOf(row) {
			if attr, ok := first(s.List(e.Attributes), a.key); ok && !f(attr) {
				return
			}
		}
	case scopeLink:
		for _, l := range s.LinksOf(row) {
			if attr, ok := first(s.List(l.Attributes), a.key); ok && !f(attr) {
				return
			}
		}
	default:
		if attr, ok := a.attribute(v, row); ok {
			f(attr)
		}
	}
}

// single says whether a scope with one list of attributes has the name.
func (a *access) single(s *storage.Spans, row int) bool {
	for _, r := range [...]storage.Range{
		s.Attributes[row], s.ResourceTable[s.Resources[row]].Attributes, s.ScopeTable[s.Scopes[row]].Attributes,
	} {
		if _, ok := first(s.List(r), a.key); ok {
			return true
		}
	}
	return false
}

// firstMulti is the first value of an intrinsic of events or links.
func (a *access) firstMulti(v *view, row int) (out Value) {
	a.eachMulti(v, row, func(x Value) bool { out = x; return false })
	return out
}

// eachMulti calls f with the values of an intrinsic of events or links.
func (a *access) eachMulti(v *view, row int, f func(Value) bool) {
	s := v.s
	switch a.field.intrinsic {
	case inEventName, inEventTime:
		for _, e := range s.EventsOf(row) {
			x := Duration(time.Duration(e.TimeNs - s.StartsNs[row]))
			if a.field.intrinsic == inEventName {
				x = String(s.Strings[e.Name])
			}
			if !f(x) {
				return
			}
		}
	case inLinkTraceID, inLinkSpanID:
		for _, l := range s.LinksOf(row) {
			x := String(hex.EncodeToString(l.TraceID[:]))
			if a.field.intrinsic == inLinkSpanID {
				x = String(hex.EncodeToString(l.SpanID[:]))
			}
			if !f(x) {
				return
			}
		}
	}
}

// intrinsic returns the value of an intrinsic with one value per span.
func (v *view) intrinsic(in intrinsic, p int32) Value {
	s, row := v.s, v.row(p)
	switch in {
	case inName:
		return String(s.Name(row))
	case inDuration:
		return Duration(time.Duration(s.DurationsNs[row]))
	case inStatus:
		return Status(s.Statuses[row])
	case inStatusMessage:
		return String(s.Strings[s.StatusMessages[row]])
	case inKind:
		return Kind(s.Kinds[row])
	case inChildCount:
		v.countChildren()
		return Int(int64(v.children[p]))
	case inNestedSetLeft:
		v.number()
		return Int(int64(v.left[p]))
	case inNestedSetRight:
		v.number()
		return Int(int64(v.right[p]))
	case inNestedSetParent:
		return Int(v.nestedSetParent(p))
	case inSpanID:
		return String(hex.EncodeToString(s.SpanIDs[row][:]))
	case inParentID:
		if s.ParentIDs[row].IsEmpty() {
			return Value{}
		}
		return String(hex.EncodeToString(s.ParentIDs[row][:]))
	case inTraceID:
		return String(hex.EncodeToString(v.t.ID[:]))
	case inTraceDuration:
		return Duration(time.Duration(v.t.DurationNs()))
	case inRootName:
		return String(s.Name(v.row(int32(v.root))))
	case inRootService:
		return String(s.Service(v.row(int32(v.root))))
	case inScopeName:
		return String(s.Strings[s.ScopeTable[s.Scopes[row]].Name])
	case inScopeVersion:
		return String(s.Strings[s.ScopeTable[s.Scopes[row]].Version])
	}
	return Value{}
}

// nestedSetParent is -1 for a span that names no parent, the number of its
// parent otherwise, 0 when that is not stored.
func (v *view) nestedSetParent(p int32) int64 {
	if v.s.ParentIDs[v.row(p)].IsEmpty() {
		return -1
	}
	parent := v.t.Parents[p]
	if parent < 0 {
		return 0
	}
	v.number()
	return int64(v.left[parent])
}
