package filter

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/query/re2"
	"github.com/heddle-io/heddle/storage"
)

// checker makes conditions of calls.
type checker struct {
	left     int       // terms that the filter may still have
	some     levels    // whose elements are visited where it is
	patterns re2.Bound // what its regular expressions may still take
}

func (c *checker) count(p path, terms int) error {
	if c.left -= terms; c.left < 0 {
		return p.errorf("is one too many: a filter may have %d expressions and list elements in all; ask in several searches", MaxTerms)
	}
	return nil
}

func (c *checker) call(p path, call *expressionv1.Call, depth int) (node, error) {
	if depth > MaxNesting {
		return nil, p.errorf("calls nest more than %d deep", MaxNesting)
	}
	if err := c.count(p, 1); err != nil {
		return nil, err
	}
	op, args := call.GetOp(), call.GetArgs()
	want := 2
	switch op {
	case "":
		return nil, p.of("op").errorf("is missing; it is one of %s", strings.Join(Operators(), ", "))
	case "not", "exists":
		want = 1
	case "and", "or":
		if len(args) == 0 {
			return nil, p.of("args").errorf("%s needs predicates", op)
		}
		want = len(args)
	}
	_, comparison := operators[op]
	switch op {
	case "and", "or", "not", "exists", "some", "regex", "in", "not_in", "phrase", "fulltext":
	default:
		if !comparison {
			return nil, p.of("op").errorf("%q is no operator; it is one of %s", op, strings.Join(Operators(), ", "))
		}
	}
	if len(args) != want {
		return nil, p.of("args").errorf("%s takes %d, not %d", op, want, len(args))
	}
	switch op {
	case "and", "or":
		list := make([]node, len(args))
		for i, a := range args {
			var err error
			if list[i], err = c.predicate(p.arg(i), a, depth); err != nil {
				return nil, err
			}
		}
		if op == "or" {
			return orNode(list), nil
		}
		return andNode(list), nil
	case "not":
		of, err := c.predicate(p.arg(0), args[0], depth)
		return notNode{of}, err
	case "some":
		return c.someOf(p, args, depth)
	}
	if comparison {
		return c.comparison(p, operators[op], args)
	}
	of, err := c.reference(p.arg(0), args[0])
	if err != nil {
		return nil, err
	}
	switch op {
	case "exists":
		return existsNode{of}, nil
	case "regex":
		return c.regex(p, of, args[1])
	case "in", "not_in":
		return c.membership(p, of, args[1], op == "not_in")
	}
	return c.words(p, op, of, args[1])
}

func (c *checker) predicate(p path, e *expressionv1.Expression, depth int) (node, error) {
	call, ok := e.GetTerm().(*expressionv1.Expression_Call)
	if !ok {
		return nil, p.errorf("must be a predicate, that is a call, not %s", termName(e))
	}
	return c.call(p.of("call"), call.Call, depth+1)
}

func (c *checker) someOf(p path, args []*expressionv1.Expression, depth int) (node, error) {
	nested, ok := args[0].GetTerm().(*expressionv1.Expression_Nested)
	if !ok {
		return nil, p.arg(0).errorf("must be nested, the events or links, not %s", termName(args[0]))
	}
	if err := c.count(p.arg(0), 1); err != nil {
		return nil, err
	}
	name := nested.Nested.GetLevel()
	l, known := levelOf(name)
	if !known || l != eventLevel && l != linkLevel {
		return nil, p.arg(0).of("nested.level").errorf("%q is no collection; it is one of event, link", name)
	}
	if c.some.has(l) {
		return nil, p.errorf("some over %ss inside of some over %ss has no defined meaning", l, l)
	}
	before := c.some
	c.some = c.some.with(l)
	of, err := c.predicate(p.arg(1), args[1], depth)
	c.some = before
	return someNode{l, of}, err
}

