package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// vector is access to the values under one key of the rows of a table. A row
// has at most one value; where a list has a key twice the first counts.
type vector interface {
	// filter removes from sel the rows whose value does not satisfy the
	// condition, and those without a value.
	filter(sel bitmap, c *condition)
	// gather sets out's entry i to the value of rows[i]. rows ascend.
	gather(rows []uint32, out *gathered)
}

// absentVector has no values.
type absentVector struct{}

func (absentVector) filter(sel bitmap, _ *condition)     { clear(sel) }
func (absentVector) gather(rows []uint32, out *gathered) { out.reset(len(rows)) }

// intVector has an int for every row.
type intVector []int64

func (v intVector) filter(sel bitmap, c *condition) {
	if c.exists {
		return
	}
	if c.isRange {
		r := c.ints
		sel.keep(func(row int) bool { return r.holds(v[row]) })
		return
	}
	sel.keep(func(row int) bool { return c.holds(storage.Int(v[row])) })
}

func (v intVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	for i, row := range rows {
		out.types[i], out.bits[i] = storage.TypeInt, uint64(v[row])
	}
}

// byteVector has a small int for every row.
type byteVector []uint8

func (v byteVector) filter(sel bitmap, c *condition) {
	var holds [256]bool
	for i := range holds {
		holds[i] = c.holds(storage.Int(int64(i)))
	}
	sel.keep(func(row int) bool { return holds[v[row]] })
}

func (v byteVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	for i, row := range rows {
		out.types[i], out.bits[i] = storage.TypeInt, uint64(v[row])
	}
}

// textVector has a string for every row.
type textVector struct {
	codes []uint32
	dict  *dict
}

func (v textVector) filter(sel bitmap, c *condition) {
	m := newMemo(c, storage.TypeString, v.dict)
	if m == nil {
		clear(sel)
		return
	}
	sel.keep(func(row int) bool { return m.holds(v.codes[row]) })
}

func (v textVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	codes := out.translate(v.dict)
	for i, row := range rows {
		out.types[i], out.bits[i] = storage.TypeString, codes.of(v.codes[row])
	}
}

// tableVector has for every row one of a few values, some of them absent.
type tableVector struct {
	codes  []uint32
	values []storage.Value
}

func (v tableVector) filter(sel bitmap, c *condition) {
	holds := make([]bool, len(v.values))
	for i := range holds {
		holds[i] = c.holds(v.values[i])
	}
	sel.keep(func(row int) bool { return holds[v.codes[row]] })
}

func (v tableVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	bits := make([]uint64, len(v.values))
	known := make([]bool, len(v.values))
	for i, row := range rows {
		code := v.codes[row]
		if !known[code] {
			known[code], bits[code] = true, out.encode(v.values[code])
		}
		out.types[i], out.bits[i] = v.values[code].Type(), bits[code]
	}
}

// idVector has bytes of fixed length for every row.
type idVector[T ~[8]byte | ~[16]byte] []T

func (v idVector[T]) filter(sel bitmap, c *condition) {
	if want, ok := c.wanted(storage.TypeBytes); ok {
		var id T
		if len(want) != len(id) {
			clear(sel)
			return
		}
		for i := range len(want) {
			id[i] = want[i]
		}
		sel.keep(func(row int) bool { return v[row] == id })
		return
	}
	if c.exists {
		return
	}
	sel.keep(func(row int) bool { return c.holds(storage.Bytes(idBytes(v[row]))) })
}

func (v idVector[T]) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	for i, row := range rows {
		out.types[i], out.bits[i] = storage.TypeBytes, out.intern(string(idBytes(v[row])))
	}
}

func idBytes[T ~[8]byte | ~[16]byte](id T) []byte {
	b := make([]byte, len(id))
	for i := range b {
		b[i] = id[i]
	}
	return b
}
