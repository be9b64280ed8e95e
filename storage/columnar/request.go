package columnar

import (
	"context"
	"fmt"
	"slices"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// A write has two steps. The first one decodes the request, checks its records
// and encodes their origins; it takes no lock and changes nothing, and what it
// ends with says all about the request: what is refused and what the rest takes
// at most. The second one appends the request to the open builder, under the
// lock. Between the two a request can be refused as a whole, or be logged.

// request is a write of one signal.
type request interface {
	signal() storage.Signal
	admission() *admission
	check(l storage.Limits, record uint32) (reason storage.Reason, detail string, ok bool)
	cost(record uint32) int64 // about the most that a record takes, without its origin
	head(s *Store) anyHead
	put(s *Store, p part) // append to the open builder; the caller holds Store.mu
	count(s *Store)       // add the outcome to the statistics; the caller holds Store.mu
}

// admission is what the first step finds out.
type admission struct {
	out      storage.Outcome // what is accepted comes with the second step
	groups   []group
	admitted []bool // per record
	parts    []part
	total    int64 // size of all parts

	entities []*encodedEntity // memory for groups, those in use first
	used     int
	packed   []byte // memory for what the log gets
}

// group is what one ScopeSpans or ScopeLogs has to store.
type group struct {
	resource, scope *encodedEntity
	records         storage.Range
}

// part is a run of records that goes into one builder. Only a giant request
// has more than one: every other is whole in one builder, so that a builder
// holds whole requests.
type part struct {
	group   int // the first one
	records storage.Range
	size    int64 // about what they take at most
}

func (a *admission) reset() {
	a.out, a.total, a.used = storage.Outcome{}, 0, 0
	a.groups, a.parts = a.groups[:0], a.parts[:0]
}

func (a *admission) entity() *encodedEntity {
	if a.used == len(a.entities) {
		a.entities = append(a.entities, new(encodedEntity))
	}
	a.used++
	return a.entities[a.used-1]
}

// admit is the first step, after decoding. m is the message of r, noun names
// its records.
func admit(r request, m *otlp.Message, noun string, o Options) {
	a := r.admission()
	records := 0
	if n := len(m.Scopes); n > 0 {
		records = int(m.Scopes[n-1].Records.To)
	}
	a.admitted = slices.Grow(a.admitted[:0], records)[:records]
	clear(a.admitted)
	for i := range m.Resources {
		from := &m.Resources[i]
		scopes := m.Scopes[from.Scopes.From:from.Scopes.To]
		if reason, detail, ok := m.CheckAttrs(o.Limits, m.ResourceAttrs(from)); !ok {
			for j := range scopes {
				a.rejectAll(scopes[j].Records, reason, "resource: "+detail)
			}
			continue
		}
		resource := a.entity()
		resource.resource(m, from)
		for j := range scopes {
			if reason, detail, ok := m.CheckAttrs(o.Limits, m.ScopeAttrs(&scopes[j])); !ok {
				a.rejectAll(scopes[j].Records, reason, "scope: "+detail)
				continue
			}
			scope := a.entity()
			scope.scope(m, &scopes[j])
			a.groups = append(a.groups, group{resource, scope, scopes[j].Records})
			a.admitGroup(r, noun, o)
		}
	}
}

// admitGroup checks the records of the last group.
func (a *admission) admitGroup(r request, noun string, o Options) {
	g := &a.groups[len(a.groups)-1]
	shared := int64(3 * (len(g.resource.bytes) + len(g.scope.bytes)))
	open := false // the last part has the origin of the group
	for i := g.records.From; i < g.records.To; i++ {
		reason, detail, ok := r.check(o.Limits, i)
		cost := r.cost(i)
		if ok && cost+shared > o.recordBytes() {
			reason, ok = storage.ReasonTooLarge, false
			detail = fmt.Sprintf("a %s takes about %d bytes, the limit is %d, a sixteenth of MaxBytes", noun, cost+shared, o.recordBytes())
		}
		if !ok {
			a.out.Reject(reason, detail)
			continue
		}
		size := cost
		if !open {
			size += shared
		}
		if n := len(a.parts); n == 0 || a.parts[n-1].size+size > o.partBytes() {
			a.parts = append(a.parts, part{group: len(a.groups) - 1, records: storage.Range{From: i}})
			size = cost + shared
		}
		open = true
		p := &a.parts[len(a.parts)-1]
		p.records.To = i + 1
		p.size += size
		a.total += size
		a.admitted[i] = true
	}
}

func (a *admission) rejectAll(records storage.Range, reason storage.Reason, detail string) {
	for range records.To - records.From {
		a.out.Reject(reason, detail)
	}
}

// each calls put for every admitted record of a part, and origin before the
// first of each group. put tells whether text had to be repaired.
func (a *admission) each(p part, origin func(g *group), put func(record uint32) (repaired bool)) {
	for g := p.group; g < len(a.groups) && a.groups[g].records.From < p.records.To; g++ {
		group, first := &a.groups[g], true
		repairs := group.resource.repaired || group.scope.repaired
		for i := max(group.records.From, p.records.From); i < min(group.records.To, p.records.To); i++ {
			if !a.admitted[i] {
				continue
			}
			if first {
				origin(group)
				first = false
			}
			a.out.Accepted++
			if put(i) || repairs {
				a.out.Repaired++
			}
		}
	}
}

// store is the second step.
func (s *Store) store(ctx context.Context, r request, from storage.OTLPRequest, form codec) (storage.Outcome, error) {
	a, h := r.admission(), r.head(s)
	if s.disk != nil {
		var p payload
		p, a.packed = newPayload(from, form, a.packed)
		return s.disk.store(ctx, r, p)
	}
	if err := s.reserve(a.total); err != nil {
		return storage.Outcome{}, err
	}
	defer s.release(a.total)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range a.parts {
		if i > 0 {
			s.mu.Unlock() // let readers and other writers in
			s.mu.Lock()
		}
		s.makeRoom(p.size)
		r.put(s, p)
		h.changed()
		s.settle()
	}
	r.count(s)
	return a.out, nil
}

// begin starts a call that ctx may have ended already; unless it fails,
// s.calls.Done must follow.
func (s *Store) begin(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		s.calls.Done()
		return err
	}
	return nil
}

// pooledBytes is the most memory that a request may keep in a pool.
const pooledBytes = 4 << 20
