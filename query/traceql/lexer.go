package traceql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is; operators and punctuation are tokenOp.
type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenOp
	tokenWord   // a bare word: intrinsic, function, enumerator, literal
	tokenField  // a field with a scope, in token.field
	tokenString // value.Str()
	tokenNumber // an int, float or duration without its sign, in value
)

type token struct {
	kind   tokenKind
	text   string // as written; of an operator or word it is what it is
	offset int
	field  field
	value  Value
	// tooLarge marks the int 9223372036854775808, which needs a minus.
	tooLarge bool
}

// lexer cuts a query into tokens. After the first error it only returns
// tokenEOF; the error is the first one.
type lexer struct {
	text string
	at   int
	err  *SyntaxError
}

func (l *lexer) fail(offset int, msg, remedy string) token {
	if l.err == nil {
		l.err = errorAt(l.text, offset, msg, remedy)
	}
	l.at = len(l.text)
	return token{kind: tokenEOF, offset: len(l.text)}
}

// operators, longest first where one is the beginning of another.
var operators = []string{
	"!>>", "!<<", "&>>", "&<<",
	"&&", "||", "&>", "&<", "&~", "!>", "!<", "!~", "!=", "=~", ">>", "<<", ">=", "<=",
	"{", "}", "(", ")", ",", "|", "=", ">", "<", "~", "!", "+", "-", "*", "/", "%", "^",
}

func (l *lexer) next() token {
	if !l.skipSpace() {
		return token{kind: tokenEOF, offset: l.at}
	}
	start := l.at
	c := l.text[start]
	r, _ := utf8.DecodeRuneInString(l.text[start:])
	switch {
	case c == '"':
		return l.quoted()
	case c == '`':
		return l.raw()
	case c == '\'':
		return l.fail(start, "strings are written in double quotes or backticks", `write "…"`)
	case isDigit(c), c == '.' && start+1 < len(l.text) && isDigit(l.text[start+1]):
		return l.number()
	case c == '.':
		l.at++
		return l.attribute(start, field{})
	case isWordRune(r):
		return l.word()
	}
	for _, op := range operators {
		if strings.HasPrefix(l.text[start:], op) {
			l.at += len(op)
			return token{kind: tokenOp, text: op, offset: start}
		}
	}
	if c == '&' {
		return l.fail(start, "& is not an operator", "did you mean &&?")
	}
	return l.fail(start, fmt.Sprintf("unexpected %q", r), "")
}

// skipSpace skips white space and comments; false at the end.
func (l *lexer) skipSpace() bool {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			l.fail(l.at, "the query is not valid UTF-8", "")
		case unicode.IsSpace(r):
			l.at += size
		case strings.HasPrefix(rest, "//"):
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				l.at += end
			} else {
				l.at = len(l.text)
			}
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				l.fail(l.at, "the comment has no end", "close it with */")
				return false
			}
			l.at += 2 + end + 2
		default:
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// isNameRune says whether an attribute name without quotes may have r. Signs
// of arithmetic are among them, as in http.status-code.
func isNameRune(r rune) bool {
	return !unicode.IsSpace(r) && r != utf8.RuneError && !strings.ContainsRune("{}()=~!<>&|^,\"`'", r)
}

// word reads a bare word or a field with a scope.
func (l *lexer) word() token {
	start := l.at
	word := l.takeWord()
	next := byte(0)
	if l.at < len(l.text) {
		next = l.text[l.at]
	}
	s, isScope := scopeWords[word]
	switch {
	case next == '.' && word == "parent":
		l.at++
		return l.parentAttribute(start)
	case next == '.' && isScope:
		if s == scopeTrace {
			return l.fail(start, "a trace has no attributes of its own", "trace:id, trace:duration, trace:rootName and trace:rootService exist")
		}
		l.at++
		return l.attribute(start, field{scope: s})
	case next == ':' && (isScope || word == "parent"):
		l.at++
		return l.scopedIntrinsic(start, word)
	case next == '.' || next == ':':
		remedy := didYouMean(word, []string{"span", "resource", "event", "link", "instrumentation", "parent", "trace"})
		if word == "scope" {
			remedy = "did you mean instrumentation?"
		}
		if remedy == "" {
			remedy = "scopes are span, resource, event, link, instrumentation, parent and trace; an attribute of any scope begins with a point"
		}
		return l.fail(start, fmt.Sprintf("%s is not a scope", word), remedy)
	}
	return token{kind: tokenWord, text: word, offset: start}
}

func (l *lexer) takeWord() string {
	start := l.at
	for l.at < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.at:])
		if !isWordRune(r) {
			break
		}
		l.at += size
	}
	return l.text[start:l.at]
}

