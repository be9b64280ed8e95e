package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/heddle-io/heddle/storage/storagetest"
)

// TestParquetGo lets parquet-go read random files: the schema, every value
// with its levels, checksums, and the bounds of the page index.
func TestParquetGo(t *testing.T) {
	storagetest.Long(t)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := randomModel(r)
		file := m.write(t, r)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f, err := pq.OpenFile(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range m.meta {
				if got, _ := f.Lookup(kv.Key); got != kv.Value {
					t.Errorf("key %q is %q, want %q", kv.Key, got, kv.Value)
				}
			}
			groups := f.RowGroups()
			if len(groups) != len(m.groups) {
				t.Fatalf("%d row groups, want %d", len(groups), len(m.groups))
			}
			for gi, group := range groups {
				if group.NumRows() != int64(m.groups[gi].rows) {
					t.Errorf("row group %d has %d rows, want %d", gi, group.NumRows(), m.groups[gi].rows)
				}
				for i, chunk := range group.ColumnChunks() {
					m.groups[gi].checkParquetGo(t, &m.columns[i], m.groups[gi].cells[i], chunk)
				}
			}
		})
	}
}

func (g *modelGroup) checkParquetGo(t *testing.T, c *Column, cells []cell, chunk pq.ColumnChunk) {
	t.Helper()
	values := parquetGoValues(t, c, chunk)
	next := func(rep int) (v pq.Value) {
		if len(values) == 0 {
			t.Fatalf("column %q: too few values", c.path())
		}
		v, values = values[0], values[1:]
		if v.RepetitionLevel() != rep {
			t.Fatalf("column %q: repetition level %d, want %d", c.path(), v.RepetitionLevel(), rep)
		}
		return v
	}
	value := func(rep int, x cell) {
		v := next(rep)
		def := c.maxDef()
		if x.null {
			def--
		}
		if v.DefinitionLevel() != def || v.IsNull() != x.null || !x.null && parquetGoCell(c, v) != x {
			t.Fatalf("column %q: %v at definition level %d, want %+v at %d", c.path(), v, v.DefinitionLevel(), x, def)
		}
	}
	for row := range g.rows {
		if c.List == "" {
			value(0, cells[row])
			continue
		}
		n := int(g.counts[c.List][row])
		if n == 0 {
			if v := next(0); !v.IsNull() || v.DefinitionLevel() != 0 {
				t.Fatalf("column %q: %v at definition level %d, want an empty list", c.path(), v, v.DefinitionLevel())
			}
		}
		for i := range n {
			value(min(i, 1), cells[0])
			cells = cells[1:]
		}
	}
	if len(values) > 0 {
		t.Errorf("column %q: %d values too many", c.path(), len(values))
	}
}

// parquetGoValues reads all pages, and checks the page index on the way.
func parquetGoValues(t *testing.T, c *Column, chunk pq.ColumnChunk) (values []pq.Value) {
	t.Helper()
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		t.Fatal(err)
	}
	index, err := chunk.ColumnIndex()
	if err != nil && !errors.Is(err, pq.ErrMissingColumnIndex) {
		t.Fatal(err)
	}
	pages := chunk.Pages()
	defer pages.Close()
	rows := int64(0)
	for i := 0; ; i++ {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			if i != offsets.NumPages() {
				t.Errorf("column %q: %d pages, the offset index has %d", c.path(), i, offsets.NumPages())
			}
			return values
		}
		if err != nil {
			t.Fatalf("column %q: page %d: %v", c.path(), i, err)
		}
		if offsets.FirstRowIndex(i) != rows {
			t.Errorf("column %q: page %d starts at row %d, the offset index says %d", c.path(), i, rows, offsets.FirstRowIndex(i))
		}
		rows += page.NumRows()
		if index != nil && (index.NullCount(i) != page.NumNulls() || index.NullPage(i) != (page.NumNulls() == page.NumValues())) {
			t.Errorf("column %q: page %d has %d nulls, the column index says %d", c.path(), i, page.NumNulls(), index.NullCount(i))
		}
		buffer := make([]pq.Value, page.NumValues())
		n, err := page.Values().ReadValues(buffer)
		if n != len(buffer) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("column %q: page %d: %d of %d values: %v", c.path(), i, n, len(buffer), err)
		}
		for _, v := range buffer {
			if index != nil && !v.IsNull() && (chunk.Type().Compare(v, index.MinValue(i)) < 0 || chunk.Type().Compare(v, index.MaxValue(i)) > 0) {
				t.Errorf("column %q: page %d has %v, the column index says %v to %v", c.path(), i, v, index.MinValue(i), index.MaxValue(i))
			}
			values = append(values, v.Clone())
		}
		pq.Release(page)
	}
}

func parquetGoCell(c *Column, v pq.Value) cell {
	switch c.Kind {
	case Boolean:
		if v.Boolean() {
			return cell{num: 1}
		}
		return cell{}
	case Int32:
		return cell{num: extendTo(c, uint32(v.Int32()))}
	case Int64:
		return cell{num: uint64(v.Int64())}
	case Double:
		return cell{num: v.Uint64()}
	}
	return cell{text: string(v.ByteArray())}
}
