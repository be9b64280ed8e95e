package storage

import "regexp"

// Predicate is a condition on one span (or one log record). The
// implementations are And, Or, Not, Compare and Exists; a nil Predicate is
// true of every record. A backend that meets a Predicate it cannot evaluate
// exactly must refuse the query.
type Predicate interface{ predicate() }

// And is true when all of its conditions are; an empty And is true.
type And []Predicate

// Or is true when one of its conditions is; an empty Or is false.
type Or []Predicate

// Not is true when its condition is false.
type Not struct{ Of Predicate }

// Exists is true when the record has a value under Key. For event and link
// keys one event or link with it is enough.
type Exists struct{ Key Key }

// Op is a comparison.
type Op uint8

const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Match    // the text matches the regular expression, anchored on both sides
	NotMatch // it does not
)

// Compare is true when the record has a value under Key and the value
// compares to Value as Op says. A record without the key is never matched,
// not even by NotEqual and NotMatch.
//
//   - Int and float compare as numbers, with each other too.
//   - Strings compare by bytes, booleans false before true, bytes by bytes.
//   - Values of other type pairs are never equal and have no order: only
//     NotEqual is true of them.
//   - AsText compares the Text of both sides, whatever their types. Then only
//     Equal, NotEqual, Match and NotMatch are allowed.
//   - For event and link keys one event or link that satisfies the comparison
//     is enough.
//   - Where one attribute list has a key twice, its first value is the value.
//   - Match and NotMatch need Regexp and apply to strings, or to the text of
//     any type with AsText. Value is not used.
type Compare struct {
	Key    Key
	Op     Op
	Value  Value
	AsText bool
	Regexp *regexp.Regexp // for Match and NotMatch; must be anchored by the caller: ^(?:…)$
}

func (And) predicate()     {}
func (Or) predicate()      {}
func (Not) predicate()     {}
func (Exists) predicate()  {}
func (Compare) predicate() {}

// Holds says whether "v op c.Value" is true. It is the definition of Compare
// for one present value, for backends to use on dictionary entries and for
// tests to check them with.
func (c Compare) Holds(v Value) bool {
	if v.typ == TypeAbsent {
		return false
	}
	if c.Op == Match || c.Op == NotMatch {
		if v.typ != TypeString && !c.AsText {
			return false
		}
		return c.Regexp.MatchString(v.Text()) == (c.Op == Match)
	}
	if c.AsText {
		return (v.Text() == c.Value.Text()) == (c.Op == Equal)
	}
	order, ok := compareValues(v, c.Value)
	if !ok {
		return c.Op == NotEqual
	}
	switch c.Op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessEqual:
		return order <= 0
	case Greater:
		return order > 0
	default:
		return order >= 0
	}
}
