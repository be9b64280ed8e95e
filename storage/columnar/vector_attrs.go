package columnar

import (
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// attrVector has the first value under one attribute key. The key may have a
// column for each type, and values in the overflow column.
type attrVector struct {
	a        *attrs
	ids      []uint16 // columns of the key
	steps    [][]step // for each of ids, per shape
	inOver   bool     // the overflow column has the key
	overflow uint32   // its code there
	over     []overStep
}

// step says what a row of a shape does in a column: count<<1 is how far it
// advances, the low bit that its first value there is the row's value.
type step uint32

// overStep says what a row of a shape does in the overflow column: it has
// count values there, those before the key's own column are first.
type overStep struct{ count, first uint32 }

// newAttrVector returns an absentVector when nothing is under the key.
func newAttrVector(a *attrs, key string) vector {
	v := &attrVector{a: a}
	for i := range a.columns {
		if a.columns[i].key == key {
			v.ids = append(v.ids, uint16(i))
		}
	}
	if codes := a.overflow.key.codesOf(key); len(codes) > 0 {
		// keys in the overflow are few, so the dictionary never repeats
		v.inOver, v.overflow = true, codes[0]
	}
	if len(v.ids) == 0 && !v.inOver {
		return absentVector{}
	}
	v.prepare()
	return v
}

func (v *attrVector) prepare() {
	shapes := &v.a.shapes
	v.steps = make([][]step, len(v.ids))
	for i := range v.ids {
		v.steps[i] = make([]step, shapes.len())
	}
	if v.inOver {
		v.over = make([]overStep, shapes.len())
	}
	for shape := range uint32(shapes.len()) {
		found := false
		for _, id := range shapes.at(shape) {
			if id == overflowID && v.inOver {
				v.over[shape].count++
				if !found {
					v.over[shape].first++
				}
				continue
			}
			i := slices.Index(v.ids, id)
			if i < 0 {
				continue
			}
			v.steps[i][shape] += 2
			if !found {
				v.steps[i][shape] |= 1
				found = true
			}
		}
	}
}

func (v *attrVector) filter(sel bitmap, c *condition) {
	out := newBitmap(len(sel) * 64)
	if v.inOver {
		// Rows whose first value is in the overflow are decided here.
		v.eachOver(sel, func(row int, index uint32) {
			sel[row>>6] &^= 1 << (row & 63)
			if c.holds(v.a.overflow.value(index)) {
				out.set(row)
			}
		})
	}
	for i, id := range v.ids {
		v.filterColumn(sel, out, &v.a.columns[id], id, v.steps[i], c)
	}
	copy(sel, out)
}

// filterColumn adds to out the rows of sel whose value is in the column and
// satisfies the condition.
func (v *attrVector) filterColumn(sel, out bitmap, col *column, id uint16, steps []step, c *condition) {
	switch col.typ {
	case storage.TypeInt:
		v.walk(sel, id, steps, func(row int, index uint32) {
			if c.exists || c.holdsInt(int64(col.nums[index])) {
				out.set(row)
			}
		})
	case storage.TypeFloat:
		v.walk(sel, id, steps, func(row int, index uint32) {
			if c.holds(floatOf(col.nums[index])) {
				out.set(row)
			}
		})
	case storage.TypeBool:
		holds := [2]bool{c.holds(storage.Bool(false)), c.holds(storage.Bool(true))}
		v.walk(sel, id, steps, func(row int, index uint32) {
			if holds[col.codes[index]] {
				out.set(row)
			}
		})
	case storage.TypeEmpty:
		if c.holds(storage.Empty()) {
			v.walk(sel, id, steps, func(row int, _ uint32) { out.set(row) })
		}
	default:
		if c.exists {
			v.walk(sel, id, steps, func(row int, _ uint32) { out.set(row) })
			return
		}
		if m := newMemo(c, col.typ, &col.dict); m != nil {
			v.walk(sel, id, steps, func(row int, index uint32) {
				if m.holds(col.codes[index]) {
					out.set(row)
				}
			})
		}
	}
}

// walk calls f with the rows of sel whose value is in the column.
func (v *attrVector) walk(sel bitmap, id uint16, steps []step, f func(row int, index uint32)) {
	shapeOf := v.a.shapeOf
	for word := 0; word < len(sel); {
		block := word * 64 / rankEvery
		end := min((block+1)*(rankEvery/64), len(sel))
		if sel[word:end].empty() {
			word = end
			continue
		}
		index := v.a.rank(block, id)
		for ; word < end; word++ {
			w := sel[word]
			for row := word * 64; row < min(word*64+64, len(shapeOf)); row++ {
				s := steps[shapeOf[row]]
				if s&1 != 0 && w>>(row&63)&1 != 0 {
					f(row, index)
				}
				index += uint32(s >> 1)
			}
		}
	}
}

// eachOver calls f with the rows of sel whose first value is in the overflow.
func (v *attrVector) eachOver(sel bitmap, f func(row int, index uint32)) {
	o := &v.a.overflow
	for word := 0; word < len(sel); {
		block := word * 64 / rankEvery
		end := min((block+1)*(rankEvery/64), len(sel))
		if sel[word:end].empty() {
			word = end
			continue
		}
		index := v.a.rank(block, overflowID)
		for row := word * 64; row < min(end*64, len(v.a.shapeOf)); row++ {
			s := v.over[v.a.shapeOf[row]]
			if sel.has(row) {
				for i := range s.first {
					if o.keys[index+i] == v.overflow {
						f(row, index+i)
						break
					}
				}
			}
			index += s.count
		}
		word = end
	}
}

func (v *attrVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	if len(rows) == 0 {
		return
	}
	for i, id := range v.ids {
		v.gatherColumn(rows, &v.a.columns[id], id, v.steps[i], out)
	}
	if !v.inOver {
		return
	}
	sel := newBitmap(len(v.a.shapeOf))
	for _, row := range rows {
		sel.set(int(row))
	}
	at := 0
	v.eachOver(sel, func(row int, index uint32) {
		for int(rows[at]) < row {
			at++
		}
		value := v.a.overflow.value(index)
		out.types[at], out.bits[at] = value.Type(), out.encode(value)
	})
}

func (v *attrVector) gatherColumn(rows []uint32, col *column, id uint16, steps []step, out *gathered) {
	var codes *translation
	if textual(col.typ) {
		codes = out.translate(&col.dict)
	}
	block, next, index := -1, uint32(0), uint32(0)
	for i, row := range rows {
		if b := int(row) / rankEvery; b != block {
			block, next, index = b, uint32(b*rankEvery), v.a.rank(b, id)
		}
		for ; next < row; next++ {
			index += uint32(steps[v.a.shapeOf[next]] >> 1)
		}
		if steps[v.a.shapeOf[row]]&1 == 0 {
			continue
		}
		out.types[i] = col.typ
		switch {
		case codes != nil:
			out.bits[i] = codes.of(col.codes[index])
		case col.nums != nil:
			out.bits[i] = col.nums[index]
		case col.codes != nil:
			out.bits[i] = uint64(col.codes[index])
		}
	}
}
