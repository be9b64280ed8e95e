package columnar

import (
	"bytes"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// columnVector has the values of a column of a row group.
type columnVector struct {
	c   *groupColumn
	typ storage.Type

	codesFor *condition // whose codes are known
	codes    []uint32
}

// codesOf lists the entries of the dictionary that are want, which is what the
// condition wants.
func (v *columnVector) codesOf(c *condition, want string) []uint32 {
	if v.codesFor != c {
		v.codesFor, v.codes = c, v.c.dict.codesOf(want)
	}
	return v.codes
}

func (v *columnVector) filter(sel bitmap, c *condition) {
	if sel.empty() || v.excluded(c) {
		clear(sel)
		return
	}
	test := v.test(c)
	if test == nil {
		clear(sel)
		return
	}
	v.c.eachPage(sel, func(sub bitmap, p *decodedPage) { p.keepPlaces(sub, test(p)) })
}

// excluded says whether the bounds of the column already rule the condition out.
func (v *columnVector) excluded(c *condition) bool {
	b := v.c.chunk.Bounds()
	switch {
	case !b.Known || c.exists:
		return false
	case v.typ == storage.TypeInt && c.isRange && !c.ints.not:
		return c.ints.hi < int64(b.Min) || int64(b.Max) < c.ints.lo
	case textual(v.typ):
		want, ok := c.wanted(v.typ)
		return ok && (want < viewString(b.MinText) || viewString(b.MaxText) < want)
	}
	return false
}

// test returns for a page the test of its values; nil when no value can
// satisfy the condition.
func (v *columnVector) test(c *condition) func(p *decodedPage) func(i int) bool {
	always := func(bool) func(*decodedPage) func(int) bool {
		return func(*decodedPage) func(int) bool { return func(int) bool { return true } }
	}
	switch {
	case c.exists:
		return always(true)
	case v.typ == storage.TypeEmpty:
		if !c.holds(storage.Empty()) {
			return nil
		}
		return always(true)
	case v.typ == storage.TypeInt && c.isRange:
		r := c.ints
		return func(p *decodedPage) func(int) bool { return func(i int) bool { return r.holds(int64(p.Nums[i])) } }
	case v.typ == storage.TypeInt:
		return func(p *decodedPage) func(int) bool {
			return func(i int) bool { return c.holds(storage.Int(int64(p.Nums[i]))) }
		}
	case v.typ == storage.TypeFloat:
		return func(p *decodedPage) func(int) bool { return func(i int) bool { return c.holds(floatOf(p.Nums[i])) } }
	case v.typ == storage.TypeBool:
		holds := [2]bool{c.holds(storage.Bool(false)), c.holds(storage.Bool(true))}
		return func(p *decodedPage) func(int) bool { return func(i int) bool { return holds[p.Nums[i]&1] } }
	case v.c.dictionary():
		if want, ok := c.wanted(v.typ); ok {
			codes := v.codesOf(c, want)
			if len(codes) == 0 {
				return nil
			}
			return func(p *decodedPage) func(int) bool {
				return func(i int) bool { return slices.Contains(codes, p.Codes[i]) }
			}
		}
		m := newMemo(c, v.typ, &v.c.dict)
		return func(p *decodedPage) func(int) bool { return func(i int) bool { return m.holds(p.Codes[i]) } }
	}
	if want, ok := c.wanted(v.typ); ok {
		content := []byte(want)
		return func(p *decodedPage) func(int) bool {
			return func(i int) bool { return bytes.Equal(viewBytes(p.text.at(uint32(i))), content) }
		}
	}
	return func(p *decodedPage) func(int) bool {
		return func(i int) bool { return c.holds(textValue(v.typ, p.text.at(uint32(i)))) }
	}
}

func (v *columnVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	v.gatherInto(rows, out)
}

// gatherInto sets the entries of the rows that have a value.
func (v *columnVector) gatherInto(rows []uint32, out *gathered) {
	var codes *translation
	if textual(v.typ) && v.c.dictionary() {
		codes = out.translate(&v.c.dict)
	}
	v.c.eachRun(rows, func(from, to int, p *decodedPage) {
		for at := from; at < to; at++ {
			i, ok := p.index(int(rows[at]) - p.first)
			if !ok || int(i) >= p.Len {
				continue
			}
			out.types[at] = v.typ
			switch {
			case codes != nil:
				out.bits[at] = codes.of(p.Codes[i])
			case textual(v.typ):
				out.bits[at] = out.intern(p.text.at(i))
			case v.typ != storage.TypeEmpty:
				out.bits[at] = p.Nums[i]
			}
		}
	})
}

// keyVector has the values under an attribute key, which are in a column for
// each type and, where the key has further values or no column, in the
// overflow. A row has a value in one column at most, which is its first.
type keyVector struct {
	columns  []columnVector
	overflow *groupColumn // nil: the key is not there
	key      string
}

func (g *rowGroup) attrVector(l *listColumns, key string) vector {
	v := &keyVector{key: key}
	for i, k := range l.keys {
		if k.key == key {
			v.columns = append(v.columns, columnVector{c: g.column(l.columns[i]), typ: k.typ})
		}
	}
	if l.overflow >= 0 {
		if c := g.column(l.overflow); c.chunk.Nulls() < c.chunk.Places() {
			v.overflow = c
		}
	}
	switch {
	case v.overflow != nil:
		return v
	case len(v.columns) == 0:
		return absentVector{}
	case len(v.columns) == 1:
		return &v.columns[0]
	}
	return v
}

func (v *keyVector) filter(sel bitmap, c *condition) {
	out := newBitmap(len(sel) * 64)
	left := sel.clone() // rows that have no value in a column
	for i := range v.columns {
		if v.overflow != nil {
			has := sel.clone()
			v.columns[i].filter(has, existsCondition())
			left.andNot(has)
		}
		holds := sel.clone()
		v.columns[i].filter(holds, c)
		out.or(holds)
	}
	if v.overflow != nil {
		v.eachOverflow(left, func(row int, value storage.Value) {
			if c.holds(value) {
				out.set(row)
			}
		})
	}
	copy(sel, out)
}

// eachOverflow calls f with the rows of sel that have the key in the overflow.
func (v *keyVector) eachOverflow(sel bitmap, f func(row int, value storage.Value)) {
	v.overflow.eachPage(sel, func(sub bitmap, p *decodedPage) {
		for _, place := range sub.rows() {
			i, ok := p.index(int(place))
			if !ok || int(i) >= p.Len {
				continue
			}
			found := false
			v.overflow.g.fail(storage.EachKeyValue(v.overflow.textOf(p, i), func(key string, value storage.Value) {
				if key == v.key && !found {
					found = true
					f(int(place)+p.first, value)
				}
			}))
		}
	})
}

// textOf is value i of a page of text.
func (c *groupColumn) textOf(p *decodedPage, i uint32) string {
	if p.Dictionary {
		return c.dict.at(p.Codes[i])
	}
	return p.text.at(i)
}

func (v *keyVector) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	for i := range v.columns {
		v.columns[i].gatherInto(rows, out)
	}
	if v.overflow == nil || len(rows) == 0 {
		return
	}
	v.overflow.eachRun(rows, func(from, to int, p *decodedPage) {
		for at := from; at < to; at++ {
			i, ok := p.index(int(rows[at]) - p.first)
			if !ok || int(i) >= p.Len || out.types[at] != storage.TypeAbsent {
				continue
			}
			v.overflow.g.fail(storage.EachKeyValue(v.overflow.textOf(p, i), func(key string, value storage.Value) {
				if key == v.key && out.types[at] == storage.TypeAbsent {
					out.types[at], out.bits[at] = value.Type(), out.encode(value)
				}
			}))
		}
	})
}

