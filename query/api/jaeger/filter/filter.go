package filter

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/heddle-io/heddle/query/api/jaeger/proto/expressionv1"
	"github.com/heddle-io/heddle/storage"
)

const (
	// MaxNesting is how deep calls may nest, the filter itself included.
	MaxNesting = 20
	// MaxTerms is how many expressions and elements of lists a filter may have.
	MaxTerms = 2000
	// maxPattern bounds a regular expression, which takes memory as it is long.
	maxPattern = 4096
)

// Filter is a condition on spans. It is safe for concurrent use.
type Filter struct {
	root  node
	where storage.Predicate
	exact bool
}

// Error says what is wrong with a filter. Path is the place, as in its JSON:
// query.filter.args[1].call.op.
type Error struct{ Path, Problem string }

func (e *Error) Error() string { return e.Path + ": " + e.Problem }

// Parse checks a filter. name is what the caller's API calls it, for the path of
// an error. Every error is an *Error.
func Parse(name string, call *expressionv1.Call) (*Filter, error) {
	c := checker{left: MaxTerms}
	root, err := c.call(path(name), call, 1)
	if err != nil {
		return nil, err
	}
	b := root.bound(0)
	f := &Filter{root: root, where: b.where, exact: b.exact}
	if b.none {
		f.where = storage.Or{}
	}
	return f, nil
}

// ParseJSON is Parse for a call in the JSON of protobuf.
func ParseJSON(name, text string) (*Filter, error) {
	var call expressionv1.Call
	// Deeper than any filter that Parse takes, so that Parse says which call it is.
	options := protojson.UnmarshalOptions{RecursionLimit: 4 * MaxNesting}
	if err := options.Unmarshal([]byte(text), &call); err != nil {
		return nil, &Error{name, "is no call of an operator in JSON: " + protoProblem(err)}
	}
	return Parse(name, &call)
}

// protoProblem is an error without the prefix that protobuf varies on purpose.
func protoProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), "proto:")
	return strings.ReplaceAll(strings.TrimLeft(text, " \u00a0"), "\u00a0", " ")
}

// Where is what a store can test: every span that satisfies the filter satisfies
// it, too, and no other span if exact. nil: every span.
func (f *Filter) Where() (where storage.Predicate, exact bool) { return f.where, f.exact }

// Matches says whether a span satisfies the filter.
func (f *Filter) Matches(s *storage.Spans, row int) bool {
	return f.root.matches(&place{s: s, row: row, event: unbound, link: unbound})
}

// String is the filter in a form that is the same for filters that differ only
// in the order of operands that have none.
func (f *Filter) String() string { return f.root.String() }

// Levels and Operators are what filters may name.
func Levels() []string { return []string{"span", "resource", "scope", "event", "link"} }

// Operators returns them in the order of Jaeger's vocabulary.
func Operators() []string {
	return []string{
		"and", "or", "not", "eq", "ne", "gt", "lt", "gte", "lte", "regex", "exists", "in", "not_in", "some", "phrase", "fulltext",
	}
}

type path string

func (p path) arg(i int) path      { return path(fmt.Sprintf("%s.args[%d]", p, i)) }
func (p path) of(name string) path { return p + "." + path(name) }

func (p path) errorf(format string, args ...any) error {
	return &Error{string(p), fmt.Sprintf(format, args...)}
}
