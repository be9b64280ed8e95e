package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
)

// TestInvalidColumns: what the format or the reader cannot have is refused.
func TestInvalidColumns(t *testing.T) {
	for name, columns := range map[string][]Column{
		"none":                    {},
		"no name":                 {{}},
		"unknown kind":            {{Name: "a", Kind: 6}},
		"unknown logical type":    {{Name: "a", Logical: 9}},
		"logical type of another": {{Name: "a", Kind: Int64, Logical: String}},
		"fixed without length":    {{Name: "a", Kind: Fixed}},
		"fixed too long":          {{Name: "a", Kind: Fixed, Length: MaxLength + 1}},
		"length of another kind":  {{Name: "a", Kind: Int64, Length: 8}},
		"short uuid":              {{Name: "a", Kind: Fixed, Length: 8, Logical: UUID}},
		"twice":                   {{Name: "a"}, {Name: "a"}},
		"twice in a list":         {{List: "l", Name: "a"}, {List: "l", Name: "a"}},
		"list apart":              {{List: "l", Name: "a"}, {Name: "b"}, {List: "l", Name: "c"}},
		"name of a list":          {{List: "l", Name: "a"}, {Name: "l"}},
		"list of a name":          {{Name: "l"}, {List: "l", Name: "a"}},
		"too many":                make([]Column, MaxColumns+1),
	} {
		if err := NewWriter(io.Discard, columns, Options{}).StartRowGroup(1); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, o := range []Options{{PageRows: 63}, {PageRows: 65}, {PageRows: 2 * MaxPageRows}, {Level: 5}, {Level: -1}, {DictEntries: -1}, {DictEntries: 1<<16 + 1}} {
		if err := NewWriter(io.Discard, []Column{{Name: "a"}}, o).Close(nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestInvalidValues: values that do not fit are refused, and so is everything
// after them.
func TestInvalidValues(t *testing.T) {
	dict := Dict{Text: []byte("ab"), Ends: []uint32{1, 2}}
	flat := func(kind Kind) Column {
		c := Column{Name: "a", Kind: kind}
		if kind == Fixed {
			c.Length = 2
		}
		return c
	}
	optional := Column{Name: "a", Kind: Int64, Optional: true}
	list := Column{List: "l", Name: "a", Kind: Int64}
	for name, test := range map[string]struct {
		column Column
		values Values
	}{
		"too few":             {flat(Int64), Values{Nums: []uint64{1}}},
		"too many":            {flat(Int64), Values{Nums: []uint64{1, 2, 3}}},
		"none":                {flat(Int64), Values{}},
		"absent":              {flat(Int64), Values{Present: []uint64{1}, Nums: []uint64{1}}},
		"bitmap too short":    {optional, Values{Present: []uint64{}, Nums: []uint64{1}}},
		"more than present":   {optional, Values{Present: []uint64{1}, Nums: []uint64{1, 2}}},
		"codes for numbers":   {flat(Int64), Values{Codes: []uint32{1, 2}}},
		"numbers for text":    {flat(ByteArray), Values{Nums: []uint64{1, 2}}},
		"both":                {flat(Boolean), Values{Nums: []uint64{1, 0}, Codes: []uint32{1, 0}}},
		"no boolean":          {flat(Boolean), Values{Nums: []uint64{1, 2}}},
		"no boolean code":     {flat(Boolean), Values{Codes: []uint32{1, 2}}},
		"half a fixed":        {flat(Fixed), Values{Fixed: []byte("abc")}},
		"code without entry":  {flat(ByteArray), Values{Codes: []uint32{0, 2}, Dict: dict}},
		"ends descend":        {flat(ByteArray), Values{Codes: []uint32{0, 0}, Dict: Dict{Text: []byte("ab"), Ends: []uint32{2, 1}}}},
		"ends beyond text":    {flat(ByteArray), Values{Codes: []uint32{0, 0}, Dict: Dict{Text: []byte("ab"), Ends: []uint32{3}}}},
		"counts without list": {flat(Int64), Values{Counts: []uint32{1, 1}, Nums: []uint64{1, 2}}},
		"list without counts": {list, Values{Nums: []uint64{1, 2}}},
		"counts do not match": {list, Values{Counts: []uint32{1, 2}, Nums: []uint64{1, 2}}},
		"too many elements":   {list, Values{Counts: []uint32{math.MaxUint32, math.MaxUint32}, Nums: []uint64{1, 2}}},
	} {
		w := NewWriter(io.Discard, []Column{test.column}, Options{})
		if err := w.StartRowGroup(2); err != nil {
			t.Fatal(err)
		}
		err := w.Write(0, test.values)
		want := ErrInvalid
		if name == "too many elements" {
			want = ErrTooLarge
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if again := w.Close(nil); again != err {
			t.Errorf("%s: closing said %v after %v", name, again, err)
		}
	}
}

// TestListsMustAgree: the columns of a list have the same counts.
func TestListsMustAgree(t *testing.T) {
	w := NewWriter(io.Discard, []Column{{List: "l", Name: "a", Kind: Int64}, {List: "l", Name: "b", Kind: Int64}}, Options{})
	if err := errors.Join(w.StartRowGroup(2), w.Write(0, Values{Counts: []uint32{1, 0}, Nums: []uint64{1}})); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(1, Values{Counts: []uint32{0, 1}, Nums: []uint64{1}}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// TestCallsInOrder: a call that is not next is refused.
func TestCallsInOrder(t *testing.T) {
	one := Values{Nums: []uint64{1}}
	columns := []Column{{Name: "a", Kind: Int64}, {Name: "b", Kind: Int64}}
	for name, calls := range map[string]func(w *Writer) error{
		"write first":     func(w *Writer) error { return w.Write(0, one) },
		"end first":       func(w *Writer) error { return w.EndRowGroup() },
		"no rows":         func(w *Writer) error { return w.StartRowGroup(0) },
		"two groups":      func(w *Writer) error { return errors.Join(w.StartRowGroup(1), w.StartRowGroup(1)) },
		"second column":   func(w *Writer) error { return errors.Join(w.StartRowGroup(1), w.Write(1, one)) },
		"column twice":    func(w *Writer) error { return errors.Join(w.StartRowGroup(1), w.Write(0, one), w.Write(0, one)) },
		"column missing":  func(w *Writer) error { return errors.Join(w.StartRowGroup(1), w.Write(0, one), w.EndRowGroup()) },
		"close in group":  func(w *Writer) error { return errors.Join(w.StartRowGroup(1), w.Close(nil)) },
		"after the close": func(w *Writer) error { return errors.Join(w.Close(nil), w.StartRowGroup(1)) },
	} {
		if err := calls(NewWriter(io.Discard, columns, Options{})); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := NewWriter(io.Discard, columns, Options{})
	if err := errors.Join(w.Close(nil), w.Close(nil)); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// full fails after some bytes.
type full struct{ left int }

var errFull = errors.New("disk full")

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestWriteErrors: an error of the underlying writer is reported by the call
// that met it and by all after it.
func TestWriteErrors(t *testing.T) {
	columns := []Column{{Name: "a", Kind: Int64}}
	for left := range 600 {
		w := NewWriter(&full{left}, columns, Options{})
		err := errors.Join(w.StartRowGroup(1), w.Write(0, Values{Nums: []uint64{1}}), w.EndRowGroup(), w.Close(nil))
		if err == nil {
			if left < 100 {
				t.Errorf("a file of %d bytes", left)
			}
			return
		}
		if !errors.Is(err, errFull) || !errors.Is(w.Close(nil), errFull) {
			t.Fatalf("%d bytes: %v", left, err)
		}
	}
	t.Error("a file of a row needs more than 600 bytes")
}

// TestVeryCompressible: a reader believes no ratio above maxRatio, so frames
// are filled up. Other readers must get over that.
func TestVeryCompressible(t *testing.T) {
	const rows = 4000
	v := Values{}
	for i := range rows {
		v.Dict.Text = append(v.Dict.Text, fmt.Sprintf("%s%d", strings.Repeat("a", 5000), i)...)
		v.Dict.Ends = append(v.Dict.Ends, uint32(len(v.Dict.Text)))
		v.Codes = append(v.Codes, uint32(i))
	}
	var out bytes.Buffer
	w := NewWriter(&out, []Column{{Name: "a", Kind: ByteArray}}, Options{DictEntries: 100})
	if err := errors.Join(w.StartRowGroup(rows), w.Write(0, v), w.EndRowGroup(), w.Close(nil)); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var p Page
	if err := f.Chunk(0, 0).ReadPage(0, &p); err != nil {
		t.Fatal(err)
	}
	if p.Len != rows || !bytes.Equal(p.Text, v.Dict.Text) || out.Len() > 200_000 {
		t.Errorf("%d values in a file of %d bytes", p.Len, out.Len())
	}
	reader, err := pq.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	column := Column{Name: "a", Kind: ByteArray}
	for i, x := range parquetGoValues(t, &column, reader.RowGroups()[0].ColumnChunks()[0]) {
		if string(x.ByteArray()) != string(v.Dict.At(uint32(i))) {
			t.Fatalf("value %d is another one", i)
		}
	}
}

// TestWhatIsChosen states the encodings of typical columns.
func TestWhatIsChosen(t *testing.T) {
	table := newBenchTable(20_000, 7)
	var out bytes.Buffer
	table.write(t, &out, Options{})
	f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		dictionary bool
		most       float64 // bytes a row
	}{
		"trace_id":              {true, 0.7},
		"span_id":               {false, 8.1},
		"parent_span_id":        {false, 5},
		"start":                 {false, 4.4},
		"duration":              {false, 3.5},
		"flags":                 {true, 0.02},
		"kind":                  {true, 0.3},
		"name":                  {true, 0.5},
		"resource.cloud.region": {true, 0.02},
		"resource.service.name": {true, 0.8},
		"a.component":           {true, 0.15}, // its bitmap of nulls
		"a.http.url":            {false, 4},
		"a.shop.score":          {true, 0.7},
	} {
		i, ok := f.Column("", name)
		if !ok {
			t.Fatalf("there is no column %q", name)
		}
		c := f.Chunk(0, i)
		if size := float64(c.CompressedBytes()) / float64(f.Rows()); c.DictionaryEncoded() != want.dictionary || size > want.most {
			t.Errorf("%s: dictionary %v, %.3f bytes a row, want %v and at most %v", name, c.DictionaryEncoded(), size, want.dictionary, want.most)
		}
	}
}
