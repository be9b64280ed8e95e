// Package bytepool keeps the buffers that requests are read into, so that a
// steady stream of requests allocates none.
//
// A buffer comes back with whatever was in it before: who takes one must write
// what it reads.
package bytepool

import (
	"errors"
	"io"
	"math/bits"
	"sync"

	"google.golang.org/grpc/mem"
)

// Buffers are kept by powers of two between these; a larger one is left to the
// garbage collector, because a single odd request must not be held on to.
const (
	minBits = 12 // 4 KiB
	maxBits = 24 // 16 MiB
)

// firstBytes bounds what a request is given before any of it has arrived. The
// length that a sender announces costs it nothing.
const firstBytes = 1 << 20

// Pool is what everybody shares. It is safe for concurrent use.
var Pool mem.BufferPool = new(pool)

type pool [maxBits - minBits + 1]sync.Pool

// Get returns a buffer of length bytes.
func (p *pool) Get(length int) *[]byte {
	class := max(bits.Len(uint(max(length, 1)-1)), minBits) // of the smallest that holds length
	if class > maxBits {
		b := make([]byte, length)
		return &b
	}
	if b, ok := p[class-minBits].Get().(*[]byte); ok {
		*b = (*b)[:length]
		return b
	}
	b := make([]byte, length, 1<<class)
	return &b
}

// Put takes a buffer back, which may have come from elsewhere.
func (p *pool) Put(b *[]byte) {
	class := bits.Len(uint(cap(*b))) - 1 // of the largest that b can stand in for
	if class >= minBits && class <= maxBits {
		p[class-minBits].Put(b)
	}
}

// ReadAll reads r to its end into a buffer, which the caller must Put when it
// uses it no more. expected is the length if it is known, and may be wrong. With
// an error there is no buffer.
func ReadAll(r io.Reader, expected int64) (*[]byte, error) {
	// One more than expected, so that the end is seen without a larger buffer.
	b := Pool.Get(int(min(max(expected+1, 512), firstBytes)))
	*b = (*b)[:0]
	for {
		if len(*b) == cap(*b) {
			b = Grow(b)
		}
		n, err := r.Read((*b)[len(*b):cap(*b)])
		*b = (*b)[:len(*b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			Pool.Put(b)
			return nil, err
		}
	}
}

// Grow returns a buffer with the contents of b and twice its capacity, and
// takes b back.
func Grow(b *[]byte) *[]byte {
	larger := Pool.Get(2 * max(cap(*b), 512))
	*larger = (*larger)[:copy(*larger, *b)]
	Pool.Put(b)
	return larger
}
