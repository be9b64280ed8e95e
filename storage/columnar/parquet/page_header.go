package parquet

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// pageHeader is what a page says of itself.
type pageHeader struct {
	kind                       int32
	raw, packed                int32
	crc                        int32
	checked                    bool // crc is there
	values, encoding           int32
	definitions, repetitions   int32 // encodings
	dataHeader, dictionaryHead bool
}

func (r *thriftReader) pageHeader() (h pageHeader) {
	h.kind, h.encoding = -1, -1
	r.fields(func(id int) bool {
		switch id {
		case 1:
			h.kind = r.i32()
		case 2:
			h.raw = r.i32()
		case 3:
			h.packed = r.i32()
		case 4:
			h.crc, h.checked = r.i32(), true
		case 5, 7:
			if !r.expect(thriftStruct) {
				break
			}
			h.dataHeader, h.dictionaryHead = id == 5, id == 7
			r.fields(func(id int) bool {
				switch id {
				case 1:
					h.values = r.i32()
				case 2:
					h.encoding = r.i32()
				case 3:
					if !h.dataHeader {
						return false
					}
					h.definitions = r.i32()
				case 4:
					h.repetitions = r.i32()
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	return h
}

// unzstd decodes pages; it may be used by several goroutines.
var unzstd = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxMemory(MaxPageBytes), zstd.WithDecoderLowmem(true))
})

// open checks a page, which is all of data, and decompresses it into
// s.plain. It returns "" or what is wrong.
func (s *scratch) open(data []byte) (h pageHeader, reason string, err error) {
	r := thriftReader{b: data}
	h = r.pageHeader()
	body := r.b
	switch {
	case r.bad:
		return h, "the page header is not readable", nil
	case h.dataHeader != (h.kind == pageData) || h.dictionaryHead != (h.kind == pageDictionary) || h.values < 0 || h.raw < 0:
		return h, "the page header is not that of a page", nil
	case int(h.packed) != len(body):
		return h, fmt.Sprintf("the header says %d bytes, there are %d", h.packed, len(body)), nil
	case !h.checked || crc32.ChecksumIEEE(body) != uint32(h.crc):
		return h, "the checksum is wrong", nil
	case int(h.raw) > maxRaw(len(body)):
		return h, fmt.Sprintf("the header says %d bytes for %d compressed ones", h.raw, len(body)), nil
	}
	s.plain = sized(s.plain, int(h.raw))
	z, err := unzstd()
	if err != nil {
		return h, "", fmt.Errorf("parquet: starting zstd: %w", err)
	}
	if !s.decompress(z, body) {
		reason = fmt.Sprintf("the frame does not decompress to %d bytes", h.raw)
	}
	return h, reason, nil
}

// decompress fills plain with the content of a frame, which must be as large.
func (s *scratch) decompress(z *zstd.Decoder, frame []byte) bool {
	if plain, ok := stored(frame, len(s.plain)); ok {
		copy(s.plain, plain)
		return true
	}
	plain, err := z.DecodeAll(frame, s.plain[:0:len(s.plain)])
	return err == nil && len(plain) == len(s.plain)
}