// scopedIntrinsic reads what follows "scope:".
func (l *lexer) scopedIntrinsic(start int, scopeWord string) token {
	at := l.at
	name := scopeWord + ":" + l.takeWord()
	f := field{intrinsic: intrinsicByName[name]}
	if f.intrinsic == notIntrinsic && scopeWord == "parent" {
		f = field{parent: true, intrinsic: intrinsicByName["span:"+l.text[at:l.at]]}
	}
	if f.intrinsic == notIntrinsic {
		var known []string
		for _, k := range Intrinsics() {
			if strings.Contains(k, ":") {
				known = append(known, k)
			}
		}
		remedy := didYouMean(name, known)
		if remedy == "" {
			remedy = fmt.Sprintf("an attribute is written with a point: %s.%s", scopeWord, l.text[at:l.at])
		}
		return l.fail(start, fmt.Sprintf("there is no field %s", name), remedy)
	}
	return token{kind: tokenField, text: l.text[start:l.at], offset: start, field: f}
}

// parentAttribute reads what follows "parent.": an intrinsic of the parent, an
// attribute of one of its scopes, or one of any scope.
func (l *lexer) parentAttribute(start int) token {
	at := l.at
	word := l.takeWord()
	if s, ok := scopeWords[word]; ok && s != scopeTrace && strings.HasPrefix(l.text[l.at:], ".") {
		l.at++
		return l.attribute(start, field{parent: true, scope: s})
	}
	l.at = at
	t := l.attribute(start, field{parent: true})
	// Without a scope, and not quoted, parent.duration is the field of the span.
	if in, ok := intrinsicByName[t.field.name]; ok && l.text[at:l.at] == t.field.name && !intrinsics[in].trace && in != inParentID {
		t.field = field{parent: true, intrinsic: in}
	}
	return t
}

// attribute reads an attribute name: runs of name characters and quoted parts.
func (l *lexer) attribute(start int, f field) token {
	var name strings.Builder
	at := l.at
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		r, size := utf8.DecodeRuneInString(rest)
		if r == '"' {
			part, ok := l.quotedName()
			if !ok {
				return token{kind: tokenEOF, offset: l.at}
			}
			name.WriteString(part)
			continue
		}
		if !isNameRune(r) || strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "/*") {
			break
		}
		name.WriteString(rest[:size])
		l.at += size
	}
	if l.at == at {
		return l.fail(start, "the attribute has no name", "")
	}
	f.name = name.String()
	return token{kind: tokenField, text: l.text[start:l.at], offset: start, field: f}
}

// quotedName reads a quoted part of an attribute name. It knows the escapes \"
// and \\.
func (l *lexer) quotedName() (string, bool) {
	start := l.at
	var name strings.Builder
	for i := l.at + 1; i < len(l.text); i++ {
		switch c := l.text[i]; c {
		case '"':
			l.at = i + 1
			if !utf8.ValidString(name.String()) {
				l.fail(start, "the query is not valid UTF-8", "")
				return "", false
			}
			return name.String(), true
		case '\\':
			i++
			if i == len(l.text) || l.text[i] != '"' && l.text[i] != '\\' {
				l.fail(i-1, "only \\\" and \\\\ are escapes in the name of an attribute", "write \\\\ for a backslash")
				return "", false
			}
			name.WriteByte(l.text[i])
		default:
			name.WriteByte(c)
		}
	}
	l.fail(start, "the quoted name has no end", `close it with "`)
	return "", false
}

func (l *lexer) quoted() token {
	start := l.at
	for i := start + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case '\n':
			return l.fail(start, "the string has no end on its line", `close it with ", or use backticks for several lines`)
		case '"':
			l.at = i + 1
			text, err := strconv.Unquote(l.text[start:l.at])
			if err != nil {
				return l.fail(start, "the string has an escape that does not exist", "in backticks a backslash is a backslash")
			}
			return token{kind: tokenString, text: l.text[start:l.at], offset: start, value: String(text)}
		}
	}
	return l.fail(start, "the string has no end", `close it with "`)
}

func (l *lexer) raw() token {
	start := l.at
	end := strings.IndexByte(l.text[start+1:], '`')
	if end < 0 {
		return l.fail(start, "the string has no end", "close it with `")
	}
	l.at = start + 1 + end + 1
	text := l.text[start+1 : l.at-1]
	if !utf8.ValidString(text) {
		return l.fail(start, "the query is not valid UTF-8", "")
	}
	return token{kind: tokenString, text: l.text[start:l.at], offset: start, value: String(text)}
}
