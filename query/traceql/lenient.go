package traceql

import (
	"strings"

	"github.com/heddle-io/heddle/query/re2"
)

// ParseLenient reads a query that is being typed, for completion: what does
// not parse yet is left out. Of { .a = 1 && .b = the first condition remains;
// of a text without any condition that parses, { }, which selects every span.
// What remains selects no fewer spans than the query that is meant, unless
// that is more than one pair of braces.
func ParseLenient(text string) *Query {
	if q, err := Parse(text); err == nil {
		return q
	}
	var conditions []string
	var patterns re2.Bound
	for _, part := range conjuncts(text) {
		if _, err := parse("{"+part+"}", &patterns); err == nil && strings.TrimSpace(part) != "" {
			conditions = append(conditions, "("+part+")")
		}
	}
	q, err := Parse("{" + strings.Join(conditions, "&&") + "}")
	if err != nil {
		q = &Query{spans: &pipeline{stages: []stage{&filter{}}}}
	}
	return q
}

// conjuncts cuts what is inside of the first braces at every && outside of
// parentheses. It knows strings and nothing else, for the text need not have
// tokens.
func conjuncts(text string) []string {
	open := strings.IndexByte(text, '{')
	if open < 0 || len(text) > maxQueryBytes {
		return nil
	}
	var parts []string
	depth, from := 0, open+1
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '`':
			i = endOfString(text, i, false)
		case c == '"':
			i = endOfString(text, i, true)
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(text[i:], "&&"):
			parts = append(parts, text[from:i])
			from = i + 2
			i++
		case c == '}':
			return append(parts, text[from:i])
		}
	}
	return append(parts, text[from:])
}

// endOfString is the index of the quote that ends the string that begins at
// i, the length of the text when none does.
func endOfString(text string, i int, escapes bool) int {
	quote := text[i]
	for i++; i < len(text) && text[i] != quote; i++ {
		if escapes && text[i] == '\\' {
			i++
		}
	}
	return i
}
