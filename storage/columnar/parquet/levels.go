package parquet

import (
	"encoding/binary"
	"math/bits"
)

// Levels of data pages V1: a little-endian uint32 with the length of what
// follows, an RLE hybrid.

func beginLevels(dst []byte) ([]byte, int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

func endLevels(dst []byte, at int) []byte {
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendPresence encodes n bits from words, starting at bit 0, as levels of
// width 1. A bit-packed run of that width is the bitmap itself. nil means that
// all bits are set.
func appendPresence(dst []byte, words []uint64, n int) []byte {
	dst, at := beginLevels(dst)
	if words == nil {
		dst = appendRun(dst, 1, n, 1)
		return endLevels(dst, at)
	}
	if set := countBits(words, 0, n); min(set, n-set) < n/64 {
		return endLevels(appendSparse(dst, words, n), at)
	}
	whole := n / 64
	literal := 0 // first word that is not written yet
	for i := 0; i < whole; {
		w := words[i]
		if w+1 > 1 { // neither all zeros nor all ones
			i++
			continue
		}
		end := i + 1
		for end < whole && words[end] == w {
			end++
		}
		length := (end - i) * 64
		if tail := n - whole*64; end == whole && tail > 0 && (words[whole]^w)<<(64-tail) == 0 {
			length += tail
		}
		if end-i < 2 && length < n {
			i = end
			continue
		}
		dst = appendWords(dst, words[literal:i], (i-literal)*64)
		dst = appendRun(dst, uint32(w&1), length, 1)
		if literal, i = end, end; length > 0 && i == whole && length&63 != 0 {
			return endLevels(dst, at)
		}
	}
	dst = appendWords(dst, words[literal:], n-literal*64)
	return endLevels(dst, at)
}

// appendSparse encodes n bits that are nearly all the same. It looks at bytes,
// not words, so that a single one costs five bytes.
func appendSparse(dst []byte, words []uint64, n int) []byte {
	bytes := (n + 7) / 8
	byteAt := func(i int) byte {
		b := byte(words[i>>3] >> (8 * (i & 7)))
		if i == bytes-1 && n&7 != 0 {
			b &= 1<<(n&7) - 1
		}
		return b
	}
	const long = 4 // bytes from which a run of equal bits is worth it
	literal := 0
	flush := func(end int) {
		if literal < end {
			dst = binary.AppendUvarint(dst, uint64(end-literal)<<1|1)
			for ; literal < end; literal++ {
				dst = append(dst, byteAt(literal))
			}
		}
	}
	for i := 0; i < bytes; {
		b := byteAt(i)
		end := i + 1
		if b+1 > 1 { // neither zeros nor ones
			i = end
			continue
		}
		for end < bytes && byteAt(end) == b {
			end++
		}
		if length := min(8*end, n) - 8*i; end-i >= long || length == n {
			flush(i)
			dst = appendRun(dst, uint32(b&1), length, 1)
			literal = end
		}
		i = end
	}
	flush(bytes)
	return dst
}

// appendWords writes the first n bits of words as a bit-packed run.
func appendWords(dst []byte, words []uint64, n int) []byte {
	if n == 0 {
		return dst
	}
	groups := (n + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	for i := range n / 64 {
		dst = binary.LittleEndian.AppendUint64(dst, words[i])
	}
	if tail := n & 63; tail != 0 {
		w := words[n/64] & (1<<tail - 1)
		for ; tail > 0; tail -= 8 {
			dst = append(dst, byte(w))
			w >>= 8
		}
	}
	return dst
}

// countBits counts the bits from from to end that are set.
func countBits(words []uint64, from, end int) int {
	if from >= end {
		return 0
	}
	first, last := from>>6, (end-1)>>6
	head := ^uint64(0) << (from & 63)
	tail := ^uint64(0) >> (63 - (end-1)&63)
	if first == last {
		return bits.OnesCount64(words[first] & head & tail)
	}
	n := bits.OnesCount64(words[first]&head) + bits.OnesCount64(words[last]&tail)
	for _, w := range words[first+1 : last] {
		n += bits.OnesCount64(w)
	}
	return n
}
