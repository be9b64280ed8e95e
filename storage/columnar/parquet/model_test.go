package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// model is a file as plain values: what was written, and what must be read.
type model struct {
	columns []Column
	groups  []modelGroup
	options Options
	meta    []KeyValue
}

type modelGroup struct {
	rows   int
	counts map[string][]uint32 // of a list
	cells  [][]cell            // of a column, one a place
}

// cell is the value of a place: a number, or text for ByteArray and Fixed.
type cell struct {
	null bool
	num  uint64
	text string
}

// randomModel makes columns of every kind with values of every distribution.
func randomModel(r *rand.Rand) *model {
	m := &model{options: Options{PageRows: 64 << r.IntN(5), Level: 1 + r.IntN(4), DictEntries: 1 << r.IntN(13)}}
	list := ""
	for i := range 1 + r.IntN(12) {
		switch r.IntN(4) {
		case 0:
			list = ""
		case 1:
			list = fmt.Sprint("list", i)
		}
		m.columns = append(m.columns, randomColumn(r, list, fmt.Sprint("c", i)))
	}
	for range r.IntN(4) {
		m.groups = append(m.groups, m.randomGroup(r))
	}
	for i := range r.IntN(3) {
		m.meta = append(m.meta, KeyValue{fmt.Sprint("key", i), strings.Repeat("v", r.IntN(200))})
	}
	return m
}

func randomColumn(r *rand.Rand, list, name string) Column {
	c := Column{List: list, Name: name, Kind: Kind(r.IntN(6)), Optional: r.IntN(3) > 0}
	if c.Kind == Fixed {
		c.Length = []int{1, 3, 8, 16, 20}[r.IntN(5)]
	}
	for l, x := range logicals {
		if x.kind == c.Kind && r.IntN(2) == 0 && (Logical(l) != UUID || c.Length == 16) && l > 0 {
			c.Logical = Logical(l)
		}
	}
	return c
}

func (m *model) randomGroup(r *rand.Rand) modelGroup {
	g := modelGroup{rows: 1 + r.IntN([]int{1, 10, 200, 3000}[r.IntN(4)]), counts: map[string][]uint32{}}
	for i := range m.columns {
		c := &m.columns[i]
		places := g.rows
		if c.List != "" {
			if g.counts[c.List] == nil {
				g.counts[c.List] = randomCounts(r, g.rows)
			}
			places = 0
			for _, n := range g.counts[c.List] {
				places += int(n)
			}
		}
		g.cells = append(g.cells, randomCells(r, c, places))
	}
	return g
}

func randomCounts(r *rand.Rand, rows int) []uint32 {
	counts := make([]uint32, rows)
	share, most := r.Float64(), 1+r.IntN(5)
	if r.IntN(4) == 0 {
		share = 0
	}
	for i := range counts {
		if r.Float64() < share {
			counts[i] = uint32(r.IntN(most + 1))
		}
	}
	return counts
}

func randomCells(r *rand.Rand, c *Column, places int) []cell {
	cells := make([]cell, places)
	share := []float64{0, 0.01, 0.5, 0.95, 1}[r.IntN(5)] // of values that are there
	next := randomValues(r, c)
	block := 0
	null := false
	for i := range cells {
		if block--; block < 0 { // runs of nulls and of values too
			block, null = r.IntN(1+r.IntN(200)), r.Float64() >= share
		}
		cells[i] = next()
		if c.Optional && null {
			cells[i] = cell{null: true}
		}
	}
	return cells
}

