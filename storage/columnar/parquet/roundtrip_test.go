package parquet

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage/storagetest"
)

func TestRoundTrip(t *testing.T) {
	for seed := range storagetest.Fewer(uint64(300)) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := randomModel(r)
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { m.check(t, r, m.write(t, r)) }) {
			return
		}
	}
}

// check reads the whole file and compares it with the model.
func (m *model) check(t *testing.T, r *rand.Rand, file []byte) {
	t.Helper()
	f, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Columns(), m.columns) {
		t.Fatalf("columns %+v, want %+v", f.Columns(), m.columns)
	}
	if !slices.Equal(f.MetaPairs(), m.meta) || f.CreatedBy() != "heddle" {
		t.Errorf("metadata %v by %q, want %v", f.MetaPairs(), f.CreatedBy(), m.meta)
	}
	for i, c := range m.columns {
		if got, ok := f.Column(c.List, c.Name); !ok || got != i {
			t.Errorf("column %q is %d, %v, want %d", c.path(), got, ok, i)
		}
	}
	if _, ok := f.Column("", "no such column"); ok {
		t.Error("a column was found that is not there")
	}
	first := 0
	if len(f.RowGroups()) != len(m.groups) {
		t.Fatalf("%d row groups, want %d", len(f.RowGroups()), len(m.groups))
	}
	var buffer Buffer
	var page, some Page
	var dict DecodedDict
	for gi := range m.groups {
		g := &m.groups[gi]
		if got := f.RowGroups()[gi]; got.FirstRow != first || got.Rows != g.rows {
			t.Fatalf("row group %d is %+v, want %d rows from %d", gi, got, g.rows, first)
		}
		first += g.rows
		starts, err := f.PageStarts(gi)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.columns {
			c := f.Chunk(gi, i)
			buffer.Reset()
			if err := buffer.Add(c, 0, r.IntN(len(starts)+1), r.IntN(2) == 0); err != nil {
				t.Fatal(err)
			}
			if err := buffer.Read(r.IntN(1000)); err != nil {
				t.Fatal(err)
			}
			if c.DictionaryEncoded() {
				if err := buffer.ReadDict(c, &dict); err != nil {
					t.Fatal(err)
				}
			}
			g.checkChunk(t, c, g.cells[i], func(k int) *Page {
				if err := buffer.ReadPage(c, k, &page); err != nil {
					t.Fatal(err)
				}
				from := r.IntN(page.Rows + 1)
				to := from + r.IntN(page.Rows-from+1)
				if err := buffer.ReadRows(c, k, from, to, &some); err != nil {
					t.Fatal(err)
				}
				if diff := differ(&page, &some, from, to, c.description()); diff != "" {
					t.Fatalf("column %q, page %d, rows from %d to %d: %s", c.description().path(), k, from, to, diff)
				}
				return &page
			}, &dict)
		}
	}
	if f.Rows() != first {
		t.Errorf("%d rows, want %d", f.Rows(), first)
	}
	if f.MemoryBytes() < len(f.chunks)*100 {
		t.Errorf("%d bytes of memory", f.MemoryBytes())
	}
}

// differ tells what the values of some rows are in some that they are not in all.
func differ(all, some *Page, from, to int, d *Column) string {
	if some.Len != all.Len || some.Places != all.Places || some.Dictionary != all.Dictionary || !slices.Equal(some.Present, all.Present) || !slices.Equal(some.Counts, all.Counts) {
		return fmt.Sprintf("%d values in %d places, of all %d in %d", some.Len, some.Places, all.Len, all.Places)
	}
	if d.List != "" {
		from, to = 0, all.Places
	}
	from, to = all.before(from), all.before(to)
	for i := from; i < to; i++ {
		switch {
		case all.Dictionary && (some.Codes[i] != all.Codes[i] || some.Codes[i] >= some.CodeLimit):
			return fmt.Sprintf("code %d is %d below %d, want %d", i, some.Codes[i], some.CodeLimit, all.Codes[i])
		case len(all.Nums) > 0 && some.Nums[i] != all.Nums[i]:
			return fmt.Sprintf("number %d is %d, want %d", i, some.Nums[i], all.Nums[i])
		case len(all.Ends) > 0 && some.Ends[i] != all.Ends[i]:
			return fmt.Sprintf("text %d ends at %d, want %d", i, some.Ends[i], all.Ends[i])
		}
	}
	if !bytes.Equal(some.Text, all.Text) || !bytes.Equal(some.Fixed, all.Fixed) {
		return "the text differs"
	}
	return ""
}

