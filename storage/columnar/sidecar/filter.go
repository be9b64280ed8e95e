package sidecar

import "encoding/binary"

// Filter is a split-block Bloom filter, built as the Parquet format describes
// it: 32-byte blocks of eight words, one bit in each word of one block per
// hash. A probe touches one cache line. The zero Filter contains nothing.
type Filter struct {
	blocks []filterBlock
}

type filterBlock [filterWords]uint32

const (
	filterWords     = 8
	filterBlockSize = 4 * filterWords
	maxFilterBlocks = 1<<31 - 1
)

const (
	DefaultBitsPerEntry   = 10      // of 100 hashes that were not added, about one seems to be there
	DefaultMaxFilterBytes = 1 << 20 // 840,000 entries at ten bits
)

// NewFilter builds a filter of hashes, whose 64 bits must be well mixed. It
// takes bitsPerEntry for each, repeated or not, but at most maxBytes: beyond
// that it answers yes more often. Zero means the default for both.
func NewFilter(hashes []uint64, bitsPerEntry, maxBytes int) *Filter {
	if bitsPerEntry <= 0 {
		bitsPerEntry = DefaultBitsPerEntry
	}
	if maxBytes <= 0 {
		maxBytes = DefaultMaxFilterBytes
	}
	if len(hashes) == 0 {
		return &Filter{}
	}
	n := (len(hashes)*bitsPerEntry + 8*filterBlockSize - 1) / (8 * filterBlockSize)
	f := &Filter{make([]filterBlock, max(1, min(n, maxBytes/filterBlockSize, maxFilterBlocks)))}
	for _, h := range hashes {
		b := &f.blocks[blockOf(h, len(f.blocks))]
		for i, salt := range filterSalts {
			b[i] |= 1 << (uint32(h) * salt >> 27)
		}
	}
	return f
}

// MayContain is true for every hash that was added and for few others.
func (f *Filter) MayContain(hash uint64) bool {
	return len(f.blocks) > 0 && f.blocks[blockOf(hash, len(f.blocks))].has(hash)
}

// Bytes is how much memory the filter takes.
func (f *Filter) Bytes() int { return filterBlockSize * len(f.blocks) }

var filterSalts = [filterWords]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// blockOf chooses one of n blocks by the upper half of the hash.
func blockOf(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }

func (b *filterBlock) has(hash uint64) bool {
	missing := uint32(0)
	for i, salt := range filterSalts {
		missing |= ^b[i] >> (uint32(hash) * salt >> 27) & 1
	}
	return missing == 0
}

func (b *filterBlock) decode(raw []byte) {
	for i := range b {
		b[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
}