// fixedVector has an id for every row, or for those that have one.
type fixedVector[T ~[8]byte | ~[16]byte] struct{ c *groupColumn }

func (v fixedVector[T]) filter(sel bitmap, c *condition) {
	if c.exists { // the zero id is a value too
		return
	}
	want, equal := c.wanted(storage.TypeBytes)
	v.c.eachPage(sel, func(sub bitmap, p *decodedPage) {
		sub.keep(func(place int) bool {
			id := idAt[T](p, place)
			if equal {
				return string(idBytes(id)) == want
			}
			return c.holds(storage.Bytes(idBytes(id)))
		})
	})
}

func (v fixedVector[T]) gather(rows []uint32, out *gathered) {
	out.reset(len(rows))
	v.c.eachRun(rows, func(from, to int, p *decodedPage) {
		for at := from; at < to; at++ {
			out.types[at], out.bits[at] = storage.TypeBytes, out.intern(string(idBytes(idAt[T](p, int(rows[at])-p.first))))
		}
	})
}

func pickIDs[T ~[8]byte | ~[16]byte](c *groupColumn, rows []uint32, to []T) []T {
	to = resize(to, len(rows))
	if 64*len(rows) < c.g.n {
		copy(to, ids[T](c, runsOf(rows)))
		return to
	}
	c.eachRun(rows, func(from, end int, p *decodedPage) {
		for at := from; at < end; at++ {
			to[at] = idAt[T](p, int(rows[at])-p.first)
		}
	})
	return to
}

