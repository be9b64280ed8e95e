package jaeger

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/heddle-io/heddle/storage"
)

// maxTraceIDText is the length of the longest form, 32 hex digits.
const maxTraceIDText = 32

// parseTraceID reads a trace id in any form that Jaeger takes: 1 to 32 hex
// digits, without leading zeros or with, or 8 or 16 bytes in base64 of either
// alphabet, padded or not. What is all hex digits is hex.
func parseTraceID(s string) (storage.TraceID, error) {
	if len(s) > maxTraceIDText {
		return storage.TraceID{}, fmt.Errorf("TraceID cannot be longer than 32 hex characters: %s", s)
	}
	id, err := parseHexTraceID(s)
	if err == nil {
		return id, nil
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		b, base64Err := encoding.DecodeString(s)
		if base64Err == nil && (len(b) == 8 || len(b) == 16) {
			copy(id[16-len(b):], b)
			return id, nil
		}
	}
	return storage.TraceID{}, err
}

func parseHexTraceID(s string) (id storage.TraceID, err error) {
	var high, low uint64
	if n := len(s) - 16; n > 0 {
		if high, err = strconv.ParseUint(s[:n], 16, 64); err != nil {
			return storage.TraceID{}, err
		}
		s = s[n:]
	}
	if low, err = strconv.ParseUint(s, 16, 64); err != nil {
		return storage.TraceID{}, err
	}
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id, nil
}

// appendTraceID appends 16 hex digits if the high half is zero, else 32.
func appendTraceID(b []byte, id storage.TraceID) []byte {
	if binary.BigEndian.Uint64(id[:8]) == 0 {
		return hex.AppendEncode(b, id[8:])
	}
	return hex.AppendEncode(b, id[:])
}

func appendSpanID(b []byte, id storage.SpanID) []byte { return hex.AppendEncode(b, id[:]) }
