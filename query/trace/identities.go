package trace

import (
	"encoding/binary"

	"github.com/heddle-io/heddle/storage"
)

// Identities are the ids under which the spans of a trace are shown to
// clients that take a span for what its id says: client and server have ids of
// their own also where they share one, and parents are those that
// reconstruction chose.
//
// The server half of a shared id is shown under the smallest id that is free,
// as Jaeger does it; all other spans keep theirs, those in conflict too.
type Identities struct {
	t     *Trace
	shown map[int32]storage.SpanID // by position, of those that do not keep theirs
}

// Identities finds the ids under which the spans of the trace are shown.
func (t *Trace) Identities() Identities {
	i := Identities{t: t}
	var used map[storage.SpanID]struct{}
	next := uint64(0)
	for p, flags := range t.Flags {
		if kind := t.Spans.Kinds[t.Rows[p]]; flags&SharedID == 0 || kind != kindServer && kind != kindConsumer {
			continue
		}
		if used == nil {
			used = make(map[storage.SpanID]struct{}, t.Len())
			for _, row := range t.Rows {
				used[t.Spans.SpanIDs[row]] = struct{}{}
			}
			i.shown = map[int32]storage.SpanID{}
		}
		for taken := true; taken; {
			next++
			var id storage.SpanID
			binary.BigEndian.PutUint64(id[:], next)
			if _, taken = used[id]; !taken {
				i.shown[int32(p)] = id
			}
		}
	}
	return i
}

// Span is the id of a position.
func (i Identities) Span(p int32) storage.SpanID {
	if id, ok := i.shown[p]; ok {
		return id
	}
	return i.t.Spans.SpanIDs[i.t.Rows[p]]
}

// Parent is the id of a position's parent, empty where it has none. A parent
// that is not stored is named all the same. A link that closed a loop is not:
// a loop of references has no root, and clients would show nothing of it.
func (i Identities) Parent(p int32) storage.SpanID {
	if parent := i.t.Parents[p]; parent >= 0 {
		return i.Span(parent)
	}
	if i.t.Flags[p]&Cycle != 0 {
		return storage.SpanID{}
	}
	return i.t.Spans.ParentIDs[i.t.Rows[p]]
}
