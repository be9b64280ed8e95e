package columnar

import (
	"encoding/binary"
	"strings"
	"unsafe"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
)

// maxColumns bounds the attribute columns of one table. Keys that contain ids
// would otherwise make a column each.
const maxColumns = 1000

// attrsBuilder appends attribute lists.
type attrsBuilder struct {
	view       attrs // columns are in building, not here
	building   []columnBuilder
	byKey      map[columnKey]uint16
	byShape    map[string]uint32
	keyBytes   int  // text of the keys
	shapeBytes int  // text of byShape's keys
	budget     *int // columns that the table may still get, over all its scopes
	over       struct{ key, values dictBuilder }
	ids        []uint16 // scratch: the shape of the row at hand
	scratch    []byte
	expected   map[columnKey]columnSize // about what columns will hold; nil: not known
}

type columnKey struct {
	key string
	typ storage.Type
}

type columnBuilder struct {
	column
	text dictBuilder // column.dict is set from it in a snapshot
}

func newAttrsBuilder(budget *int) attrsBuilder {
	return attrsBuilder{
		view:    attrs{shapes: shapeList{ends: []uint32{0}}},
		byKey:   map[columnKey]uint16{},
		byShape: map[string]uint32{"": 0},
		budget:  budget,
	}
}

// startRow must come before the attributes of each row.
func (b *attrsBuilder) startRow() {
	if len(b.view.shapeOf)%rankEvery == 0 {
		b.view.ranks = append(b.view.ranks, uint32(len(b.view.overflow.keys)))
		for i := range b.building {
			b.view.ranks = append(b.view.ranks, b.building[i].count)
		}
		b.view.rankEnds = append(b.view.rankEnds, uint32(len(b.view.ranks)))
	}
}

// append appends one row with the attributes of list, which are of m, and
// returns its shape. predicted is the shape it probably has: while keys and
// types are those of the shape, no key is hashed.
func (b *attrsBuilder) append(m *otlp.Message, list []otlp.Attr, predicted uint32) (shape uint32, repaired bool) {
	b.startRow()
	expect := b.view.shapes.at(predicted)
	n := 0
	for n < len(list) && n < len(expect) && expect[n] != overflowID {
		a, c := &list[n], &b.building[expect[n]]
		if c.typ != a.Type || c.key != m.String(a.Key) {
			break
		}
		repaired = b.appendValue(c, m, a) || repaired
		n++
	}
	shape = predicted
	if n < len(list) || n < len(expect) {
		b.ids = append(b.ids[:0], expect[:n]...)
		for i := range list[n:] {
			repaired = b.appendSlow(m, &list[n+i]) || repaired
		}
		shape = b.shape()
	}
	b.view.shapeOf = append(b.view.shapeOf, shape)
	return shape, repaired
}

// appendSlow finds the column by its key and adds it to the row's shape.
func (b *attrsBuilder) appendSlow(m *otlp.Message, a *otlp.Attr) (repaired bool) {
	k := m.String(a.Key)
	id, ok := b.byKey[columnKey{k, a.Type}]
	if !ok {
		if k, repaired = validText(k); repaired {
			id, ok = b.byKey[columnKey{k, a.Type}]
		}
	}
	if !ok {
		if *b.budget <= 0 {
			b.ids = append(b.ids, overflowID)
			return b.appendOverflow(k, m, a) || repaired
		}
		*b.budget--
		k = strings.Clone(k)
		id = uint16(len(b.building))
		b.building = append(b.building, columnBuilder{column: column{key: k, typ: a.Type}})
		if size, ok := b.expected[columnKey{k, a.Type}]; ok {
			b.building[id].expect(size)
		}
		b.byKey[columnKey{k, a.Type}] = id
		b.keyBytes += len(k)
	}
	b.ids = append(b.ids, id)
	return b.appendValue(&b.building[id], m, a) || repaired
}

