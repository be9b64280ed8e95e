package columnar

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// spanRef is a span by table and row.
type spanRef struct{ table, row uint32 }

// edges joins children with parents by hash: collect the children that start
// in the window, look at every stored span once for being the parent of one,
// then count. Nothing in it grows faster than the number of spans.
func edges(ctx context.Context, sources []spanSource, w storage.Window) ([]storage.Edge, error) {
	j := edgeJoin{}
	for _, s := range sources {
		j.tables = append(j.tables, joinTable{s, s.joinable()})
		if err := s.err(); err != nil {
			return nil, err
		}
	}
	j.services = newServices(j.tables)
	if err := j.collect(ctx, w); err != nil {
		return nil, err
	}
	if err := j.findParents(ctx); err != nil {
		return nil, err
	}
	return j.count(), nil
}

// joinColumns are what joining spans takes.
type joinColumns struct {
	traceIDs         []storage.TraceID
	spanIDs, parents []storage.SpanID
	kinds, statuses  []uint8
	origin           []uint32
	services         []string // per origin
}

func (t *spanTable) joinable() *joinColumns {
	services := make([]string, len(t.origins.pairs))
	for i := range services {
		services[i] = t.origins.resource(uint32(i)).service()
	}
	return &joinColumns{t.traceIDs, t.spanIDs, t.parents, t.kinds, t.statuses, t.origin, services}
}

// service is the text of service.name.
func (e *entity) service() string { return e.lookup(storage.KeyService.Name).Text() }

type joinTable struct {
	spanSource
	*joinColumns
}

type edgeJoin struct {
	tables   []joinTable
	services *services
	children []spanRef
	parents  idTable      // of (trace id, parent id) of children
	found    []parentInfo // per entry of parents
}

// parentInfo is what is known of the spans with one id: a child whose own
// service is among theirs is not a call, else the best of them is the caller.
// Nearly always there is one such span, which needs no more than this.
type parentInfo struct {
	first   uint32 // service+1, 0: no span has the id
	serving bool   // first is of kind server or consumer
	others  []otherParent
}

type otherParent struct {
	service uint32
	serving bool
}

func (p *parentInfo) add(service uint32, serving bool) {
	switch p.first {
	case 0:
		p.first, p.serving = service+1, serving
	case service + 1:
		p.serving = p.serving || serving
	default:
		for i := range p.others {
			if o := &p.others[i]; o.service == service {
				o.serving = o.serving || serving
				return
			}
		}
		p.others = append(p.others, otherParent{service, serving})
	}
}

// collect lists the distinct children in the window.
func (j *edgeJoin) collect(ctx context.Context, w storage.Window) error {
	var seen idTable                  // (trace id, span id) of children
	same := map[int]map[string]bool{} // contents of children with one id, where there are several
	n := 0
	for _, t := range j.tables {
		if overlaps(t, w) {
			n += t.len()
		}
	}
	first := make([]spanRef, 0, n)
	j.children = make([]spanRef, 0, n)
	seen.expect(n)
	j.parents.expect(n)
	for ti, t := range j.tables {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !overlaps(t, w) {
			continue
		}
		for _, row := range t.inWindow(w).rows() {
			if t.parents[row].IsEmpty() {
				continue
			}
			ref := spanRef{uint32(ti), row}
			at, fresh := seen.put(t.traceIDs[row], t.spanIDs[row])
			if fresh {
				first = append(first, ref)
			} else {
				twins := same[at]
				if twins == nil {
					twins = map[string]bool{j.content(first[at]): true}
					same[at] = twins
				}
				content := j.content(ref)
				if twins[content] {
					continue
				}
				twins[content] = true
			}
			j.children = append(j.children, ref)
			j.parents.put(t.traceIDs[row], t.parents[row])
		}
		if err := t.err(); err != nil {
			return err
		}
	}
	return nil
}

