package parquet

import (
	"encoding/binary"
	"hash/crc32"
)

// maxRatio bounds how much smaller a page may become: a reader allocates what
// a page header says, and believes no more than this.
const (
	maxRatio = 512
	freeSize = 1 << 20 // a page of this size may have any ratio
)

// maxRaw is the largest size before compression of a page that has that many
// bytes in the file.
func maxRaw(compressed int) int { return min(MaxPageBytes, freeSize+maxRatio*compressed) }

// section returns raw dictionary or page i: 0 is the dictionary.
func (e *encoder) section(i int) []byte {
	if i == 0 {
		return e.raw[:e.ends[0]]
	}
	return e.raw[e.ends[i-1]:e.ends[i]]
}

// compress sets pack to what the sections become. Whether the chunk is worth
// the compressor's time is decided by its dictionary and its largest page; if
// not, the frames hold the bytes as they are. The codec of all chunks is the
// same because some readers take that of a column's first chunk for all.
func (e *encoder) compress() {
	n := len(e.ends)
	for len(e.pack) < n {
		e.pack = append(e.pack, nil)
	}
	largest := 1
	for i := 2; i < n; i++ {
		if len(e.section(i)) > len(e.section(largest)) {
			largest = i
		}
	}
	// Pages of a hundred bytes are not worth the time that the compressor takes
	// to build its tables.
	if len(e.raw) > 96*n {
		dict, page := e.zip(0), e.zip(largest)
		pages := len(e.raw) - e.ends[0]
		packed := float64(dict) + float64(page)*float64(pages)/float64(max(1, len(e.section(largest))))
		if packed <= 0.97*float64(len(e.raw)) {
			for i := 1; i < n; i++ {
				if i != largest {
					e.zip(i)
				}
			}
			return
		}
	}
	for i := range n {
		e.store(i)
	}
}

func (e *encoder) store(i int) {
	e.pack[i] = e.pack[i][:0]
	if i > 0 || e.entries > 0 {
		e.pack[i] = appendStored(e.pack[i], e.section(i))
	}
}

func (e *encoder) zip(i int) int {
	raw := e.section(i)
	if i == 0 && len(raw) == 0 { // there is no dictionary, and no frame for it
		e.pack[i] = e.pack[i][:0]
		return 0
	}
	packed := e.zstd.EncodeAll(raw, e.pack[i][:0])
	if need := (len(raw) - freeSize + maxRatio - 1) / maxRatio; len(packed) < need {
		packed = appendSkippable(packed, need-len(packed))
	}
	e.pack[i] = packed
	return len(packed)
}

// appendSkippable adds a frame that decompresses to nothing, of at least n
// bytes.
func appendSkippable(dst []byte, n int) []byte {
	n = max(n-8, 0)
	dst = binary.LittleEndian.AppendUint32(dst, 0x184d2a50)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	return append(dst, make([]byte, n)...)
}

// emit appends header and body of a section to out.
func (e *encoder) emit(i int) {
	raw, body := e.section(i), e.pack[i]
	w := &e.head
	*w = thriftWriter{b: e.out, outer: w.outer[:0]}
	w.open(0)
	if i == 0 {
		w.i32(1, pageDictionary)
	} else {
		w.i32(1, pageData)
	}
	w.i32(2, int32(len(raw)))
	w.i32(3, int32(len(body)))
	w.i32(4, int32(crc32.ChecksumIEEE(body)))
	if i == 0 {
		w.open(7)
		w.i32(1, int32(e.entries))
		w.i32(2, encodingPlain)
		w.close()
	} else {
		w.open(5)
		w.i32(1, int32(e.pages[i-1].places))
		w.i32(2, e.encoding)
		w.i32(3, encodingRLE)
		w.i32(4, encodingRLE)
		w.close()
	}
	w.close()
	e.out = append(w.b, body...)
}
