package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// node is a condition that was checked.
type node interface {
	// bound is what the store can test of the condition. Inside of some, within
	// has the levels of which one element is at hand: then what is bound is that
	// there are elements with which the condition holds.
	bound(within levels) bound
	matches(at *place) bool
	String() string
}

type (
	andNode  []node
	orNode   []node
	notNode  struct{ of node }
	someNode struct {
		level level
		of    node
	}
	// leafNode is a test of the values of a reference.
	leafNode struct {
		of   reference
		test test
		// none: it holds when there are values and none satisfies the test.
		none bool
	}
	// compareNode compares two references.
	compareNode struct {
		op   operator
		l, r reference
	}
	existsNode struct{ of reference }
	// constNode is the comparison of two constants.
	constNode bool
)

func (n andNode) bound(within levels) bound {
	b := allSpans
	for _, one := range n {
		b = b.and(one.bound(within))
	}
	return b
}

func (n andNode) matches(at *place) bool {
	return !slices.ContainsFunc(n, func(one node) bool { return !one.matches(at) })
}

func (n andNode) String() string { return callText("and", texts(n)) }

func (n orNode) bound(within levels) bound {
	list := make([]bound, len(n))
	for i, one := range n {
		list[i] = one.bound(within)
	}
	return anyOf(list...)
}

func (n orNode) matches(at *place) bool {
	return slices.ContainsFunc(n, func(one node) bool { return one.matches(at) })
}

func (n orNode) String() string { return callText("or", texts(n)) }

func (n notNode) bound(within levels) bound { return n.of.bound(within).not() }
func (n notNode) matches(at *place) bool    { return !n.of.matches(at) }
func (n notNode) String() string            { return callText("not", []string{n.of.String()}) }

func (n someNode) bound(within levels) bound {
	// One test of one element is what the store tests.
	if leaf, ok := n.of.(*leafNode); ok && leaf.of.level() == n.level && !leaf.none && within == 0 {
		return leaf.bound(within)
	}
	return n.of.bound(within.with(n.level)).and(hasElements(n.level)).atLeast()
}

func (n someNode) matches(at *place) (found bool) {
	at.each(n.level, func(one *place) { found = found || n.of.matches(one) })
	return found
}

func (n someNode) String() string { return callText("some", []string{n.level.String(), n.of.String()}) }

func (n *leafNode) bound(within levels) bound {
	b, inside := n.test.bound(n.of), within.has(n.of.level())
	f, _ := n.of.(fieldReference)
	switch {
	case n.none && n.of.kind() == wordKind:
		return wordsThat(f.field, func(v storage.Value) bool { return !n.test.holds(v) })
	case n.none && inside: // other elements may satisfy the test
		b = n.of.present()
	case n.none:
		b = n.of.present().and(b.not())
	}
	if inside || n.none && n.test.selective() {
		return b.atLeast()
	}
	return b
}

func (n *leafNode) matches(at *place) bool {
	present, holds := false, false
	n.of.values(at, func(v storage.Value) {
		if n.test.counts(v) {
			present = true
			holds = holds || n.test.holds(v)
		}
	})
	return present && holds != n.none
}

func (n *leafNode) String() string {
	op := "is"
	if n.none {
		op = "is_not"
	}
	return callText(op, []string{n.of.String(), n.test.String()})
}

func (n *compareNode) bound(levels) bound { return n.l.present().and(n.r.present()).atLeast() }

func (n *compareNode) matches(at *place) bool {
	present, holds := false, false
	n.l.values(at, func(l storage.Value) {
		n.r.values(at, func(r storage.Value) {
			present = true
			holds = holds || n.op.holds(l, r)
		})
	})
	return present && holds != (n.op == opNe)
}

func (n *compareNode) String() string {
	return callText(n.op.String(), []string{n.l.String(), n.r.String()})
}

func (n existsNode) bound(within levels) bound {
	if within.has(n.of.level()) {
		return n.of.exists().atLeast()
	}
	return n.of.exists()
}

func (n existsNode) matches(at *place) bool { return n.of.existsAt(at) }
func (n existsNode) String() string         { return callText("exists", []string{n.of.String()}) }

func (n constNode) bound(levels) bound {
	if n {
		return allSpans
	}
	return noSpan
}

func (n constNode) matches(*place) bool { return bool(n) }
func (n constNode) String() string      { return strconv.FormatBool(bool(n)) }

// texts are the operands of an operator without an order among them, sorted.
func texts(list []node) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.String()
	}
	slices.Sort(out)
	return out
}

func callText(op string, args []string) string { return op + "(" + strings.Join(args, ",") + ")" }

