package jaeger

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"testing"

	"github.com/jaegertracing/jaeger-idl/model/v1"

	"github.com/heddle-io/heddle/storage"
)

func TestParseTraceID(t *testing.T) {
	long := storage.TraceID{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}
	short := storage.TraceID{8: 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0xff}
	for text, want := range map[string]storage.TraceID{
		"0123456789abcdeffedcba9876543210": long,
		"123456789abcdeffedcba9876543210":  long,
		"123456789ABCDEFfedcba9876543210":  long,
		"ASNFZ4mrze/+3LqYdlQyEA==":         long,
		"ASNFZ4mrze/+3LqYdlQyEA":           long,
		"ASNFZ4mrze_-3LqYdlQyEA==":         long,
		"ASNFZ4mrze_-3LqYdlQyEA":           long,
		"fedcba98765432ff":                 short,
		"0000000000000000fedcba98765432ff": short,
		"/ty6mHZUMv8=":                     short,
		"_ty6mHZUMv8":                      short,
		"1":                                {15: 1},
		"0":                                {},
		"10000000000000001":                {7: 1, 15: 1},
	} {
		if got, err := parseTraceID(text); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                                  `strconv.ParseUint: parsing "": invalid syntax`,
		"-1":                                `strconv.ParseUint: parsing "-1": invalid syntax`,
		"xyz!":                              `strconv.ParseUint: parsing "xyz!": invalid syntax`,
		"zzzz":                              `strconv.ParseUint: parsing "zzzz": invalid syntax`,
		"0123456789abcdef0123456789abcdef0": "TraceID cannot be longer than 32 hex characters: 0123456789abcdef0123456789abcdef0",
	} {
		if _, err := parseTraceID(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// Every form of an id finds the trace, in the path and as a parameter.
func TestTraceIDForms(t *testing.T) {
	h := newTestHandler(memoryOf(shop()))
	for _, text := range []string{"00000000000000010000000000000001", "10000000000000001", "AAAAAAAAAAEAAAAAAAAAAQ==", "AAAAAAAAAAEAAAAAAAAAAQ"} {
		for _, target := range []string{"/api/traces/" + url.PathEscape(text), "/api/traces?traceID=" + url.QueryEscape(text)} {
			if w := get(h, target); w.Code != 200 || len(decode(t, w.Body.Bytes()).Data) != 1 {
				t.Errorf("%s: %d %s", target, w.Code, w.Body)
			}
		}
	}
}

func FuzzTraceID(f *testing.F) {
	for _, seed := range []string{"", "1", "fedcba98765432ff", "ASNFZ4mrze/+3LqYdlQyEA==", "_ty6mHZUMv8", "0123456789abcdef0123456789abcdef0", "+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTraceID(text)
		want, wantErr := model.TraceIDFromString(text)
		if wantErr != nil {
			if err == nil && len(text) != 12 && len(text) != 11 && len(text) != 22 && len(text) != 24 && !hasNewline(text) {
				t.Fatalf("%q was taken as %s", text, got)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: %v, Jaeger takes it", text, err)
		}
		if high, low := binary.BigEndian.Uint64(got[:8]), binary.BigEndian.Uint64(got[8:]); high != want.High || low != want.Low {
			t.Fatalf("%q: %s, Jaeger reads %s", text, got, want)
		}
		if shown := string(appendTraceID(nil, got)); shown != want.String() {
			t.Fatalf("%q is shown as %s, by Jaeger as %s", text, shown, want)
		}
	})
}

// hasNewline: base64 skips line ends, so that other lengths decode too.
func hasNewline(s string) bool {
	for _, c := range s {
		if c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

func TestSpanIDLikeJaeger(t *testing.T) {
	for _, n := range []uint64{0, 1, 0xab, 1 << 63} {
		var id storage.SpanID
		binary.BigEndian.PutUint64(id[:], n)
		if got, want := string(appendSpanID(nil, id)), fmt.Sprint(model.NewSpanID(n)); got != want {
			t.Errorf("%d: %s, Jaeger has %s", n, got, want)
		}
	}
}