// randomValues returns a source of values with some distribution.
func randomValues(r *rand.Rand, c *Column) func() cell {
	distinct := []int{1, 2, 17, 300, 5000, 1 << 40}[r.IntN(6)]
	seed := r.Uint64()
	clock := r.Uint64() >> 20
	shape := r.IntN(4)
	return func() cell {
		n := uint64(r.Int64N(int64(distinct)))
		switch shape {
		case 0: // skewed
			n = n * n / uint64(distinct)
		case 1: // growing
			clock += n
			n = clock
		}
		h := (n + seed) * 0x9e3779b97f4a7c15
		switch c.Kind {
		case Boolean:
			return cell{num: h >> 63}
		case Int32:
			v := n
			if shape == 2 {
				v = h
			}
			if width := logicals[c.Logical].bits; width > 0 {
				v &= 1<<width - 1
			}
			return cell{num: extendTo(c, uint32(v))}
		case Int64:
			if shape == 2 && c.Logical != TimestampNs { // other readers have no time for any number
				n = h
			}
			return cell{num: n}
		case Double:
			switch n % 97 {
			case 3:
				return cell{num: math.Float64bits(math.Copysign(0, -1))}
			case 4:
				return cell{num: math.Float64bits(math.Inf(int(h>>62) - 2))}
			}
			return cell{num: math.Float64bits(float64(int64(h)) / 1e9)}
		case Fixed:
			b := make([]byte, 0, 24)
			for len(b) < c.Length {
				b = binary.LittleEndian.AppendUint64(b, h)
			}
			return cell{text: string(b[:c.Length])}
		}
		text := fmt.Sprint(strings.Repeat("x", int(h>>59)), "\u00e9", n)
		if n%7 == 2 {
			text = ""
		}
		if c.Logical == JSON {
			text = `"` + text + `"`
		}
		return cell{text: text}
	}
}

// values builds what Write takes. The dictionary has entries that are not
// used, and sometimes equal ones.
func (g *modelGroup) values(r *rand.Rand, c *Column, cells []cell) Values {
	v := Values{Counts: g.counts[c.List]}
	nulls := false
	for _, x := range cells {
		nulls = nulls || x.null
	}
	if nulls || c.Optional && r.IntN(2) == 0 {
		v.Present = make([]uint64, (len(cells)+63)/64)
		for i, x := range cells {
			if !x.null {
				v.Present[i>>6] |= 1 << (i & 63)
			}
		}
		if tail := len(cells) & 63; tail != 0 && r.IntN(2) == 0 { // bits beyond are ignored
			v.Present[len(v.Present)-1] |= ^uint64(0) << tail
		}
	}
	codes := map[string]uint32{}
	again := r.IntN(3) == 0
	viaCodes := r.IntN(2) == 0
	for _, x := range cells {
		switch {
		case x.null:
		case c.Kind == Fixed:
			v.Fixed = append(v.Fixed, x.text...)
		case c.Kind == Boolean && viaCodes:
			v.Codes = append(v.Codes, uint32(x.num))
		case c.Kind == ByteArray:
			code, ok := codes[x.text]
			if !ok || again && r.IntN(3) == 0 {
				for range r.IntN(3) {
					v.Dict.Text = append(v.Dict.Text, "not used"...)
					v.Dict.Ends = append(v.Dict.Ends, uint32(len(v.Dict.Text)))
				}
				code = uint32(v.Dict.Len())
				v.Dict.Text = append(v.Dict.Text, x.text...)
				v.Dict.Ends = append(v.Dict.Ends, uint32(len(v.Dict.Text)))
				codes[x.text] = code
			}
			v.Codes = append(v.Codes, code)
		case c.Kind == Int32 && r.IntN(2) == 0:
			v.Nums = append(v.Nums, uint64(uint32(x.num))) // only the low bits count
		default:
			v.Nums = append(v.Nums, x.num)
		}
	}
	return v
}

func (m *model) write(t testing.TB, r *rand.Rand) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, m.columns, m.options)
	for gi := range m.groups {
		g := &m.groups[gi]
		if err := w.StartRowGroup(g.rows); err != nil {
			t.Fatal(err)
		}
		for i := range m.columns {
			if err := w.Write(i, g.values(r, &m.columns[i], g.cells[i])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.EndRowGroup(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(m.meta); err != nil {
		t.Fatal(err)
	}
	if w.BytesWritten() != int64(out.Len()) {
		t.Fatalf("%d bytes written, the writer says %d", out.Len(), w.BytesWritten())
	}
	return out.Bytes()
}
