package parquet

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Bit packing as Parquet's RLE hybrid and delta encodings have it: value i
// takes the width bits from bit i*width on, least significant bit first.

// widthOf is the number of bits that values up to limit need.
func widthOf(limit uint32) int { return bits.Len32(limit) }

// appendPacked packs codes, a multiple of 8 of them, in width bits each, at
// most 32. Codes must fit.
func appendPacked(dst []byte, codes []uint32, width int) []byte {
	at := len(dst)
	end := at + len(codes)*width/8
	dst = slices.Grow(dst, end-at+16)[:end+16] // the last stores reach beyond the end
	w := uint(width)
	switch {
	case w == 8:
		for i, c := range codes {
			dst[at+i] = byte(c)
		}
	case w == 16:
		for i, c := range codes {
			binary.LittleEndian.PutUint16(dst[at+2*i:], uint16(c))
		}
	case w < 8:
		for ; len(codes) >= 8; codes = codes[8:] {
			binary.LittleEndian.PutUint64(dst[at:], four(codes, w)|four(codes[4:], w)<<(4*w))
			at += width
		}
	case w < 16:
		for ; len(codes) >= 8; codes = codes[8:] {
			low, high := four(codes, w), four(codes[4:], w)
			binary.LittleEndian.PutUint64(dst[at:], low|high<<(4*w))
			binary.LittleEndian.PutUint64(dst[at+8:], high>>(64-4*w))
			at += width
		}
	default:
		var acc uint64
		var have uint
		for _, c := range codes {
			acc |= uint64(c) << have
			if have += w; have >= 32 {
				binary.LittleEndian.PutUint32(dst[at:], uint32(acc))
				at += 4
				acc >>= 32
				have -= 32
			}
		}
		binary.LittleEndian.PutUint32(dst[at:], uint32(acc))
	}
	return dst[:end]
}

func four(c []uint32, w uint) uint64 {
	_ = c[3]
	return uint64(c[0]) | uint64(c[1])<<(w&63) | uint64(c[2])<<(2*w&63) | uint64(c[3])<<(3*w&63)
}

// appendPackedWide packs values, a multiple of 8 of them, in width bits each,
// at most 64.
func appendPackedWide(dst []byte, values []uint64, width int) []byte {
	at := len(dst)
	end := at + len(values)*width/8
	dst = slices.Grow(dst, end-at+8)[:end+8]
	var acc uint64
	var have uint
	w := uint(width)
	for _, v := range values {
		acc |= v << have
		if have += w; have >= 64 {
			binary.LittleEndian.PutUint64(dst[at:], acc)
			at += 8
			have -= 64
			acc = v >> (w - have)
		}
	}
	binary.LittleEndian.PutUint64(dst[at:], acc)
	return dst[:end]
}

// unpackCodes unpacks len(dst) codes, a multiple of 8, of width bits, at most
// 32. src must hold them.
func unpackCodes(dst []uint32, src []byte, width int) {
	w := uint(width)
	switch {
	case w == 0:
		clear(dst)
		return
	case w == 8:
		src = src[:len(dst)]
		for i, b := range src {
			dst[i] = uint32(b)
		}
		return
	case w == 16:
		for i := range dst {
			dst[i] = uint32(binary.LittleEndian.Uint16(src[2*i:]))
		}
		return
	}
	mask := uint64(1)<<w - 1
	switch {
	case w < 8:
		for len(dst) >= 8 && len(src) >= 8 {
			unpackFour(dst, binary.LittleEndian.Uint64(src), w, mask)
			unpackFour(dst[4:], binary.LittleEndian.Uint64(src)>>(4*w), w, mask)
			dst, src = dst[8:], src[width:]
		}
	case w < 16:
		half, shift := width/2, uint(width&1)*4 // where the second four start
		for len(dst) >= 8 && len(src) >= half+8 {
			unpackFour(dst, binary.LittleEndian.Uint64(src), w, mask)
			unpackFour(dst[4:], binary.LittleEndian.Uint64(src[half:])>>shift, w, mask)
			dst, src = dst[8:], src[width:]
		}
	}
	var acc uint64 // wide codes, and the last ones, whose loads would reach too far
	var have uint
	for i := range dst {
		for have < w {
			acc |= uint64(src[0]) << have
			src = src[1:]
			have += 8
		}
		dst[i] = uint32(acc & mask)
		acc >>= w
		have -= w
	}
}

func unpackFour(dst []uint32, x uint64, w uint, mask uint64) {
	_ = dst[3]
	dst[0] = uint32(x & mask)
	dst[1] = uint32(x >> (w & 63) & mask)
	dst[2] = uint32(x >> (2 * w & 63) & mask)
	dst[3] = uint32(x >> (3 * w & 63) & mask)
}

// unpackWide unpacks len(dst) values of width bits, at most 64. src must hold
// them.
func unpackWide(dst []uint64, src []byte, width int) {
	if width == 0 {
		clear(dst)
		return
	}
	w := uint(width)
	mask := ^uint64(0) >> (64 - w)
	for i := range dst {
		bit := uint(i) * w
		at, shift := bit/8, bit%8
		if uint(len(src)) >= at+9 {
			x := binary.LittleEndian.Uint64(src[at:]) >> shift
			if shift+w > 64 {
				x |= uint64(src[at+8]) << (64 - shift)
			}
			dst[i] = x & mask
			continue
		}
		var x uint64
		for k := uint(0); k < 9 && at+k < uint(len(src)); k++ {
			b := uint64(src[at+k])
			if 8*k >= shift {
				x |= b << (8*k - shift)
			} else {
				x |= b >> (shift - 8*k)
			}
		}
		dst[i] = x & mask
	}
}
