package ingestext

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// knownEncodings is what Accept-Encoding of a refusal says.
const knownEncodings = "gzip, zstd, deflate, zlib, snappy, lz4"

// encodingError says that nothing here decodes a Content-Encoding.
type encodingError string

func (e encodingError) Error() string {
	return fmt.Sprintf("unknown Content-Encoding %q: use one of %s, or none", string(e), knownEncodings)
}

// knows says whether decompress knows an encoding.
func knows(encoding string) bool {
	switch encoding {
	case "", "identity", "gzip", "zstd", "deflate", "zlib", "lz4", "snappy", "x-snappy-framed":
		return true
	}
	return false
}

// decompress returns a reader of what body holds in the encoding and a function
// that must be called when the reader is used no more. limit is the size after
// decompression above which it need not read; take charges for what is held in
// memory besides what is read.
func decompress(encoding string, body io.Reader, limit int64, take func(int64) error) (io.Reader, func(), error) {
	none := func() {}
	switch encoding {
	case "", "identity":
		return body, none, nil
	case "gzip":
		r := gzipReaders.Get().(*gzip.Reader)
		if err := r.Reset(body); err != nil {
			gzipReaders.Put(r)
			return nil, none, err
		}
		return r, func() { gzipReaders.Put(r) }, nil
	case "zstd":
		body, err := chargeWindow(body, take)
		if err != nil {
			return nil, none, err
		}
		r := zstdReaders.Get().(*zstd.Decoder)
		if err := r.Reset(body); err != nil {
			zstdReaders.Put(r)
			return nil, none, err
		}
		return r, func() {
			if r.Reset(nil) == nil { // lets go of the body
				zstdReaders.Put(r)
			}
		}, nil
	case "deflate", "zlib":
		r, err := zlib.NewReader(body)
		return r, none, err
	case "lz4":
		return lz4.NewReader(body), none, nil
	case "snappy", "x-snappy-framed":
		r, err := snappyReader(body, limit, take)
		return r, none, err
	}
	return nil, none, encodingError(encoding)
}

var (
	gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zstdReaders = sync.Pool{New: func() any {
		// Both options are valid, so that there is no error.
		r, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		return r
	}}
)

// newWholeZstd returns a decoder of whole bodies, which any number of requests
// may share. limit is the size above which it need not unpack; it may unpack as
// much as a window holds, because it refuses a window that is larger than what
// it may unpack, however little is in it. The options are valid, so that there
// is no error.
func newWholeZstd(limit int64) *zstd.Decoder {
	d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(max(uint64(limit), maxWindow)), zstd.WithDecoderMaxWindow(maxWindow))
	return d
}

// chargeWindow takes for what the first frame of a zstd body makes a decoder
// remember, which is up to maxWindow however short the body is.
func chargeWindow(body io.Reader, take func(int64) error) (io.Reader, error) {
	buffered := bufio.NewReaderSize(body, zstd.HeaderMaxSize)
	start, _ := buffered.Peek(zstd.HeaderMaxSize)
	var header zstd.Header
	_ = header.Decode(start) // what is wrong with it is for the decoder to say
	return buffered, take(int64(min(header.WindowSize, maxWindow)))
}

// maxWindow bounds what a zstd sender may make a decoder remember.
const maxWindow = 64 << 20

var snappyFrame = []byte("\xff\x06\x00\x00sNaPpY")

// snappyReader reads both forms of snappy that senders call by that name.
func snappyReader(body io.Reader, limit int64, take func(int64) error) (io.Reader, error) {
	buffered := bufio.NewReader(body)
	if start, _ := buffered.Peek(len(snappyFrame)); bytes.Equal(start, snappyFrame) {
		return s2.NewReader(buffered, s2.ReaderMaxBlockSize(64<<10)), nil
	}
	block, err := io.ReadAll(&chargedReader{buffered, take})
	if err != nil {
		return nil, err
	}
	n, err := s2.DecodedLen(block)
	switch {
	case err != nil:
		return nil, err
	case int64(n) > limit:
		return nil, tooLargeError(limit)
	}
	if err := take(int64(n)); err != nil { // besides what the receiver reads it into
		return nil, err
	}
	plain, err := s2.Decode(nil, block)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(plain), nil
}
