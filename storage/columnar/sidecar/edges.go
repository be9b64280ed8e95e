package sidecar

import (
	"cmp"
	"encoding/binary"
	"slices"
)

func compareEdges(a, b Edge) int {
	return cmp.Or(cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
}

// allFailedExtra is the name of an empty extra, which says Edges.AllFailed. It is
// not in the section, which versions that do not know it would refuse.
const allFailedExtra = "edges.failed"

// encodeEdges sorts names, edges and fingerprints.
func encodeEdges(e *Edges) ([]byte, error) {
	names := slices.Sorted(slices.Values(e.Names))
	for i, name := range names {
		if i > 0 && names[i-1] == name {
			return nil, invalid("the name %q occurs twice among the edges", name)
		}
	}
	renumber := make([]uint32, len(names))
	for old, name := range e.Names {
		at, _ := slices.BinarySearch(names, name)
		renumber[old] = uint32(at)
	}
	list := slices.Clone(e.List)
	for i, edge := range list {
		if int(edge.Caller) >= len(names) || int(edge.Callee) >= len(names) {
			return nil, invalid("edge %d is from %d to %d of %d names", i, edge.Caller, edge.Callee, len(names))
		}
		list[i].Caller, list[i].Callee = renumber[edge.Caller], renumber[edge.Callee]
	}
	slices.SortFunc(list, compareEdges)
	b := appendStrings(nil, names)
	b = binary.AppendUvarint(b, uint64(len(list)))
	var before Edge
	for i, edge := range list {
		if i == 0 {
			b = binary.AppendVarint(b, edge.Minute)
		} else {
			if compareEdges(before, edge) == 0 {
				return nil, invalid("two edges from %q to %q in minute %d", names[edge.Caller], names[edge.Callee], edge.Minute)
			}
			b = binary.AppendUvarint(b, uint64(edge.Minute)-uint64(before.Minute))
		}
		before = edge
		for _, v := range [...]uint64{uint64(edge.Caller), uint64(edge.Callee), edge.Calls, edge.Errors} {
			b = binary.AppendUvarint(b, v)
		}
	}
	excluded := slices.Compact(slices.Sorted(slices.Values(e.Excluded)))
	b = binary.AppendUvarint(b, uint64(len(excluded)))
	for _, fingerprint := range excluded {
		b = binary.LittleEndian.AppendUint64(b, fingerprint)
	}
	return b, nil
}

// Edges reads the calls between services.
func (x *Index) Edges() (*Edges, error) {
	b, err := x.head(sectionEdges)
	if err != nil {
		return nil, err
	}
	e, at, ok := decodeEdges(b)
	if !ok {
		return nil, x.corruptHead(sectionEdges, at)
	}
	all, err := x.extras()
	if err != nil {
		return nil, err
	}
	_, e.AllFailed = all[allFailedExtra]
	return e, nil
}

func decodeEdges(b []byte) (e *Edges, at int, ok bool) {
	c := cursor{b: b}
	e = &Edges{Names: c.strings()}
	e.List = make([]Edge, c.count(5))
	var before Edge
	for i := range e.List {
		var edge Edge
		if i == 0 {
			edge.Minute = c.varint()
		} else {
			edge.Minute = int64(uint64(before.Minute) + c.uvarint())
		}
		edge.Caller, edge.Callee, edge.Calls, edge.Errors = c.u32varint(), c.u32varint(), c.uvarint(), c.uvarint()
		if int(edge.Caller) >= len(e.Names) || int(edge.Callee) >= len(e.Names) || i > 0 && compareEdges(before, edge) >= 0 {
			return nil, c.at, false
		}
		e.List[i], before = edge, edge
	}
	e.Excluded = make([]uint64, c.count(8))
	for i := range e.Excluded {
		if e.Excluded[i] = c.u64(); i > 0 && e.Excluded[i] <= e.Excluded[i-1] {
			return nil, c.at, false
		}
	}
	return e, c.at, c.done()
}

// Between returns the part of List in the minutes from fromMinute to before
// toMinute.
func (e *Edges) Between(fromMinute, toMinute int64) []Edge {
	position := func(minute int64) int {
		i, _ := slices.BinarySearchFunc(e.List, minute, func(e Edge, minute int64) int {
			if e.Minute < minute {
				return -1
			}
			return 1
		})
		return i
	}
	from := position(fromMinute)
	return e.List[from:max(from, position(toMinute))]
}
