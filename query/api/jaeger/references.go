package jaeger

import "github.com/heddle-io/heddle/storage"

// reference points from a span to another one.
type reference struct {
	childOf bool // else FOLLOWS_FROM
	traceID storage.TraceID
	spanID  storage.SpanID
}

// references calls show with the parent first, then with the links. A link to
// the parent does not repeat it but gives it its type, as in Jaeger's
// translation.
func (v *view) references(s *storage.Spans, keys knownKeys, p int32, show func(reference)) {
	row := int(v.rows[p])
	links, stored := s.LinksOf(row), s.ParentIDs[row]
	toParent := func(l storage.Link) bool { return l.TraceID == v.id && l.SpanID == stored }

	parent := v.parentID(s, p)
	hasParent := !parent.IsEmpty()
	if hasParent {
		childOf := true
		for _, l := range links {
			if toParent(l) {
				childOf = linksChild(s, keys, l)
			}
		}
		show(reference{childOf, v.id, parent})
	}
	for _, l := range links {
		if hasParent && toParent(l) {
			continue
		}
		if v.rebuilt != nil && l.TraceID.IsEmpty() && l.SpanID.IsEmpty() {
			continue // left over by converters; points nowhere
		}
		show(reference{linksChild(s, keys, l), l.TraceID, l.SpanID})
	}
}

func (e *encoder) references(v *view, p int32) {
	first := true
	v.references(e.s, e.keys, p, func(r reference) {
		if !first {
			e.buf = append(e.buf, ',')
		}
		first = false
		e.reference(r)
	})
}

func (e *encoder) reference(r reference) {
	b := append(e.buf, `{"refType":"`...)
	if r.childOf {
		b = append(b, `CHILD_OF","traceID":"`...)
	} else {
		b = append(b, `FOLLOWS_FROM","traceID":"`...)
	}
	b = appendTraceID(b, r.traceID)
	b = append(b, `","spanID":"`...)
	b = appendSpanID(b, r.spanID)
	e.buf = append(b, '"', '}')
}

// linksChild says whether a link was a child_of reference in OpenTracing.
func linksChild(s *storage.Spans, keys knownKeys, l storage.Link) bool {
	for _, a := range s.List(l.Attributes) {
		if a.Key == keys.refType {
			return s.Value(a) == storage.String("child_of")
		}
	}
	return false
}