// reference reads an attribute or a field.
func (c *checker) reference(p path, e *expressionv1.Expression) (reference, error) {
	if err := c.count(p, 1); err != nil {
		return nil, err
	}
	switch term := e.GetTerm().(type) {
	case *expressionv1.Expression_Attr:
		l, ok := levelOf(term.Attr.GetLevel())
		switch {
		case !ok:
			return nil, p.of("attr.level").errorf("%q is no level; leave it out for span or resource, or name one of %s", term.Attr.GetLevel(), strings.Join(Levels(), ", "))
		case term.Attr.GetKey() == "":
			return nil, p.of("attr.key").errorf("is missing")
		}
		return attribute{l, term.Attr.GetKey()}, nil
	case *expressionv1.Expression_Field:
		l, ok := levelOf(term.Field.GetLevel())
		if !ok || l == noLevel {
			return nil, p.of("field.level").errorf("%q is no level; it is one of %s", term.Field.GetLevel(), strings.Join(Levels(), ", "))
		}
		f, ok := fieldOf(l, term.Field.GetName())
		if !ok {
			return nil, p.of("field.name").errorf("%q is no field of the level %s; it is one of %s, or an attribute is meant: {\"attr\":…}", term.Field.GetName(), l, fieldNames(l))
		}
		return fieldReference{f}, nil
	}
	return nil, p.errorf("must be an attribute or a field, not %s", termName(e))
}

func termName(e *expressionv1.Expression) string {
	switch e.GetTerm().(type) {
	case *expressionv1.Expression_Attr:
		return "attr"
	case *expressionv1.Expression_Field:
		return "field"
	case *expressionv1.Expression_Nested:
		return "nested"
	case *expressionv1.Expression_Scalar:
		return "scalar"
	case *expressionv1.Expression_List:
		return "list"
	case *expressionv1.Expression_Call:
		return "call"
	}
	return "an empty expression"
}

// operand is a side of a comparison: a reference or a constant.
type operand struct {
	path path
	of   reference // nil: the constant
	c    constant
}

func (o operand) kind() kind {
	if o.of != nil {
		return o.of.kind()
	}
	return o.c.kind
}

func (c *checker) operand(p path, e *expressionv1.Expression) (o operand, err error) {
	o.path = p
	scalar, ok := e.GetTerm().(*expressionv1.Expression_Scalar)
	if !ok {
		switch e.GetTerm().(type) {
		case *expressionv1.Expression_Attr, *expressionv1.Expression_Field:
			o.of, err = c.reference(p, e)
			return o, err
		}
		return o, p.errorf("must be an attribute, a field or a scalar, not %s", termName(e))
	}
	if err := c.count(p, 1); err != nil {
		return o, err
	}
	o.c, err = newConstant(p.of("scalar"), scalar.Scalar.GetValue(), scalar.Scalar.GetType())
	return o, err
}

func (c *checker) comparison(p path, op operator, args []*expressionv1.Expression) (node, error) {
	l, err := c.operand(p.arg(0), args[0])
	if err != nil {
		return nil, err
	}
	r, err := c.operand(p.arg(1), args[1])
	if err != nil {
		return nil, err
	}
	if l.of == nil && r.of != nil { // the reference on the left
		l, r, op = r, l, op.flipped()
	}
	if err := resolve(&l, &r); err != nil {
		return nil, err
	}
	for _, o := range []operand{l, r} {
		if op.ordered() && !o.kind().ordered() {
			return nil, o.path.errorf("%s compares in order, and %s has none; use eq, ne, in or not_in", op, o.kind())
		}
	}
	positive := op
	if op == opNe {
		positive = opEq
	}
	switch {
	case l.of == nil:
		return constNode(attributeTest{positive, r.c}.holds(l.c.asValue()) != (op == opNe)), nil
	case r.of != nil:
		return &compareNode{op, l.of, r.of}, nil
	}
	return &leafNode{of: l.of, test: testOf(l.of, positive, r.c), none: op == opNe}, nil
}

func testOf(of reference, op operator, c constant) test {
	f, ok := of.(fieldReference)
	if !ok {
		return attributeTest{op, c}
	}
	if f.idBytes > 0 && op == opEq {
		c.value = storage.String(paddedID(c.value.Str(), 2*f.idBytes))
	}
	return fieldTest{op, c}
}

func paddedID(digits string, length int) string {
	digits = strings.ToLower(digits)
	if digits == "" || len(digits) > length {
		return digits
	}
	return strings.Repeat("0", length-len(digits)) + digits
}