// reference names a value of a span, its events or links.
type reference interface {
	fmt.Stringer
	level() level
	kind() kind
	// values visits the values at a place.
	values(at *place, visit func(storage.Value))
	// present bounds that there is a value.
	present() bound
	exists() bound
	existsAt(at *place) bool
}

// attribute is a reference to an attribute; without a level to that of the span
// and that of the resource.
type attribute struct {
	of  level
	key string
}

func (a attribute) level() level   { return a.of }
func (a attribute) kind() kind     { return anyKind }
func (a attribute) String() string { return a.of.String() + "." + strconv.Quote(a.key) }

func (a attribute) levels() []level {
	if a.of == noLevel {
		return []level{spanLevel, resourceLevel}
	}
	return []level{a.of}
}

func (a attribute) keys() []storage.Key {
	var keys []storage.Key
	for _, l := range a.levels() {
		keys = append(keys, storage.Key{Scope: l.scope(), Name: a.key})
	}
	return keys
}

func (a attribute) values(at *place, visit func(storage.Value)) {
	for _, l := range a.levels() {
		at.each(l, func(one *place) {
			if v := one.s.Lookup(one.attributes(l), a.key); v.Type() != storage.TypeAbsent {
				visit(v)
			}
		})
	}
}

func (a attribute) present() bound { return a.exists() }

func (a attribute) exists() bound {
	return anyKey(a.keys(), func(k storage.Key) storage.Predicate { return storage.Exists{Key: k} })
}

func (a attribute) existsAt(at *place) (found bool) {
	a.values(at, func(storage.Value) { found = true })
	return found
}

// anyKey is true when a predicate is under one of the keys.
func anyKey(keys []storage.Key, p func(storage.Key) storage.Predicate) bound {
	list := make([]bound, len(keys))
	for i, k := range keys {
		list[i] = exactly(p(k))
	}
	return anyOf(list...)
}

// fieldReference is a reference to a built-in field.
type fieldReference struct{ *field }

func (f fieldReference) level() level { return f.field.level }
func (f fieldReference) kind() kind   { return f.field.kind }

func (f fieldReference) values(at *place, visit func(storage.Value)) {
	at.each(f.field.level, func(one *place) {
		if v := f.read(one); v.Type() != storage.TypeAbsent && (!f.optional || v.Str() != "") {
			visit(v)
		}
	})
}

func (f fieldReference) present() bound {
	switch {
	case f.field.level == eventLevel:
		return hasEvents
	case f.field.kind == wordKind: // there are numbers without a word
		return wordsThat(f.field, func(storage.Value) bool { return true })
	case !f.optional:
		return allSpans
	case f.key == storage.Key{}:
		return everySpan
	case f.idBytes > 0: // equal ids are found faster than unequal ones
		zero := storage.Bytes(make([]byte, f.idBytes))
		return exactly(storage.Compare{Key: f.key, Op: storage.Equal, Value: zero}).not()
	}
	return exactly(storage.Compare{Key: f.key, Op: storage.NotEqual, Value: storage.String("")})
}

func (f fieldReference) exists() bound {
	if f.key == storage.KeyService {
		return exactly(storage.Exists{Key: storage.KeyService})
	}
	return f.present()
}

func (f fieldReference) existsAt(at *place) (found bool) {
	if f.key == storage.KeyService {
		return attribute{resourceLevel, storage.KeyService.Name}.existsAt(at)
	}
	f.values(at, func(storage.Value) { found = true })
	return found
}

// operator is a comparison.
type operator storage.Op

const (
	opEq  = operator(storage.Equal)
	opNe  = operator(storage.NotEqual)
	opLt  = operator(storage.Less)
	opLte = operator(storage.LessEqual)
	opGt  = operator(storage.Greater)
	opGte = operator(storage.GreaterEqual)
)

var operators = map[string]operator{"eq": opEq, "ne": opNe, "lt": opLt, "lte": opLte, "gt": opGt, "gte": opGte}

func (o operator) String() string {
	for name, op := range operators {
		if op == o {
			return name
		}
	}
	return ""
}

func (o operator) ordered() bool { return o != opEq && o != opNe }

// flipped is the operator with its sides exchanged.
func (o operator) flipped() operator {
	switch o {
	case opLt:
		return opGt
	case opLte:
		return opGte
	case opGt:
		return opLt
	case opGte:
		return opLte
	}
	return o
}

// holds compares two present values; for opNe it says whether they are equal.
func (o operator) holds(l, r storage.Value) bool {
	if o == opNe {
		o = opEq
	}
	if o.ordered() && !hasOrder(l) {
		return false
	}
	return storage.Compare{Op: storage.Op(o), Value: r}.Holds(l)
}

func hasOrder(v storage.Value) bool {
	switch v.Type() {
	case storage.TypeString, storage.TypeInt, storage.TypeFloat:
		return true
	}
	return false
}
