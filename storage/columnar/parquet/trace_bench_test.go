package parquet

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"testing"
)

// traceFile is a file on disk with 64k rows in row groups of that many.
func traceFile(b *testing.B, groupRows, pageRows int) (*os.File, *File) {
	b.Helper()
	out, err := os.Create(filepath.Join(b.TempDir(), "traces.parquet"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { out.Close() })
	tables := meshTables(groupRows)
	w := NewWriter(out, tables[0].columns, Options{PageRows: pageRows})
	for _, t := range tables {
		t.writeGroup(b, w)
	}
	if err := w.Close(nil); err != nil {
		b.Fatal(err)
	}
	f, err := Open(out, w.BytesWritten())
	if err != nil {
		b.Fatal(err)
	}
	return out, f
}

var tablesByRows = map[int][]*benchTable{}

// meshTables are tables of rows each, 64k together.
func meshTables(rows int) []*benchTable {
	if tablesByRows[rows] == nil {
		m := newMesh(1)
		for range 65536 / rows {
			t := &benchTable{rows: rows}
			t.columns, t.values = m.table(rows)
			m.forget()
			tablesByRows[rows] = append(tablesByRows[rows], t)
		}
	}
	return tablesByRows[rows]
}

// traceReader fetches rows of all columns.
type traceReader struct {
	f      *File
	buffer Buffer
	pages  []Page
	dicts  []DecodedDict // of the column whose dictionary was read last, or of every chunk
	cached []bool
	values int
}

// fetch reads rows from to end of a row group, all columns. It reads every
// page with a read of its own, or those at most gap bytes apart together.
func (t *traceReader) fetch(group, from, end int, cached bool, gap int) error {
	starts, err := t.f.PageStarts(group)
	if err != nil {
		return err
	}
	first := sort.Search(len(starts), func(i int) bool { return int(starts[i]) > from }) - 1
	last := sort.Search(len(starts), func(i int) bool { return int(starts[i]) >= end })
	n := len(t.f.Columns())
	if gap >= 0 {
		t.buffer.Reset()
		for i := range n {
			if err := t.buffer.Add(t.f.Chunk(group, i), first, last, !cached); err != nil {
				return err
			}
		}
		if err := t.buffer.Read(gap); err != nil {
			return err
		}
	}
	for i := range n {
		c := t.f.Chunk(group, i)
		k := i
		if cached {
			k = group*n + i
		}
		if c.DictionaryEncoded() && (!cached || !t.cached[k]) {
			if err := t.buffer.ReadDict(c, &t.dicts[k]); err != nil {
				return err
			}
			t.cached[k] = true
		}
		for page := first; page < last; page++ {
			if err := t.buffer.ReadPage(c, page, &t.pages[i]); err != nil {
				return err
			}
			t.values += t.pages[i].Len
		}
	}
	return nil
}

func newTraceReader(f *File) *traceReader {
	n := len(f.Columns()) * len(f.RowGroups())
	return &traceReader{f: f, pages: make([]Page, len(f.Columns())), dicts: make([]DecodedDict, n), cached: make([]bool, n)}
}

const traceRows = 40

func benchTrace(b *testing.B, f *File, cached bool, gap int) {
	t := newTraceReader(f)
	r := rand.New(rand.NewPCG(1, 2))
	next := func() {
		group := r.IntN(len(f.RowGroups()))
		from := r.IntN(f.RowGroups()[group].Rows - traceRows)
		if err := t.fetch(group, from, from+traceRows, cached, gap); err != nil {
			b.Fatal(err)
		}
	}
	for range 40 { // warm caches
		next()
	}
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64((cpuTime()-from).Microseconds())/float64(b.N), "cpu-us/trace")
}

// BenchmarkTrace reads 40 consecutive rows of all columns for every size of
// page and row group that was considered.
func BenchmarkTrace(b *testing.B) {
	for _, groupRows := range []int{16384, 65536} {
		for _, pageRows := range []int{1024, 2048, 4096, 8192, 65536} {
			if pageRows > groupRows && pageRows != 65536 {
				continue
			}
			_, f := traceFile(b, groupRows, pageRows)
			size := float64(f.size) / float64(f.Rows())
			for _, cached := range []bool{false, true} {
				for _, gap := range []int{-1, 0, 16 << 10} {
					b.Run(fmt.Sprintf("group=%d/page=%d/cached=%v/gap=%d", groupRows, pageRows, cached, gap), func(b *testing.B) {
						benchTrace(b, f, cached, gap)
						b.ReportMetric(size, "B/row")
					})
				}
			}
		}
	}
}

// BenchmarkTraceMapped compares reads with a mapped file.
func BenchmarkTraceMapped(b *testing.B) {
	file, f := traceFile(b, 65536, DefaultPageRows)
	for name, r := range map[string]io.ReaderAt{"pread": file, "mmap": mapFile(b, file, f.size)} {
		f, err := Open(r, f.size)
		if err != nil {
			b.Fatal(err)
		}
		for _, cached := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/cached=%v", name, cached), func(b *testing.B) { benchTrace(b, f, cached, -1) })
		}
	}
}
