package trace

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Build rebuilds every trace that has spans in s, in the order in which the
// trace ids first occur. The traces share s, which must not be changed.
func Build(s *storage.Spans) []*Trace { return buildSome(s, nil) }

// buildSome is Build for the traces that are not in skip.
func buildSome(s *storage.Spans, skip map[storage.TraceID]struct{}) []*Trace {
	index := map[storage.TraceID]int{}
	var rows [][]uint32
	for row, id := range s.TraceIDs {
		if _, ok := skip[id]; ok {
			continue
		}
		i, ok := index[id]
		if !ok {
			i = len(rows)
			index[id] = i
			rows = append(rows, nil)
		}
		rows[i] = append(rows[i], uint32(row))
	}
	canon := newCanon(s)
	traces := make([]*Trace, len(rows))
	for i, r := range rows {
		traces[i] = build(s, canon, r)
	}
	return traces
}

// builder holds one trace under reconstruction. Nodes are indices into rows.
type builder struct {
	s       *storage.Spans
	canon   *canon
	rows    []uint32
	flags   []Flags
	hosts   []uint32 // node -> host number
	parents []int32  // node -> node, -1 at the top level
	ids     idIndex
	t       *Trace
}

func build(s *storage.Spans, c *canon, rows []uint32) *Trace {
	b := &builder{s: s, canon: c, t: &Trace{ID: s.TraceIDs[rows[0]], Spans: s}}
	// Time order first: every later step that has a choice then takes the
	// earlier span, so that the result does not depend on arrival order.
	slices.SortFunc(rows, func(x, y uint32) int {
		return cmp.Or(
			cmp.Compare(s.StartsNs[x], s.StartsNs[y]),
			cmp.Compare(s.DurationsNs[y], s.DurationsNs[x]),
			slices.Compare(s.SpanIDs[x][:], s.SpanIDs[y][:]),
			cmp.Compare(kindRank(s.Kinds[x]), kindRank(s.Kinds[y])),
		)
	})
	b.rows = rows
	b.foldDuplicates()
	b.flags = make([]Flags, len(b.rows))
	b.hosts = make([]uint32, len(b.rows))
	b.classify()
	b.flagSharedAndConflicts()
	b.linkParents()
	b.cutCycles()
	b.order()
	b.estimateSkew()
	b.countSegments()
	return b.t
}

// kindRank puts the calling side of equal spans first.
func kindRank(kind uint8) int {
	switch kind {
	case kindClient, kindProducer:
		return 0
	case kindServer, kindConsumer:
		return 2
	}
	return 1
}

// OTLP SpanKind and StatusCode values used here.
const (
	kindServer   = 2
	kindClient   = 3
	kindProducer = 4
	kindConsumer = 5

	statusOK    = 1
	statusError = 2
)

func (b *builder) spanID(node int32) storage.SpanID   { return b.s.SpanIDs[b.rows[node]] }
func (b *builder) parentID(node int32) storage.SpanID { return b.s.ParentIDs[b.rows[node]] }
func (b *builder) kind(node int32) uint8              { return b.s.Kinds[b.rows[node]] }
func (b *builder) startNs(node int32) int64           { return b.s.StartsNs[b.rows[node]] }
func (b *builder) endNs(node int32) int64             { return b.s.EndNs(int(b.rows[node])) }
func (b *builder) resource(node int32) uint32         { return b.canon.resource[b.s.Resources[b.rows[node]]] }
func (b *builder) service(node int32) uint32          { return b.canon.service[b.resource(node)] }
func (b *builder) host(node int32) uint32             { return b.hosts[node] }

// classify sets the flags and the host, which one span alone decides.
func (b *builder) classify() {
	for node := range b.flags {
		row := int(b.rows[node])
		var f Flags
		nodeID, saysError := "", false
		switch b.s.Statuses[row] {
		case statusError:
			f |= Error
		case statusOK:
			f |= StatusOK
		}
		for _, a := range b.s.List(b.s.Attributes[row]) {
			switch a.Key {
			case b.canon.keyError:
				// Envoy writes error=true as text and leaves the status unset. Of a
				// key that is there twice the first value counts, as in predicates.
				if !saysError && b.s.Value(a).Text() == "true" {
					f |= Error
				}
				saysError = true
			case b.canon.keyComponent:
				if b.s.Value(a).Text() == "proxy" {
					f |= Proxy
				}
			case b.canon.keyNodeID:
				nodeID = b.s.Value(a).Text()
			}
		}
		b.hosts[node] = b.canon.host[b.resource(int32(node))]
		if f&Proxy != 0 && nodeID != "" {
			if host, ok := b.canon.proxyHost(nodeID); ok {
				b.hosts[node] = host
			}
		}
		if r := b.s.Events[row]; r.To > r.From {
			f |= HasEvents
		}
		if r := b.s.Links[row]; r.To > r.From {
			f |= HasLinks
		}
		if b.s.DurationsNs[row] < 0 {
			f |= EndsBeforeStart
		}
		if b.s.ParentIDs[row].IsEmpty() {
			f |= Root
		}
		b.flags[node] = f
	}
}
