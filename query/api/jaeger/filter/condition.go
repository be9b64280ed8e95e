package filter

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// test is a condition on one value.
type test interface {
	fmt.Stringer
	// counts says whether a value is one, as far as the test is concerned;
	// selective, whether there are values that do not count.
	counts(v storage.Value) bool
	selective() bool
	holds(v storage.Value) bool
	// bound bounds that a value of the reference counts and holds.
	bound(of reference) bound
}

var numeral = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)

// numeralText is numeral for stores.
var numeralText = regexp.MustCompile(`^(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)$`)

// number is the number that a text is, or absent.
func number(text string) storage.Value {
	if !numeral.MatchString(text) {
		return storage.Value{}
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return storage.Int(i)
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range is infinite, which compares as it should
	return storage.Float(f)
}

// attributeTest compares an attribute with a constant. op is never opNe.
type attributeTest struct {
	op operator
	c  constant
}

func (t attributeTest) String() string { return t.op.String() + " " + t.c.String() }

func (t attributeTest) counts(v storage.Value) bool {
	return t.c.declared == storage.TypeAbsent || v.Type() == t.c.declared
}

func (t attributeTest) selective() bool { return t.c.declared != storage.TypeAbsent }

func (t attributeTest) holds(v storage.Value) bool {
	known := t.c.value.Type() != storage.TypeAbsent
	switch {
	case t.c.declared != storage.TypeAbsent:
		return t.op.holds(v, t.c.value)
	case t.op == opEq:
		return v.Text() == t.c.text || known && v.Type() != storage.TypeString && t.op.holds(v, t.c.value)
	case !known:
		return v.Type() == storage.TypeString && t.op.holds(v, storage.String(t.c.text))
	case v.Type() == storage.TypeString:
		v = number(v.Str())
	}
	return t.op.holds(v, t.c.value)
}

func (t attributeTest) bound(of reference) bound {
	keys := of.(attribute).keys()
	compare := func(v storage.Value) bound {
		return anyKey(keys, func(k storage.Key) storage.Predicate {
			return storage.Compare{Key: k, Op: storage.Op(t.op), Value: v}
		})
	}
	known := t.c.value.Type() != storage.TypeAbsent
	switch {
	case t.c.declared == storage.TypeInt, t.c.declared == storage.TypeFloat: // which equal each other in stores
		return compare(t.c.value).atLeast()
	case t.c.declared != storage.TypeAbsent:
		return compare(t.c.value)
	case t.op == opEq:
		b := anyKey(keys, func(k storage.Key) storage.Predicate {
			return storage.Compare{Key: k, Op: storage.Equal, Value: storage.String(t.c.text), AsText: true}
		})
		if known {
			b = anyOf(b, compare(t.c.value))
		}
		return b
	case !known:
		return compare(storage.String(t.c.text))
	}
	return anyOf(compare(t.c.value), anyKey(keys, func(k storage.Key) storage.Predicate {
		return storage.Compare{Key: k, Op: storage.Match, Regexp: numeralText}
	})).atLeast()
}

// fieldTest compares a built-in field with a constant of its kind. op is never
// opNe.
type fieldTest struct {
	op operator
	c  constant
}

func (t fieldTest) String() string             { return t.op.String() + " " + t.c.String() }
func (t fieldTest) counts(storage.Value) bool  { return true }
func (t fieldTest) selective() bool            { return false }
func (t fieldTest) holds(v storage.Value) bool { return t.op.holds(v, t.c.value) }

func (t fieldTest) bound(of reference) bound {
	f := of.(fieldReference).field
	switch {
	case f.key == storage.KeyService:
		switch {
		case t.op != opEq:
			return everySpan
		case t.c.value.Str() == "": // which is shown as NoServiceName
			return noSpan
		}
		return exactly(ServiceIs(t.c.value.Str()))
	case f.kind == wordKind:
		return wordsThat(f, t.holds)
	case f.idBytes > 0 && t.op == opEq:
		id, err := hex.DecodeString(t.c.value.Str())
		switch {
		case err != nil || len(id) != f.idBytes || len(bytes.Trim(id, "\x00")) == 0:
			return noSpan
		case f.key == storage.Key{}:
			return everySpan
		}
		return exactly(storage.Compare{Key: f.key, Op: storage.Equal, Value: storage.Bytes(id)})
	case f.key == storage.Key{}, f.idBytes > 0:
		return of.present().atLeast()
	}
	b := exactly(storage.Compare{Key: f.key, Op: storage.Op(t.op), Value: t.c.value})
	if f.optional {
		b = b.and(of.present())
	}
	return b
}

// wordsThat is the alternative of the words that satisfy a test.
func wordsThat(f *field, holds func(storage.Value) bool) bound {
	list := []bound{noSpan}
	for i, w := range f.words {
		if holds(storage.String(w)) {
			list = append(list, exactly(storage.Compare{Key: f.key, Op: storage.Equal, Value: storage.Int(int64(i))}))
		}
	}
	return anyOf(list...)
}

// ServiceIs is true of the spans of a service, NoServiceName meaning those whose
// resource names none.
func ServiceIs(name string) storage.Predicate {
	if name == NoServiceName {
		return storage.Or{storage.Not{Of: storage.Exists{Key: storage.KeyService}}, trace.ServiceIs(""), trace.ServiceIs(name)}
	}
	return trace.ServiceIs(name)
}

// oneOf is membership in a list.
type oneOf []test

func (t oneOf) String() string {
	list := make([]string, len(t))
	for i, one := range t {
		list[i] = one.String()
	}
	slices.Sort(list)
	return "in [" + strings.Join(slices.Compact(list), ",") + "]"
}

func (t oneOf) counts(v storage.Value) bool { return t[0].counts(v) } // one type for all
func (t oneOf) selective() bool             { return t[0].selective() }
func (t oneOf) holds(v storage.Value) bool {
	return slices.ContainsFunc(t, func(one test) bool { return one.holds(v) })
}

func (t oneOf) bound(of reference) bound {
	list := make([]bound, len(t))
	for i, one := range t {
		list[i] = one.bound(of)
	}
	return anyOf(list...)
}

// pattern is a match of a regular expression anywhere in the text.
type pattern struct {
	text     string
	anchored *regexp.Regexp
}

func (t pattern) String() string             { return "matches " + strconv.Quote(t.text) }
func (t pattern) counts(storage.Value) bool  { return true }
func (t pattern) selective() bool            { return false }
func (t pattern) holds(v storage.Value) bool { return t.anchored.MatchString(v.Text()) }

func (t pattern) bound(of reference) bound {
	match := func(k storage.Key) storage.Predicate {
		return storage.Compare{Key: k, Op: storage.Match, AsText: true, Regexp: t.anchored}
	}
	if a, ok := of.(attribute); ok {
		return anyKey(a.keys(), match)
	}
	f := of.(fieldReference).field
	switch {
	case f.key == storage.KeyService:
		b := exactly(match(f.key)).and(exactly(trace.ServiceIs("")).not())
		if t.holds(storage.String(NoServiceName)) {
			b = anyOf(b, exactly(ServiceIs(NoServiceName)))
		}
		return b
	case f.kind == wordKind:
		return wordsThat(f, t.holds)
	case f.idBytes > 0, f.key == storage.Key{}:
		return of.present().atLeast()
	case f.optional:
		return exactly(match(f.key)).and(of.present())
	}
	return exactly(match(f.key))
}

// words is a search for words in an attribute.
type words struct {
	op       string
	list     []string
	anchored []*regexp.Regexp // all must match
}

func (t words) String() string {
	list := slices.Clone(t.list)
	if t.op == "fulltext" {
		slices.Sort(list)
	}
	return t.op + " [" + strings.Join(list, ",") + "]"
}

func (t words) counts(storage.Value) bool { return true }
func (t words) selective() bool           { return false }

func (t words) holds(v storage.Value) bool {
	text := v.Text()
	return !slices.ContainsFunc(t.anchored, func(r *regexp.Regexp) bool { return !r.MatchString(text) })
}

func (t words) bound(of reference) bound {
	list := []bound{noSpan}
	for _, k := range of.(attribute).keys() {
		b := allSpans
		for _, r := range t.anchored {
			b = b.and(exactly(storage.Compare{Key: k, Op: storage.Match, AsText: true, Regexp: r}))
		}
		if len(t.anchored) > 1 && (k.Scope == storage.ScopeEvent || k.Scope == storage.ScopeLink) {
			b = b.atLeast() // different events may have the words
		}
		list = append(list, b)
	}
	return anyOf(list...)
}
