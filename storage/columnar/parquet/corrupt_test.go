package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// readAll reads everything of a file and returns what differs when the file
// does.
func readAll(data []byte) (string, error) {
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var page Page
	var dict DecodedDict
	for g := range f.RowGroups() {
		for i := range f.Columns() {
			c := f.Chunk(g, i)
			if c.DictionaryEncoded() {
				if err := c.ReadDict(&dict); err != nil {
					return "", err
				}
			}
			pages, err := c.Pages()
			if err != nil {
				return "", err
			}
			for k := range pages {
				if err := c.ReadPage(k, &page); err != nil {
					return "", err
				}
				if err := dict.Check(c, &page); err != nil {
					return "", err
				}
				column := c.Column()
				for v := range page.Len {
					x := cellOf(&column, &page, &dict, v)
					b.WriteString(x.text)
					b.Write(binary.LittleEndian.AppendUint64(nil, x.num))
				}
			}
		}
	}
	return b.String(), nil
}

// TestFlippedBits: any change in the pages is found; any change elsewhere is
// found or harmless, and never a panic.
func TestFlippedBits(t *testing.T) {
	data := goldenModel().write(t, rand.New(rand.NewPCG(1, 1)))
	want, err := readAll(data)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	last := f.Chunk(len(f.RowGroups())-1, len(f.Columns())-1)
	pagesEnd := int(last.offset + last.bytes)
	step := 1
	if testing.Short() {
		step = 97
	}
	for i := 0; i < len(data); i += step {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1 << (i % 8)
		got, err := readAll(flipped)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if err == nil && i >= 4 && i < pagesEnd && got != want {
			t.Errorf("byte %d, in the pages, was changed and values are others", i)
		}
	}
}

// TestCutOff: a file that ends too early has no footer.
func TestCutOff(t *testing.T) {
	data := goldenModel().write(t, rand.New(rand.NewPCG(1, 1)))
	for n := range data {
		if _, err := Open(bytes.NewReader(data[:n]), int64(n)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d bytes of %d: %v", n, len(data), err)
		}
	}
	// The footer is there, but not what it points to.
	var damage *CorruptError
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f.r = bytes.NewReader(data[:100])
	if err := f.Chunk(1, 3).ReadDict(&DecodedDict{}); err == nil {
		t.Error("a dictionary was read that is not there")
	}
	if _, err := f.PageStarts(1); !errors.As(err, &damage) || damage.Group != 1 {
		t.Errorf("page locations behind the end: %v", err)
	}
}

// TestErrorsSayWhere checks the parts of CorruptError.
func TestErrorsSayWhere(t *testing.T) {
	data := goldenModel().write(t, rand.New(rand.NewPCG(1, 1)))
	open := func() (*File, []byte) {
		data := bytes.Clone(data)
		f, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		return f, data
	}
	f, bytesOf := open()
	column, _ := f.Column("events", "name")
	c := f.Chunk(0, column)
	pages, err := c.Pages()
	if err != nil {
		t.Fatal(err)
	}
	bytesOf[pages[1].Offset+int64(pages[1].Bytes)-1] ^= 1
	err = c.ReadPage(1, &Page{})
	var damage *CorruptError
	if !errors.As(err, &damage) || !errors.Is(err, ErrCorrupt) {
		t.Fatalf("%v", err)
	}
	if *damage != (CorruptError{Group: 0, Column: "events.name", Page: 1, Offset: pages[1].Offset, Reason: "the checksum is wrong"}) {
		t.Errorf("%+v", *damage)
	}
	bytesOf[c.offset+int64(c.dictBytes)-1] ^= 1
	if err := c.ReadDict(&DecodedDict{}); err == nil || !strings.Contains(err.Error(), `row group 0, column "events.name", dictionary at offset`) {
		t.Errorf("%v", err)
	}
	if err := c.ReadPage(2, &Page{}); err != nil {
		t.Errorf("a page that is not damaged: %v", err)
	}
	for _, i := range []int{-1, 3} {
		if err := c.ReadPage(i, &Page{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("page %d: %v", i, err)
		}
	}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// TestReadErrors: an error of the reader is not taken for damage.
func TestReadErrors(t *testing.T) {
	broken := errors.New("broken disk")
	if _, err := Open(failing{broken}, 100); !errors.Is(err, broken) || errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if _, err := Open(failing{io.EOF}, 100); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
}
