package traceql

import (
	"context"
	"math"
	"regexp"

	"github.com/heddle-io/heddle/storage"
)

// bound is what the store can test of a condition: every span that satisfies
// the condition satisfies where, too.
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

// types tells under which storage keys values of which types may be; keys that
// it does not have are not stored.
type types map[storage.Key]typeSet

type typeSet uint16

func (s typeSet) has(t storage.Type) bool { return s&(1<<t) != 0 }

// of returns the types under a key, and whether there is any.
func (t types) of(k storage.Key) (s typeSet, stored bool) {
	if k.Scope == storage.ScopeIntrinsic {
		return 0, true
	}
	s, stored = t[k]
	return s, stored
}

func typesOf(keys []storage.KeyInfo) types {
	t := make(types, len(keys))
	for _, k := range keys {
		for _, one := range k.Types {
			t[k.Key] |= 1 << one
		}
	}
	return t
}

func (a bound) and(b bound) bound {
	switch {
	case a.none || b.none:
		return noSpan
	case a.where == nil:
		return bound{where: b.where, exact: a.exact && b.exact}
	case b.where == nil:
		return bound{where: a.where, exact: a.exact && b.exact}
	}
	return bound{where: append(flatAnd(a.where), flatAnd(b.where)...), exact: a.exact && b.exact}
}

func flatAnd(p storage.Predicate) storage.And {
	if and, ok := p.(storage.And); ok {
		return and[:len(and):len(and)]
	}
	return storage.And{p}
}

func (a bound) or(b bound) bound {
	switch {
	case a.none:
		return b
	case b.none:
		return a
	case a.where == nil:
		return bound{exact: a.exact}
	case b.where == nil:
		return bound{exact: b.exact}
	}
	return bound{where: append(flatOr(a.where), flatOr(b.where)...), exact: a.exact && b.exact}
}

func flatOr(p storage.Predicate) storage.Or {
	if or, ok := p.(storage.Or); ok {
		return or[:len(or):len(or)]
	}
	return storage.Or{p}
}

// not is of use only for what is exact: the opposite of a superset is none.
func (a bound) not() bound {
	switch {
	case !a.exact:
		return everySpan
	case a.none:
		return allSpans
	case a.where == nil:
		return noSpan
	}
	if n, ok := a.where.(storage.Not); ok {
		return bound{where: n.Of, exact: true}
	}
	return bound{where: storage.Not{Of: a.where}, exact: true}
}

// inexact says that only the direction "satisfies, therefore where" holds.
func (a bound) inexact() bound {
	a.exact = false
	if a.none {
		a.exact = true
	}
	return a
}

// boundOf bounds a condition of a filter.
func boundOf(x expr, known types) bound {
	if x == nil {
		return allSpans
	}
	if c, ok := constantOf(x); ok {
		if c.Bool() {
			return allSpans
		}
		return noSpan
	}
	switch x := x.(type) {
	case *fieldExpr:
		return boundField(x.field, opEqual, Bool(true), nil, known)
	case *unaryOp:
		return boundOf(x.x, known).not()
	case *binaryOp:
		switch x.op {
		case opAnd:
			return boundOf(x.l, known).and(boundOf(x.r, known))
		case opOr:
			return boundOf(x.l, known).or(boundOf(x.r, known))
		}
		return boundComparison(x, known)
	}
	return everySpan
}

func boundComparison(x *binaryOp, known types) bound {
	for _, side := range [][2]expr{{x.l, x.r}, {x.r, x.l}} {
		if !isNilLiteral(side[1]) {
			continue
		}
		f, ok := side[0].(*fieldExpr)
		switch {
		case !ok:
			return everySpan
		case x.op == opEqual:
			return boundExists(f.field, known).not()
		}
		return boundExists(f.field, known)
	}
	if f, op, c, ok := fieldAndConstant(x); ok {
		return boundField(f, op, c, x.regexp, known)
	}
	// A comparison needs a value on both sides.
	return boundOperand(x.l, known).and(boundOperand(x.r, known)).inexact()
}

