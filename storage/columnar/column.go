package columnar

import (
	"unsafe"

	"github.com/heddle-io/heddle/storage"
)

// column holds the values of one attribute key and type, only those present,
// in row order; a row with the key twice has two. Slices only grow, so a copy
// of the struct is a snapshot.
type column struct {
	key   string
	typ   storage.Type
	count uint32   // values
	nums  []uint64 // of ints and floats (by bits)
	codes []uint32 // of text types, into dict; of bools, 0 and 1
	dict  dict     // of text types
}

// textual says whether values of type t live in a dictionary.
func textual(t storage.Type) bool {
	switch t {
	case storage.TypeString, storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		return true
	}
	return false
}

// value returns value i.
func (c *column) value(i uint32) storage.Value {
	switch c.typ {
	case storage.TypeInt:
		return storage.Int(int64(c.nums[i]))
	case storage.TypeFloat:
		return floatOf(c.nums[i])
	case storage.TypeBool:
		return storage.Bool(c.codes[i] != 0)
	case storage.TypeEmpty:
		return storage.Empty()
	}
	return textValue(c.typ, c.dict.at(c.codes[i]))
}

func (c *column) bytes() int {
	return int(unsafe.Sizeof(*c)) + 8*cap(c.nums) + 4*cap(c.codes) + c.dict.bytes()
}

func (c *column) seal() {
	c.nums, c.codes = trim(c.nums), trim(c.codes)
	c.dict.seal()
}

// textValue makes a value of a textual type from its content.
func textValue(t storage.Type, s string) storage.Value {
	switch t {
	case storage.TypeString:
		return storage.String(s)
	case storage.TypeBytes:
		return bytesValue(s)
	case storage.TypeArray:
		return storage.Array(s)
	}
	return storage.Map(s)
}
