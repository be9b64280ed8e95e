package manifest

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// A file is a header and frames. Every frame is an edit, and is there twice. The
// format is in DESIGN.md; decodeEdit is where versions part.
const (
	headerMagic = "HEDLMANI"
	headerSize  = len(headerMagic) + 4 + 8 + 8 + 4 // version, numbers of edits, CRC
	version     = 2
	versionOnce = 1 // every frame is there once

	// A frame begins with bytes that no UTF-8 text contains, so that no text
	// within a damaged frame looks like the beginning of another.
	frameMagic = "\xff\xfeHM"
	frameHead  = 4 + 4 + 8 + 4 + 4 // magic, length, number, CRC of the payload, CRC of the head

	maxPayload = 64 << 20
	maxSeq     = 1 << 62 // bounds the numbers that are believed
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// header says which edits were written together with a file. None of them may
// be missing, however the file ends: it got its name after they were synced.
type header struct {
	version     uint32
	first, last uint64
}

func appendHeader(b []byte, first, last uint64) []byte {
	from := len(b)
	b = append(b, headerMagic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, first)
	b = binary.LittleEndian.AppendUint64(b, last)
	return binary.LittleEndian.AppendUint32(b, checksum(b[from:]))
}

// headerOf is false when there is no valid header. Magic, version and the
// checksum at its place are the same in every version.
func headerOf(b []byte) (h header, ok bool) {
	const n = headerSize - 4
	if len(b) < headerSize || string(b[:len(headerMagic)]) != headerMagic || binary.LittleEndian.Uint32(b[n:]) != checksum(b[:n]) {
		return h, false
	}
	h = header{binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint64(b[12:]), binary.LittleEndian.Uint64(b[20:])}
	return h, h.version != version && h.version != versionOnce || 0 < h.first && h.first <= h.last && h.last < maxSeq
}

// appendFrame encodes an edit.
func appendFrame(b []byte, seq uint64, e *Edit) []byte {
	at := len(b)
	b = append(b, make([]byte, frameHead)...)
	b = appendEdit(b, e)
	head, payload := b[at:at+frameHead], b[at+frameHead:]
	copy(head, frameMagic)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(payload)))
	binary.LittleEndian.PutUint64(head[8:], seq)
	binary.LittleEndian.PutUint32(head[16:], checksum(payload))
	binary.LittleEndian.PutUint32(head[20:], checksum(head[:20]))
	return b
}

// frameOf returns the number and the payload of the edit that b begins with;
// ok is false when it does not begin with a whole one.
func frameOf(b []byte) (seq uint64, payload []byte, ok bool) {
	if len(b) < frameHead || string(b[:4]) != frameMagic || binary.LittleEndian.Uint32(b[20:]) != checksum(b[:20]) {
		return 0, nil, false
	}
	size, rest := binary.LittleEndian.Uint32(b[4:]), b[frameHead:]
	if seq = binary.LittleEndian.Uint64(b[8:]); size > maxPayload || int(size) > len(rest) || seq >= maxSeq {
		return 0, nil, false
	}
	payload = rest[:size]
	return seq, payload, checksum(payload) == binary.LittleEndian.Uint32(b[16:])
}

func appendEdit(b []byte, e *Edit) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.Remove)))
	for _, id := range e.Remove {
		b = appendText(b, id)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Add)))
	for i := range e.Add {
		b = appendPart(b, &e.Add[i])
	}
	b = binary.AppendUvarint(b, uint64(len(e.Set)))
	for _, key := range slices.Sorted(maps.Keys(e.Set)) {
		b = appendText(b, key)
		b = binary.AppendUvarint(b, e.Set[key])
	}
	return b
}

// size is an upper bound of what appendEdit appends.
func (e *Edit) size() int {
	size := 3 * binary.MaxVarintLen64
	for i := range e.Add {
		size += int(partSize(&e.Add[i]))
	}
	for _, id := range e.Remove {
		size += binary.MaxVarintLen64 + len(id)
	}
	for key := range e.Set {
		size += 2*binary.MaxVarintLen64 + len(key)
	}
	return size
}

// decodeEdit decodes a payload of a version that Open let through.
func decodeEdit(b []byte) (e Edit, ok bool) {
	d := decoder{b: b}
	e.Remove = make([]string, 0, d.count(2))
	for range cap(e.Remove) {
		e.Remove = append(e.Remove, d.id())
	}
	n := d.count(2 + 1 + 3 + 3 + 7 + 16)
	e.Add = make([]Part, 0, n)
	for range n {
		e.Add = append(e.Add, d.part())
	}
	n = d.count(2)
	e.Set = make(map[string]uint64, n)
	for range n {
		key := d.text(maxKey)
		e.Set[key] = d.uvarint()
	}
	return e, !d.fail && len(d.b) == 0
}

// decoder decodes bytes that may be anything. After a failure it returns zeros.
type decoder struct {
	b    []byte
	fail bool
}

func (d *decoder) failed() { d.b, d.fail = nil, true }

func (d *decoder) bytes(n int) []byte {
	if n > len(d.b) {
		d.failed()
		return make([]byte, min(n, 8)) // zeros for whoever asked for a number
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte  { return d.bytes(1)[0] }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.bytes(8)) }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.failed()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.failed()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the number of elements that follow, of at least size bytes each.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.b)/size) {
		d.failed()
		return 0
	}
	return int(n)
}

func (d *decoder) text(limit int) string {
	n := d.uvarint()
	if n > uint64(min(limit, len(d.b))) {
		d.failed()
		return ""
	}
	s := string(d.bytes(int(n)))
	if !utf8.ValidString(s) {
		d.failed()
	}
	return s
}

func (d *decoder) id() string {
	id := d.text(maxID)
	if !validID(id) {
		d.failed()
	}
	return id
}

func (d *decoder) part() (p Part) {
	p.ID, p.Tenant = d.id(), d.text(maxTenant)
	p.Signal, p.Level, p.FormatVersion = Signal(d.byte()), d.byte(), d.byte()
	p.Hour, p.MinNs, p.MaxNs = d.varint(), d.varint(), d.varint()
	p.Rows = d.uvarint()
	groups := d.uvarint()
	if groups > math.MaxUint32 {
		d.failed()
	}
	p.Groups = uint32(groups)
	p.Bytes, p.IndexBytes, p.MinLSN, p.MaxLSN, p.PurgedTo = d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	p.Hash, p.IndexHash = d.u64(), d.u64()
	return p
}
