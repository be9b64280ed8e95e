package traceql

import (
	"regexp"

	"github.com/heddle-io/heddle/storage"
)

// leaf compares a field with a constant, fast: numbers without building
// values, text once per distinct text, resources once each.
type leaf struct {
	access
	op       operator
	constant Value
	regexp   *regexp.Regexp
	ints     intRange
	seen     int // generation that the memos are of
	strings  memo
	arrays   memo
	resource memo
	scopes   memo // of instrumentation
}

// memo has an answer per index.
type memo []answer

type answer uint8

const (
	unknown answer = iota
	absent         // there is no value
	no
	yes
)

func newLeaf(f field, op operator, constant Value, re *regexp.Regexp) cond {
	return &leaf{access: access{field: f}, op: op, constant: constant, regexp: re, ints: intRangeOf(op, constant)}
}

func (c *leaf) holds(x Value) bool { return compare(c.op, x, c.constant, c.regexp) }

func (c *leaf) narrow(v *view, sel bitmap) {
	if c.seen != v.generation {
		c.seen = v.generation
		c.strings, c.arrays, c.resource, c.scopes = c.strings[:0], c.arrays[:0], c.resource[:0], c.scopes[:0]
	}
	info := &intrinsics[c.field.intrinsic]
	switch {
	case c.field.intrinsic == notIntrinsic:
		c.narrowAttribute(v, sel)
	case info.trace:
		if !c.holds(v.intrinsic(c.field.intrinsic, 0)) {
			clear(sel)
		}
	case info.multi:
		sel.narrow(func(p int32) bool { return c.any(v, p) })
	default:
		c.narrowIntrinsic(v, sel)
	}
}

// any says whether one of several values satisfies the comparison.
func (c *leaf) any(v *view, p int32) (holds bool) {
	p, ok := c.at(v, p)
	if !ok {
		return false
	}
	c.eachMulti(v, v.row(p), func(x Value) bool { holds = c.holds(x); return !holds })
	return holds
}

func (c *leaf) narrowIntrinsic(v *view, sel bitmap) {
	s := v.s
	var number func(p int32) int64
	var text []uint32
	switch c.field.intrinsic {
	case inDuration:
		number = func(p int32) int64 { return s.DurationsNs[v.row(p)] }
	case inStatus:
		number = func(p int32) int64 { return int64(s.Statuses[v.row(p)]) }
	case inKind:
		number = func(p int32) int64 { return int64(s.Kinds[v.row(p)]) }
	case inNestedSetParent:
		number = v.nestedSetParent
	case inChildCount:
		v.countChildren()
		number = func(p int32) int64 { return int64(v.children[p]) }
	case inNestedSetLeft:
		v.number()
		number = func(p int32) int64 { return int64(v.left[p]) }
	case inNestedSetRight:
		v.number()
		number = func(p int32) int64 { return int64(v.right[p]) }
	case inName:
		text = s.Names
	case inStatusMessage:
		text = s.StatusMessages
	}
	switch {
	case number != nil:
		sel.narrow(func(p int32) bool {
			p, ok := c.at(v, p)
			return ok && c.ints.holds(number(p))
		})
	case text != nil:
		sel.narrow(func(p int32) bool {
			p, ok := c.at(v, p)
			return ok && c.text(s, text[v.row(p)])
		})
	default:
		sel.narrow(func(p int32) bool { return c.holds(c.value(v, p)) })
	}
}

func (c *leaf) narrowAttribute(v *view, sel bitmap) {
	c.look(v)
	if !c.known {
		clear(sel)
		return
	}
	sel.narrow(func(p int32) bool {
		p, ok := c.at(v, p)
		if !ok {
			return false
		}
		return c.row(v, v.row(p))
	})
}

// row tests the attributes of a row that the field names.
func (c *leaf) row(v *view, row int) bool {
	s, sc := v.s, c.field.scope
	if sc == scopeSpan || sc == scopeAny {
		if attr, ok := first(s.List(s.Attributes[row]), c.key); ok {
			return c.attribute(s, attr)
		}
	}
	if sc == scopeResource || sc == scopeAny {
		i := s.Resources[row]
		if a := c.table(s, &c.resource, i, len(s.ResourceTable), s.ResourceTable[i].Attributes); a != absent {
			return a == yes
		}
	}
	if sc == scopeInstrumentation || sc == scopeAny {
		i := s.Scopes[row]
		if a := c.table(s, &c.scopes, i, len(s.ScopeTable), s.ScopeTable[i].Attributes); a != absent {
			return a == yes
		}
	}
	found := false
	if sc == scopeEvent || sc == scopeAny {
		for _, e := range s.EventsOf(row) {
			if attr, ok := first(s.List(e.Attributes), c.key); ok {
				if c.attribute(s, attr) {
					return true
				}
				found = true
			}
		}
	}
	if sc == scopeLink || sc == scopeAny && !found {
		for _, l := range s.LinksOf(row) {
			if attr, ok := first(s.List(l.Attributes), c.key); ok && c.attribute(s, attr) {
				return true
			}
		}
	}
	return false
}

// table tests the attributes of an entry of a table, once each.
func (c *leaf) table(s *storage.Spans, m *memo, i uint32, size int, attrs storage.Range) answer {
	known := m.entry(i, size)
	if *known == unknown {
		if attr, ok := first(s.List(attrs), c.key); ok {
			*known = answerOf(c.attribute(s, attr))
		} else {
			*known = absent
		}
	}
	return *known
}

func (c *leaf) attribute(s *storage.Spans, attr storage.Attr) bool {
	switch attr.Type {
	case storage.TypeString:
		return c.text(s, uint32(attr.Bits))
	case storage.TypeInt:
		return c.ints.holds(int64(attr.Bits))
	case storage.TypeArray:
		known := c.arrays.entry(uint32(attr.Bits), len(s.Strings))
		if *known == unknown {
			*known = answerOf(c.holds(ValueOf(s.Value(attr))))
		}
		return *known == yes
	}
	return c.holds(ValueOf(s.Value(attr)))
}

func (c *leaf) text(s *storage.Spans, i uint32) bool {
	known := c.strings.entry(i, len(s.Strings))
	if *known == unknown {
		*known = answerOf(c.holds(String(s.Strings[i])))
	}
	return *known == yes
}

func (m *memo) entry(i uint32, size int) *answer {
	if len(*m) == 0 {
		if cap(*m) < size {
			*m = make(memo, size)
		} else {
			*m = (*m)[:size]
			clear(*m)
		}
	}
	return &(*m)[i]
}

func answerOf(holds bool) answer {
	if holds {
		return yes
	}
	return no
}
