package sidecar

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"maps"
	"math"
)

// Write writes the index of a part. It does not change c, and equal contents
// give equal bytes. What contradicts itself is refused with ErrInvalid before
// anything is written; any other error is that of w, and what was written is
// of no use.
func Write(w io.Writer, c *Contents) error {
	if err := c.check(); err != nil {
		return err
	}
	red, cells, err := encodeRED(&c.RED)
	if err != nil {
		return err
	}
	extras := maps.Clone(c.Extra)
	if extras == nil {
		extras = map[string][]byte{}
	}
	if err := encodeCoarse(extras, c.RED.Series, cells); err != nil {
		return err
	}
	if c.Edges.AllFailed {
		extras[allFailedExtra] = nil
	}
	return write(w, c, red, extras)
}

func write(w io.Writer, c *Contents, red encoded, extras map[string][]byte) error {
	keys, err := encodeKeys(c.Keys)
	if err != nil {
		return err
	}
	traces := encodeTraces(c.Traces)
	edges, err := encodeEdges(&c.Edges)
	if err != nil {
		return err
	}
	out := &sectionWriter{w: w}
	out.write([]byte(magic))
	out.section(sectionZones, encodeZones(c.Zones))
	out.section(sectionKeys, keys)
	out.section(sectionTraces, traces.head, traces.body)
	out.section(sectionFilters, encodeFilterHead(len(c.Zones), c.Filters))
	for _, f := range c.Filters {
		out.pages(f)
	}
	out.section(sectionRED, red.head, red.body)
	out.section(sectionEdges, edges)
	out.extras(extras)
	return out.finish()
}

// encoded is a section in memory.
type encoded struct{ head, body []byte } // head has no CRC yet

// sectionWriter writes sections one after the other. It keeps the first error.
type sectionWriter struct {
	w       io.Writer
	at      int64
	all     sections
	open    sectionID
	crc     uint32
	scratch []byte
	err     error
}

func (s *sectionWriter) write(b []byte) {
	if s.err != nil {
		return
	}
	_, s.err = s.w.Write(b)
	s.at += int64(len(b))
	s.crc = crc32.Update(s.crc, castagnoli, b)
}

// section ends the one before and begins another.
func (s *sectionWriter) section(id sectionID, head []byte, body ...[]byte) {
	s.end()
	head = appendCRC(head, 0)
	if int64(len(head)) > math.MaxUint32 && s.err == nil {
		s.err = invalid("the head of section %v has %d bytes", id, len(head))
	}
	s.open, s.crc = id, 0
	s.all[id] = section{offset: s.at, head: int64(len(head))}
	s.write(head)
	for _, b := range body {
		s.write(b)
	}
}

func (s *sectionWriter) end() {
	if open := &s.all[s.open]; open.offset > 0 {
		open.length, open.crc = s.at-open.offset, s.crc
	}
}

func (s *sectionWriter) finish() error {
	s.end()
	s.write(appendFooter(nil, &s.all))
	return s.err
}

// check looks at what the sections refer to among each other.
func (c *Contents) check() error {
	if len(c.Zones) > MaxGroups {
		return invalid("%d row groups, at most %d are possible", len(c.Zones), MaxGroups)
	}
	if len(c.Filters) != 0 && len(c.Filters) != len(c.Zones) {
		return invalid("%d filters for %d row groups", len(c.Filters), len(c.Zones))
	}
	if len(c.Traces) > maxTraces {
		return invalid("%d runs of traces, at most %d are possible", len(c.Traces), maxTraces)
	}
	for name := range c.Extra {
		if isOwn(name) {
			return invalid("the name of the extra %q is taken", name)
		}
	}
	for i, t := range c.Traces {
		if int(t.Group) >= len(c.Zones) || t.Rows == 0 || uint64(t.FirstRow)+uint64(t.Rows) > uint64(c.Zones[t.Group].Rows) {
			return invalid("trace %d has %d rows from %d of row group %d", i, t.Rows, t.FirstRow, t.Group)
		}
	}
	return nil
}

const zoneSize = 4 + 4*8

func encodeZones(zones []Zone) []byte {
	b := make([]byte, 0, len(zones)*zoneSize+crcSize)
	for _, z := range zones {
		b = binary.LittleEndian.AppendUint32(b, z.Rows)
		for _, v := range [...]int64{z.MinStartNs, z.MaxStartNs, z.MinDurationNs, z.MaxDurationNs} {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	return b
}
