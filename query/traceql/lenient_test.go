package traceql

import (
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

func FuzzParseLenient(f *testing.F) {
	f.Add(`{ .a = 1 && resource.cluster = }`)
	f.Fuzz(func(t *testing.T, text string) {
		q := ParseLenient(text)
		if err := checkRoundTrip(q); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		Where(q)
	})
}

func TestWhere(t *testing.T) {
	for text, want := range map[string]bool{ // whether there is a condition
		`{ }`:                                false,
		`{ .a = 1 }`:                         true,
		`{ .a = 1 } && { }`:                  false,
		`{ .a = 1 } > { name = "x" }`:        true,
		`{ false }`:                          true,
		`{ trace:duration > 1s }`:            false,
		`{ .a } | by(.b) | count() > 1`:      true,
		`{ .a } | rate()`:                    true,
		`({ .a } | rate()) / ({ } | rate())`: false,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Where(q) != nil; got != want {
			t.Errorf("%s: condition %v, want %v", text, got, want)
		}
	}
}

func TestParseField(t *testing.T) {
	for name, want := range map[string]int{
		"resource.service.name": 1, ".http.method": 5, "span:status": 1, "event:name": 1, "trace:duration": 0, `span."a b"`: 1, "link.x": 1,
	} {
		f, err := ParseField(name)
		if err != nil || len(f.Keys()) != want {
			t.Errorf("%s: %v, %v", name, f.Keys(), err)
		}
	}
	for _, name := range []string{"", "spam.x", "nothing", "span.a b", "{ }"} {
		if f, err := ParseField(name); err == nil {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, c := range map[string]struct {
		stored storage.Value
		want   Value
	}{
		"status":        {storage.Int(2), Status(2)},
		"kind":          {storage.Int(3), Kind(3)},
		"duration":      {storage.Int(5), Duration(5)},
		"trace:id":      {storage.Bytes(make([]byte, 16)), String("00000000000000000000000000000000")},
		"span:parentID": {storage.Bytes(make([]byte, 8)), Value{}},
		"span.a":        {storage.Int(5), Int(5)},
		"span.b":        {storage.Empty(), Value{}},
	} {
		f, err := ParseField(name)
		if got := f.Value(c.stored); err != nil || got != c.want {
			t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
		}
	}
}
