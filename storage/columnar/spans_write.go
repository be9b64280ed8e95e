package columnar

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// spanStore is the span side of a Store.
type spanStore struct{ s *Store }

var _ storage.SpanStore = spanStore{}

// A write goes in chunks, so that readers and the memory bound never wait for
// a giant request as a whole.
const (
	chunkRecords = 1024
	chunkBytes   = 1 << 20
)

func (w spanStore) WriteSpans(ctx context.Context, td ptrace.Traces) (storage.Outcome, error) {
	if err := w.s.enter(); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.calls.Done()
	if err := ctx.Err(); err != nil {
		return storage.Outcome{}, err
	}
	var out storage.Outcome
	groups, total := w.s.admitSpans(td, &out)
	if err := w.s.reserve(total); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.release(total)
	for i := range groups {
		w.s.appendSpans(&groups[i], &out)
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	count(out, &w.s.stats.AcceptedSpans, &w.s.stats.RepairedSpans, w.s.stats.RejectedSpans)
	return out, nil
}

// spanGroup is what one ScopeSpans has to store.
type spanGroup struct {
	resource, scope *encodedEntity
	spans           ptrace.SpanSlice
	sizes           []int32 // about what each takes at most; 0: not admitted
}

// admitSpans looks at every span without storing any. total is about what
// the admitted ones take at most.
func (s *Store) admitSpans(td ptrace.Traces, out *storage.Outcome) (groups []spanGroup, total int64) {
	limits := s.opts.Limits
	sizes := make([]int32, 0, td.SpanCount())
	for _, rs := range td.ResourceSpans().All() {
		reason, detail, ok := limits.CheckAttributes(rs.Resource().Attributes())
		if !ok {
			for _, ss := range rs.ScopeSpans().All() {
				rejectAll(out, ss.Spans().Len(), reason, "resource: "+detail)
			}
			continue
		}
		resource := new(encodedEntity)
		resource.resource(rs.Resource(), rs.SchemaUrl())
		for _, ss := range rs.ScopeSpans().All() {
			if reason, detail, ok := limits.CheckAttributes(ss.Scope().Attributes()); !ok {
				rejectAll(out, ss.Spans().Len(), reason, "scope: "+detail)
				continue
			}
			scope := new(encodedEntity)
			scope.scope(ss.Scope(), ss.SchemaUrl())
			g := spanGroup{resource: resource, scope: scope, spans: ss.Spans()}
			shared := int64(3 * (len(resource.bytes) + len(scope.bytes)))
			total += shared
			from := len(sizes)
			for _, span := range ss.Spans().All() {
				size := int32(0)
				if reason, detail, ok := limits.CheckSpan(span); !ok {
					out.Reject(reason, detail)
				} else if n := spanSize(span) + shared; n > s.opts.recordBytes() {
					out.Reject(storage.ReasonTooLarge, fmt.Sprintf("a span takes about %d bytes, the limit is %d, a sixteenth of MaxBytes", n, s.opts.recordBytes()))
				} else {
					size = int32(n)
					total += n
				}
				sizes = append(sizes, size)
			}
			g.sizes = sizes[from:len(sizes):len(sizes)]
			groups = append(groups, g)
		}
	}
	return groups, total
}

func rejectAll(out *storage.Outcome, n int, reason storage.Reason, detail string) {
	for range n {
		out.Reject(reason, detail)
	}
}

// spanSize is about the most that a span takes.
func spanSize(s ptrace.Span) int64 {
	n := recordCost + len(s.Name()) + len(s.Status().Message()) + len(s.TraceState().AsRaw()) + mapSize(s.Attributes())
	for i := range s.Events().Len() {
		e := s.Events().At(i)
		n += childCost + len(e.Name()) + mapSize(e.Attributes())
	}
	for i := range s.Links().Len() {
		l := s.Links().At(i)
		n += childCost + len(l.TraceState().AsRaw()) + mapSize(l.Attributes())
	}
	return int64(n)
}

// appendSpans stores the admitted spans of a group, chunk by chunk.
func (s *Store) appendSpans(g *spanGroup, out *storage.Outcome) {
	for from := 0; from < len(g.sizes); {
		to, size := from, int64(0)
		for ; to < len(g.sizes) && to-from < chunkRecords && size < chunkBytes; to++ {
			size += int64(g.sizes[to])
		}
		s.appendChunk(g, from, to, size, out)
		from = to
	}
}

func (s *Store) appendChunk(g *spanGroup, from, to int, size int64, out *storage.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(size)
	var origin uint32
	var in *spanBuilder // the builder that origin belongs to
	for i := from; i < to; i++ {
		if g.sizes[i] == 0 {
			continue
		}
		if in != s.spans.open {
			in = s.spans.open
			origin = in.origins.add(g.resource, g.scope)
		}
		repaired := in.append(g.spans.At(i), origin)
		out.Accepted++
		if repaired || g.resource.repaired || g.scope.repaired {
			out.Repaired++
		}
		if in.len() >= s.opts.SealRows {
			s.settle()
		}
	}
	s.spans.changed()
	s.settle()
}
