package sidecar

import (
	"encoding/binary"
	"hash/crc32"
)

// A file is magic, sections without gaps, footer. The last 20 bytes of the
// footer are the same in every version; what is before them belongs to the
// version, and footerOf is where versions part.
const (
	magic       = "HEDLIDX\n"
	version     = 1
	trailerSize = 20 // body length, version, CRC of body and the two, magic
	crcSize     = 4

	sectionSize = 24 // offset, length, length of the head, CRC
	bodySize    = int(sectionCount) * sectionSize
)

// sectionID numbers the sections in the order in which they are written.
type sectionID int

const (
	sectionZones sectionID = iota
	sectionKeys
	sectionTraces
	sectionFilters
	sectionRED
	sectionEdges
	sectionExtra
	sectionCount
)

var sectionNames = [sectionCount]string{"zones", "keys", "traces", "filters", "red", "edges", "extra"}

func (id sectionID) String() string { return sectionNames[id] }

// section is where a section is. It begins with a head that is read at once
// and ends with its own CRC; what follows is read in pieces.
type section struct {
	offset, length int64
	head           int64 // with its CRC
	crc            uint32
}

func (s section) body() int64 { return s.offset + s.head }

type sections [sectionCount]section

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// appendCRC appends the CRC of what b has from an offset on.
func appendCRC(b []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b[from:]))
}

// cutCRC checks and removes the CRC at the end of b.
func cutCRC(b []byte) (payload []byte, ok bool) {
	n := len(b) - crcSize
	if n < 0 {
		return nil, false
	}
	return b[:n], binary.LittleEndian.Uint32(b[n:]) == checksum(b[:n])
}

func appendFooter(b []byte, all *sections) []byte {
	from := len(b)
	for _, s := range all {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.offset))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.length))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.head))
		b = binary.LittleEndian.AppendUint32(b, s.crc)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)-from))
	b = binary.LittleEndian.AppendUint32(b, version)
	return append(appendCRC(b, from), magic...)
}

// footerOf reads the body of a footer, which ends where the trailer begins.
func footerOf(version uint32, body []byte, bodyAt int64) (*sections, error) {
	switch version {
	case 1:
		return footerV1(body, bodyAt)
	}
	return nil, ErrVersion
}

func footerV1(body []byte, bodyAt int64) (*sections, error) {
	if len(body) != bodySize {
		return nil, corrupt("footer", bodyAt, "it has %d bytes, not %d", len(body), bodySize)
	}
	var all sections
	at := int64(len(magic))
	for i := range all {
		b := body[i*sectionSize:]
		s := section{
			offset: int64(binary.LittleEndian.Uint64(b)),
			length: int64(binary.LittleEndian.Uint64(b[8:])),
			head:   int64(binary.LittleEndian.Uint32(b[16:])),
			crc:    binary.LittleEndian.Uint32(b[20:]),
		}
		if s.offset != at || s.length < 0 || s.length > bodyAt-at || s.head < crcSize || s.head > s.length {
			return nil, corrupt("footer", bodyAt+int64(i*sectionSize), "section %v is not where it must be", sectionID(i))
		}
		all[i] = s
		at += s.length
	}
	if at != bodyAt {
		return nil, corrupt("footer", bodyAt, "the sections end at %d", at)
	}
	return &all, nil
}