// findParents looks at every span for being a parent.
func (j *edgeJoin) findParents(ctx context.Context) error {
	j.found = make([]parentInfo, j.parents.len())
	for ti, t := range j.tables {
		for i, row := range t.inWindow(storage.AllTime()).rows() {
			if i&8191 == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			at, ok := j.parents.get(t.traceIDs[row], t.spanIDs[row])
			if !ok {
				continue
			}
			kind := ptrace.SpanKind(t.kinds[row])
			j.found[at].add(j.services.of(ti, int(row)), kind == ptrace.SpanKindServer || kind == ptrace.SpanKindConsumer)
		}
		if err := t.err(); err != nil {
			return err
		}
	}
	return nil
}

func (j *edgeJoin) count() []storage.Edge {
	calls := map[[2]uint32]*storage.Edge{}
	for _, c := range j.children {
		t := j.tables[c.table]
		at, _ := j.parents.get(t.traceIDs[c.row], t.parents[c.row])
		callee := j.services.of(int(c.table), int(c.row))
		caller, ok := j.found[at].caller(callee, j.services.names)
		if !ok {
			continue
		}
		e := calls[[2]uint32{caller, callee}]
		if e == nil {
			e = &storage.Edge{Caller: j.services.names[caller], Callee: j.services.names[callee]}
			calls[[2]uint32{caller, callee}] = e
		}
		e.Calls++
		if ptrace.StatusCode(t.statuses[c.row]) == ptrace.StatusCodeError {
			e.Errors++
		}
	}
	list := make([]storage.Edge, 0, len(calls))
	for _, e := range calls {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b storage.Edge) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return list
}

// caller chooses among the spans that have the parent's id: client and server
// of a call may share one. names are those of the services. See
// SpanReader.Edges.
func (p *parentInfo) caller(callee uint32, names []string) (uint32, bool) {
	if p.first == 0 || p.first-1 == callee {
		return 0, false
	}
	best := otherParent{p.first - 1, p.serving}
	for _, o := range p.others {
		if o.service == callee {
			return 0, false
		}
		if o.serving != best.serving {
			if o.serving {
				best = o
			}
		} else if names[o.service] < names[best.service] {
			best = o
		}
	}
	return best.service, true
}

// content is everything that a span has, as it was sent.
func (j *edgeJoin) content(ref spanRef) string {
	return spanContent(j.tables[ref.table].spans([]uint32{ref.row}))
}

// spanContent is everything that the only span of s has, as it was sent: two
// spans are duplicates when it is the same.
func spanContent(s *storage.Spans) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(s.StartsNs[0]))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.DurationsNs[0]))
	b = append(append(b, s.ParentIDs[0][:]...), s.Kinds[0], s.Statuses[0])
	b = binary.LittleEndian.AppendUint32(b, s.Flags[0])
	// The remaining fields index text in the order of its first use, which
	// equal spans share, followed by that text.
	b, _ = binary.Append(b, binary.LittleEndian, []uint32{s.Names[0], s.StatusMessages[0], s.TraceStates[0]})
	b, _ = binary.Append(b, binary.LittleEndian, s.Dropped[0])
	b, _ = binary.Append(b, binary.LittleEndian, s.ResourceTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.ScopeTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.Attributes)
	b, _ = binary.Append(b, binary.LittleEndian, s.Attrs)
	b, _ = binary.Append(b, binary.LittleEndian, s.EventTable)
	b, _ = binary.Append(b, binary.LittleEndian, s.LinkTable)
	for _, text := range s.Strings {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return string(b)
}

// services numbers the service names of all tables.
type services struct {
	tables []joinTable
	names  []string
	ids    [][]uint32 // per table and origin
}

func newServices(tables []joinTable) *services {
	s := &services{tables: tables}
	byName := map[string]uint32{}
	for _, t := range tables {
		ids := make([]uint32, len(t.services))
		for i, name := range t.services {
			name = strings.Clone(name)
			id, ok := byName[name]
			if !ok {
				id = uint32(len(s.names))
				s.names = append(s.names, name)
				byName[name] = id
			}
			ids[i] = id
		}
		s.ids = append(s.ids, ids)
	}
	return s
}

func (s *services) of(table, row int) uint32 { return s.ids[table][s.tables[table].origin[row]] }
