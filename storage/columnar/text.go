package columnar

import (
	"math"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
)

// validText replaces what is not UTF-8 by U+FFFD.
func validText(s string) (valid string, repaired bool) {
	if utf8.ValidString(s) {
		return s, false
	}
	return strings.ToValidUTF8(s, "\uFFFD"), true
}

// validEncoding replaces what is not UTF-8 in the text inside an encoded array
// or map. Where all bytes together are UTF-8, each text is: what stands before
// and after one is ASCII, the end of a length and a tag.
func validEncoding(enc string) (valid string, repaired bool) {
	if utf8.ValidString(enc) {
		return enc, false
	}
	b, repaired := storage.RepairAnyValue(viewBytes(enc))
	return viewString(b), repaired
}

// viewString reads b as a string without a copy; b must not change while the
// string is in use.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// viewBytes reads s as bytes without a copy; they must not be written to.
func viewBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func bytesValue(s string) storage.Value { return storage.Bytes(viewBytes(s)) }
func floatOf(bits uint64) storage.Value { return storage.Float(math.Float64frombits(bits)) }
func boolBit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func floatBits(v storage.Value) uint64 { return math.Float64bits(v.Float()) }
