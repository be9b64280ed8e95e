package trace

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// foldDuplicates keeps one of every set of spans that are the same in every
// field, as a retrying exporter produces them, and indexes the ids of the
// rest.
func (b *builder) foldDuplicates() {
	ids := newIDIndex(len(b.rows), b.spanID)
	drop := make([]bool, len(b.rows))
	dropped := 0
	var group []hashedRow
	for node := range int32(len(b.rows)) {
		if ids.next[node] < 0 || ids.head(b.spanID(node)) != node {
			continue
		}
		group = group[:0]
		for n := node; n >= 0; n = ids.next[n] {
			group = append(group, hashedRow{b.contentHash(b.rows[n]), n})
		}
		// Equal content has equal hashes. Sorting brings it together without
		// comparing every pair: a broken client may give one id to every span.
		slices.SortFunc(group, func(x, y hashedRow) int {
			return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.node, y.node))
		})
		kept := group[0]
		for _, g := range group[1:] {
			if g.hash == kept.hash && b.sameContent(b.rows[g.node], b.rows[kept.node]) {
				drop[g.node] = true
				dropped++
			} else {
				kept = g
			}
		}
	}
	b.t.Duplicates = dropped
	if dropped > 0 {
		rows := make([]uint32, 0, len(b.rows)-dropped)
		for node, row := range b.rows {
			if !drop[node] {
				rows = append(rows, row)
			}
		}
		b.rows = rows
		ids = newIDIndex(len(rows), b.spanID)
	}
	b.ids = ids
}

type hashedRow struct {
	hash uint64
	node int32
}

// contentHash mixes nearly all of a span's content; sameContent decides.
func (b *builder) contentHash(row uint32) uint64 {
	s := b.s
	h := mix(0, uint64(s.StartsNs[row]))
	h = mix(h, uint64(s.DurationsNs[row]))
	h = mix(h, idKey(s.ParentIDs[row]))
	h = mix(h, uint64(s.Kinds[row])<<8|uint64(s.Statuses[row]))
	h = mix(h, uint64(s.Names[row])<<32|uint64(b.canon.resource[s.Resources[row]]))
	h = mix(h, uint64(s.StatusMessages[row])<<32|uint64(b.canon.scope[s.Scopes[row]]))
	for _, a := range s.List(s.Attributes[row]) {
		h = mix(h, uint64(a.Key)<<8|uint64(a.Type))
		h = mix(h, a.Bits)
	}
	for _, e := range s.EventsOf(int(row)) {
		h = mix(h, uint64(e.TimeNs))
		h = mix(h, uint64(e.Name))
	}
	for _, l := range s.LinksOf(int(row)) {
		h = mix(h, idKey(l.SpanID))
	}
	return h
}

// mix is the 64-bit finaliser of MurmurHash3 over the running value.
func mix(h, v uint64) uint64 {
	h ^= v
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (b *builder) sameContent(x, y uint32) bool {
	s, c := b.s, b.canon
	return s.SpanIDs[x] == s.SpanIDs[y] && s.ParentIDs[x] == s.ParentIDs[y] &&
		s.StartsNs[x] == s.StartsNs[y] && s.DurationsNs[x] == s.DurationsNs[y] &&
		s.Kinds[x] == s.Kinds[y] && s.Statuses[x] == s.Statuses[y] &&
		s.Names[x] == s.Names[y] && s.StatusMessages[x] == s.StatusMessages[y] &&
		s.TraceStates[x] == s.TraceStates[y] && s.Flags[x] == s.Flags[y] && s.Dropped[x] == s.Dropped[y] &&
		c.resource[s.Resources[x]] == c.resource[s.Resources[y]] &&
		c.scope[s.Scopes[x]] == c.scope[s.Scopes[y]] &&
		slices.Equal(s.List(s.Attributes[x]), s.List(s.Attributes[y])) &&
		slices.EqualFunc(s.EventsOf(int(x)), s.EventsOf(int(y)), b.sameEvent) &&
		slices.EqualFunc(s.LinksOf(int(x)), s.LinksOf(int(y)), b.sameLink)
}

func (b *builder) sameEvent(x, y storage.Event) bool {
	return x.TimeNs == y.TimeNs && x.Name == y.Name && x.DroppedAttributes == y.DroppedAttributes &&
		slices.Equal(b.s.List(x.Attributes), b.s.List(y.Attributes))
}

func (b *builder) sameLink(x, y storage.Link) bool {
	return x.TraceID == y.TraceID && x.SpanID == y.SpanID && x.TraceState == y.TraceState && x.Flags == y.Flags &&
		x.DroppedAttributes == y.DroppedAttributes && slices.Equal(b.s.List(x.Attributes), b.s.List(y.Attributes))
}
