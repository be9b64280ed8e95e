package columnar

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// spanStore is the span side of a Store.
type spanStore struct{ s *Store }

var _ storage.SpanStore = spanStore{}

func (w spanStore) WriteSpans(ctx context.Context, td ptrace.Traces) (storage.Outcome, error) {
	if err := w.s.enter(); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.calls.Done()
	if err := ctx.Err(); err != nil {
		return storage.Outcome{}, err
	}
	var out storage.Outcome
	a := admissions.Get().(*admission)
	defer a.release()
	groups, total := w.s.admitSpans(a, td, &out)
	if err := w.s.reserve(total); err != nil {
		return storage.Outcome{}, err
	}
	defer w.s.release(total)
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.appendSpans(groups, &out)
	count(out, &w.s.stats.AcceptedSpans, &w.s.stats.RepairedSpans, w.s.stats.RejectedSpans)
	return out, nil
}

// admission is the memory of one write before it is stored, reused by others.
type admission struct {
	entities []*encodedEntity
	used     int // of entities
	sizes    []int32
	groups   []spanGroup
}

var admissions = sync.Pool{New: func() any { return new(admission) }}

func (a *admission) entity() *encodedEntity {
	if a.used == len(a.entities) {
		a.entities = append(a.entities, new(encodedEntity))
	}
	a.used++
	return a.entities[a.used-1]
}

func (a *admission) release() {
	if len(a.sizes) > 1<<14 {
		return // of a giant write: keeping it would keep its size
	}
	clear(a.groups) // they hold on to the request
	a.used, a.sizes, a.groups = 0, a.sizes[:0], a.groups[:0]
	admissions.Put(a)
}

// spanGroup is what one ScopeSpans has to store.
type spanGroup struct {
	resource, scope *encodedEntity
	spans           ptrace.SpanSlice
	sizes           []int32 // about what each takes at most; 0: not admitted
}

// admitSpans looks at every span without storing any. total is about what
// the admitted ones take at most.
func (s *Store) admitSpans(a *admission, td ptrace.Traces, out *storage.Outcome) (groups []spanGroup, total int64) {
	limits := s.opts.Limits
	for _, rs := range td.ResourceSpans().All() {
		reason, detail, ok := limits.CheckAttributes(rs.Resource().Attributes())
		if !ok {
			for _, ss := range rs.ScopeSpans().All() {
				rejectAll(out, ss.Spans().Len(), reason, "resource: "+detail)
			}
			continue
		}
		resource := a.entity()
		resource.resource(rs.Resource(), rs.SchemaUrl())
		for _, ss := range rs.ScopeSpans().All() {
			if reason, detail, ok := limits.CheckAttributes(ss.Scope().Attributes()); !ok {
				rejectAll(out, ss.Spans().Len(), reason, "scope: "+detail)
				continue
			}
			scope := a.entity()
			scope.scope(ss.Scope(), ss.SchemaUrl())
			g := spanGroup{resource: resource, scope: scope, spans: ss.Spans()}
			shared := int64(3 * (len(resource.bytes) + len(scope.bytes)))
			total += shared
			from := len(a.sizes)
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
				a.sizes = append(a.sizes, size)
			}
			g.sizes = a.sizes[from:len(a.sizes):len(a.sizes)]
			a.groups = append(a.groups, g)
		}
	}
	return a.groups, total
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

// appendSpans stores the admitted spans. The caller holds mu, which is given
// up between chunks.
func (s *Store) appendSpans(groups []spanGroup, out *storage.Outcome) {
	c := chunk{s: s, head: s.spans}
	for _, g := range groups {
		repairs := g.resource.repaired || g.scope.repaired
		var in *spanBuilder // the builder that origin belongs to
		var origin uint32
		for i, size := range g.sizes {
			if size == 0 {
				continue
			}
			c.next(int64(size))
			if in != s.spans.open {
				in = s.spans.open
				origin = in.origins.add(g.resource, g.scope)
			}
			repaired := in.append(g.spans.At(i), origin)
			out.Accepted++
			if repaired || repairs {
				out.Repaired++
			}
		}
	}
	c.end()
}