func (b *attrsBuilder) appendValue(c *columnBuilder, m *otlp.Message, a *otlp.Attr) (repaired bool) {
	c.count++
	switch c.typ {
	case storage.TypeString:
		var code uint32
		code, repaired = c.text.code(m.String(a.Text()), true)
		c.codes = append(c.codes, code)
	case storage.TypeInt, storage.TypeFloat:
		c.nums = append(c.nums, a.Bits)
	case storage.TypeBool:
		c.codes = append(c.codes, uint32(a.Bits))
	case storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		var code uint32
		code, repaired = encoded(&c.text, m, a)
		c.codes = append(c.codes, code)
	}
	return repaired
}

// encoded interns a value that is not a plain string.
func encoded(d *dictBuilder, m *otlp.Message, a *otlp.Attr) (code uint32, repaired bool) {
	text := m.String(a.Text())
	if a.Type != storage.TypeBytes {
		text, repaired = validEncoding(text)
	}
	code, _ = d.code(text, false)
	return code, repaired
}

func (b *attrsBuilder) appendOverflow(k string, m *otlp.Message, a *otlp.Attr) (repaired bool) {
	bits := a.Bits
	switch a.Type {
	case storage.TypeString:
		var code uint32
		code, repaired = b.over.values.code(m.String(a.Text()), true)
		bits = uint64(code)
	case storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		var code uint32
		code, repaired = encoded(&b.over.values, m, a)
		bits = uint64(code)
	}
	key, _ := b.over.key.code(k, false)
	o := &b.view.overflow
	o.keys, o.types, o.bits = append(o.keys, key), append(o.types, a.Type), append(o.bits, bits)
	return repaired
}

// shape interns the shape in b.ids.
func (b *attrsBuilder) shape() uint32 {
	b.scratch = b.scratch[:0]
	for _, id := range b.ids {
		b.scratch = binary.NativeEndian.AppendUint16(b.scratch, id)
	}
	if shape, ok := b.byShape[string(b.scratch)]; ok {
		return shape
	}
	l := &b.view.shapes
	shape := uint32(l.len())
	l.ids = append(l.ids, b.ids...)
	l.ends = append(l.ends, uint32(len(l.ids)))
	b.byShape[string(b.scratch)] = shape
	b.shapeBytes += len(b.scratch)
	return shape
}

// snapshot returns what was appended so far. The caller holds the lock under
// which rows are appended; the snapshot needs none.
func (b *attrsBuilder) snapshot() attrs {
	a := b.view
	a.columns = make([]column, len(b.building))
	for i := range b.building {
		a.columns[i] = b.building[i].column
		a.columns[i].dict = b.building[i].text.dict
	}
	a.overflow.key, a.overflow.values = b.over.key.dict, b.over.values.dict
	return a
}

// mapEntry is about what a Go map takes per entry beyond key and value.
const mapEntry = 16

func (b *attrsBuilder) bytes() int {
	n := b.view.bytes() + b.over.key.bytes() + b.over.values.bytes() + cap(b.scratch) + 2*cap(b.ids)
	n += b.keyBytes + len(b.byKey)*(24+mapEntry) + b.shapeBytes + len(b.byShape)*(24+mapEntry)
	for i := range b.building {
		n += b.building[i].column.bytes() + b.building[i].text.bytes()
	}
	// What a columnBuilder has beyond its column, and the column of a snapshot.
	return n + len(b.building)*int(unsafe.Sizeof(columnBuilder{}))
}

// columnSize is how much a column holds.
type columnSize struct{ values, entries, text int }

// expect makes room in an empty builder for as much as a has. Columns get
// theirs when they come up.
func (b *attrsBuilder) expect(a *attrs) {
	b.view.shapeOf = make([]uint32, 0, roomFor(len(a.shapeOf)))
	b.expected = make(map[columnKey]columnSize, len(a.columns))
	for i := range a.columns {
		c := &a.columns[i]
		b.expected[columnKey{c.key, c.typ}] = columnSize{int(c.count), c.dict.len(), len(c.dict.text)}
	}
}

func (c *columnBuilder) expect(size columnSize) {
	switch c.typ {
	case storage.TypeInt, storage.TypeFloat:
		c.nums = make([]uint64, 0, roomFor(size.values))
	case storage.TypeEmpty:
	default:
		c.codes = make([]uint32, 0, roomFor(size.values))
		c.text.text, c.text.ends = make([]byte, 0, roomFor(size.text)), make([]uint32, 0, roomFor(size.entries))
	}
}
