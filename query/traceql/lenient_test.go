package traceql

import (
	"context"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

func TestParseLenient(t *testing.T) {
	for text, want := range map[string]string{
		`{ .a = 1 } | count() > 2`:         `{ .a = 1 } | count() > 2`,
		``:                                 `{ }`,
		`{`:                                `{ }`,
		`nonsense`:                         `{ }`,
		`{ resource.cluster = }`:           `{ }`,
		`{ .a = 1 && resource.cluster = }`: `{ .a = 1 }`,
		`{ .a = 1 && .b = "x`:              `{ .a = 1 }`,
		`{ .a = 1 && span. && (.c = 2 || .d = 3) && `:    `{ .a = 1 && (.c = 2 || .d = 3) }`,
		`{ .a = 1 || .b = }`:                             `{ }`,
		`{ (.a = 1 && .b = ) && name = "x" } | rate() b`: `{ name = "x" }`,
		`{ .a = 1 && status = "error" && kind = server}`: `{ .a = 1 && kind = server }`,
	} {
		if got := ParseLenient(text).String(); got != want {
			t.Errorf("%s\nis read as %s\nwant       %s", text, got, want)
		}
	}
}

// What is left out of a query must not cost more than a query.
func TestParseLenientIsBounded(t *testing.T) {
	q := ParseLenient("{ " + strings.Repeat(".a =~ `(?:abcdefghij){1000}` && ", 3000) + ".b = }")
	if n := strings.Count(q.String(), "=~"); n != 11 {
		t.Errorf("%d conditions remain", n)
	}
}

func FuzzParseLenient(f *testing.F) {
	f.Add(`{ .a = 1 && resource.cluster = }`)
	f.Fuzz(func(t *testing.T, text string) {
		q := ParseLenient(text)
		if err := checkRoundTrip(q); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestBound(t *testing.T) {
	store := storeOf(t, draw(t, "trace 1\na front x 0s+1ms a=1 b=1 resource:c=x c=y l=[x|y]\n"), 0)
	for text, want := range map[string]string{
		`{ }`:                                "every span, exact",
		`{ .a = 1 }`:                         "some, exact",
		`{ .nothing = 1 }`:                   "none, exact",
		`{ .nothing != nil || false }`:       "none, exact",
		`{ .a = 1 } && { }`:                  "every span",
		`{ .a = 1 } || { .b = 1 }`:           "some, exact",
		`{ .a = 1 } > { name = "x" }`:        "some",
		`{ false }`:                          "none, exact",
		`{ trace:duration > 1s }`:            "every span",
		`{ .a } | by(.b) | count() > 1`:      "some",
		`{ .a = 1 } | by(.b) | select(.c)`:   "some, exact",
		`{ .c = "y" }`:                       "some, exact", // in two scopes
		`{ .l = "x" }`:                       "some",        // elements are not seen
		`{ .a } | rate()`:                    "some, exact",
		`({ .a } | rate()) / ({ } | rate())`: "every span, exact",
	} {
		where, exact, err := Bound(context.Background(), store, storage.AllTime(), mustParse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		got := "some"
		if where == nil {
			got = "every span"
		} else if or, ok := where.(storage.Or); ok && len(or) == 0 {
			got = "none"
		}
		if exact {
			got += ", exact"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
