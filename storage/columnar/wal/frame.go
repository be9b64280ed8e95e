package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
)

// Record is what the log keeps.
type Record struct {
	LSN     uint64
	Signal  uint8  // the caller's
	Codec   uint8  // the caller's: how Payload is compressed
	Tenant  string // at most MaxTenantBytes
	Payload []byte
}

const (
	// MaxPayloadBytes bounds a payload.
	MaxPayloadBytes = 128 << 20
	// MaxTenantBytes bounds a tenant's name.
	MaxTenantBytes = 255
)

// The layout of segments, see DESIGN.md. Numbers are little-endian.
const (
	headerMagic   = "heddlWAL"
	headerVersion = 1
	headerBytes   = 36

	frameCRC   = 8  // where the CRC is
	frameBody  = 12 // where it ends, and what the length counts begins
	frameBytes = 27 // of a frame without tenant and payload

	maxFrameBytes = frameBytes + MaxTenantBytes + MaxPayloadBytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header begins a segment.
type header struct {
	marker [4]byte // begins every frame of this segment and of no other
	first  uint64  // LSN of the first frame
	// follows is the last LSN that is in the log before this segment. It is
	// below first-1 when the frames between failed to be written.
	follows uint64
}

// newMarker is unpredictable, so that nobody can send a payload which looks
// like frames of ours, and has no zero byte, so that no empty space looks like
// a frame.
func newMarker() (m [4]byte) {
	for i := range m {
		m[i] = byte(1 + rand.IntN(255))
	}
	return m
}

func (h header) encode() []byte {
	b := make([]byte, 0, headerBytes)
	b = append(b, headerMagic...)
	b = binary.LittleEndian.AppendUint32(b, headerVersion)
	b = append(b, h.marker[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = binary.LittleEndian.AppendUint64(b, h.follows)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var (
	errDamagedHeader = errors.New("the header is damaged")
	errNewerVersion  = errors.New("a newer version of heddle wrote it")
)

// decodeHeader reads the header of the segment whose name says first.
func decodeHeader(b []byte, first uint64) (h header, err error) {
	if len(b) < headerBytes || string(b[:8]) != headerMagic ||
		crc32.Checksum(b[:headerBytes-4], castagnoli) != binary.LittleEndian.Uint32(b[headerBytes-4:]) {
		return header{}, errDamagedHeader
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != headerVersion {
		return header{}, fmt.Errorf("%w: format version %d, this one reads %d", errNewerVersion, v, headerVersion)
	}
	h.marker = [4]byte(b[12:])
	h.first = binary.LittleEndian.Uint64(b[16:])
	h.follows = binary.LittleEndian.Uint64(b[24:])
	if h.first != first || h.follows >= h.first || bytes.IndexByte(h.marker[:], 0) >= 0 {
		return header{}, errDamagedHeader
	}
	return h, nil
}

// appendFrame adds a frame but for what only the committer knows; finishFrames
// fills that in.
func appendFrame(b []byte, lsn uint64, signal, codec uint8, tenant string, payload [][]byte) []byte {
	start := len(b)
	b = append(b, make([]byte, frameBody)...)
	b = binary.LittleEndian.AppendUint64(b, lsn)
	b = append(b, 0, 0, 0, 0, signal, codec, uint8(len(tenant)))
	b = append(b, tenant...)
	for _, p := range payload {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b[start+4:], uint32(len(b)-start-frameBody))
	return b
}

// finishFrames completes the frames of a group: the marker of the segment they
// go to, how far each is from synced, the last LSN on the disk, and the CRC.
func finishFrames(b []byte, marker [4]byte, synced uint64) {
	for len(b) > 0 {
		n := frameBody + int(binary.LittleEndian.Uint32(b[4:]))
		copy(b, marker[:])
		behind := min(binary.LittleEndian.Uint64(b[frameBody:])-synced, math.MaxUint32)
		binary.LittleEndian.PutUint32(b[frameBody+8:], uint32(behind))
		binary.LittleEndian.PutUint32(b[frameCRC:], checksum(b[:n]))
		b = b[n:]
	}
}

// frame is a frame as it was read.
type frame struct {
	Record        // Tenant is not set; Payload belongs to the reader
	tenant []byte // belongs to the reader
	// synced is the last LSN that was on the disk when the frame was written.
	synced  uint64
	bytes   int
	skipped int64 // bytes before it that are no frame
}

// frameLength reads the first frameBytes bytes of a frame and tells its length.
// It refuses one that is not among the LSNs from low to high, or longer than
// room.
func frameLength(b []byte, low, high uint64, room int64) (int, bool) {
	n := int64(binary.LittleEndian.Uint32(b[4:])) + frameBody
	lsn := binary.LittleEndian.Uint64(b[frameBody:])
	behind := uint64(binary.LittleEndian.Uint32(b[frameBody+8:]))
	tenant := int64(b[frameBytes-1])
	ok := n >= frameBytes+tenant && n <= min(room, maxFrameBytes) && lsn >= low && lsn <= high && behind >= 1 && behind <= lsn
	return int(n), ok
}

// checksum covers a whole frame but for itself.
func checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:frameCRC], castagnoli), castagnoli, b[frameBody:])
}

func validCRC(b []byte) bool { return checksum(b) == binary.LittleEndian.Uint32(b[frameCRC:]) }

// decodeFrame reads a whole frame that passed frameLength and validCRC.
func decodeFrame(b []byte) frame {
	lsn := binary.LittleEndian.Uint64(b[frameBody:])
	tenant := frameBytes + int(b[frameBytes-1])
	return frame{
		Record: Record{LSN: lsn, Signal: b[frameBody+12], Codec: b[frameBody+13], Payload: b[tenant:len(b):len(b)]},
		tenant: b[frameBytes:tenant],
		synced: lsn - uint64(binary.LittleEndian.Uint32(b[frameBody+8:])),
		bytes:  len(b),
	}
}
