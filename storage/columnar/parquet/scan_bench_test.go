package parquet

import (
	"bytes"
	"testing"
)

// benchScan reads all pages of one column, with one read for the chunk.
func benchScan(b *testing.B, name string) {
	t := bench64k()
	var out bytes.Buffer
	t.write(b, &out, Options{})
	f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		b.Fatal(err)
	}
	column, ok := f.Column("", name)
	if !ok {
		b.Fatalf("there is no column %q", name)
	}
	c := f.Chunk(0, column)
	var buffer Buffer
	var page Page
	var dict DecodedDict
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		starts, err := f.PageStarts(0)
		if err != nil {
			b.Fatal(err)
		}
		buffer.Reset()
		if err := buffer.Add(c, 0, len(starts), true); err != nil {
			b.Fatal(err)
		}
		if err := buffer.Read(0); err != nil {
			b.Fatal(err)
		}
		if c.DictionaryEncoded() {
			if err := buffer.ReadDict(c, &dict); err != nil {
				b.Fatal(err)
			}
		}
		for i := range starts {
			if err := buffer.ReadPage(c, i, &page); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*t.rows), "cpu-ns/row")
}

func BenchmarkScanInt(b *testing.B)        { benchScan(b, "duration") }
func BenchmarkScanIntDict(b *testing.B)    { benchScan(b, "kind") }
func BenchmarkScanDict(b *testing.B)       { benchScan(b, "resource.service.name") }
func BenchmarkScanDictSparse(b *testing.B) { benchScan(b, "a.http.route") }
func BenchmarkScanConstant(b *testing.B)   { benchScan(b, "a.component") }
func BenchmarkScanText(b *testing.B)       { benchScan(b, "a.http.url") }
func BenchmarkScanFixed(b *testing.B)      { benchScan(b, "span_id") }

// BenchmarkOpen reads the footer of a file with 99 columns.
func BenchmarkOpen(b *testing.B) {
	t := bench64k()
	var out bytes.Buffer
	t.write(b, &out, Options{})
	b.ReportAllocs()
	var f *File
	for b.Loop() {
		var err error
		if f, err = Open(bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
			b.Fatal(err)
		}
		if _, err := f.PageStarts(0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(f.MemoryBytes()), "B/file")
	b.ReportMetric(float64(f.size-f.footer), "footer-B")
}
