package ingestext

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// packed returns text in every encoding.
func packed(t testing.TB, text string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"": []byte(text), "identity": []byte(text), "snappy": s2.EncodeSnappy(nil, []byte(text))}
	for encoding, open := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":            func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zlib":            func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"deflate":         func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"lz4":             func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) },
		"x-snappy-framed": func(w io.Writer) io.WriteCloser { return s2.NewWriter(w, s2.WriterSnappyCompat()) },
		"zstd": func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
	} {
		var b bytes.Buffer
		w := open(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all[encoding] = b.Bytes()
	}
	return all
}

func TestDecompress(t *testing.T) {
	text := strings.Repeat("heddle ", 1000)
	for range 2 { // the second time with readers that were used
		for encoding, body := range packed(t, text) {
			r, release, err := decompress(encoding, bytes.NewReader(body), 1<<20, freeOfCharge)
			if err != nil {
				t.Errorf("%s: %v", encoding, err)
				continue
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != text {
				t.Errorf("%s: %d bytes, %v", encoding, len(got), err)
			}
			release()
		}
	}
}

func TestDecompressRefuses(t *testing.T) {
	if _, _, err := decompress("br", nil, 1, freeOfCharge); !errors.As(err, new(encodingError)) {
		t.Errorf("unknown encoding: %v", err)
	}
	large := s2.EncodeSnappy(nil, make([]byte, 1000))
	if _, _, err := decompress("snappy", bytes.NewReader(large), 999, freeOfCharge); !errors.As(err, new(tooLargeError)) {
		t.Errorf("too large: %v", err)
	}
	for encoding, body := range packed(t, "") {
		if encoding == "" || encoding == "identity" {
			continue
		}
		r, release, err := decompress(encoding, strings.NewReader("this is plain text and nothing else"), 1<<20, freeOfCharge)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		release()
		if err == nil {
			t.Errorf("%s: plain text is taken (empty is %x)", encoding, body)
		}
	}
}
