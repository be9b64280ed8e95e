package columnar

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// meshTable is a sealed table of mesh traffic as large as a part has it.
var meshTable = sync.OnceValue(func() *spanTable {
	s, err := Open(Options{SealRows: 1 << 20, MaxBytes: 1 << 30})
	if err != nil {
		panic(err)
	}
	for _, td := range newMesh().requests(128) {
		if _, err := s.Spans().WriteSpans(context.Background(), td); err != nil {
			panic(err)
		}
	}
	return s.spans.open.seal()
})

type countingWriter struct{ n int }

func (w *countingWriter) Write(b []byte) (int, error) {
	w.n += len(b)
	return len(b), nil
}

// BenchmarkPartWrite is what a sealed table costs on its way into a part.
func BenchmarkPartWrite(b *testing.B) {
	t := meshTable()
	b.ReportAllocs()
	for b.Loop() {
		var w countingWriter
		s, err := writeSpanTable(&w, t, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(w.n)/float64(t.n), "B/span")
		s.finish()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*t.n), "ns/span")
}

func meshPart(b *testing.B) *partFile {
	t := meshTable()
	var w bytes.Buffer
	if _, err := writeSpanTable(&w, t, 0); err != nil {
		b.Fatal(err)
	}
	p, err := openPart("bench", bytes.NewReader(w.Bytes()), int64(w.Len()), []zone{t.zone}, newDictCache(1<<25))
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkPartScan looks for values in a row group whose dictionaries are not
// decoded yet.
func BenchmarkPartScan(b *testing.B) {
	p := meshPart(b)
	for name, where := range map[string]storage.Predicate{
		"int":     storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "http.response.status_code"}, Op: storage.Equal, Value: storage.Int(500)},
		"string":  storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "http.request.method"}, Op: storage.Equal, Value: storage.String("POST")},
		"service": storage.Compare{Key: storage.KeyService, Op: storage.Equal, Value: storage.String("checkout")},
		"all":     nil,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				rows := p.spanRows(0)
				n = 0
				err := scan(context.Background(), []spanSource{rows}, storage.AllTime(), where, []storage.Key{storage.KeyService, storage.KeyDuration}, func(s *scanStep[spanSource]) bool {
					n += len(s.rows)
					return true
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*meshTable().n), "ns/span")
			b.ReportMetric(float64(n), "found")
		})
	}
}

// BenchmarkPartTrace decodes the spans of one trace.
func BenchmarkPartTrace(b *testing.B) {
	p := meshPart(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rows := p.spanRows(0)
		from := i * 7919 % (rows.n - 32)
		if s := rows.spans(allRows(rows.n)[from : from+32]); s.Len() != 32 || rows.err() != nil {
			b.Fatal(rows.err())
		}
	}
}
