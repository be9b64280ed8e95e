package columnar

import (
	"github.com/heddle-io/heddle/storage"
)

// gathered is the values of some rows, to become a storage.Column. It is
// reused from batch to batch.
type gathered struct {
	types []storage.Type
	bits  []uint64
	dict  []string
	ids   map[string]uint64 // of dict, where contents had to be compared
	codes []translation     // one per dictionary met since reset
	spare []translation     // their memory, for the next batch
}

// reset makes room for n values, all absent.
func (g *gathered) reset(n int) {
	g.types = append(g.types[:0], make([]storage.Type, n)...)
	if cap(g.bits) < n {
		g.bits = make([]uint64, n)
	}
	g.bits = g.bits[:n]
	clear(g.bits)
	g.dict = g.dict[:0]
	clear(g.ids)
	for i := range g.codes {
		g.codes[i].forget()
	}
	g.spare, g.codes = append(g.spare, g.codes...), g.codes[:0]
}

func (g *gathered) column() storage.Column {
	return storage.Column{Types: g.types, Bits: g.bits, Dict: g.dict}
}

// encode returns the bits of a value, interning its content.
func (g *gathered) encode(v storage.Value) uint64 {
	switch v.Type() {
	case storage.TypeInt:
		return uint64(v.Int())
	case storage.TypeFloat:
		return floatBits(v)
	case storage.TypeBool:
		return uint64(boolBit(v.Bool()))
	case storage.TypeAbsent, storage.TypeEmpty:
		return 0
	}
	return g.intern(v.Str())
}

// intern returns the index of s in the dictionary, whose entries are distinct.
func (g *gathered) intern(s string) uint64 {
	if g.ids == nil {
		g.ids = map[string]uint64{}
	}
	if len(g.ids) < len(g.dict) { // entries that came in without comparing
		for i, t := range g.dict {
			g.ids[t] = uint64(i)
		}
	}
	id, ok := g.ids[s]
	if !ok {
		id = uint64(len(g.dict))
		g.dict = append(g.dict, s)
		g.ids[s] = id
	}
	return id
}

// translate returns the way from the codes of a dictionary to the indices of
// this one; entries are taken over when they are first met.
func (g *gathered) translate(d *dict) *translation {
	compare := d.repeated || len(g.dict) > 0
	var t translation
	if n := len(g.spare); n > 0 {
		t, g.spare = g.spare[n-1], g.spare[:n-1]
	}
	if len(t.known) < d.len() {
		t.known = make([]uint32, d.len())
	}
	t.to, t.from, t.compare = g, d, compare
	g.codes = append(g.codes, t)
	return &g.codes[len(g.codes)-1]
}

type translation struct {
	to      *gathered
	from    *dict
	compare bool
	known   []uint32 // index+1 by code, 0 is unknown
	met     []uint32 // codes that are known
}

func (t *translation) of(code uint32) uint64 {
	if i := t.known[code]; i != 0 {
		return uint64(i - 1)
	}
	var i uint64
	if s := t.from.at(code); t.compare {
		i = t.to.intern(s)
	} else {
		i = uint64(len(t.to.dict))
		t.to.dict = append(t.to.dict, s)
	}
	t.known[code] = uint32(i + 1)
	t.met = append(t.met, code)
	return i
}

// forget empties the translation at the cost of what it was used for, not of
// its dictionary's size.
func (t *translation) forget() {
	for _, code := range t.met {
		t.known[code] = 0
	}
	t.met = t.met[:0]
}
