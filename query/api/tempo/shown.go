package tempo

import (
	"slices"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// shownSpans are spans of a trace as they are shown: rows in display order,
// with the ids under which clients know them.
type shownSpans struct {
	spans *storage.Spans
	rows  []int
}

// shown returns the wanted spans of a trace, all of them for nil.
func shown(t *trace.Trace, wanted []bool) shownSpans {
	s := *t.Spans
	s.SpanIDs, s.ParentIDs = slices.Clone(s.SpanIDs), slices.Clone(s.ParentIDs)
	ids := t.Identities()
	var rows []int
	for p, row := range t.Rows {
		if wanted == nil || wanted[p] {
			rows = append(rows, int(row))
			s.SpanIDs[row], s.ParentIDs[row] = ids.Span(int32(p)), ids.Parent(int32(p))
		}
	}
	return shownSpans{&s, rows}
}
