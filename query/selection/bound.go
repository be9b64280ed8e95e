package selection

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Exact returns the predicate that is true of exactly the selected spans in
// the window, if there is one that the store can evaluate. ok is false where
// only whole traces tell.
func (s *Search) Exact(ctx context.Context) (where storage.Predicate, ok bool, err error) {
	if err := s.bind(ctx); err != nil {
		return nil, false, err
	}
	if s.tried {
		return s.where, s.exact, nil
	}
	switch {
	case s.selection.Filter != nil:
	case s.selection.Query == nil:
		s.exact = true
	case !s.lists:
		if s.exact, err = s.isExact(ctx, s.narrowed); err != nil {
			return nil, false, err
		}
	}
	s.tried = true
	return s.where, s.exact, nil
}

// bind finds out what the store can tell of the selection.
func (s *Search) bind(ctx context.Context) error {
	if s.bounded {
		return nil
	}
	s.where = s.selection.Where
	if q := s.selection.Query; q != nil {
		keys, err := s.reader.Keys(ctx, s.Window)
		if err != nil {
			return err
		}
		if s.lists = mayMeanLists(q, keys); !s.lists {
			s.narrowed = narrow(q, keys)
			s.where = both(s.where, traceql.Where(s.narrowed))
		}
	}
	s.bounded = true
	return nil
}

func both(a, b storage.Predicate) storage.Predicate {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return storage.And{a, b}
}

// mayMeanLists says whether the query may name an attribute that has arrays or
// empty values in the window. traceql.Where does not consider those; then every
// span in the window is a candidate.
func mayMeanLists(q *traceql.Query, keys []storage.KeyInfo) bool {
	text := q.String()
	for _, k := range keys {
		for _, t := range k.Types {
			if t != storage.TypeArray && t != storage.TypeEmpty {
				continue
			}
			quoted := strconv.Quote(k.Key.Name)
			if strings.Contains(text, k.Key.Name) || strings.Contains(text, quoted[1:len(quoted)-1]) {
				return true
			}
		}
	}
	return false
}

// isExact says whether what is known of the spans that the query selects is
// true of no others in the window.
//
// For a query that is one filter { P } that can be seen from { !(P) }: every
// span is selected by one of the two. When no span satisfies what is known of
// both, those that satisfy the bound are not selected by the second, hence by
// the first.
func (s *Search) isExact(ctx context.Context, q *traceql.Query) (bool, error) {
	bound := traceql.Where(q)
	condition, ok := onlyFilter(q.String())
	if !ok {
		return false, nil
	}
	if condition == "" {
		return bound == nil, nil
	}
	opposite, err := traceql.Parse("{ !(" + condition + ") }")
	if err != nil {
		return false, nil // it has no opposite; whole traces tell
	}
	other := traceql.Where(opposite)
	switch {
	case other == nil:
		return false, nil
	case bound != nil && reflect.DeepEqual(other, storage.Predicate(storage.Not{Of: bound})):
		return true, nil
	}
	scan := storage.Scan{Window: s.Window, Where: both(s.selection.Where, both(bound, other))}
	for batch, err := range s.reader.Scan(ctx, scan) {
		if err != nil {
			return false, err
		}
		s.Stats.Scanned += batch.Scanned
		if batch.Len() > 0 || s.spent() {
			return false, nil
		}
	}
	return true, nil
}

// onlyFilter returns the condition of a query in canonical form that is a
// single pair of braces and nothing else.
func onlyFilter(text string) (condition string, ok bool) {
	inner, ok := strings.CutPrefix(text, "{")
	if !ok {
		return "", false
	}
	if inner, ok = strings.CutSuffix(inner, "}"); !ok {
		return "", false
	}
	var quote byte
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'':
			quote = c
		case c == '{' || c == '}':
			return "", false
		}
	}
	return strings.TrimSpace(inner), quote == 0
}

// scopeWords are the scopes that an attribute of one span can have.
var scopeWords = map[storage.Scope]string{
	storage.ScopeSpan: "span", storage.ScopeResource: "resource", storage.ScopeInstrumentation: "instrumentation",
}

// narrow writes the scope to attributes without one, where the spans of the
// window have the attribute in one scope only, so that the store can compare
// it. It does so for queries that are one filter: those say nothing of other
// spans, which may lie outside of the window.
func narrow(q *traceql.Query, keys []storage.KeyInfo) *traceql.Query {
	condition, ok := onlyFilter(q.String())
	if !ok {
		return q
	}
	scopeOf := map[string]string{} // name -> word, "" where there are several or others
	for _, k := range keys {
		word := scopeWords[k.Key.Scope]
		if _, again := scopeOf[k.Key.Name]; again {
			word = ""
		}
		scopeOf[k.Key.Name] = word
	}
	var out strings.Builder
	var quote byte
	for i := 0; i < len(condition); i++ {
		c := condition[i]
		switch {
		case quote != 0 && c == '\\' && quote != '`' && i+1 < len(condition):
			out.WriteByte(c)
			i++
			c = condition[i]
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'':
			quote = c
		case c == '.' && (i == 0 || strings.IndexByte(" (!-", condition[i-1]) >= 0):
			end := i + 1
			for end < len(condition) && strings.IndexByte(" {}()=~!<>&|^,\"'`", condition[end]) < 0 {
				end++
			}
			out.WriteString(scopeOf[condition[i+1:end]])
		}
		out.WriteByte(c)
	}
	narrowed, err := traceql.Parse("{ " + out.String() + " }")
	if err != nil {
		return q
	}
	return narrowed
}
