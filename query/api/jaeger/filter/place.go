package filter

import "github.com/heddle-io/heddle/storage"

// place is where a condition is evaluated: on a span and, inside of some, on one
// of its events or links.
type place struct {
	s   *storage.Spans
	row int
	// event and link are indices into the tables of s, or unbound.
	event, link int
}

const unbound = -1

func (at *place) text(index uint32) storage.Value { return storage.String(at.s.Strings[index]) }

// eachEvent visits the event at hand, or all of the span.
func (at *place) eachEvent(visit func(*place)) {
	if at.event != unbound {
		visit(at)
		return
	}
	one := *at
	for r := at.s.Events[at.row]; r.From < r.To; r.From++ {
		one.event = int(r.From)
		visit(&one)
	}
}

// eachLink is eachEvent for links.
func (at *place) eachLink(visit func(*place)) {
	if at.link != unbound {
		visit(at)
		return
	}
	one := *at
	for r := at.s.Links[at.row]; r.From < r.To; r.From++ {
		one.link = int(r.From)
		visit(&one)
	}
}

// each visits the places in which a level has values.
func (at *place) each(l level, visit func(*place)) {
	switch l {
	case eventLevel:
		at.eachEvent(visit)
	case linkLevel:
		at.eachLink(visit)
	default:
		visit(at)
	}
}

// attributes are those of a level, at a place in which it has some.
func (at *place) attributes(l level) storage.Range {
	switch l {
	case resourceLevel:
		return at.s.ResourceTable[at.s.Resources[at.row]].Attributes
	case scopeLevel:
		return at.s.ScopeTable[at.s.Scopes[at.row]].Attributes
	case eventLevel:
		return at.s.EventTable[at.event].Attributes
	case linkLevel:
		return at.s.LinkTable[at.link].Attributes
	}
	return at.s.Attributes[at.row]
}
