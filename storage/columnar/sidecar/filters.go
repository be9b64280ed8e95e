package sidecar

import (
	"encoding/binary"
	"fmt"
)

// Filters are stored in pages of 64 blocks and a checksum: a probe reads and
// checks 2 KB, which costs the disk as much as reading 32 bytes.
const (
	blocksPerPage = 64
	noFilter      = ^uint32(0) // blocks of a group that may contain anything
)

func pagesSize(blocks uint32) int64 {
	pages := (int64(blocks) + blocksPerPage - 1) / blocksPerPage
	return int64(blocks)*filterBlockSize + pages*crcSize
}

// encodeFilterHead has the number of blocks of every group.
func encodeFilterHead(groups int, filters []*Filter) []byte {
	var b []byte
	for i := range groups {
		blocks := noFilter
		if len(filters) > 0 && filters[i] != nil {
			blocks = uint32(len(filters[i].blocks))
		}
		b = binary.LittleEndian.AppendUint32(b, blocks)
	}
	return b
}

// pages writes the blocks of a filter.
func (s *sectionWriter) pages(f *Filter) {
	if f == nil {
		return
	}
	for from := 0; from < len(f.blocks); from += blocksPerPage {
		b := s.scratch[:0]
		for _, block := range f.blocks[from:min(from+blocksPerPage, len(f.blocks))] {
			for _, word := range block {
				b = binary.LittleEndian.AppendUint32(b, word)
			}
		}
		s.scratch = appendCRC(b, 0)
		s.write(s.scratch)
	}
}

// filterIndex says where the filter of a group is.
type filterIndex struct {
	blocks  []uint32
	offsets []int64 // of the first page in the body
}

// MayContain asks the filter of a row group about one hash, reading one page.
// It is true when the group has no filter. It does not allocate.
func (x *Index) MayContain(group int, hash uint64) (bool, error) {
	fi, err := x.filterIndex(group)
	if err != nil {
		return false, err
	}
	blocks := fi.blocks[group]
	if blocks == noFilter || blocks == 0 {
		return blocks != 0, nil
	}
	at := blockOf(hash, int(blocks))
	page := at / blocksPerPage
	n := min(int(blocks)-page*blocksPerPage, blocksPerPage)
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	raw, err := x.read(sectionFilters, sized(buf, n*filterBlockSize+crcSize), x.pageAt(fi, group, page))
	if err != nil {
		return false, err
	}
	var b filterBlock
	b.decode(raw[at%blocksPerPage*filterBlockSize:])
	return b.has(hash), nil
}

// LoadFilter reads the whole filter of a row group, for whoever has many
// hashes to ask for. It is nil when the group has none.
func (x *Index) LoadFilter(group int) (*Filter, error) {
	fi, err := x.filterIndex(group)
	if err != nil {
		return nil, err
	}
	blocks := fi.blocks[group]
	if blocks == noFilter {
		return nil, nil
	}
	all := make([]byte, pagesSize(blocks))
	if err := readFull(x.r, all, x.pageAt(fi, group, 0), sectionFilters.String()); err != nil {
		return nil, err
	}
	f := &Filter{make([]filterBlock, blocks)}
	for from := 0; from < len(f.blocks); from += blocksPerPage {
		n := min(len(f.blocks)-from, blocksPerPage)
		size := n*filterBlockSize + crcSize
		raw, ok := cutCRC(all[:size])
		if !ok {
			return nil, corrupt(sectionFilters.String(), x.pageAt(fi, group, from/blocksPerPage), "wrong checksum of %d bytes", size)
		}
		for i := range n {
			f.blocks[from+i].decode(raw[i*filterBlockSize:])
		}
		all = all[size:]
	}
	return f, nil
}

func (x *Index) pageAt(fi *filterIndex, group, page int) int64 {
	return x.sections[sectionFilters].body() + fi.offsets[group] + int64(page)*(blocksPerPage*filterBlockSize+crcSize)
}

func (x *Index) filterIndex(group int) (*filterIndex, error) {
	fi, err := x.filters.get(func() (*filterIndex, error) {
		b, err := x.head(sectionFilters)
		if err != nil {
			return nil, err
		}
		s := x.sections[sectionFilters]
		fi, ok := decodeFilterIndex(b, s.length-s.head)
		if !ok {
			return nil, x.corruptHead(sectionFilters, 0)
		}
		return fi, nil
	})
	if err == nil && (group < 0 || group >= len(fi.blocks)) {
		return nil, fmt.Errorf("sidecar: row group %d of %d", group, len(fi.blocks))
	}
	return fi, err
}

func decodeFilterIndex(b []byte, body int64) (*filterIndex, bool) {
	n := len(b) / 4
	if n*4 != len(b) || n > MaxGroups {
		return nil, false
	}
	c := cursor{b: b}
	fi := &filterIndex{make([]uint32, n), make([]int64, n)}
	at := int64(0)
	for i := range n {
		fi.blocks[i], fi.offsets[i] = c.u32(), at
		switch blocks := fi.blocks[i]; {
		case blocks == noFilter:
		case blocks > maxFilterBlocks:
			return nil, false
		default:
			at += pagesSize(blocks)
		}
		if at > body {
			return nil, false
		}
	}
	return fi, at == body
}
