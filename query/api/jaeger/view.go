package jaeger

import (
	"encoding/binary"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// view is one trace as it is shown: rows of a Spans in order and, unless it
// is raw, what reconstruction says about them.
type view struct {
	id      storage.TraceID
	rows    []uint32
	rebuilt *trace.Trace // nil for a raw view; positions are those of rows

	// shown holds the ids of spans that are shown under another id than their
	// own, by position; nil when there is none.
	shown map[int32]storage.SpanID
}

// rebuiltView shows a trace as it was rebuilt.
func rebuiltView(t *trace.Trace) view {
	v := view{id: t.ID, rows: t.Rows, rebuilt: t}
	v.separateSharedIDs()
	return v
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

// separateSharedIDs gives the server half of every shared span id an id of its
// own, the smallest that is free, as Jaeger does.
func (v *view) separateSharedIDs() {
	t := v.rebuilt
	var used map[storage.SpanID]bool
	next := uint64(0)
	for p, flags := range t.Flags {
		if flags&trace.SharedID == 0 || !calledKind(t.Spans.Kinds[t.Rows[p]]) {
			continue
		}
		if used == nil {
			used = make(map[storage.SpanID]bool, t.Len())
			for _, row := range t.Rows {
				used[t.Spans.SpanIDs[row]] = true
			}
			v.shown = map[int32]storage.SpanID{}
		}
		var id storage.SpanID
		for {
			next++
			binary.BigEndian.PutUint64(id[:], next)
			if !used[id] {
				break
			}
		}
		v.shown[int32(p)] = id
	}
}

func calledKind(kind uint8) bool { return kind == kindServer || kind == kindConsumer }

// spanID is the id under which a position is shown.
func (v *view) spanID(s *storage.Spans, p int32) storage.SpanID {
	if v.shown != nil {
		if id, ok := v.shown[p]; ok {
			return id
		}
	}
	return s.SpanIDs[v.rows[p]]
}

// parentID is the id to which a position's parent reference points, empty
// when it has none. A link that reconstruction cut is not shown: a loop of
// references has no root, and the Jaeger UI would show nothing of it.
func (v *view) parentID(s *storage.Spans, p int32) storage.SpanID {
	if v.rebuilt == nil {
		return s.ParentIDs[v.rows[p]]
	}
	if parent := v.rebuilt.Parents[p]; parent >= 0 {
		return v.spanID(s, parent)
	}
	if v.rebuilt.Flags[p]&trace.Cycle != 0 {
		return storage.SpanID{}
	}
	return s.ParentIDs[v.rows[p]]
}