// boundOperand bounds that an expression has a value.
func boundOperand(x expr, known types) bound {
	switch x := x.(type) {
	case *fieldExpr:
		return boundExists(x.field, known)
	case *unaryOp:
		if x.op == opSub {
			return boundOperand(x.x, known).inexact()
		}
	case *binaryOp:
		if x.op.arithmetic() {
			return boundOperand(x.l, known).and(boundOperand(x.r, known)).inexact()
		}
	}
	return everySpan
}

// Stores find equal ids faster than unequal ones.
var (
	namesNoParent storage.Predicate = storage.Compare{Key: storage.KeyParentID, Op: storage.Equal, Value: storage.Bytes(make([]byte, 8))}
	namesParent   storage.Predicate = storage.Not{Of: namesNoParent}
)

func boundExists(f field, known types) bound {
	switch {
	case f.parent: // which may be another span than the one that parent_id names
		return everySpan
	case f.intrinsic == inParentID:
		return bound{where: namesParent, exact: true}
	case f.intrinsic == inEventName, f.intrinsic == inEventTime:
		return bound{where: storage.Exists{Key: storage.KeyEventName}, exact: true}
	case f.intrinsic == inLinkSpanID, f.intrinsic == inLinkTraceID:
		return everySpan
	case f.intrinsic != notIntrinsic:
		return allSpans
	}
	out := noSpan
	for _, key := range f.keys() {
		s, stored := known.of(key)
		if stored {
			out = out.or(bound{where: storage.Exists{Key: key}, exact: !s.has(storage.TypeEmpty)})
		}
	}
	return out
}

// boundField bounds "f op c" as compare defines it.
func boundField(f field, op operator, c Value, re *regexp.Regexp, known types) bound {
	switch {
	case c.IsNil():
		return noSpan
	case f.parent:
		return everySpan
	case f.intrinsic != notIntrinsic:
		return boundIntrinsic(f.intrinsic, op, c, re)
	}
	out, absent := noSpan, allSpans // absent: no scope before has the attribute
	for _, key := range f.keys() {
		s, stored := known.of(key)
		if !stored {
			continue
		}
		one := bound{where: storage.Compare{Key: key, Op: storageOps[op], Value: c.Storage(), Regexp: re}, exact: true}
		// The store never equals an array to anything, and is true of != and an
		// empty value.
		if s.has(storage.TypeArray) {
			one = one.or(bound{where: isArray(key)}).inexact()
		}
		if s.has(storage.TypeEmpty) && op == opNotEqual {
			one = one.inexact()
		}
		out = out.or(absent.and(one))
		if s.has(storage.TypeEmpty) { // which counts as absent, and which the store finds
			absent = absent.inexact()
		} else {
			absent = absent.and(bound{where: storage.Not{Of: storage.Exists{Key: key}}, exact: true})
		}
	}
	return out
}

var arrayText = regexp.MustCompile(`^(?s:\[.*\])$`)

func isArray(k storage.Key) storage.Predicate {
	return storage.Compare{Key: k, Op: storage.Match, AsText: true, Regexp: arrayText}
}

func boundIntrinsic(in intrinsic, op operator, c Value, re *regexp.Regexp) bound {
	info := intrinsics[in]
	switch {
	case in == inNestedSetParent:
		return boundNestedSetParent(intRangeOf(op, c))
	case in == inEventTime:
		return bound{where: storage.Exists{Key: storage.KeyEventName}}
	case info.key == (storage.Key{}):
		return everySpan
	case info.id > 0:
		return boundID(info, in, op, c, re)
	}
	return bound{where: storage.Compare{Key: info.key, Op: storageOps[op], Value: c.Storage(), Regexp: re}, exact: true}
}

