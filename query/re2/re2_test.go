package re2

import (
	"errors"
	"regexp/syntax"
	"strings"
	"testing"
)

func TestCompile(t *testing.T) {
	var b Bound
	re, err := b.Compile("^(?:", "a|b", ")$")
	if err != nil || !re.MatchString("b") || re.MatchString("ab") {
		t.Errorf("%v, %v", re, err)
	}
	for _, wrong := range []string{"a)(b", "(", "a{1001}", `\8`} {
		var want *syntax.Error
		if _, err := b.Compile("(?:", wrong, ")"); !errors.As(err, &want) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// What a long query can spell out fits, what a short one repeats does not.
func TestBound(t *testing.T) {
	for text, fits := range map[string]bool{
		strings.Repeat("name-of-a-service|", 7_000) + "x": true,
		".*(?:a|bc)+.{0,1000}":                            true,
		"(?:abcdefghij){1000}":                            true,
		"(?:[^x]{100}){10}":                               true,
		"(?:(?:abcdefghij){10}){100}":                     true,
		strings.Repeat("(?:abcdefghij){1000}", 14):        false,
		"(?:" + strings.Repeat("a?b*", 60) + "){1000}":    false,
		"(?:" + strings.Repeat("(x)", 60) + "){2,1000}":   false,
	} {
		var b Bound
		if _, err := b.Compile("", text, ""); (err == nil) != fits || err != nil && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// All expressions of a query share the bound; one that does not fit leaves it
// to the others.
func TestBoundIsShared(t *testing.T) {
	var b Bound
	for i := range 20 {
		_, err := b.Compile("", "(?:abcdefghij){1000}", "")
		if (err == nil) != (i < 11) {
			t.Errorf("expression %d: %v", i, err)
		}
	}
	if _, err := b.Compile("", "small", ""); err != nil {
		t.Error(err)
	}
}

// The size is that of the program: within a factor of two, or too large.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{"a|b", "(?:abc){10}", "a{2,5}", "(a*)+?", "[^x]{3,}", "", "(?i)straße", `\pL{7}`, "(|a)*", "^$", "x{0}", "(?:a{0,3}b){4}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return
		}
		n := size(tree)
		if n > MaxSize/4 {
			return // to compile it would take what the bound is for
		}
		program, err := syntax.Compile(tree.Simplify())
		if err != nil {
			t.Fatal(err)
		}
		if len(program.Inst) > 2*n+4 {
			t.Errorf("%q: %d instructions, the size is %d", text, len(program.Inst), n)
		}
	})
}
