package jaeger

import "github.com/heddle-io/heddle/storage"

// references appends the parent first, then the links. A link to the parent
// does not repeat it but gives it its type, as in Jaeger's translation.
func (e *encoder) references(v *view, p int32) {
	s, row := e.s, int(v.rows[p])
	links, stored := s.LinksOf(row), s.ParentIDs[row]
	toParent := func(l storage.Link) bool { return l.TraceID == v.id && l.SpanID == stored }

	parent := v.parentID(s, p)
	hasParent := !parent.IsEmpty()
	if hasParent {
		childOf := true
		for _, l := range links {
			if toParent(l) {
				childOf = e.linksChild(l)
			}
		}
		e.reference(childOf, v.id, parent)
	}
	first := !hasParent
	for _, l := range links {
		if hasParent && toParent(l) {
			continue
		}
		if v.rebuilt != nil && l.TraceID.IsEmpty() && l.SpanID.IsEmpty() {
			continue // left over by converters; points nowhere
		}
		if !first {
			e.buf = append(e.buf, ',')
		}
		first = false
		e.reference(e.linksChild(l), l.TraceID, l.SpanID)
	}
}

func (e *encoder) reference(childOf bool, traceID storage.TraceID, spanID storage.SpanID) {
	b := append(e.buf, `{"refType":"`...)
	if childOf {
		b = append(b, `CHILD_OF","traceID":"`...)
	} else {
		b = append(b, `FOLLOWS_FROM","traceID":"`...)
	}
	b = appendTraceID(b, traceID)
	b = append(b, `","spanID":"`...)
	b = appendSpanID(b, spanID)
	e.buf = append(b, '"', '}')
}

// linksChild says whether a link was a child_of reference in OpenTracing.
func (e *encoder) linksChild(l storage.Link) bool {
	for _, a := range e.s.List(l.Attributes) {
		if a.Key == e.keys.refType {
			return e.s.Value(a) == storage.String("child_of")
		}
	}
	return false
}
