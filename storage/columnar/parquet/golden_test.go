package parquet

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenModel has every kind, logical type and encoding, flat and in a list.
func goldenModel() *model {
	m := &model{options: Options{PageRows: 128}, meta: []KeyValue{{"heddle.format", "1"}, {"empty", ""}}}
	add := func(list, name string, kind Kind, logical Logical, length int, optional bool) {
		m.columns = append(m.columns, Column{List: list, Name: name, Kind: kind, Logical: logical, Length: length, Optional: optional})
	}
	add("", "trace", Fixed, None, 16, false)
	add("", "span", Fixed, None, 8, false)
	add("", "uuid", Fixed, UUID, 16, true)
	add("", "start", Int64, TimestampNs, 0, false)
	add("", "random", Int64, Uint64, 0, true)
	add("", "kind", Int32, Uint8, 0, false)
	add("", "delta", Int32, None, 0, true)
	add("", "cached", Boolean, None, 0, true)
	add("", "score", Double, None, 0, true)
	add("", "service", ByteArray, String, 0, false)
	add("", "url", ByteArray, String, 0, true)
	add("", "bytes", ByteArray, None, 0, true)
	add("", "never", ByteArray, JSON, 0, true)
	add("events", "name", ByteArray, String, 0, false)
	add("events", "time", Int64, TimestampNs, 0, true)
	add("events", "size", Int32, Uint32, 0, true)
	for g, rows := range []int{300, 64} {
		group := modelGroup{rows: rows, counts: map[string][]uint32{"events": make([]uint32, rows)}}
		elements := 0
		for i := range rows {
			if i%5 == g {
				group.counts["events"][i] = uint32(i % 4)
				elements += i % 4
			}
		}
		for i := range m.columns {
			c := &m.columns[i]
			places := rows
			if c.List != "" {
				places = elements
			}
			cells := make([]cell, places)
			for k := range cells {
				cells[k] = goldenCell(c, uint64(1000*g+k))
			}
			group.cells = append(group.cells, cells)
		}
		m.groups = append(m.groups, group)
	}
	return m
}

func goldenCell(c *Column, n uint64) cell {
	h := n * 0x9e3779b97f4a7c15
	if c.Optional && h>>61 < 3 {
		return cell{null: true}
	}
	switch c.Name {
	case "trace":
		return cell{text: fmt.Sprintf("%016x", n/32)}
	case "span", "uuid":
		return cell{text: fmt.Sprintf("%016x", h)[16-c.Length:]}
	case "start", "time":
		return cell{num: 1_700_000_000_000_000_000 + n*1000 + h>>52}
	case "random":
		return cell{num: h}
	case "delta", "size":
		return cell{num: extendTo(c, uint32(h>>45)-1<<18)}
	case "score":
		return cell{num: math.Float64bits(float64(int64(h)) / 1e9)}
	case "url":
		return cell{text: fmt.Sprint("http://shop/\u00fcber/", h>>40)}
	case "bytes":
		return cell{text: string([]byte{0xff, byte(n % 3)})}
	case "never":
		return cell{null: true}
	}
	switch c.Kind {
	case Boolean:
		return cell{num: h >> 63}
	case Int32:
		return cell{num: h >> 62}
	}
	return cell{text: fmt.Sprint(c.Name, "-", h>>62)}
}

// TestGolden reads a file that an earlier version wrote. It must stay
// readable, and what is read must stay the same; the dump is there so that a
// change of one can be seen. New formats get new golden files.
func TestGolden(t *testing.T) {
	m := goldenModel()
	const file, dump = "testdata/golden.parquet", "testdata/golden.txt"
	if *update {
		data := m.write(t, rand.New(rand.NewPCG(1, 1)))
		for name, data := range map[string][]byte{file: data, dump: []byte(dumpFile(t, data))} {
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	m.check(t, rand.New(rand.NewPCG(1, 1)), data)
	if got := dumpFile(t, data); got != string(want) {
		t.Errorf("%s is read differently:\n%s", file, got)
	}
}

// dumpFile writes down how a file is built.
func dumpFile(t *testing.T, data []byte) string {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows, meta %q, created by %q\n", f.Rows(), f.MetaPairs(), f.CreatedBy())
	var page Page
	var dict DecodedDict
	for g, group := range f.RowGroups() {
		fmt.Fprintf(&b, "row group %d: %+v\n", g, group)
		for i, column := range f.Columns() {
			c := f.Chunk(g, i)
			fmt.Fprintf(&b, "  %+v: nulls %d, places %d, raw %d, %s\n", column, c.Nulls(), c.Places(), c.UncompressedBytes(), dumpBounds(c.Bounds()))
			if c.DictionaryEncoded() {
				if err := c.ReadDict(&dict); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "    dictionary of %d\n", dict.Len)
			}
			pages, err := c.Pages()
			if err != nil {
				t.Fatal(err)
			}
			for k, p := range pages {
				if err := c.ReadPage(k, &page); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "    page %d: rows %d+%d, nulls %d, values %d, codes below %d, %s\n", k, p.FirstRow, p.Rows, p.Nulls, page.Len, page.CodeLimit, dumpBounds(p.Bounds))
			}
		}
	}
	return b.String()
}

func dumpBounds(b Bounds) string {
	switch {
	case !b.Known:
		return "no bounds"
	case b.MinText != nil || b.MaxText != nil:
		return fmt.Sprintf("%q to %q", b.MinText, b.MaxText)
	}
	return fmt.Sprintf("%d to %d", b.Min, b.Max)
}

// TestSameBytes: what is written depends on nothing but the values.
func TestSameBytes(t *testing.T) {
	m := goldenModel()
	first := m.write(t, rand.New(rand.NewPCG(1, 1)))
	if again := m.write(t, rand.New(rand.NewPCG(1, 1))); !bytes.Equal(first, again) {
		t.Error("two files with the same values differ")
	}
}