// parentVector has the ids of parents. Which spans name none, as roots do, can be
// told without them.
type parentVector struct {
	lateVector
	t *spanRows
}

func (v *parentVector) filter(sel bitmap, c *condition) {
	if !wantsNoParent(c) {
		v.lateVector.filter(sel, c)
		return
	}
	for _, c := range v.columns() {
		c.eachPage(sel, func(sub bitmap, p *decodedPage) {
			if p.Present == nil {
				clear(sub)
				return
			}
			sub.andNot(p.Present)
		})
	}
}

func (v *parentVector) estimate(c *condition) (e estimate) {
	if !wantsNoParent(c) {
		return v.lateVector.estimate(c)
	}
	named := 0
	for _, c := range v.columns() {
		named += c.chunk.Places() - c.chunk.Nulls()
		e.bytes += float64(c.chunk.CompressedBytes())
	}
	e.kept = max(1-float64(named)/max(float64(v.t.n), 1), 0)
	return e
}

// columns are those of which a span that names a parent has one.
func (v *parentVector) columns() [2]*groupColumn {
	f := &v.t.part.fixed
	return [2]*groupColumn{v.t.column(f.parentOffset), v.t.column(f.farParent)}
}

// wantsNoParent says whether only the empty id satisfies the condition.
func wantsNoParent(c *condition) bool {
	want, one := c.wanted(storage.TypeBytes)
	return one && want == string(make([]byte, 8))
}

// vector gives access to what spans and log records have in common.
func (g *rowGroup) vector(k storage.Key) vector {
	f := &g.part.fixed
	switch k {
	case storage.KeyTraceID:
		return fixedVector[storage.TraceID]{g.column(f.traceID)}
	case storage.KeySpanID:
		return fixedVector[storage.SpanID]{g.column(f.spanID)}
	}
	values, ok := g.part.values.valuesOf(&g.part.origins, k)
	if !ok {
		panic("columnar: unchecked key " + k.String())
	}
	if values.values == nil {
		return absentVector{}
	}
	return &originVector{originValues: values, of: k, c: g.column(f.origin)}
}

// originVector has for every row the value that its origin has.
type originVector struct {
	originValues
	of storage.Key
	c  *groupColumn

	heldFor *condition // of which held is known
	held    heldOrigins
}

// heldOrigins is what is known of a condition before a row is read.
type heldOrigins struct {
	holds    []bool // for every origin
	some, of int    // how many of those in the row group satisfy it
}

func (v *originVector) heldBy(c *condition) heldOrigins {
	if v.heldFor == c {
		return v.held
	}
	h := heldOrigins{holds: v.c.g.part.values.holding(&v.originValues, v.of, c)}
	there := v.there()
	for i, holds := range h.holds {
		if there == nil || there[i] {
			h.of++
			if holds {
				h.some++
			}
		}
	}
	v.heldFor, v.held = c, h
	return h
}

// there tells which origins are in the row group; nil: unknown.
func (v *originVector) there() []bool {
	if !v.c.dictionary() || v.c.g.failed != nil {
		return nil
	}
	there := make([]bool, len(v.pairs))
	for _, code := range v.c.nums {
		if code >= uint64(len(there)) {
			v.c.g.fail(errPart)
			return nil
		}
		there[code] = true
	}
	return there
}

func (v *originVector) filter(sel bitmap, c *condition) {
	switch h := v.heldBy(c); {
	case h.some == 0:
		clear(sel)
	case h.some < h.of:
		v.c.eachPage(sel, func(sub bitmap, p *decodedPage) {
			sub.keep(func(place int) bool {
				code := p.num(place)
				return code < uint64(len(h.holds)) && h.holds[code]
			})
		})
	}
}

func (v *originVector) gather(rows []uint32, out *gathered) {
	codes := resize([]uint32(nil), len(rows))
	v.c.eachRun(rows, func(from, to int, p *decodedPage) {
		for at := from; at < to; at++ {
			codes[at] = uint32(p.num(int(rows[at]) - p.first))
		}
	})
	for i, code := range v.c.g.checked(codes, len(v.pairs)) {
		codes[i] = v.index(v.pairs[code])
	}
	tableVector{codes, v.values}.gather(upTo[uint32](len(rows)), out)
}

// originCodes are the origins of some rows.
func (g *rowGroup) originCodes(rows runs) []uint32 {
	return g.checked(ints[uint32](g.column(g.part.fixed.origin), rows), len(g.part.origins.pairs))
}

// checked makes sure that codes are below n.
func (g *rowGroup) checked(codes []uint32, n int) []uint32 {
	for i, c := range codes {
		if int(c) >= n {
			g.fail(errPart)
			codes[i] = 0
		}
	}
	return codes
}
