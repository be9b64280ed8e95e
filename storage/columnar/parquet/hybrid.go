package parquet

import "encoding/binary"

// The RLE hybrid: runs, each a varint and then either one value (even varint,
// half of it the length) or groups of 8 bit-packed values (odd varint, half of
// it the number of groups).

// minRun is the length from which a run of equal values is worth ending the
// bit-packed run around it: it costs about five bytes.
func minRun(width int) int {
	return max(8, 8*((5+width-1)/max(width, 1)))
}

// appendHybrid encodes codes, which must fit in width bits, at most 32.
func appendHybrid(dst []byte, codes []uint32, width int) []byte {
	long := minRun(width)
	literal := 0 // start of what is not written yet
	for i := 0; i+8 <= len(codes); {
		g := codes[i : i+8 : i+8]
		v := g[0]
		if (g[1]^v)|(g[2]^v)|(g[3]^v)|(g[4]^v)|(g[5]^v)|(g[6]^v)|(g[7]^v) != 0 {
			i += 8
			continue
		}
		end := i + 8
		for end < len(codes) && codes[end] == v {
			end++
		}
		if end-i < long {
			i += (end - i) &^ 7
			continue
		}
		dst = appendLiteral(dst, codes[literal:i], width)
		dst = appendRun(dst, v, end-i, width)
		literal, i = end, end
	}
	if rest := codes[literal:]; len(rest) > 0 {
		if allEqual(rest) {
			return appendRun(dst, rest[0], len(rest), width)
		}
		return appendLiteral(dst, rest, width)
	}
	return dst
}

func allEqual(codes []uint32) bool {
	for _, c := range codes {
		if c != codes[0] {
			return false
		}
	}
	return true
}

// appendLiteral writes a bit-packed run; the last group is filled up with
// zeros.
func appendLiteral(dst []byte, codes []uint32, width int) []byte {
	if len(codes) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64((len(codes)+7)/8)<<1|1)
	whole := len(codes) &^ 7
	dst = appendPacked(dst, codes[:whole], width)
	if whole < len(codes) {
		var last [8]uint32
		copy(last[:], codes[whole:])
		dst = appendPacked(dst, last[:], width)
	}
	return dst
}

func appendRun(dst []byte, v uint32, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// runEncoder encodes values that come as runs; flush ends the sequence.
type runEncoder struct {
	dst     []byte
	width   int
	pending []uint32 // of the bit-packed run that is open
	v       uint32   // the run that is open
	n       int
}

func (e *runEncoder) put(v uint32, n int) {
	if v == e.v {
		e.n += n
		return
	}
	if n > 0 {
		e.end()
		e.v, e.n = v, n
	}
}

func (e *runEncoder) end() {
	// A run may only start where the bit-packed values before it are whole
	// groups.
	if open := len(e.pending) & 7; open != 0 {
		fill := min(e.n, 8-open)
		e.literal(fill)
		e.n -= fill
	}
	if e.n < minRun(e.width) {
		e.literal(e.n)
	} else {
		e.dst = appendLiteral(e.dst, e.pending, e.width)
		e.pending = e.pending[:0]
		e.dst = appendRun(e.dst, e.v, e.n, e.width)
	}
	e.n = 0
}

func (e *runEncoder) literal(n int) {
	for range n {
		e.pending = append(e.pending, e.v)
	}
}

func (e *runEncoder) flush() {
	e.end()
	e.dst = appendLiteral(e.dst, e.pending, e.width)
	e.pending = e.pending[:0]
}

// hybridRun is one run of an encoded sequence: n values, either all v, or
// bit-packed.
type hybridRun struct {
	n      int
	v      uint32
	packed []byte
}

// nextRun splits the first run off src. left is the number of values that are
// still wanted: a run has at least one value, and no more than that, but for
// the filling of a last bit-packed group. ok is false when it does not.
func nextRun(src []byte, width, left int) (run hybridRun, rest []byte, ok bool) {
	head, size := binary.Uvarint(src)
	if size <= 0 || head>>1 == 0 || left == 0 {
		return run, nil, false
	}
	src = src[size:]
	n := head >> 1
	if head&1 == 0 {
		bytes := (width + 7) / 8
		if n > uint64(left) || len(src) < bytes {
			return run, nil, false
		}
		run.n = int(n)
		for i := range bytes {
			run.v |= uint32(src[i]) << (8 * i)
		}
		if uint64(run.v)>>width != 0 {
			return run, nil, false
		}
		return run, src[bytes:], true
	}
	if n > uint64(left+7)/8 || uint64(len(src)) < n*uint64(width) {
		return run, nil, false
	}
	bytes := int(n) * width
	run.n, run.packed = min(int(n)*8, left), src[:bytes]
	return run, src[bytes:], true
}

// decodeHybrid decodes the values [from, to) of len(dst) into their places; a few
// around them may be overwritten. ok is false when src does not hold so many
// values. rest is what follows the last run that was looked at.
func decodeHybrid(dst []uint32, from, to int, src []byte, width int) (rest []byte, ok bool) {
	for at := 0; at < to; {
		var run hybridRun
		if run, src, ok = nextRun(src, width, len(dst)-at); !ok {
			return nil, false
		}
		if begin, end := max(from-at, 0), min(to-at, run.n); begin < end {
			run.decode(dst[at:at+run.n], begin, end, width)
		}
		at += run.n
	}
	return src, true
}

// decode decodes the values [from, to) of the run, and what is in the same groups
// of eight, to dst, which has room for all of it.
func (r *hybridRun) decode(dst []uint32, from, to, width int) {
	if r.packed == nil {
		for i := from; i < to; i++ {
			dst[i] = r.v
		}
		return
	}
	from &^= 7
	whole := min((to+7)&^7, r.n&^7)
	if from < whole {
		unpackCodes(dst[from:whole], r.packed[from/8*width:], width)
	}
	if whole < to {
		var last [8]uint32
		unpackCodes(last[:], r.packed[whole/8*width:], width)
		copy(dst[whole:], last[:])
	}
}
