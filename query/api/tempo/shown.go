package tempo

import (
	"encoding/binary"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// shown returns the spans of a trace as they are shown, in display order: with
// unique ids where client and server share one, and the parents that
// reconstruction chose. A parent that is not stored is still named; a link
// that closed a loop is not.
func shown(t *trace.Trace) (*storage.Spans, []int) {
	s := *t.Spans
	s.SpanIDs, s.ParentIDs = slices.Clone(s.SpanIDs), slices.Clone(s.ParentIDs)
	separate(t, s.SpanIDs)
	rows := make([]int, t.Len())
	for p, row := range t.Rows {
		rows[p] = int(row)
		switch parent := t.Parents[p]; {
		case parent >= 0:
			s.ParentIDs[row] = s.SpanIDs[t.Rows[parent]]
		case t.Flags[p]&trace.Cycle != 0:
			s.ParentIDs[row] = storage.SpanID{}
		}
	}
	return &s, rows
}

// OTLP SpanKind values.
const (
	kindServer   = 2
	kindConsumer = 5
)

// separate gives the server half of every shared span id an id of its own,
// the smallest that is free.
func separate(t *trace.Trace, ids []storage.SpanID) {
	var used map[storage.SpanID]struct{}
	next := uint64(0)
	for p, flags := range t.Flags {
		row := t.Rows[p]
		if kind := t.Spans.Kinds[row]; flags&trace.SharedID == 0 || kind != kindServer && kind != kindConsumer {
			continue
		}
		if used == nil {
			used = make(map[storage.SpanID]struct{}, t.Len())
			for _, row := range t.Rows {
				used[t.Spans.SpanIDs[row]] = struct{}{}
			}
		}
		for {
			next++
			var id storage.SpanID
			binary.BigEndian.PutUint64(id[:], next)
			if _, ok := used[id]; !ok {
				ids[row] = id
				break
			}
		}
	}
}
