package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// attrs holds the attribute lists of rows (spans, events, links, log records,
// log bodies) in columns. A row's list is its shape, the ordered ids of the
// columns that its attributes are in; the values follow from counting: a row's
// value in a column comes after those of all rows before it. ranks has the
// counts at every rankEvery-th row, so that finding a row replays fewer than
// rankEvery shapes.
//
// All slices only grow; a copy of the struct with a copy of columns is a
// snapshot.
type attrs struct {
	shapeOf  []uint32 // per row
	shapes   shapeList
	columns  []column
	ranks    []uint32 // counts per column at row rankEvery*i, flattened
	rankEnds []uint32 // where those of i end; columns born later had none
	overflow overflow
}

const rankEvery = 256

// overflowID is the column id of the overflow column in a shape.
const overflowID = 0xFFFF

// shapeList holds shapes: shape i is ids[ends[i-1]:ends[i]]. Shape 0 is empty.
type shapeList struct {
	ids  []uint16
	ends []uint32
}

func (l *shapeList) len() int { return len(l.ends) }

func (l *shapeList) at(i uint32) []uint16 {
	if i == 0 {
		return nil
	}
	return l.ids[l.ends[i-1]:l.ends[i]]
}

// overflow holds the attributes whose keys came after the table had its full
// number of columns: key and value side by side, in row order.
type overflow struct {
	keys   []uint32 // into keyDict
	types  []storage.Type
	bits   []uint64 // as in storage.Attr, text types into values
	key    dict
	values dict
}

func (o *overflow) value(i uint32) storage.Value {
	switch t := o.types[i]; t {
	case storage.TypeInt:
		return storage.Int(int64(o.bits[i]))
	case storage.TypeFloat:
		return floatOf(o.bits[i])
	case storage.TypeBool:
		return storage.Bool(o.bits[i] != 0)
	case storage.TypeEmpty:
		return storage.Empty()
	default:
		return textValue(t, o.values.at(uint32(o.bits[i])))
	}
}

func (o *overflow) bytes() int {
	return 4*cap(o.keys) + cap(o.types) + 8*cap(o.bits) + o.key.bytes() + o.values.bytes()
}

// rank is the number of values that column id has before row block*rankEvery.
func (a *attrs) rank(block int, id uint16) uint32 {
	from := uint32(0)
	if block > 0 {
		from = a.rankEnds[block-1]
	}
	at := rankSlot(id)
	if from+at >= a.rankEnds[block] {
		return 0
	}
	return a.ranks[from+at]
}

// rankSlot is the place of a column in a rank entry; the overflow is first.
func rankSlot(id uint16) uint32 {
	if id == overflowID {
		return 0
	}
	return uint32(id) + 1
}

// cursor gives the position of every column at a row. Moving forward inside a
// block replays the rows between, any other move starts at the block's rank.
type cursor struct {
	a    *attrs
	row  int
	next []uint32 // by rankSlot: index of the column's next value
}

func newCursor(a *attrs) *cursor {
	return &cursor{a: a, row: -1, next: make([]uint32, len(a.columns)+1)}
}

func (c *cursor) seek(row int) {
	block := row / rankEvery
	if c.row < 0 || row < c.row || c.row/rankEvery != block {
		from := uint32(0)
		if block > 0 {
			from = c.a.rankEnds[block-1]
		}
		n := copy(c.next, c.a.ranks[from:c.a.rankEnds[block]])
		clear(c.next[n:])
		c.row = block * rankEvery
	}
	for ; c.row < row; c.row++ {
		for _, id := range c.a.shapes.at(c.a.shapeOf[c.row]) {
			c.next[rankSlot(id)]++
		}
	}
}

// each calls f for every attribute of the row, in order.
func (c *cursor) each(row int, f func(id uint16, index uint32)) {
	c.seek(row)
	for _, id := range c.a.shapes.at(c.a.shapeOf[row]) {
		slot := rankSlot(id)
		f(id, c.next[slot])
		c.next[slot]++
	}
	c.row++
}

// attr returns the key and value that each named.
func (a *attrs) attr(id uint16, index uint32) (string, storage.Value) {
	if id == overflowID {
		return a.overflow.key.at(a.overflow.keys[index]), a.overflow.value(index)
	}
	return a.columns[id].key, a.columns[id].value(index)
}

func (a *attrs) bytes() int {
	n := 4*cap(a.shapeOf) + 2*cap(a.shapes.ids) + 4*cap(a.shapes.ends) + 4*cap(a.ranks) + 4*cap(a.rankEnds) + a.overflow.bytes()
	for i := range a.columns {
		n += a.columns[i].bytes()
	}
	return n
}

func (a *attrs) seal() {
	a.shapeOf, a.shapes.ids, a.shapes.ends = trim(a.shapeOf), trim(a.shapes.ids), trim(a.shapes.ends)
	a.ranks, a.rankEnds = trim(a.ranks), trim(a.rankEnds)
	for i := range a.columns {
		a.columns[i].seal()
	}
	o := &a.overflow
	o.keys, o.types, o.bits = trim(o.keys), trim(o.types), trim(o.bits)
	o.key.seal()
	o.values.seal()
}
