package filter

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// constant is one that was written in a filter.
type constant struct {
	kind kind
	// declared is the type of the values that it compares with, TypeAbsent: any.
	declared storage.Type
	text     string
	// value is the constant as its type or the field beside it has it: a string,
	// an int (of nanoseconds for times), a float, or a bool. Where neither says
	// what it is, it is the number that the text is, or absent.
	value storage.Value
}

// newConstant reads a constant of a type, or of none.
func newConstant(p path, text, declared string) (c constant, err error) {
	c.text = text
	switch declared {
	case "":
		c.value = number(text)
		return c, nil
	case "string":
		c.kind, c.value = textKind, storage.String(text)
	case "int":
		c.kind = numberKind
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		c.value = storage.Int(i)
	case "double":
		c.kind = numberKind
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		c.value = storage.Float(f)
	case "bool":
		c.kind, c.value = boolKind, storage.Bool(text == "true")
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
	default:
		return c, p.of("type").errorf("%q is no type; leave it out for any, or name one of string, int, double, bool", declared)
	}
	if err != nil {
		return c, p.errorf("%q is no %s", text, declared)
	}
	c.declared = c.value.Type()
	return c, nil
}

// resolve reads the constant as the field beside it holds it.
func (c *constant) resolve(p path, f *field) error {
	if c.kind != anyKind && c.kind != textKind || c.kind == textKind && f.kind != textKind && f.kind != wordKind {
		return p.of("type").errorf("%s is %s; leave the type out", f, f.kind)
	}
	c.kind = f.kind
	switch f.kind {
	case durationKind:
		d, err := time.ParseDuration(c.text)
		if err != nil {
			return p.errorf("%q is no duration, as %s is one: write it with a unit, like 1.5s or 20ms", c.text, f)
		}
		c.value = storage.Int(int64(d))
	case instantKind:
		t, err := time.Parse(time.RFC3339Nano, c.text)
		if err != nil {
			return p.errorf("%q is no instant, as %s is one: write it like 2006-01-02T15:04:05.999999999Z", c.text, f)
		}
		c.value = storage.Int(storage.UnixNs(t))
	case wordKind:
		if !slices.Contains(f.words, c.text) {
			return p.errorf("%q is none of what %s can be: %s", c.text, f, strings.Join(f.words, ", "))
		}
		c.value = storage.String(c.text)
	default:
		c.value = storage.String(c.text)
	}
	return nil
}

// asValue is the constant where it stands for a value.
func (c constant) asValue() storage.Value {
	if c.kind == anyKind {
		return storage.String(c.text)
	}
	return c.value
}

func (c constant) String() string {
	if c.kind == anyKind {
		return strconv.Quote(c.text)
	}
	return c.kind.String() + ":" + c.value.Type().String() + ":" + strconv.Quote(c.value.Text())
}
