package sidecar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// Index answers from the index file of a part. It is safe for concurrent use
// as far as its reader is. It keeps in memory where things are (some 13 bytes
// per 256 traces, 12 per filter, the zones), not the things.
type Index struct {
	r        io.ReaderAt
	sections sections
	footerAt int64

	zones   lazy[[]Zone]
	traces  lazy[traceIndex]
	filters lazy[filterIndex]
}

// Open reads the footer of the size bytes of r, which must stay readable and
// unchanged as long as the index is used. The index does not close it.
func Open(r io.ReaderAt, size int64) (*Index, error) {
	if size < int64(len(magic)+trailerSize) {
		return nil, corrupt("footer", 0, "the file has only %d bytes", size)
	}
	// One read nearly always: it is the size of a footer of this version.
	b := make([]byte, min(size, int64(bodySize+trailerSize)))
	if err := readFull(r, b, size-int64(len(b)), "footer"); err != nil {
		return nil, err
	}
	t := b[len(b)-trailerSize:]
	if string(t[12:]) != magic {
		return nil, corrupt("footer", size-int64(len(magic)), "this is no index: it does not end as one")
	}
	bodyLen := int64(binary.LittleEndian.Uint32(t))
	bodyAt := size - trailerSize - bodyLen
	if bodyAt < int64(len(magic)) {
		return nil, corrupt("footer", size-trailerSize, "it claims to have %d bytes", bodyLen)
	}
	if have := int64(len(b) - trailerSize); bodyLen > have {
		longer := make([]byte, bodyLen+trailerSize)
		if err := readFull(r, longer, bodyAt, "footer"); err != nil {
			return nil, err
		}
		b = longer
	} else {
		b = b[have-bodyLen:]
	}
	if checksum(b[:bodyLen+8]) != binary.LittleEndian.Uint32(b[bodyLen+8:]) {
		return nil, corrupt("footer", bodyAt, "wrong checksum")
	}
	all, err := footerOf(binary.LittleEndian.Uint32(b[bodyLen+4:]), b[:bodyLen], bodyAt)
	if err != nil {
		return nil, err
	}
	return &Index{r: r, sections: *all, footerAt: bodyAt}, nil
}

// Zones returns one zone per row group. The caller must not change it.
func (x *Index) Zones() ([]Zone, error) {
	zones, err := x.zones.get(func() (*[]Zone, error) {
		b, err := x.head(sectionZones)
		if err != nil {
			return nil, err
		}
		zones, ok := decodeZones(b)
		if !ok {
			return nil, x.corruptHead(sectionZones, len(b))
		}
		return &zones, nil
	})
	if err != nil {
		return nil, err
	}
	return *zones, nil
}

func decodeZones(b []byte) ([]Zone, bool) {
	n := len(b) / zoneSize
	if len(b)%zoneSize != 0 || n > MaxGroups {
		return nil, false
	}
	c := cursor{b: b}
	zones := make([]Zone, n)
	for i := range zones {
		zones[i] = Zone{c.u32(), int64(c.u64()), int64(c.u64()), int64(c.u64()), int64(c.u64())}
	}
	return zones, c.done()
}

// head reads the head of a section, without its checksum.
func (x *Index) head(id sectionID) ([]byte, error) {
	s := x.sections[id]
	b := make([]byte, s.head)
	return x.read(id, b, s.offset)
}

// read fills b, the end of which is the checksum of the rest, and returns the
// rest.
func (x *Index) read(id sectionID, b []byte, offset int64) ([]byte, error) {
	if err := readFull(x.r, b, offset, id.String()); err != nil {
		return nil, err
	}
	payload, ok := cutCRC(b)
	if !ok {
		return nil, corrupt(id.String(), offset, "wrong checksum of %d bytes", len(b))
	}
	return payload, nil
}

// corruptHead says that a head with a valid checksum makes no sense from some
// byte on.
func (x *Index) corruptHead(id sectionID, at int) error {
	return corrupt(id.String(), x.sections[id].offset+int64(at), "this cannot have been written")
}

func readFull(r io.ReaderAt, b []byte, offset int64, section string) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt(section, offset+int64(n), "the file ends here")
	}
	return fmt.Errorf("sidecar: reading %d bytes of section %s at byte %d: %w", len(b), section, offset, err)
}

// lazy holds what is loaded when it is first asked for. Failures are not kept:
// the next call tries again. Concurrent first calls may load twice.
type lazy[T any] struct{ p atomic.Pointer[T] }

func (l *lazy[T]) get(load func() (*T, error)) (*T, error) {
	if v := l.p.Load(); v != nil {
		return v, nil
	}
	v, err := load()
	if err == nil {
		l.p.Store(v)
	}
	return v, err
}

// buffers are for reading one block or page.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// sized returns the first n bytes of *b, which it makes longer if need be.
func sized(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}
