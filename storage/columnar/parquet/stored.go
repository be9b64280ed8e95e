package parquet

import (
	"bytes"
	"encoding/binary"
)

// A zstd frame whose blocks are not compressed: magic number, a descriptor
// (the content's size follows, which is also the window), the size, then blocks
// of a three-byte header and up to 128 KiB.

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

const (
	singleSegment = 1 << 5
	rawBlock      = 128 << 10
)

// appendStored appends a frame that holds raw as it is.
func appendStored(dst, raw []byte) []byte {
	dst = append(dst, zstdMagic...)
	switch n := len(raw); {
	case n < 256:
		dst = append(dst, singleSegment, byte(n))
	case n < 256+1<<16:
		dst = append(dst, singleSegment|1<<6)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n-256))
	default:
		dst = append(dst, singleSegment|2<<6)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	for {
		n := min(len(raw), rawBlock)
		head := uint32(n) << 3
		if n == len(raw) {
			head |= 1 // the last one
		}
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
		dst = append(dst, raw[:n]...)
		if raw = raw[n:]; len(raw) == 0 {
			return dst
		}
	}
}

// stored returns the content of a frame that is one block of appendStored, for
// which no decoder is needed.
func stored(frame []byte, size int) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(frame, zstdMagic)
	if !ok || len(rest) < size+5 || size > rawBlock {
		return nil, false
	}
	head := 2
	switch {
	case size < 256 && rest[0] == singleSegment && int(rest[1]) == size:
	case size >= 256 && rest[0] == singleSegment|1<<6 && int(binary.LittleEndian.Uint16(rest[1:]))+256 == size:
		head = 3
	case size >= 256+1<<16 && rest[0] == singleSegment|2<<6 && binary.LittleEndian.Uint32(rest[1:]) == uint32(size):
		head = 5
	default:
		return nil, false
	}
	want := uint32(size)<<3 | 1
	if len(rest) != head+3+size || rest[head] != byte(want) || rest[head+1] != byte(want>>8) || rest[head+2] != byte(want>>16) {
		return nil, false
	}
	return rest[head+3:], true
}
