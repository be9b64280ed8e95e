package ingestext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/heddle-io/heddle/receivers/otlpdirect"
	"github.com/heddle-io/heddle/receivers/otlpdirect/bytepool"
	"github.com/heddle-io/heddle/storage"
)

// requestBody is a body that decompresses itself: piece by piece as most
// receivers read it, or as a whole for one that wants to have it as it arrived
// too. It remembers why reading failed: a limit, whoever set it, an end before
// the announced one, or bytes that do not decompress. Receivers say no more
// than that it failed, and some call it a failure of the server.
type requestBody struct {
	w        http.ResponseWriter
	wire     io.ReadCloser // as it arrives
	length   int64         // of wire, -1 when it is not known
	encoding string        // a known one
	limit    int64         // of what is decompressed
	zstd     func() *zstd.Decoder
	share    share // what is charged for it

	plain   io.Reader // made by the first Read
	release func()    // of what plain reads with
	buffers []*[]byte // that Whole handed out
	failed  error
}

var _ otlpdirect.WholeBody = (*requestBody)(nil)

func (b *requestBody) Read(p []byte) (int, error) {
	if b.plain == nil {
		plain, release, err := decompress(b.encoding, b.wire, b.limit, b.share.take)
		b.release = release
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // nothing at all is not an empty body in an encoding
		}
		if err != nil {
			return 0, b.fail(err)
		}
		b.plain = http.MaxBytesReader(b.w, io.NopCloser(plain), b.limit)
	}
	n, err := b.plain.Read(p)
	if busy := b.share.take(int64(n)); busy != nil {
		return n, b.fail(busy)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.fail(err)
	}
	return n, err
}

func (b *requestBody) Close() error { return b.wire.Close() }

// fail remembers why the body could not be read, and returns err.
func (b *requestBody) fail(err error) error {
	var (
		large   tooLargeError
		maximum *http.MaxBytesError
		busy    busyError
	)
	switch {
	case errors.As(err, &busy):
		b.failed = busy
	case errors.As(err, &large):
		b.failed = large
	case errors.As(err, &maximum):
		b.failed = tooLargeError(maximum.Limit)
	default:
		b.failed = fmt.Errorf("the body cannot be read: %w", err)
	}
	return err
}

// free lets go of what reading took. Nothing of the body may be used after it.
func (b *requestBody) free() {
	if b.release != nil {
		b.release()
	}
	for _, buffer := range b.buffers {
		bytepool.Pool.Put(buffer)
	}
	b.buffers = nil
	b.share.free()
}

// Whole implements otlpdirect.WholeBody.
func (b *requestBody) Whole() (storage.OTLPRequest, error) {
	unpack := b.unpacker()
	if unpack == nil {
		plain, err := bytepool.ReadAll(b, b.plainLength())
		if err != nil {
			return storage.OTLPRequest{}, err // Read has remembered it
		}
		b.buffers = append(b.buffers, plain)
		return storage.OTLPRequest{Body: *plain}, nil
	}
	wire, err := bytepool.ReadAll(&chargedReader{b.wire, b.share.take}, b.length)
	if err != nil {
		return storage.OTLPRequest{}, b.fail(err)
	}
	b.buffers = append(b.buffers, wire)
	if b.encoding == "snappy" && bytes.HasPrefix(*wire, snappyFrame) {
		// Not what storage means by snappy: as with an encoding that it does not have.
		b.wire = struct {
			io.Reader
			io.Closer
		}{bytes.NewReader(*wire), b.wire}
		plain, err := bytepool.ReadAll(b, 0)
		if err != nil {
			return storage.OTLPRequest{}, err
		}
		b.buffers = append(b.buffers, plain)
		return storage.OTLPRequest{Body: *plain}, nil
	}
	plain, err := unpack(*wire)
	if err != nil {
		return storage.OTLPRequest{}, b.fail(err)
	}
	b.buffers = append(b.buffers, plain)
	return storage.OTLPRequest{Body: *plain, Wire: *wire, Encoding: b.encoding}, nil
}

// chargedReader charges a request for what is read of it.
type chargedReader struct {
	io.Reader
	take func(int64) error
}

func (r *chargedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if busy := r.take(int64(n)); busy != nil {
		return n, busy
	}
	return n, err
}

// plainLength is the length of the body when it came as it is.
func (b *requestBody) plainLength() int64 {
	if b.encoding == "" || b.encoding == "identity" {
		return b.length
	}
	return -1
}

// unpacker returns what decompresses a whole body in the encoding, nil when it
// is not one of those that storage.OTLPRequest has.
func (b *requestBody) unpacker() func([]byte) (*[]byte, error) {
	switch b.encoding {
	case "gzip":
		return b.gunzip
	case "zstd":
		return b.unzstd
	case "snappy":
		return b.unsnappy
	}
	return nil
}

// gunzipper is a gzip reader of bytes with all that it reads through.
type gunzipper struct {
	wire    bytes.Reader
	reader  gzip.Reader
	limited io.LimitedReader
}

var gunzippers = sync.Pool{New: func() any { return new(gunzipper) }}

func (b *requestBody) gunzip(wire []byte) (*[]byte, error) {
	g := gunzippers.Get().(*gunzipper)
	defer func() {
		g.wire.Reset(nil) // lets go of the body
		gunzippers.Put(g)
	}()
	g.wire.Reset(wire)
	if err := g.reader.Reset(&g.wire); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF // as in Read
	} else if err != nil {
		return nil, err
	}
	expected := int64(0)
	if len(wire) >= 4 { // the length, modulo 2^32, is what gzip ends with
		expected = int64(binary.LittleEndian.Uint32(wire[len(wire)-4:]))
	}
	g.limited = io.LimitedReader{R: &chargedReader{&g.reader, b.share.take}, N: b.limit + 1}
	plain, err := bytepool.ReadAll(&g.limited, min(expected, b.limit))
	if err == nil && int64(len(*plain)) > b.limit {
		bytepool.Pool.Put(plain)
		return nil, tooLargeError(b.limit)
	}
	return plain, err
}

func (b *requestBody) unzstd(wire []byte) (*[]byte, error) {
	expected := int64(4 * len(wire))
	var header zstd.Header
	if header.Decode(wire) == nil && header.HasFCS {
		if header.FrameContentSize > uint64(b.limit) {
			return nil, tooLargeError(b.limit)
		}
		expected = int64(header.FrameContentSize)
	}
	expected = min(expected, b.limit)
	if err := b.share.take(expected); err != nil {
		return nil, err
	}
	plain := bytepool.Pool.Get(int(expected))
	unpacked, err := b.zstd().DecodeAll(wire, (*plain)[:0])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || err == nil && int64(len(unpacked)) > b.limit {
		err = tooLargeError(b.limit)
	}
	if err == nil {
		err = b.share.take(max(int64(len(unpacked))-expected, 0))
	}
	if err != nil {
		bytepool.Pool.Put(plain)
		return nil, err
	}
	*plain = unpacked
	return plain, nil
}

func (b *requestBody) unsnappy(wire []byte) (*[]byte, error) {
	n, err := s2.DecodedLen(wire)
	switch {
	case err != nil:
		return nil, err
	case int64(n) > b.limit:
		return nil, tooLargeError(b.limit)
	}
	if err := b.share.take(int64(n)); err != nil {
		return nil, err
	}
	plain := bytepool.Pool.Get(n)
	if *plain, err = s2.Decode((*plain)[:0], wire); err != nil {
		return nil, err
	}
	return plain, nil
}