func (g *modelGroup) checkChunk(t *testing.T, c *Chunk, cells []cell, read func(int) *Page, dict *DecodedDict) {
	t.Helper()
	column := c.Column()
	pages, err := c.Pages()
	if err != nil {
		t.Fatal(err)
	}
	row, nulls, places := 0, 0, 0
	for i, info := range pages {
		p := read(i)
		if info.FirstRow != row || p.FirstRow != row || p.Rows != info.Rows || info.Rows < 1 {
			t.Fatalf("column %q: page %d has rows %d+%d, its description %d+%d, want from %d", column.path(), i, p.FirstRow, p.Rows, info.FirstRow, info.Rows, row)
		}
		want := cells
		empty := 0
		if column.List != "" {
			counts := g.counts[column.List][row : row+p.Rows]
			if !slices.Equal(p.Counts, counts) {
				t.Fatalf("column %q: page %d has counts %v, want %v", column.path(), i, p.Counts, counts)
			}
			n := 0
			for _, k := range counts {
				n += int(k)
				if k == 0 {
					empty++
				}
			}
			want, cells = cells[:n], cells[n:]
		} else {
			want, cells = cells[:p.Rows], cells[p.Rows:]
		}
		row += p.Rows
		absent := empty + checkPage(t, &column, p, want, dict, c)
		nulls += absent
		places += len(want) + empty
		checkBounds(t, &column, info.Bounds, want)
		checkBounds(t, &column, c.Bounds(), want)
		if info.Nulls != absent && info.Nulls != -1 {
			t.Errorf("column %q: page %d has %d nulls, want %d", column.path(), i, info.Nulls, absent)
		}
	}
	if row != g.rows || len(cells) > 0 || c.Nulls() != nulls || c.Places() != places || c.Rows() != g.rows {
		t.Errorf("column %q: %d rows in pages, %d rows, %d nulls, %d places; want %d, %d, %d", column.path(), row, c.Rows(), c.Nulls(), c.Places(), g.rows, nulls, places)
	}
}

// checkPage compares the cells of a page and returns how many are null.
func checkPage(t *testing.T, column *Column, p *Page, want []cell, dict *DecodedDict, c *Chunk) (nulls int) {
	t.Helper()
	if p.Places != len(want) {
		t.Fatalf("column %q: %d places, want %d", column.path(), p.Places, len(want))
	}
	if p.Dictionary {
		if err := dict.Check(c, p); err != nil {
			t.Fatal(err)
		}
	}
	at := 0
	for i, w := range want {
		if p.Present != nil && p.Present[i>>6]>>(i&63)&1 == 0 {
			if !w.null {
				t.Fatalf("column %q: place %d is null, want %+v", column.path(), i, w)
			}
			nulls++
			continue
		}
		if got := cellOf(column, p, dict, at); got != w {
			t.Fatalf("column %q: place %d is %+v, want %+v", column.path(), i, got, w)
		}
		at++
	}
	if at != p.Len || (p.Present == nil) != (nulls == 0) {
		t.Fatalf("column %q: %d values, want %d; bitmap %v with %d nulls", column.path(), p.Len, at, p.Present != nil, nulls)
	}
	for i := len(want); p.Present != nil && i < 64*len(p.Present); i++ {
		if p.Present[i>>6]>>(i&63)&1 != 0 {
			t.Fatalf("column %q: bit %d beyond the last place is set", column.path(), i)
		}
	}
	return nulls
}

func cellOf(c *Column, p *Page, d *DecodedDict, at int) cell {
	nums, text, ends, fixed := p.Nums, p.Text, p.Ends, p.Fixed
	if p.Dictionary {
		nums, text, ends, fixed = d.Nums, d.Text, d.Ends, d.Fixed
		at = int(p.Codes[at])
	}
	switch c.Kind {
	case ByteArray:
		entries := Dict{text, ends}
		return cell{text: string(entries.At(uint32(at)))}
	case Fixed:
		return cell{text: string(fixed[at*c.Length : (at+1)*c.Length])}
	}
	return cell{num: nums[at]}
}

// checkBounds checks that all values are inside.
func checkBounds(t *testing.T, c *Column, b Bounds, cells []cell) {
	t.Helper()
	if !b.Known {
		return
	}
	for _, x := range cells {
		if x.null {
			continue
		}
		inside := true
		switch {
		case c.Kind == ByteArray || c.Kind == Fixed:
			inside = x.text >= string(b.MinText) && x.text <= string(b.MaxText)
		case c.Kind == Double:
			v := math.Float64frombits(x.num)
			inside = v >= math.Float64frombits(b.Min) && v <= math.Float64frombits(b.Max)
		case c.unsigned() || c.Kind == Boolean:
			inside = x.num >= b.Min && x.num <= b.Max
		default:
			inside = int64(x.num) >= int64(b.Min) && int64(x.num) <= int64(b.Max)
		}
		if !inside {
			t.Fatalf("column %q: %+v is not inside %+v", c.path(), x, b)
		}
	}
}