// boundID bounds a comparison with the digits of an id. The store has ids as
// bytes, which it cannot match.
func boundID(info intrinsicInfo, in intrinsic, op operator, c Value, re *regexp.Regexp) bound {
	out := everySpan
	if re == nil {
		id, ok := idBytes(c.str)
		if !ok {
			return everySpan
		}
		out = bound{where: storage.Compare{Key: info.key, Op: storage.Equal, Value: storage.Bytes(id)}, exact: true}
		if op == opNotEqual {
			out = out.not()
		}
	}
	if in == inParentID {
		out = out.and(bound{where: namesParent, exact: true})
	}
	return out
}

func idBytes(digits string) ([]byte, bool) {
	if len(digits) == 32 {
		id, err := storage.ParseTraceID(digits)
		return id[:], err == nil
	}
	id, err := storage.ParseSpanID(digits)
	return id[:], err == nil && len(digits) == 16
}

// boundNestedSetParent uses that nestedSetParent is -1 for a span that names
// no parent and from 0 for all others.
func boundNestedSetParent(r intRange) bound {
	root := bound{where: namesNoParent, exact: true}
	if !r.holds(-1) {
		root = noSpan
	}
	child := bound{where: namesParent}
	switch {
	case r.not && (r.hi < 0 || r.lo > r.hi), !r.not && r.lo <= 0 && r.hi == math.MaxInt64: // all from 0
		child.exact = true
	case !r.not && (r.hi < 0 || r.lo > r.hi), r.not && r.lo <= 0 && r.hi == math.MaxInt64: // none from 0
		child = noSpan
	}
	if !root.none && !child.none {
		return bound{exact: child.exact}
	}
	return root.or(child)
}

// wantedTraces lists the traces that a predicate allows, if it says so.
func wantedTraces(p storage.Predicate) (ids []storage.TraceID, ok bool) {
	switch p := p.(type) {
	case storage.Compare:
		if p.Key == storage.KeyTraceID && p.Op == storage.Equal {
			return []storage.TraceID{storage.TraceID([]byte(p.Value.Str()))}, true
		}
	case storage.And:
		for _, one := range p {
			if ids, ok = wantedTraces(one); ok {
				return ids, true
			}
		}
	case storage.Or:
		for _, one := range p {
			more, ok := wantedTraces(one)
			if !ok {
				return nil, false
			}
			ids = append(ids, more...)
		}
		return ids, len(p) > 0
	}
	return nil, false
}

// Bound returns what the store can tell of the spans that a query selects, or
// that its metrics functions count: every such span that starts in the window
// satisfies where, and if exact is true, no other span in the window does. A nil
// where is true of every span, an empty storage.Or of none.
//
// It asks the store which attributes there are in the window, because what can
// be told of an attribute depends on the scopes and types that it has.
func Bound(ctx context.Context, r storage.SpanReader, w storage.Window, q *Query) (where storage.Predicate, exact bool, err error) {
	metrics := metricsOf(q.metrics, nil)
	keys, err := keysFor(ctx, r, w, func(f func(field)) {
		if q.spans != nil {
			eachField(q.spans.stages, f)
		}
		for _, m := range metrics {
			eachField(m.source, f)
		}
	})
	if err != nil {
		return nil, false, err
	}
	known, b := typesOf(keys), noSpan
	if q.spans != nil {
		b = boundStages(q.spans.stages, known)
	}
	for _, m := range metrics {
		b = b.or(boundStages(m.source, known))
	}
	if b.none {
		return storage.Or{}, true, nil
	}
	return b.where, b.exact, nil
}

// metricsOf lists the metrics functions in series.
func metricsOf(x series, list []*metric) []*metric {
	switch x := x.(type) {
	case *metric:
		return append(list, x)
	case *rank:
		return metricsOf(x.x, list)
	case *threshold:
		return metricsOf(x.x, list)
	case *seriesOp:
		return metricsOf(x.r, metricsOf(x.l, list))
	}
	return list
}
