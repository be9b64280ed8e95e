package filter

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestFilters: testdata/filters.txt says what filters mean. A filter is followed
// by the names of the spans that satisfy it, or by what is wrong with it.
// "about" is in front of names where the store alone cannot tell.
func TestFilters(t *testing.T) {
	const file = "testdata/filters.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := bakery()
	var out strings.Builder
	asked := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  -> ") {
			continue
		}
		out.WriteString(line + "\n")
		if strings.HasPrefix(line, "{") {
			asked++
			out.WriteString("  -> " + answer(t, s, line) + "\n")
		}
	}
	if asked < 100 {
		t.Errorf("only %d filters", asked)
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(string(text), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s:%d: differs (run with -update and read the diff):\n got %q\nwant %q", file, i+1, lineAt(got, i), lineAt(want, i))
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func answer(t *testing.T, s *storage.Spans, text string) string {
	f, err := ParseJSON("filter", text)
	if err != nil {
		return "refused: " + err.Error()
	}
	checkBound(t, f, s, text)
	names := []string{}
	for row := range s.Len() {
		if f.Matches(s, row) {
			names = append(names, s.Name(row))
		}
	}
	slices.Sort(names)
	about := ""
	if _, exact := f.Where(); !exact {
		about = "about "
	}
	return about + strings.Join(names, " ")
}

// checkBound: every span that satisfies a filter satisfies what is asked of the
// store, and no other if that is exact.
func checkBound(t *testing.T, f *Filter, s *storage.Spans, text string) {
	t.Helper()
	where, exact := f.Where()
	for row := range s.Len() {
		ok, err := trace.Matches(s, row, where)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if matches := f.Matches(s, row); matches && !ok || exact && ok && !matches {
			t.Fatalf("%s on %s: %v, the store says %v (exact %v)\n%#v", text, s.Name(row), matches, ok, exact, where)
		}
	}
}

// TestCanonical: filters that differ in the order of operands only are the same.
func TestCanonical(t *testing.T) {
	const (
		a = `{"op":"eq","args":[{"attr":{"key":"a"}},{"scalar":{"value":"1"}}]}`
		b = `{"op":"in","args":[{"field":{"name":"duration","level":"span"}},{"list":{"values":["1s","20ms","1000ms"]}}]}`
		c = `{"op":"in","args":[{"field":{"name":"duration","level":"span"}},{"list":{"values":["20000us","1s"]}}]}`
		d = `{"op":"eq","args":[{"attr":{"key":"a"}},{"scalar":{"value":"1","type":"string"}}]}`
	)
	and := func(op, x, y string) string {
		return `{"op":"` + op + `","args":[{"call":` + x + `},{"call":` + y + `}]}`
	}
	text := func(filter string) string {
		t.Helper()
		f, err := ParseJSON("filter", filter)
		if err != nil {
			t.Fatal(err)
		}
		return f.String()
	}
	if text(and("and", a, b)) != text(and("and", c, a)) {
		t.Error(text(and("and", a, b)), text(and("and", c, a)))
	}
	for _, other := range []string{and("or", a, b), and("and", a, a), and("and", d, b), a, b} {
		if text(and("and", a, b)) == text(other) {
			t.Errorf("%s is %s", other, text(other))
		}
	}
	if text(a) == text(d) {
		t.Error(text(a))
	}
}

// TestEveryField: each field is in the vocabulary once, and readable.
func TestEveryField(t *testing.T) {
	if len(fields) != 22 {
		t.Errorf("%d fields", len(fields))
	}
	s := bakery()
	for _, f := range fields {
		found := false
		for row := range s.Len() {
			fieldReference{f}.values(&place{s: s, row: row, event: unbound, link: unbound}, func(storage.Value) { found = true })
		}
		if !found {
			t.Errorf("no span has a %s", f)
		}
	}
}
