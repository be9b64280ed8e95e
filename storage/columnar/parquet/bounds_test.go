package parquet

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// TestTextBounds: bounds are short, of the right kind, and never wrong.
func TestTextBounds(t *testing.T) {
	ff := strings.Repeat("\xff", 40)
	for name, test := range map[string]struct {
		logical          Logical
		values           []string
		chunk, page      bool // bounds are known
		chunkMin, pageOf string
		chunkMax, pageTo string
	}{
		"short":           {String, []string{"b", "a", "b"}, true, true, "a", "a", "b", "b"},
		"empty":           {String, []string{"", "a", ""}, true, true, "", "", "a", "a"},
		"zero at the end": {None, []string{"a\x00", "a", "a"}, true, true, "a", "a", "a\x00", "b"},
		"long":            {String, []string{"12345678x", "12345678y", "12345678x"}, true, true, "12345678x", "12345678", "12345678y", "12345679"},
		"very long":       {None, []string{strings.Repeat("a", 40), strings.Repeat("a", 41)}, true, true, strings.Repeat("a", 32), strings.Repeat("a", 8), strings.Repeat("a", 31) + "b", strings.Repeat("a", 7) + "b"},
		"runes":           {String, []string{"1234567é", "1234567éé"}, true, true, "1234567é", "1234567", "1234567éé", "1234568"},
		"last rune":       {String, []string{"1234" + "\U0010ffff" + "x", "1234" + "\U0010ffff" + "y"}, true, true, "1234\U0010ffffx", "1234\U0010ffff", "1234\U0010ffffy", "1235"},
		"no surrogates":   {String, []string{"12345" + "\ud7ff" + "x", "12345" + "\ud7ff" + "y"}, true, true, "12345\ud7ffx", "12345\ud7ff", "12345\ud7ffy", "12345\ue000"},
		"nothing above":   {None, []string{ff, ff + "a"}, false, false, "", "", "", ""},
		"high bytes":      {None, []string{"a" + ff, "a" + ff + "a"}, true, true, "a" + ff[:31], "a" + ff[:7], "b", "b"},
		"not UTF-8":       {String, []string{"1234567\xff\xff", "1234567\xff\xfe"}, true, false, "1234567\xff\xfe", "", "1234567\xff\xff", ""},
	} {
		v := Values{}
		for _, s := range test.values {
			v.Dict.Text = append(v.Dict.Text, s...)
			v.Dict.Ends = append(v.Dict.Ends, uint32(len(v.Dict.Text)))
		}
		for range 3 { // so often that there is a dictionary
			for i := range test.values {
				v.Codes = append(v.Codes, uint32(i))
			}
		}
		c := writeColumn(t, Column{Name: "a", Kind: ByteArray, Logical: test.logical}, len(v.Codes), v)
		b := c.Bounds()
		if b.Known != test.chunk || string(b.MinText) != test.chunkMin || string(b.MaxText) != test.chunkMax {
			t.Errorf("%s: the chunk has %v %+q %+q", name, b.Known, b.MinText, b.MaxText)
		}
		pages, err := c.Pages()
		if err != nil {
			t.Fatal(err)
		}
		b = pages[0].Bounds
		if b.Known != test.page || string(b.MinText) != test.pageOf || string(b.MaxText) != test.pageTo {
			t.Errorf("%s: the page has %v %+q %+q", name, b.Known, b.MinText, b.MaxText)
		}
	}
}

// TestDoubleBounds: both zeros are inside, NaN is in no order.
func TestDoubleBounds(t *testing.T) {
	negative := math.Copysign(0, -1)
	for name, test := range map[string]struct {
		values   []float64
		min, max float64
	}{
		"zeros":     {[]float64{0, 0}, negative, 0},
		"negative":  {[]float64{negative, negative}, negative, 0},
		"signs":     {[]float64{-1, 2}, -1, 2},
		"infinite":  {[]float64{math.Inf(1), math.Inf(-1)}, math.Inf(-1), math.Inf(1)},
		"no number": {[]float64{1, math.NaN()}, math.NaN(), 0},
	} {
		v := Values{Present: []uint64{3}}
		for _, x := range test.values {
			v.Nums = append(v.Nums, math.Float64bits(x))
		}
		c := writeColumn(t, Column{Name: "a", Kind: Double, Optional: true}, 3, v)
		pages, err := c.Pages()
		if err != nil {
			t.Fatal(err)
		}
		want := Bounds{Known: true, Min: math.Float64bits(test.min), Max: math.Float64bits(test.max)}
		nulls := 1
		if name == "no number" {
			want, nulls = Bounds{}, -1
		}
		for _, b := range []Bounds{c.Bounds(), pages[0].Bounds} {
			if b.Known != want.Known || b.Min != want.Min || b.Max != want.Max {
				t.Errorf("%s: %+v, want %+v", name, b, want)
			}
		}
		if pages[0].Nulls != nulls || c.Nulls() != 1 {
			t.Errorf("%s: %d nulls", name, pages[0].Nulls)
		}
	}
}

// writeColumn writes a file with one column and returns its chunk.
func writeColumn(t *testing.T, column Column, rows int, v Values) *Chunk {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, []Column{column}, Options{})
	if err := errors.Join(w.StartRowGroup(rows), w.Write(0, v), w.EndRowGroup(), w.Close(nil)); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f.Chunk(0, 0)
}
