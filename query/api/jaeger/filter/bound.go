package filter

import "github.com/heddle-io/heddle/storage"

// bound is what a store can test of a condition: every span that satisfies the
// condition satisfies where, too.
type bound struct {
	where storage.Predicate // nil: every span
	none  bool              // no span satisfies the condition
	exact bool              // where is the condition
}

var (
	everySpan = bound{}            // nothing is known
	allSpans  = bound{exact: true} // the condition is true of all
	noSpan    = bound{none: true, exact: true}
)

func exactly(p storage.Predicate) bound { return bound{where: p, exact: true} }

// atLeast keeps of an equivalence only that what satisfies the condition
// satisfies where.
func (b bound) atLeast() bound {
	b.exact = b.none
	return b
}

func (b bound) and(c bound) bound {
	switch {
	case b.none || c.none:
		return noSpan
	case b.where == nil:
		return bound{where: c.where, exact: b.exact && c.exact}
	case c.where == nil:
		return bound{where: b.where, exact: b.exact && c.exact}
	}
	both := storage.And{}
	for _, p := range []storage.Predicate{b.where, c.where} {
		if and, ok := p.(storage.And); ok {
			both = append(both, and...)
		} else {
			both = append(both, p)
		}
	}
	return bound{where: both, exact: b.exact && c.exact}
}

// anyOf is the bound of an alternative.
func anyOf(list ...bound) bound {
	out := storage.Or{}
	exact := true
	for _, b := range list {
		switch {
		case b.none:
			continue
		case b.where == nil && b.exact:
			return allSpans
		case b.where == nil:
			return everySpan
		}
		exact = exact && b.exact
		if or, ok := b.where.(storage.Or); ok {
			out = append(out, or...)
		} else {
			out = append(out, b.where)
		}
	}
	switch len(out) {
	case 0:
		return noSpan
	case 1:
		return bound{where: out[0], exact: exact}
	}
	return bound{where: out, exact: exact}
}

// not is of use only for what is exact: the opposite of a superset is none.
func (b bound) not() bound {
	switch {
	case !b.exact:
		return everySpan
	case b.none:
		return allSpans
	case b.where == nil:
		return noSpan
	}
	return exactly(storage.Not{Of: b.where})
}

// hasEvents is true of the spans with events, also with those of empty name.
var hasEvents = exactly(storage.Exists{Key: storage.KeyEventName})

// hasElements bounds that a span has an event or link.
func hasElements(l level) bound {
	if l == eventLevel {
		return hasEvents
	}
	return everySpan // stores have no key for links
}
