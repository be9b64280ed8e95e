package sidecar

import (
	"encoding/binary"
	"maps"
	"slices"
)

// extra is where a blob is.
type extra struct {
	offset int64 // in the body
	size   int64
	crc    uint32
}

func (s *sectionWriter) extras(blobs map[string][]byte) {
	names := slices.Sorted(maps.Keys(blobs))
	head := appendStrings(nil, names)
	for _, name := range names {
		head = binary.AppendUvarint(head, uint64(len(blobs[name])))
		head = binary.LittleEndian.AppendUint32(head, checksum(blobs[name]))
	}
	s.section(sectionExtra, head)
	for _, name := range names {
		s.write(blobs[name])
	}
}

// Extra reads a blob of Contents.Extra by its name; ok is false when there is
// none. The caller may keep it.
func (x *Index) Extra(name string) (blob []byte, ok bool, err error) {
	if isOwn(name) {
		return nil, false, nil
	}
	return x.extra(name)
}

func (x *Index) extra(name string) (blob []byte, ok bool, err error) {
	all, err := x.extras()
	if err != nil {
		return nil, false, err
	}
	e, ok := all[name]
	if !ok {
		return nil, false, nil
	}
	at := x.sections[sectionExtra].body() + e.offset
	blob = make([]byte, e.size)
	if err := readFull(x.r, blob, at, sectionExtra.String()); err != nil {
		return nil, false, err
	}
	if checksum(blob) != e.crc {
		return nil, false, corrupt(sectionExtra.String(), at, "wrong checksum of %q", name)
	}
	return blob, true, nil
}

// ExtraNames lists the names in Contents.Extra.
func (x *Index) ExtraNames() ([]string, error) {
	all, err := x.extras()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), isOwn), nil
}

// isOwn says whether an extra is this package's own.
func isOwn(name string) bool { return name == allFailedExtra || slices.Contains(coarseExtras[:], name) }

func (x *Index) extras() (map[string]extra, error) {
	b, err := x.head(sectionExtra)
	if err != nil {
		return nil, err
	}
	s := x.sections[sectionExtra]
	all, at, ok := decodeExtras(b, s.length-s.head)
	if !ok {
		return nil, x.corruptHead(sectionExtra, at)
	}
	return all, nil
}

func decodeExtras(b []byte, body int64) (all map[string]extra, at int, ok bool) {
	c := cursor{b: b}
	names := c.strings()
	all = make(map[string]extra, len(names))
	end := int64(0)
	for _, name := range names {
		size := c.uvarint()
		if size > uint64(body-end) {
			return nil, c.at, false
		}
		all[name] = extra{end, int64(size), c.u32()}
		end += int64(size)
	}
	return all, c.at, c.done() && end == body && len(all) == len(names)
}
