package parquet

import (
	"encoding/binary"
	"math/bits"
)

// DELTA_BINARY_PACKED: the first value, then blocks of 128 differences, each
// block with its least difference and four bit widths, one for 32 differences.
const (
	deltaBlock = 128
	deltaMinis = 4
	deltaMini  = deltaBlock / deltaMinis
)

// appendDelta encodes values. With narrow they are the low 32 bits of 32-bit
// integers, and differences wrap around in 32 bits, as readers expect.
func appendDelta(dst []byte, values []uint64, narrow bool) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaMinis)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return append(dst, 0)
	}
	prev := extend(values[0], narrow)
	dst = binary.AppendVarint(dst, prev)
	values = values[1:]
	var diffs [deltaBlock]uint64
	for len(values) > 0 {
		n := min(len(values), deltaBlock)
		least := deltas(&diffs, values[:n], prev, narrow)
		prev = extend(values[n-1], narrow)
		values = values[n:]
		dst = appendDeltaBlock(dst, &diffs, n, least, narrow)
	}
	return dst
}

func extend(v uint64, narrow bool) int64 {
	if narrow {
		return int64(int32(v))
	}
	return int64(v)
}

// deltas sets the differences to the value before and returns the least.
func deltas(diffs *[deltaBlock]uint64, values []uint64, prev int64, narrow bool) int64 {
	least := int64(1<<63 - 1)
	for i, v := range values {
		x := extend(v, narrow)
		d := extend(uint64(x-prev), narrow)
		prev = x
		diffs[i] = uint64(d)
		least = min(least, d)
	}
	return least
}

func appendDeltaBlock(dst []byte, diffs *[deltaBlock]uint64, n int, least int64, narrow bool) []byte {
	dst = binary.AppendVarint(dst, least)
	widths := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	clear(diffs[n:])
	for m := 0; m*deltaMini < n; m++ {
		mini := diffs[m*deltaMini : (m+1)*deltaMini]
		var all uint64
		for i := range min(deltaMini, n-m*deltaMini) {
			mini[i] -= uint64(least)
			if narrow {
				mini[i] = uint64(uint32(mini[i]))
			}
			all |= mini[i]
		}
		width := bits.Len64(all)
		dst[widths+m] = byte(width)
		dst = appendPackedWide(dst, mini, width)
	}
	return dst
}

// deltaBytes is the size of appendDelta's answer without its head, computed
// for every step-th block only.
func deltaBytes(values []uint64, narrow bool, step int) int {
	var diffs [deltaBlock]uint64
	total, sampled := 0, 0
	for at := 1; at < len(values); at += deltaBlock * step {
		n := min(len(values)-at, deltaBlock)
		least := deltas(&diffs, values[at:at+n], extend(values[at-1], narrow), narrow)
		sampled += n
		total += 4 + (bits.Len64(uint64(least<<1)^uint64(least>>63))+6)/7
		for m := 0; m < n; m += deltaMini {
			var all uint64
			for _, d := range diffs[m:min(m+deltaMini, n)] {
				all |= d - uint64(least)
			}
			if narrow {
				all = uint64(uint32(all))
			}
			total += deltaMini / 8 * bits.Len64(all)
		}
	}
	if sampled == 0 {
		return 0
	}
	return total * (len(values) - 1) / sampled
}

// decodeDelta decodes the first n of as many values as dst has, sign-extended, and
// returns what follows them; a few more may be decoded. ok is false when src does
// not hold exactly len(dst).
func decodeDelta(dst []uint64, n int, src []byte, narrow bool) (rest []byte, ok bool) {
	head := deltaHead{src: src}
	block, minis, count, first := head.uvarint(), head.uvarint(), head.uvarint(), head.varint()
	if head.bad || block != deltaBlock || minis != deltaMinis || count != uint64(len(dst)) {
		return nil, false
	}
	src = head.src
	if len(dst) == 0 {
		return src, true
	}
	prev := first
	if narrow && prev != int64(int32(prev)) {
		return nil, false
	}
	dst[0] = uint64(prev)
	dst = dst[1:]
	for beyond := len(dst) - (n - 1); len(dst) > max(beyond, 0); {
		head = deltaHead{src: src}
		least := head.varint()
		if src = head.src; head.bad || len(src) < deltaMinis {
			return nil, false
		}
		widths := src[:deltaMinis]
		src = src[deltaMinis:]
		for _, width := range widths {
			if len(dst) == 0 {
				break
			}
			bytes := deltaMini / 8 * int(width)
			if width > 64 || len(src) < bytes {
				return nil, false
			}
			part := dst[:min(deltaMini, len(dst))]
			unpackWide(part, src[:bytes], int(width))
			src, dst = src[bytes:], dst[len(part):]
			if narrow {
				for i, d := range part {
					prev = int64(int32(prev + least + int64(d)))
					part[i] = uint64(prev)
				}
				continue
			}
			for i, d := range part {
				prev += least + int64(d)
				part[i] = uint64(prev)
			}
		}
	}
	return src, true
}

// deltaHead reads varints until one is bad.
type deltaHead struct {
	src []byte
	bad bool
}

func (h *deltaHead) uvarint() uint64 {
	v, n := binary.Uvarint(h.src)
	if n <= 0 {
		h.bad = true
		return 0
	}
	h.src = h.src[n:]
	return v
}

func (h *deltaHead) varint() int64 {
	v := h.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}
