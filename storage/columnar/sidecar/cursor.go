package sidecar

import (
	"encoding/binary"
	"math"
)

// cursor decodes bytes that may be anything. After the first failure it stays
// where it failed and returns zeros, so that callers check once.
type cursor struct {
	b    []byte
	at   int
	fail bool
}

func (c *cursor) failed() {
	c.fail, c.b = true, c.b[:c.at]
}

func (c *cursor) left() int { return len(c.b) - c.at }

// done says whether everything was read and nothing failed.
func (c *cursor) done() bool { return !c.fail && c.at == len(c.b) }

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(c.left()) {
		c.failed()
		return nil
	}
	b := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return b
}

func (c *cursor) byte() byte {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	if c.at < len(c.b) && c.b[c.at] < 0x80 {
		c.at++
		return uint64(c.b[c.at-1])
	}
	return c.longUvarint()
}

func (c *cursor) longUvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 {
		c.failed()
		return 0
	}
	c.at += n
	return v
}

func (c *cursor) varint() int64 { return unzigzag(c.uvarint()) }

// u32varint reads a number that must fit 32 bits.
func (c *cursor) u32varint() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		c.failed()
		return 0
	}
	return uint32(v)
}

// count reads the number of elements that follow, each of which takes at
// least size bytes: nothing larger than the input is allocated for them.
func (c *cursor) count(size int) int {
	n := c.uvarint()
	if n > uint64(c.left()/size) {
		c.failed()
		return 0
	}
	return int(n)
}

// strings reads what appendStrings wrote.
func (c *cursor) strings() []string {
	n := c.count(1)
	lengths := make([]int, n)
	total := uint64(0)
	for i := range lengths {
		length := c.uvarint()
		if length > uint64(len(c.b)) {
			c.failed()
			return nil
		}
		lengths[i] = int(length)
		total += length // cannot overflow: both factors are below the length of the input
	}
	text := string(c.bytes(total))
	if c.fail {
		return nil
	}
	list := make([]string, n)
	for i, length := range lengths {
		list[i], text = text[:length], text[length:]
	}
	return list
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(len(s)))
	}
	for _, s := range list {
		b = append(b, s...)
	}
	return b
}
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
