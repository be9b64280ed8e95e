package parquet

import (
	"fmt"
	"io"
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

// BenchmarkWrite writes a file of one row group with each effort of zstd.
func BenchmarkWrite(b *testing.B) {
	t := bench64k()
	for level := 1; level <= 4; level++ {
		b.Run(fmt.Sprint("level=", level), func(b *testing.B) {
			b.ReportAllocs()
			var size int64
			from := cpuTime()
			for b.Loop() {
				size = t.write(b, io.Discard, Options{Level: level}).BytesWritten()
			}
			b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*t.rows), "cpu-ns/row")
			b.ReportMetric(float64(size)/float64(t.rows), "B/row")
			b.ReportMetric(float64(len(t.columns)), "columns")
		})
	}
}

// BenchmarkWriteRowGroup writes row group after row group to one file: what is
// allocated is what the indexes and the footer keep.
func BenchmarkWriteRowGroup(b *testing.B) {
	t := bench64k()
	w := NewWriter(io.Discard, t.columns, Options{})
	t.writeGroup(b, w)
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		t.writeGroup(b, w)
	}
	b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*t.rows), "cpu-ns/row")
}
