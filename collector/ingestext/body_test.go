package ingestext

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

const bodyLimit = 1 << 16

var bodyZstd = sync.OnceValue(func() *zstd.Decoder { return newWholeZstd(bodyLimit) })

func newBody(encoding string, wire []byte) *requestBody {
	return &requestBody{
		w: httptest.NewRecorder(), wire: io.NopCloser(bytes.NewReader(wire)), length: int64(len(wire)),
		encoding: encoding, limit: bodyLimit, zstd: bodyZstd, share: share{of: newInFlight(1 << 40)},
	}
}

// read reads a body in one of its two ways into memory of the caller.
func read(b *requestBody, whole bool) ([]byte, error) {
	defer b.free()
	if !whole {
		return io.ReadAll(b)
	}
	r, err := b.Whole()
	return bytes.Clone(r.Body), err
}

// Both ways to read a body must agree on what is in it, and on the limit.
func TestWholeBody(t *testing.T) {
	for _, text := range []string{"", "heddle", strings.Repeat("heddle ", bodyLimit/7), strings.Repeat("x", bodyLimit), strings.Repeat("x", bodyLimit+1)} {
		for encoding, wire := range packed(t, text) {
			if encoding == "x-snappy-framed" && text == "" {
				continue // its writer leaves nothing, not even a frame
			}
			for _, whole := range []bool{true, false} {
				b := newBody(encoding, wire)
				got, err := read(b, whole)
				if len(text) > bodyLimit {
					if !errors.As(b.failed, new(tooLargeError)) {
						t.Errorf("%s, whole %v: %v, want too large", encoding, whole, b.failed)
					}
					continue
				}
				if err != nil || string(got) != text || b.failed != nil {
					t.Errorf("%s, whole %v: %d bytes of %d, %v", encoding, whole, len(got), len(text), err)
				}
			}
		}
	}
}

func TestWholeBodyHasTheWire(t *testing.T) {
	text := strings.Repeat("heddle ", 1000)
	for encoding, wire := range packed(t, text) {
		b := newBody(encoding, wire)
		r, err := b.Whole()
		if err != nil {
			t.Fatal(err)
		}
		switch encoding {
		case "gzip", "zstd", "snappy":
			if !bytes.Equal(r.Wire, wire) || r.Encoding != encoding {
				t.Errorf("%s: %d bytes in %q", encoding, len(r.Wire), r.Encoding)
			}
		default:
			if r.Wire != nil || r.Encoding != "" {
				t.Errorf("%s: %d bytes in %q", encoding, len(r.Wire), r.Encoding)
			}
		}
		b.free()
	}
	frames := packed(t, text)["x-snappy-framed"]
	b := newBody("snappy", frames)
	defer b.free()
	if r, err := b.Whole(); err != nil || string(r.Body) != text || r.Wire != nil {
		t.Errorf("frames that are called snappy: %d bytes, %d of wire, %v", len(r.Body), len(r.Wire), err)
	}
}

// A window that is larger than the limit is no fault while its contents are not.
func TestZstdWindowAboveTheLimit(t *testing.T) {
	var wire bytes.Buffer
	w, err := zstd.NewWriter(&wire, zstd.WithWindowSize(8<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("heddle ", 5000)
	for range 2 { // in two blocks, so that the frame does not say its length
		if _, err := io.WriteString(w, text[:len(text)/2]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, whole := range []bool{true, false} {
		if got, err := read(newBody("zstd", wire.Bytes()), whole); err != nil || string(got) != text {
			t.Errorf("whole %v: %d bytes, %v", whole, len(got), err)
		}
	}
}

// Whatever arrives, both ways to read it must come to the same.
func FuzzWholeBody(f *testing.F) {
	for encoding, wire := range packed(f, "heddle heddle heddle") {
		f.Add(encoding, wire)
		f.Add(encoding, wire[:len(wire)/2])
		f.Add(encoding, append(bytes.Clone(wire), wire...))
	}
	f.Add("snappy", s2.EncodeSnappy(nil, make([]byte, bodyLimit+1)))
	f.Fuzz(func(t *testing.T, encoding string, wire []byte) {
		if !knows(encoding) {
			return
		}
		whole, pieces := newBody(encoding, wire), newBody(encoding, wire)
		got, err := read(whole, true)
		want, wantErr := read(pieces, false)
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s: whole %d bytes and %v, in pieces %d bytes and %v", encoding, len(got), err, len(want), wantErr)
		}
	})
}