// resolve gives a constant the kind of the field beside it, and refuses what
// cannot be compared.
func resolve(l, r *operand) error {
	if f, ok := l.of.(fieldReference); ok && r.of == nil {
		return r.c.resolve(r.path.of("scalar"), f.field)
	}
	if l.of == nil { // of two constants one takes the type of the other
		for _, pair := range [][2]*operand{{l, r}, {r, l}} {
			if of := pair[1].c.declared; pair[0].c.declared == storage.TypeAbsent && of != storage.TypeAbsent {
				var err error
				if pair[0].c, err = newConstant(pair[0].path.of("scalar"), pair[0].c.text, of.String()); err != nil {
					return err
				}
			}
		}
	}
	lk, rk := l.kind(), r.kind()
	if lk == anyKind || rk == anyKind {
		for _, k := range []kind{lk, rk} {
			if k == durationKind || k == instantKind {
				return l.path.errorf("an attribute does not hold %s; compare the field with a constant, or with a field that is one", k)
			}
		}
		return nil
	}
	isText := func(k kind) bool { return k == textKind || k == wordKind }
	if lk != rk && !(isText(lk) && isText(rk)) {
		return r.path.errorf("is %s, which cannot be compared with %s", rk, lk)
	}
	return nil
}

func (c *checker) regex(p path, of reference, e *expressionv1.Expression) (node, error) {
	if k := of.kind(); k == durationKind || k == instantKind {
		return nil, p.arg(0).errorf("%s is %s, which has no text that a pattern could match", of, k)
	}
	o, err := c.operand(p.arg(1), e)
	switch {
	case err != nil:
		return nil, err
	case o.of != nil, o.c.kind != anyKind && o.c.kind != textKind:
		return nil, p.arg(1).errorf("must be a pattern, that is a scalar of type string or without a type")
	case len(o.c.text) > maxPattern:
		return nil, p.arg(1).of("scalar.value").errorf("has %d bytes, a pattern may have %d", len(o.c.text), maxPattern)
	}
	re, err := c.patterns.Compile(`^(?s:.*)(?:`, o.c.text, `)(?s:.*)$`) // a match anywhere in the text
	if err != nil {
		return nil, p.arg(1).of("scalar.value").errorf("%v", err)
	}
	return &leafNode{of: of, test: pattern{o.c.text, re}}, nil
}

func (c *checker) list(p path, e *expressionv1.Expression) ([]string, string, error) {
	list, ok := e.GetTerm().(*expressionv1.Expression_List)
	if !ok {
		return nil, "", p.errorf("must be a list, not %s", termName(e))
	}
	values := list.List.GetValues()
	if len(values) == 0 {
		return nil, "", p.of("list.values").errorf("is empty")
	}
	return values, list.List.GetType(), c.count(p, len(values))
}

func (c *checker) membership(p path, of reference, e *expressionv1.Expression, none bool) (node, error) {
	values, declared, err := c.list(p.arg(1), e)
	if err != nil {
		return nil, err
	}
	at := p.arg(1).of("list")
	in := make(oneOf, len(values))
	for i, v := range values {
		c, err := newConstant(at, v, declared)
		if f, ok := of.(fieldReference); ok && err == nil {
			err = c.resolve(at, f.field)
		}
		if err != nil {
			return nil, err
		}
		in[i] = testOf(of, opEq, c)
	}
	return &leafNode{of: of, test: in, none: none}, nil
}

// maxWord is how long a word of a text search may be, in UTF-16 code units.
const maxWord = 255

func (c *checker) words(p path, op string, of reference, e *expressionv1.Expression) (node, error) {
	if _, ok := of.(attribute); !ok {
		return nil, p.arg(0).errorf("%s searches attributes; use eq or regex for the field %s", op, of)
	}
	list, declared, err := c.list(p.arg(1), e)
	if err != nil {
		return nil, err
	}
	at := p.arg(1).of("list")
	if declared != "" && declared != "string" {
		return nil, at.of("type").errorf("%q: words are of type string", declared)
	}
	for _, w := range list {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.Nd, unicode.M) }) {
			return nil, at.of("values").errorf("%q is no word: a word is letters and digits; give several words as several elements", w)
		}
		if len(utf16.Encode([]rune(w))) > maxWord {
			return nil, at.of("values").errorf("a word may have %d characters", maxWord)
		}
	}
	t := words{op: op, list: list}
	const between = `[^\pL\p{Nd}\pM]`
	for i, w := range list {
		if op == "phrase" {
			if i > 0 {
				break
			}
			w = strings.Join(list, between+"+") // words have no meta characters
		}
		t.anchored = append(t.anchored, regexp.MustCompile(`^(?is:(?:.*`+between+`)?`+w+`(?:`+between+`.*)?)$`))
	}
	return &leafNode{of: of, test: t}, nil
}
