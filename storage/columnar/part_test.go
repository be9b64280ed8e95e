package columnar

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// encodeSpans writes a sealed table as a part.
func encodeSpans(t testing.TB, table *spanTable) (*partFile, *summary) {
	t.Helper()
	var b bytes.Buffer
	p := newSpanPart()
	p.addTable(table)
	p.define()
	w := newPartWriter(&b, p.schema.parquet(), parquet.Options{})
	g := p.group([]*spanTable{table}, sealOrder(table))
	if err := writeGroup(w, &p.schema, g.a.n, g); err != nil {
		t.Fatal(err)
	}
	s := newSummary()
	s.addSpans(g, nil)
	s.finish()
	if err := w.CloseWith(p.meta()); err != nil {
		t.Fatal(err)
	}
	f, err := openPart("test", bytes.NewReader(b.Bytes()), int64(b.Len()), []zone{table.zone}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d spans, %.1f B/span, filter %.1f", table.n, float64(b.Len())/float64(table.n), float64(s.contents.Filters[0].Bytes())/float64(table.n))
	return f, s
}

func spanContents(s *storage.Spans) (list []string) {
	for row := range s.Len() {
		td, err := s.ToPdata([]int{row})
		if err != nil {
			panic(err)
		}
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		if err != nil {
			panic(err)
		}
		list = append(list, string(b))
	}
	slices.Sort(list)
	return list
}

func allRows(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

func TestPartHasTheSpansOfItsTable(t *testing.T) {
	store, err := Open(Options{SealRows: 20000})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	m := newMesh()
	for _, td := range m.requests(8) {
		if _, err := store.Spans().WriteSpans(context.Background(), td); err != nil {
			t.Fatal(err)
		}
	}
	table := store.spans.open.seal()
	f, _ := encodeSpans(t, table)
	rows := f.spanRows(0)
	whole := rows.spans(allRows(rows.n))
	if rows.err() != nil {
		t.Fatal(rows.err())
	}
	if !slices.Equal(spanContents(whole), spanContents(table.spans(allRows(table.n)))) {
		t.Fatal("spans differ")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		from := rng.IntN(rows.n - 100)
		r := allRows(rows.n)[from : from+1+rng.IntN(99)]
		some := f.spanRows(0)
		if !slices.Equal(spanContents(some.spans(r)), spanContents(rows.spans(r))) || some.err() != nil {
			t.Fatalf("rows %d: %v", from, some.err())
		}
	}
}
