package parquet

import "encoding/binary"

// Thrift's compact protocol, as much of it as Parquet's metadata needs. Types
// of fields and list elements:
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// thriftWriter appends to b. Fields of a struct come in ascending order, less
// than 16 apart; open and close nest structs.
type thriftWriter struct {
	b     []byte
	last  int
	outer []int
}

func (w *thriftWriter) field(id, kind int) {
	w.b = append(w.b, byte((id-w.last)<<4|kind))
	w.last = id
}

func (w *thriftWriter) i32(id int, v int32) {
	w.field(id, thriftI32)
	w.b = binary.AppendVarint(w.b, int64(v))
}

func (w *thriftWriter) i64(id int, v int64) {
	w.field(id, thriftI64)
	w.b = binary.AppendVarint(w.b, v)
}

func (w *thriftWriter) bool(id int, v bool) {
	if v {
		w.field(id, thriftTrue)
	} else {
		w.field(id, thriftFalse)
	}
}

func (w *thriftWriter) binary(id int, v []byte) {
	w.field(id, thriftBinary)
	w.b = binary.AppendUvarint(w.b, uint64(len(v)))
	w.b = append(w.b, v...)
}

func (w *thriftWriter) string(id int, v string) {
	w.field(id, thriftBinary)
	w.element(v)
}

// element is a string in a list.
func (w *thriftWriter) element(v string) {
	w.b = binary.AppendUvarint(w.b, uint64(len(v)))
	w.b = append(w.b, v...)
}

func (w *thriftWriter) list(id, kind, n int) {
	w.field(id, thriftList)
	if n < 15 {
		w.b = append(w.b, byte(n<<4|kind))
		return
	}
	w.b = append(w.b, byte(0xf0|kind))
	w.b = binary.AppendUvarint(w.b, uint64(n))
}

// open begins the struct in field id, or with id 0 one that is an element of a
// list.
func (w *thriftWriter) open(id int) {
	if id > 0 {
		w.field(id, thriftStruct)
	}
	w.outer = append(w.outer, w.last)
	w.last = 0
}

func (w *thriftWriter) close() {
	w.b = append(w.b, 0)
	w.last = w.outer[len(w.outer)-1]
	w.outer = w.outer[:len(w.outer)-1]
}
