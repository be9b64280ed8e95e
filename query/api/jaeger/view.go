package jaeger

import (
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// view is one trace as it is shown: rows of a Spans in order and, unless it
// is raw, what reconstruction says about them.
type view struct {
	id      storage.TraceID
	rows    []uint32
	rebuilt *trace.Trace     // nil for a raw view; positions are those of rows
	ids     trace.Identities // of rebuilt
}

// rebuiltView shows a trace as it was rebuilt.
func rebuiltView(t *trace.Trace) view {
	return view{id: t.ID, rows: t.Rows, rebuilt: t, ids: t.Identities()}
}

// rawViews shows every trace that has spans in s as it is stored, in the order
// in which the trace ids first occur.
func rawViews(s *storage.Spans) []view {
	index := map[storage.TraceID]int{}
	var views []view
	for row, id := range s.TraceIDs {
		i, ok := index[id]
		if !ok {
			i = len(views)
			index[id] = i
			views = append(views, view{id: id})
		}
		views[i].rows = append(views[i].rows, uint32(row))
	}
	return views
}

// spanID is the id under which a position is shown.
func (v *view) spanID(s *storage.Spans, p int32) storage.SpanID {
	if v.rebuilt == nil {
		return s.SpanIDs[v.rows[p]]
	}
	return v.ids.Span(p)
}

// parentID is the id to which a position's parent reference points, empty
// when it has none.
func (v *view) parentID(s *storage.Spans, p int32) storage.SpanID {
	if v.rebuilt == nil {
		return s.ParentIDs[v.rows[p]]
	}
	return v.ids.Parent(p)
}
