package parquet

import (
	"bytes"
	"io"
	"sort"
	"sync"
	"testing"
)

type benchTable struct {
	columns []Column
	values  []Values
	rows    int
}

var bench64k = sync.OnceValue(func() *benchTable { return newBenchTable(65536, 1) })

func newBenchTable(rows int, seed uint64) *benchTable {
	m := newMesh(seed)
	t := &benchTable{}
	t.columns, t.values = m.table(rows)
	t.rows = m.rows
	return t
}

func (b *benchTable) write(t testing.TB, out io.Writer, o Options) *Writer {
	t.Helper()
	w := NewWriter(out, b.columns, o)
	b.writeGroup(t, w)
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	return w
}

func (b *benchTable) writeGroup(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.StartRowGroup(b.rows); err != nil {
		t.Fatal(err)
	}
	for i := range b.columns {
		if err := w.Write(i, b.values[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.EndRowGroup(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	t := bench64k()
	b.ReportAllocs()
	var size int64
	from := cpuTime()
	for b.Loop() {
		w := t.write(b, io.Discard, Options{})
		size = w.BytesWritten()
	}
	b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*t.rows), "cpu-ns/row")
	b.ReportMetric(float64(size)/float64(t.rows), "B/row")
	b.ReportMetric(float64(len(t.columns)), "columns")
}

// TestColumnSizes logs what each column costs.
func TestColumnSizes(t *testing.T) {
	table := bench64k()
	var out bytes.Buffer
	table.write(t, &out, Options{})
	f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range table.values {
		v := &table.values[i]
		n += max(len(v.Nums), len(v.Codes))
		if l := table.columns[i].Length; l > 0 {
			n += len(v.Fixed) / l
		}
	}
	t.Logf("%d columns, %.1f values a row, %d bytes, footer+indexes %d, mem %d", len(table.columns), float64(n)/float64(table.rows), out.Len(), int64(out.Len())-func() int64 { c := f.Chunk(0, len(f.columns)-1); return c.offset + c.bytes }(), f.MemoryBytes())
	idx := make([]int, len(table.columns))
	for i := range idx {
		idx[i] = i
	}
	sort.Slice(idx, func(a, b int) bool { return f.Chunk(0, idx[a]).bytes > f.Chunk(0, idx[b]).bytes })
	for _, i := range idx {
		c := f.Chunk(0, i)
		var p Page
		c.ReadPage(0, &p)
		t.Logf("%-40s %6.3f B/row raw %6.3f dict %6.3f codec %d dictionary %v", f.columns[i].path(), float64(c.bytes)/float64(table.rows), float64(c.uncompressed)/float64(table.rows), float64(c.dictBytes)/float64(table.rows), c.codec, c.DictionaryEncoded())
	}
}
