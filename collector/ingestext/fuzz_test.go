package ingestext

import (
	"bytes"
	"io"
	"testing"
)

// Whatever arrives in whatever encoding ends in bytes or an error, reads no
// more than the limit, and leaves the pooled readers usable.
func FuzzDecompress(f *testing.F) {
	const limit = 1 << 16
	good := packed(f, "heddle heddle heddle")
	for encoding, body := range good {
		f.Add(encoding, body)
		f.Add(encoding, body[:len(body)/2])
	}
	f.Add("br", []byte("x"))
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		if r, release, err := decompress(encoding, bytes.NewReader(body), limit, freeOfCharge); err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(r, limit+1))
			release()
		}
		text, known := good[encoding]
		if !known {
			return
		}
		r, release, err := decompress(encoding, bytes.NewReader(text), limit, freeOfCharge)
		if err != nil {
			t.Fatalf("%s: a good body after a bad one: %v", encoding, err)
		}
		defer release()
		if got, err := io.ReadAll(r); err != nil || string(got) != "heddle heddle heddle" {
			t.Fatalf("%s: a good body after a bad one: %q, %v", encoding, got, err)
		}
	})
}
