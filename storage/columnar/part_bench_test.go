package columnar

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

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

func meshPart(b testing.TB) *partFile {
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

// firstValue is the value of the first span that has one.
func firstValue(p *partFile, k storage.Key) storage.Value {
	rows := p.spanRows(0)
	var out gathered
	rows.vector(k).gather(allRows(rows.n), &out)
	column := out.column()
	for i := range rows.n {
		if v := column.Value(i); v.Type() != storage.TypeAbsent {
			return v
		}
	}
	panic("nobody has " + k.String())
}

// BenchmarkPartScan looks for values in a row group whose dictionaries are not
// decoded yet.
func BenchmarkPartScan(b *testing.B) {
	p := meshPart(b)
	for name, where := range map[string]storage.Predicate{
		"int":     storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "http.response.status_code"}, Op: storage.Equal, Value: storage.Int(500)},
		"string":  storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "http.request.method"}, Op: storage.Equal, Value: storage.String("POST")},
		"service": storage.Compare{Key: storage.KeyService, Op: storage.Equal, Value: firstValue(p, storage.KeyService)},
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

// BenchmarkPartTraces decodes 20 traces that lie scattered over a row group,
// which is what a search shows.
func BenchmarkPartTraces(b *testing.B) {
	p := meshPart(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rows := p.spanRows(0)
		var wanted []uint32
		for k := range 20 {
			from := k*rows.n/20 + i%32
			wanted = append(wanted, allRows(rows.n)[from:from+32]...)
		}
		if s := rows.spans(wanted); s.Len() != 20*32 || rows.err() != nil {
			b.Fatal(rows.err())
		}
	}
}

// BenchmarkPartSearch looks for a value that few spans have among those of a
// service.
func BenchmarkPartSearch(b *testing.B) {
	p := meshPart(b)
	user := storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}
	where := storage.And{
		storage.Compare{Key: storage.KeyService, Op: storage.Equal, Value: firstValue(p, storage.KeyService)},
		storage.Compare{Key: user, Op: storage.Equal, Value: firstValue(p, user)},
	}
	b.ReportAllocs()
	for b.Loop() {
		rows := p.spanRows(0)
		sel := fullBitmap(rows.n)
		filter(rows, where, sel)
		if rows.err() != nil {
			b.Fatal(rows.err())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*meshTable().n), "ns/span")
}

// BenchmarkPartEdges finds the calls in eight parts some of whose traces
// go on in the next.
func BenchmarkPartEdges(b *testing.B) {
	s := openDisk(b, realOptions(b, filepath.Join(b.TempDir(), "store")))
	m := newMesh()
	for range 8 {
		var last ptrace.Traces
		for range 32 {
			last = m.request(16, 32)
			if _, err := s.Spans().WriteSpans(b.Context(), last); err != nil {
				b.Fatal(err)
			}
		}
		flushed{s}.flush()
		// The next part gets more spans of the last traces.
		late := ptrace.NewTraces()
		last.ResourceSpans().At(0).CopyTo(late.ResourceSpans().AppendEmpty())
		for _, span := range late.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			id := span.SpanID()
			id[0]++
			span.SetSpanID(id)
		}
		if _, err := s.Spans().WriteSpans(b.Context(), late); err != nil {
			b.Fatal(err)
		}
	}
	flushed{s}.flush()
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		if _, err := s.Spans().Edges(b.Context(), storage.AllTime()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-from)/float64(b.N)/float64(s.Stats().Spans), "cpu-ns/span")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
