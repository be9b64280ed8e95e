package traceql

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected part of testdata")

// The cases in testdata/parse are text: a query of lines that begin with "> ",
// then either its canonical form or its error: message, line with caret. Blank lines separate
// cases, and # begins a comment.
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
				var query, rest, head []string
				for _, line := range strings.Split(block, "\n") {
					switch {
					case strings.HasPrefix(line, ">"):
						query = append(query, strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "))
					case strings.HasPrefix(line, "#") && query == nil:
						head = append(head, line)
					default:
						rest = append(rest, line)
					}
				}
				if query == nil {
					out = append(out, strings.Join(head, "\n"))
					continue
				}
				got := parseText(strings.Join(query, "\n"))
				if want := strings.Join(rest, "\n"); got != want && !*update {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", strings.Join(query, "\n"), got, want)
				}
				for _, q := range query {
					head = append(head, strings.TrimRight("> "+q, " "))
				}
				out = append(out, strings.Join(append(head, got), "\n"))
			}
			if *update {
				if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// parseText is the canonical form or the error of a query.
func parseText(query string) string {
	q, err := Parse(query)
	var syntax *SyntaxError
	switch {
	case errors.As(err, &syntax):
		caret := "|" + strings.ReplaceAll(syntax.Caret(query), "\n", "\n|")
		return strings.TrimPrefix(syntax.Error(), "traceql: ") + "\n" + caret
	case err != nil:
		return "not a SyntaxError: " + err.Error()
	}
	return q.String()
}

// checkRoundTrip says what is wrong with parsing the canonical form again.
func checkRoundTrip(q *Query) error {
	text := q.String()
	again, err := Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("the canonical form %q does not parse: %w", text, err)
	case !reflect.DeepEqual(again, q):
		return fmt.Errorf("the canonical form %q is another query: %q", text, again)
	}
	return nil
}

// What is too long or too deep is refused before it costs anything, and what
// is just not is answered.
func TestParseBounds(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // in the error, "" for none
	}{
		"long":           {"{ .a = `" + strings.Repeat("a", maxQueryBytes) + "` }", "bytes"},
		"deep":           {"{ " + strings.Repeat("(", 1000) + ".a" + strings.Repeat(")", 1000) + " }", "nested deeper"},
		"deep spansets":  {strings.Repeat("(", 50_000), "nested deeper"},
		"signs":          {strings.Repeat("-", 50_000), "nested deeper"},
		"nots":           {"{ " + strings.Repeat("!", 50_000), "nested deeper"},
		"chain":          {"{ .a" + strings.Repeat(" || .a", 10_000) + " }", "operators"},
		"spanset chain":  {"{ }" + strings.Repeat(" > { }", 10_000), "operators"},
		"pattern":        {"{ .a =~ `" + strings.Repeat("(?:abcdefghij){1000}", 12) + "` }", "repeat less"},
		"patterns":       {"{ .a" + strings.Repeat(" || .a =~ `(?:abcdefghij){1000}`", 12) + " }", "repeat less"},
		"shorter chains": {"{ .a" + strings.Repeat(" || .a", 990) + " }" + strings.Repeat(" || { }", 990), ""},
	} {
		q, err := Parse(c.text)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want == "":
			if at, err := Select(q, shapedTrace(100, func(i int) int { return i - 1 })); err != nil || len(at) != 100 {
				t.Errorf("%s: %d spans, %v", name, len(at), err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/parse/*.txt")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, line := range strings.Split(string(text), "\n") {
			if query, ok := strings.CutPrefix(line, "> "); ok {
				f.Add(query)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 || syntax.Msg == "" {
				t.Fatalf("%q: error %#v", text, err)
			}
			syntax.Caret(text)
			return
		}
		if err := checkRoundTrip(q); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
