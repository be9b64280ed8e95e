package columnar

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// longTexts are spans with a text of so many bytes each, all of them different.
func longTexts(spans, bytes int) ptrace.Traces {
	r := rand.New(rand.NewPCG(uint64(spans), uint64(bytes)))
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for n := range spans {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{2, byte(n >> 8), byte(n), byte(bytes)})
		s.SetSpanID(pcommon.SpanID{1, byte(n >> 8), byte(n)})
		text := make([]byte, 0, bytes+16)
		for len(text) < bytes {
			text = fmt.Appendf(text, "%016x", r.Uint64())
		}
		s.Attributes().PutStr("text", string(text[:bytes]))
	}
	return td
}

func TestPagesOfAnExport(t *testing.T) {
	storagetest.Long(t)
	part := func(requests ...ptrace.Traces) *partFile {
		return openFile(t, spanFile(t, spanTableOf(t, requests...), 0))
	}
	long := part(longTexts(100, 60_000))
	for _, c := range []struct {
		name  string
		parts []*partFile
		rows  int
	}{
		{"nothing", nil, mergedParts.PageRows},
		{"usual spans", []*partFile{part(newMesh().request(10, 100))}, mergedParts.PageRows},
		{"512 events a span", []*partFile{part(manyEvents(20, 512))}, 8192},
		{"more", []*partFile{part(manyEvents(20, 513))}, 4096},
		{"as many as a span may have by default", []*partFile{part(manyEvents(2, storage.DefaultLimits().Events))}, 1024},
		{"many events in one part of several", []*partFile{long, part(manyEvents(2, 4000)), long}, 128},
		{"long texts", []*partFile{part(longTexts(300, 60_000))}, 128},
		{"long texts in a row group of their own", []*partFile{part(longTexts(300, 60_000)), part(manyEvents(2000, 0)), part(manyEvents(2000, 0))}, 128},
		{"long texts in many small row groups", []*partFile{long, long, long, long}, 128},
		{"some long texts among others", []*partFile{part(longTexts(100, 60_000), manyEvents(8000, 0))}, 8192},
	} {
		var s pageSizer
		for _, p := range c.parts {
			s.add(p)
			for group := range p.file.RowGroups() {
				if err := s.addChildren(p, group); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := s.options(); got.PageRows != c.rows || got.Level != mergedParts.Level {
			t.Errorf("%s: %+v, want pages of %d rows", c.name, got, c.rows)
		}
	}
}

// TestExportOfLargeRows exports what would not fit into pages of the usual
// number of rows.
func TestExportOfLargeRows(t *testing.T) {
	storagetest.Long(t)
	e := newExporting(t)
	e.writeSpans(longTexts(60, 60_000))
	e.flush()
	e.writeSpans(longTexts(200, 50_000))
	e.writeSpans(manyEvents(40, 1100))
	e.flush()
	e.checkSpans("large rows", ExportOptions{}, e.spanTexts(allSpans))
	b, _ := e.parquet(ExportOptions{Signal: storage.SignalSpans})
	f := openExport(t, b)
	for group := range f.file.RowGroups() {
		for id, column := range f.file.Columns() {
			pages, err := f.file.Chunk(group, id).Pages()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				if p.Rows > 128 || p.Bytes > 2*exportPageBytes {
					t.Errorf("column %s: a page of %d rows and %d bytes", column.Name, p.Rows, p.Bytes)
				}
			}
		}
	}
	if parquet.MaxPageElements/1100 < 128 {
		t.Error("the events would make pages that small by themselves")
	}
}
