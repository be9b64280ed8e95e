package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// wideTable has 1,300 columns, most of which are rarely there: the worst that
// spans of many teams make of a part.
func wideTable(rows int) *benchTable {
	t := &benchTable{rows: rows}
	for i := range 1300 {
		c := Column{Name: fmt.Sprintf("a.team-%d.attribute.number.%d", i/20, i), Kind: ByteArray, Logical: String, Optional: true}
		v := Values{Present: make([]uint64, (rows+63)/64)}
		for k := range 20 {
			v.Dict.Text = fmt.Append(v.Dict.Text, "value-", k)
			v.Dict.Ends = append(v.Dict.Ends, uint32(len(v.Dict.Text)))
		}
		for row := i / 20 * 7; row < rows; row += 499 { // columns of a team are there together
			v.Present[row>>6] |= 1 << (row & 63)
			v.Codes = append(v.Codes, uint32((row+i)%20))
		}
		t.columns, t.values = append(t.columns, c), append(t.values, v)
	}
	return t
}

// TestWide: a footer that needs a second read, and what it costs to keep.
func TestWide(t *testing.T) {
	table := wideTable(2000)
	var out bytes.Buffer
	w := NewWriter(&out, table.columns, Options{})
	table.writeGroup(t, w)
	table.writeGroup(t, w)
	if err := w.Close([]KeyValue{{"a", "1"}, {"b", "2"}}); err != nil {
		t.Fatal(err)
	}
	reads := counter{r: bytes.NewReader(out.Bytes())}
	f, err := Open(&reads, int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if reads.n != 2 || f.size-f.footer < tailBytes {
		t.Errorf("%d reads for a footer of %d bytes", reads.n, f.size-f.footer)
	}
	if got, ok := f.Meta("b"); got != "2" || !ok {
		t.Errorf("b is %q, %v", got, ok)
	}
	if _, ok := f.Meta("c"); ok {
		t.Error("c is there")
	}
	before := f.MemoryBytes()
	if _, err := f.PageStarts(1); err != nil {
		t.Fatal(err)
	}
	if each := f.MemoryBytes() / len(table.columns); reads.n != 3 || f.MemoryBytes() <= before || each > 600 {
		t.Errorf("%d reads, %d and then %d bytes of memory", reads.n, before, f.MemoryBytes())
	}
	var page Page
	for i := range table.columns {
		if err := f.Chunk(1, i).ReadPage(0, &page); err != nil {
			t.Fatal(err)
		}
		if page.Len != len(table.values[i].Codes) {
			t.Fatalf("column %d has %d values", i, page.Len)
		}
	}
	if page.MemoryBytes() == 0 {
		t.Error("a page without memory")
	}
}

type counter struct {
	r io.ReaderAt
	n int
}

func (c *counter) ReadAt(b []byte, offset int64) (int, error) {
	c.n++
	return c.r.ReadAt(b, offset)
}

// TestBufferReadsTogether: what is near is read with one read, and what was
// not added is read from the file.
func TestBufferReadsTogether(t *testing.T) {
	table := wideTable(60_000)
	var out bytes.Buffer
	table.write(t, &out, Options{PageRows: 8192})
	reads := counter{r: bytes.NewReader(out.Bytes())}
	f, err := Open(&reads, int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.PageStarts(0); err != nil {
		t.Fatal(err)
	}
	var b Buffer
	var page Page
	var dict DecodedDict
	for _, test := range []struct{ gap, reads int }{{0, 20}, {1 << 20, 1}} {
		b.Reset()
		for i := range 10 {
			if err := b.Add(f.Chunk(0, 2*i), 3, 5, true); err != nil {
				t.Fatal(err)
			}
		}
		reads.n = 0
		if err := b.Read(test.gap); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.ReadPage(f.Chunk(0, 4), 4, &page), b.ReadDict(f.Chunk(0, 4), &dict)); err != nil {
			t.Fatal(err)
		}
		if reads.n != test.reads {
			t.Errorf("gap %d: %d reads, want %d", test.gap, reads.n, test.reads)
		}
		if err := errors.Join(b.ReadPage(f.Chunk(0, 100), 4, &page), b.ReadDict(f.Chunk(0, 100), &dict)); err != nil || reads.n != test.reads+2 {
			t.Errorf("%d reads after two that were not added: %v", reads.n, err)
		}
	}
	if b.MemoryBytes() == 0 || dict.MemoryBytes() == 0 {
		t.Error("a buffer or a dictionary without memory")
	}
	for _, err := range []error{b.Add(f.Chunk(0, 0), 0, 9, false), b.Add(f.Chunk(0, 0), -1, 1, false), b.ReadPage(f.Chunk(0, 0), 8, &page)} {
		if !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	}
	other, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(other.Chunk(0, 0), 0, 1, false); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	f.r = failing{io.ErrClosedPipe}
	if err := b.Read(0); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// BenchmarkWriteWide is what many columns cost that are rarely there.
func BenchmarkWriteWide(b *testing.B) {
	t := wideTable(65536)
	for _, pageRows := range []int{4096, 8192, 65536} {
		b.Run(fmt.Sprint(pageRows), func(b *testing.B) {
			b.ReportAllocs()
			var size int64
			from := cpuTime()
			for b.Loop() {
				size = t.write(b, io.Discard, Options{PageRows: pageRows}).BytesWritten()
			}
			b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*t.rows), "cpu-ns/row")
			b.ReportMetric(float64(size)/1300, "B/column")
		})
	}
}
