package sidecar

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// TestMergedCellsAreAllSpans: parts that are merged cell by cell say of every
// group of spans what looking at every span says.
func TestMergedCellsAreAllSpans(t *testing.T) {
	durations := map[string]func(*rand.Rand) int64{
		"latencies": func(r *rand.Rand) int64 { return int64(math.Exp(r.NormFloat64()*1.5 + 15)) },
		"narrow":    func(r *rand.Rand) int64 { return 1_000_000 + r.Int64N(5000) },
		"few":       func(r *rand.Rand) int64 { return r.Int64N(20) - 5 },
		"wide":      func(r *rand.Rand) int64 { return 1 << r.IntN(47) },
		"equal":     func(*rand.Rand) int64 { return 42 },
	}
	type total struct {
		Measures
		h storage.ExpHistogram
	}
	for name, draw := range durations {
		for _, perCell := range []int{1, 2, 3, 4, 30} {
			r := rand.New(rand.NewPCG(1, uint64(perCell)))
			want, got := map[Series]*total{}, map[Series]*total{}
			compacted := REDBuilder{}
			for range 5 {
				var b REDBuilder
				for range 40 * perCell {
					s := Series{"a", "b", uint8(r.IntN(2)), uint8(r.IntN(2))}
					start, d := r.Int64N(10*60e9)-5*60e9, draw(r)
					b.Observe(b.Series(s), start, d)
					w := want[s]
					if w == nil {
						w = new(total)
						want[s] = w
					}
					w.observe(d)
					w.h.Observe(float64(d))
				}
				x := open(t, encode(t, &Contents{RED: b.Contents()}))
				if err := x.Verify(); err != nil {
					t.Fatal(err)
				}
				red := must[*RED](t)(x.RED())
				for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
					if err != nil {
						t.Fatal(err)
					}
					for i, series := range m.Series {
						s := red.Series[series]
						if got[s] == nil {
							got[s] = new(total)
						}
						got[s].Merge(m.Measures[i])
						if err := m.MergeHistogram(i, &got[s].h); err != nil {
							t.Fatal(err)
						}
						if err := compacted.Add(compacted.Series(s), m, i); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %d a cell: %+v\nwant %+v", name, perCell, got, want)
			}
			again := map[Series]*total{}
			c := compacted.Contents()
			for _, cell := range c.Cells {
				s := c.Series[cell.Series]
				if again[s] == nil {
					again[s] = new(total)
				}
				again[s].Merge(cell.Measures)
				again[s].h.Merge(&cell.Histogram)
			}
			if !reflect.DeepEqual(want, again) {
				t.Errorf("%s, %d a cell: compacting changed something", name, perCell)
			}
		}
	}
}

func TestScanReadsWhatIsAskedFor(t *testing.T) {
	var b REDBuilder
	for minute := range int64(100) {
		if minute%10 == 5 {
			continue
		}
		for i := range 50 {
			for j := range 40 {
				b.Observe(b.Series(Series{"s", "n", uint8(i), 0}), (minute-20)*60e9, int64(1000*i*j))
			}
		}
	}
	x, r := counting(t, encode(t, &Contents{RED: b.Contents()}))
	red := must[*RED](t)(x.RED())
	if first, last, ok := red.Minutes(); first != -20 || last != 79 || !ok {
		t.Error(first, last, ok)
	}
	one := int(x.sections[sectionRED].length / 90)
	for _, test := range []struct {
		from, to int64
		want     int
	}{
		{-20, 80, 90}, {math.MinInt64, math.MaxInt64, 90}, {0, 10, 9}, {3, 4, 1}, {5, 6, 0}, {5, 7, 1}, {79, 80, 1}, {80, 90, 0}, {-30, -20, 0}, {10, 0, 0},
	} {
		r.bytes = 0
		var minutes []int64
		for m, err := range red.Scan(test.from, test.to) {
			if err != nil || len(m.Series) != 50 || len(m.Measures) != 50 {
				t.Fatal(err, len(m.Series))
			}
			minutes = append(minutes, m.Minute)
		}
		if len(minutes) != test.want || !slices.IsSorted(minutes) {
			t.Errorf("%d..%d: %d minutes", test.from, test.to, len(minutes))
		}
		if r.bytes > (test.want+1)*one {
			t.Errorf("%d..%d: %d bytes were read, a minute has %d", test.from, test.to, r.bytes, one)
		}
	}
	for range red.Scan(-20, 80) {
		break
	}
	if _, _, ok := (&RED{}).Minutes(); ok {
		t.Error("no minutes")
	}
}

func TestMergingAllocatesNothing(t *testing.T) {
	c, _ := mesh(5000, 50e9, 1)
	x := open(t, encode(t, c))
	red := must[*RED](t)(x.RED())
	var all storage.ExpHistogram
	for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
		if err != nil {
			t.Fatal(err)
		}
		merge := func() {
			for i := range m.Series {
				if err := m.MergeHistogram(i, &all); err != nil {
					t.Fatal(err)
				}
			}
		}
		merge()
		if n := testing.AllocsPerRun(10, merge); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestHistogramCoding(t *testing.T) {
	for name, h := range map[string]storage.ExpHistogram{
		"empty":        {},
		"zeros":        {Zero: math.MaxUint64},
		"one":          {Scale: 8, Offset: -7, Counts: []uint64{1}},
		"slack":        {Scale: 3, Offset: 10, Counts: []uint64{0, 0, 5, 0, 1, 0}},
		"large counts": {Scale: -4, Offset: -60, Counts: []uint64{1 << 40, 0, 0, 1<<57 - 1, 1, 1 << 28, 1<<29 - 1, 1 << 29}},
		"far apart":    {Scale: 0, Offset: -1000, Counts: append(append([]uint64{7}, make([]uint64, 1500)...), 9)},
	} {
		b, ok := appendHistogram(nil, &h)
		if !ok {
			t.Errorf("%s: refused", name)
			continue
		}
		got := storage.ExpHistogram{Counts: []uint64{9, 9, 9}} // of before
		if values, ok := decodeHistogram(b, len(b), &got); !ok || values != h.Count() {
			t.Errorf("%s: %v, %d values", name, ok, values)
			continue
		}
		var want, have storage.ExpHistogram
		trimmed := storage.ExpHistogram{Zero: h.Zero}
		if first, last, n := bucketsOf(&h); n > 0 {
			trimmed = storage.ExpHistogram{Scale: h.Scale, Zero: h.Zero, Offset: h.Offset + int32(first), Counts: h.Counts[first : last+1]}
		}
		want.Merge(&trimmed)
		have.Merge(&got)
		if !reflect.DeepEqual(want, have) {
			t.Errorf("%s: %+v, want %+v", name, have, want)
		}
		for n := range b {
			if _, ok := decodeHistogram(b[:n], n, &got); ok {
				t.Errorf("%s: %d of %d bytes are enough", name, n, len(b))
			}
		}
	}
	for name, h := range map[string]storage.ExpHistogram{
		"scale too fine":   {Scale: 21, Counts: []uint64{1}},
		"scale too coarse": {Scale: -12, Counts: []uint64{1}},
		"above all":        {Scale: 0, Offset: 1025, Counts: []uint64{1}},
		"below all":        {Scale: 8, Offset: math.MinInt32, Counts: []uint64{1}},
		"too many":         {Scale: 20, Counts: append(append([]uint64{7}, make([]uint64, maxBuckets)...), 9)},
	} {
		if _, ok := appendHistogram(nil, &h); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEdgesBetween(t *testing.T) {
	e := Edges{Names: []string{"a", "b"}}
	for minute := range int64(10) {
		e.List = append(e.List, Edge{0, 1, minute * 2, 1, 0}, Edge{1, 0, minute * 2, 1, 0})
	}
	read := must[*Edges](t)(open(t, encode(t, &Contents{Edges: e})).Edges())
	for _, test := range []struct{ from, to, want int64 }{{0, 20, 20}, {0, 1, 2}, {1, 2, 0}, {1, 3, 2}, {18, 99, 2}, {19, 99, 0}, {5, 0, 0}} {
		if got := read.Between(test.from, test.to); len(got) != int(test.want) {
			t.Errorf("%d..%d: %d edges", test.from, test.to, len(got))
		}
	}
}

// TestCoarseTables: they are what the cells sum up to, and Verify finds those
// that are not.
func TestCoarseTables(t *testing.T) {
	contents := func(minutes, names int64, last int64) *Contents {
		r := rand.New(rand.NewPCG(3, 3))
		var b REDBuilder
		for i := range int64(3000) {
			s := Series{"a", string(rune('a' + r.Int64N(names))), uint8(r.IntN(3)), uint8(r.IntN(2))}
			b.Observe(b.Series(s), (7+i%minutes)*60e9, int64(math.Exp(r.NormFloat64()*2+15)))
		}
		b.Observe(b.Series(Series{"a", "a", 0, 0}), 7*60e9, last)
		return &Contents{RED: b.Contents()}
	}
	for _, test := range []struct {
		minutes, names int64
		want           []Coarse
	}{
		{1, 1, nil},
		{2, 2, []Coarse{UnnamedTotals}},
		{1, 9, []Coarse{Unnamed, UnnamedTotals}},
		{50, 1, []Coarse{Totals, UnnamedTotals}},
		{20, 20, []Coarse{Unnamed, Totals, UnnamedTotals}},
	} {
		c := contents(test.minutes, test.names, 5)
		x := open(t, encode(t, c))
		if err := x.Verify(); err != nil {
			t.Fatal(err)
		}
		if names := must[[]string](t)(x.ExtraNames()); len(names) > 0 {
			t.Error(names)
		}
		for table := range coarseTables {
			coarse := must[*RED](t)(x.CoarseRED(table))
			if (coarse != nil) != slices.Contains(test.want, table) {
				t.Errorf("%d minutes of %d names: %v was written: %v", test.minutes, test.names, table, coarse != nil)
			}
			if coarse == nil {
				continue
			}
			// By another way than the writer's: span counts and sums of everything.
			var got, want Measures
			places := map[cellKey]bool{}
			for _, cell := range must[[]*REDCell](t)(coarse.all()) {
				got.Merge(cell.Measures)
				s := coarse.Series[cell.Series]
				if table != Totals && s.Name != "" || table != Unnamed && cell.Minute != 7 || places[cellKey{cell.Series, cell.Minute}] || cell.Histogram.Count() != cell.Measures.Count {
					t.Errorf("%v has the cell %+v of %+v", table, cell, s)
				}
				places[cellKey{cell.Series, cell.Minute}] = true
			}
			for i := range c.RED.Cells {
				want.Merge(c.RED.Cells[i].Measures)
			}
			if got != want {
				t.Errorf("%v: %+v, want %+v", table, got, want)
			}
			for name, wrong := range map[string]*Contents{
				"another duration": contents(test.minutes, test.names, 6),
				"a cell less":      {RED: REDContents{Series: c.RED.Series, Cells: c.RED.Cells[1:]}},
			} {
				extras := map[string][]byte{}
				_, cells, err := encodeRED(&wrong.RED)
				if err != nil {
					t.Fatal(err)
				}
				if err := encodeCoarse(extras, wrong.RED.Series, cells); err != nil {
					t.Fatal(err)
				}
				e, _, err := encodeRED(&c.RED)
				if err != nil {
					t.Fatal(err)
				}
				var file bytes.Buffer
				if err := write(&file, c, e, map[string][]byte{table.String(): extras[table.String()]}); err != nil {
					t.Fatal(err)
				}
				if err := open(t, file.Bytes()).Verify(); !errors.Is(err, ErrCorrupt) {
					t.Errorf("%v of %s: %v", table, name, err)
				}
			}
		}
	}
}
