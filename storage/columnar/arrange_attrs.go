package columnar

import (
	"encoding/binary"
	"slices"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// listKind is a kind of attribute lists in a part: those of spans, say. Every
// row group of the part has its columns and refers to its shapes.
//
// In a part a row has at most one value under a key in the columns, because a
// reader that knows Parquet and not heddle expects no more. Further values of
// the key go to the overflow, and values whose key has no column. A shape says
// where each value of a row is.
type listKind struct {
	scope   storage.Scope
	columns []columnKey
	first   int // number in the part of the first column
	ids     map[columnKey]uint16
	shapes  shapeList
	byShape map[string]uint32
	key     []byte // scratch
}

func newListKind(scope storage.Scope) *listKind {
	return &listKind{scope: scope, ids: map[columnKey]uint16{}, shapes: shapeList{ends: []uint32{0}}, byShape: map[string]uint32{"": 0}}
}

// addColumn makes room for the values of a key and type.
func (k *listKind) addColumn(c columnKey) {
	if _, ok := k.ids[c]; !ok {
		k.ids[c] = uint16(len(k.columns))
		k.columns = append(k.columns, c)
	}
}

func (k *listKind) shape(ids []uint16) uint32 {
	k.key = k.key[:0]
	for _, id := range ids {
		k.key = binary.LittleEndian.AppendUint16(k.key, id)
	}
	shape, ok := k.byShape[string(k.key)]
	if !ok {
		shape = uint32(k.shapes.len())
		k.shapes.ids = append(k.shapes.ids, ids...)
		k.shapes.ends = append(k.shapes.ends, uint32(len(k.shapes.ids)))
		k.byShape[string(k.key)] = shape
	}
	return shape
}

// arrangedAttrs are the attribute lists of rows in a new order, in the columns
// of a part.
type arrangedAttrs struct {
	kind    *listKind
	n       int
	shapes  []uint32 // per row
	present []bitmap // per column of kind: the rows that have a value
	sources []sourceAttrs
	over    map[int32][]byte // by row: its attributes that are in no column, an OTLP KeyValueList
	hashes  filterHashes     // of all values that were written
	ranks   []uint32         // scratch
}

// sourceAttrs says where the values of a source go.
type sourceAttrs struct {
	a       *attrs
	columns []int     // per column of a: the column of the part, or leftOut
	rows    [][]int32 // per column of a and value: the row, or leftOut
}

// arrangeAttrs finds the place of every value.
func arrangeAttrs(kind *listKind, a *arrangement, lists func(source int) *attrs) *arrangedAttrs {
	x := &arrangedAttrs{kind: kind, n: a.n, shapes: make([]uint32, a.n), present: make([]bitmap, len(kind.columns)), over: map[int32][]byte{}}
	for i := range x.present {
		x.present[i] = newBitmap(a.n)
	}
	for s, to := range a.to {
		x.addSource(lists(s), to)
	}
	return x
}

// shapePlan is what a shape of a source becomes.
type shapePlan struct {
	ids   []uint16
	plain bool // all values go to columns, and shape is that of the part
	shape uint32
}

func (x *arrangedAttrs) addSource(a *attrs, to []int32) {
	s := sourceAttrs{a: a, columns: make([]int, len(a.columns)), rows: make([][]int32, len(a.columns))}
	for i := range a.columns {
		c := &a.columns[i]
		s.columns[i] = leftOut
		if id, ok := x.kind.ids[columnKey{c.key, c.typ}]; ok {
			s.columns[i] = int(id)
		}
		s.rows[i] = make([]int32, 0, c.count)
	}
	plans := make([]shapePlan, a.shapes.len())
	for i := range plans {
		plans[i] = x.plan(&s, a.shapes.at(uint32(i)))
	}
	over := uint32(0) // values in the source's overflow so far
	var ids []uint16
	for row, shape := range a.shapeOf[:len(to)] {
		p, at := &plans[shape], to[row]
		if p.plain {
			if at < 0 {
				for _, id := range p.ids {
					s.rows[id] = append(s.rows[id], leftOut)
				}
				continue
			}
			x.shapes[at] = p.shape
			word, bit := at>>6, uint64(1)<<(at&63)
			for _, id := range p.ids {
				s.rows[id] = append(s.rows[id], at)
				x.present[s.columns[id]][word] |= bit
			}
			continue
		}
		ids = x.addRow(&s, p.ids, at, &over, ids[:0])
	}
	x.sources = append(x.sources, s)
}

// plan decides about a shape of a source.
func (x *arrangedAttrs) plan(s *sourceAttrs, shape []uint16) shapePlan {
	p := shapePlan{ids: shape, plain: true}
	ids := make([]uint16, len(shape))
	for i, id := range shape {
		if id == overflowID || s.columns[id] == leftOut {
			return shapePlan{ids: shape}
		}
		for _, before := range shape[:i] {
			if s.a.columns[before].key == s.a.columns[id].key {
				return shapePlan{ids: shape}
			}
		}
		ids[i] = uint16(s.columns[id])
	}
	p.shape = x.kind.shape(ids)
	return p
}

// addRow places the values of a row of which some go to the overflow.
func (x *arrangedAttrs) addRow(s *sourceAttrs, shape []uint16, at int32, over *uint32, ids []uint16) []uint16 {
	var keys []string
	for _, id := range shape {
		column := leftOut
		var key string
		var value storage.Value
		if id == overflowID {
			key, value = s.a.attr(id, *over) // stays there, even if its key has a column by now
			*over++
		} else {
			index := uint32(len(s.rows[id]))
			key, value = s.a.attr(id, index)
			if column = s.columns[id]; slices.Contains(keys, key) {
				column = leftOut
			}
			if column == leftOut || at < 0 {
				s.rows[id] = append(s.rows[id], leftOut)
			} else {
				s.rows[id] = append(s.rows[id], at)
			}
		}
		keys = append(keys, key)
		if at < 0 {
			continue
		}
		if column == leftOut {
			ids = append(ids, overflowID)
			x.over[at] = storage.AppendKeyValue(x.over[at], key, value)
			x.hashes.addValue(storage.Key{Scope: x.kind.scope, Name: key}, value)
			continue
		}
		ids = append(ids, uint16(column))
		x.present[column].set(int(at))
	}
	if at >= 0 {
		x.shapes[at] = x.kind.shape(ids)
	}
	return ids
}

// values returns the values of a column of the part that are present, in the
// new order, and remembers their hashes. It should be called once a column.
func (x *arrangedAttrs) values(id int) parquet.Values {
	present := x.present[id]
	n := present.count()
	v := parquet.Values{Present: present}
	x.ranks = present.ranks(x.ranks)
	switch typ := x.kind.columns[id].typ; {
	case typ == storage.TypeInt || typ == storage.TypeFloat:
		v.Nums = make([]uint64, n)
		x.eachValue(id, func(c *column, rows []int32) {
			for i, row := range rows {
				if row >= 0 {
					v.Nums[present.rank(x.ranks, int(row))] = c.nums[i]
				}
			}
		})
	case typ == storage.TypeEmpty:
		v.Codes = make([]uint32, n) // there is nothing to say but that it is there
	default:
		v.Codes = make([]uint32, n)
		m := newDictMerger(len(x.sources))
		x.eachValue(id, func(c *column, rows []int32) {
			translate := func(code uint32) uint32 { return code }
			if textual(typ) {
				translate = m.from(&c.dict)
			}
			for i, row := range rows {
				if row >= 0 {
					v.Codes[present.rank(x.ranks, int(row))] = translate(c.codes[i])
				}
			}
		})
		if textual(typ) {
			v.Dict = m.dict().parquet()
		}
	}
	key := x.kind.columns[id]
	x.hashes.addValues(storage.Key{Scope: x.kind.scope, Name: key.key}, key.typ, &v)
	return v
}

// eachValue calls f with the values of a column in every source that has it.
func (x *arrangedAttrs) eachValue(id int, f func(c *column, rows []int32)) {
	for i := range x.sources {
		s := &x.sources[i]
		for from, to := range s.columns {
			if to == id {
				f(&s.a.columns[from], s.rows[from])
			}
		}
	}
}

// overflow returns the values of the overflow column.
func (x *arrangedAttrs) overflow() parquet.Values {
	present := newBitmap(x.n)
	for row := range x.over {
		present.set(int(row))
	}
	var d dict
	v := parquet.Values{Present: present}
	for _, row := range present.rows() {
		v.Codes = append(v.Codes, uint32(len(v.Codes)))
		d.text = append(d.text, x.over[int32(row)]...)
		d.ends = append(d.ends, uint32(len(d.text)))
	}
	v.Dict = d.parquet()
	return v
}

func (d *dict) parquet() parquet.Dict { return parquet.Dict{Text: d.text, Ends: d.ends} }
