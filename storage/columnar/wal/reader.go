package wal

import (
	"bytes"
	"io"

	"github.com/heddle-io/heddle/storage/vfs"
)

const (
	readBytes = 4 << 20 // of a read from a segment
	pageBytes = 4 << 10 // what is given up where a read fails
)

// frameReader reads the frames of one segment in order. Where there is none it
// looks for the next. It keeps one buffer, as large as the largest frame.
type frameReader struct {
	file vfs.Reader
	size int64
	off  int64 // where the next byte to look at is in the file
	rest []byte
	buf  []byte

	marker [4]byte
	last   uint64 // LSN of the frame before; the one before the first at first

	dirtyEnd      int64 // end of the last byte that is not zero and in no frame
	unreadableEnd int64 // end of the last page that could not be read
	ioErr         error // the first reason for that
}

func newFrameReader(file vfs.Reader, buf []byte) *frameReader {
	return &frameReader{file: file, size: file.Size(), buf: buf}
}

// seek continues at an offset.
func (r *frameReader) seek(off int64) { r.off, r.rest = off, nil }

// window is what follows in the file: n bytes, fewer at its end, often more.
func (r *frameReader) window(n int) []byte {
	if len(r.rest) >= n || r.off+int64(len(r.rest)) >= r.size {
		return r.rest
	}
	if need := min(int64(max(n, readBytes)), r.size-r.off); int64(cap(r.buf)) < need {
		grown := make([]byte, need)
		copy(grown, r.rest)
		r.buf = grown
	} else {
		copy(r.buf[:cap(r.buf)], r.rest)
	}
	have := len(r.rest)
	end := int(min(int64(cap(r.buf)), r.size-r.off))
	r.rest = r.buf[:end]
	r.readFull(r.rest[have:], r.off+int64(have))
	return r.rest
}

// readFull reads what can be read; the rest becomes zeros.
func (r *frameReader) readFull(p []byte, off int64) {
	n, err := r.file.ReadAt(p, off)
	if n == len(p) {
		return
	}
	clear(p[n:])
	if err == io.EOF { // the file became shorter
		return
	}
	if len(p) > pageBytes {
		for n < len(p) {
			at := off + int64(n)
			page := min(int(pageBytes-at%pageBytes), len(p)-n)
			r.readFull(p[n:n+page], at)
			n += page
		}
		return
	}
	r.unreadableEnd = off + int64(len(p))
	if r.ioErr == nil {
		r.ioErr = err
	}
}

func (r *frameReader) advance(n int) {
	r.off += int64(n)
	r.rest = r.rest[n:]
}

// next returns the next frame, or io.EOF. The frame's memory is good until the
// next call.
func (r *frameReader) next() (frame, error) {
	from := r.off
	for {
		skipped := r.off - from
		// Each frame lost took at least frameBytes.
		if b, ok := r.frame(r.marker, r.last+1, r.last+1+uint64(skipped/frameBytes)); ok {
			f := decodeFrame(b)
			f.skipped = skipped
			r.last = f.LSN
			r.advance(len(b))
			return f, nil
		}
		if !r.toMarker() {
			return frame{}, io.EOF
		}
	}
}

// frame returns the frame that begins here.
func (r *frameReader) frame(marker [4]byte, low, high uint64) ([]byte, bool) {
	b := r.window(frameBytes)
	if len(b) < frameBytes || [4]byte(b) != marker {
		return nil, false
	}
	n, ok := frameLength(b, low, high, r.size-r.off)
	if !ok {
		return nil, false
	}
	b = r.window(n)[:n]
	return b, validCRC(b)
}

// toMarker goes on to the next place where a frame may begin.
func (r *frameReader) toMarker() bool {
	if b := r.window(1); len(b) > 0 {
		r.skip(1)
	}
	for {
		b := r.window(len(r.marker))
		if i := bytes.Index(b, r.marker[:]); i >= 0 {
			r.skip(i)
			return true
		}
		if len(b) < len(r.marker) {
			r.skip(len(b))
			return false
		}
		r.skip(len(b) - len(r.marker) + 1)
	}
}

// skip passes over bytes that belong to no frame.
func (r *frameReader) skip(n int) {
	if dirty := len(bytes.TrimRight(r.rest[:n], "\x00")); dirty > 0 {
		r.dirtyEnd = r.off + int64(dirty)
	}
	r.advance(n)
}

// findMarker finds out the marker when the header is lost: it is that of the
// first frame which is whole. It gives up when looking costs much more than
// the segment is worth.
func (r *frameReader) findMarker(first uint64) (marker [4]byte, ok bool) {
	defer r.seek(headerBytes)
	budget := 4*r.size + maxFrameBytes
	for r.seek(headerBytes); budget > 0; r.advance(1) {
		b := r.window(frameBytes)
		if len(b) < frameBytes {
			break
		}
		high := first + uint64((r.off-headerBytes)/frameBytes)
		n, plausible := frameLength(b, first, high, r.size-r.off)
		if !plausible || bytes.IndexByte(b[:4], 0) >= 0 {
			continue
		}
		budget -= int64(n)
		if b, ok := r.frame([4]byte(b), first, high); ok {
			return [4]byte(b), true
		}
	}
	return marker, false
}
