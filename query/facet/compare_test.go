package facet

import (
	"fmt"
	"math"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// set makes spans with the given tenants, one batch.
func set(counts map[string]int, more ...map[string]int) func(func(*storage.Batch, error) bool) {
	b := &storage.Batch{Columns: make([]storage.Column, 3)}
	for _, counts := range append(more, counts) {
		for tenant, n := range counts {
			at := uint64(len(b.Columns[0].Dict))
			b.Columns[0].Dict = append(b.Columns[0].Dict, tenant)
			typ := storage.TypeString
			if tenant == "" {
				typ = storage.TypeAbsent
			}
			for range n {
				b.TraceIDs = append(b.TraceIDs, storage.TraceID{1})
				for c := range b.Columns {
					b.Columns[c].Types = append(b.Columns[c].Types, storage.TypeAbsent)
					b.Columns[c].Bits = append(b.Columns[c].Bits, 0)
				}
				b.Columns[0].Types[len(b.TraceIDs)-1], b.Columns[0].Bits[len(b.TraceIDs)-1] = typ, at
			}
		}
	}
	return func(yield func(*storage.Batch, error) bool) { yield(b, nil) }
}

// pair shows two sets as selection.Pair does where it reads them apart.
func pair(selection, baseline func(func(*storage.Batch, error) bool)) shown {
	first := 0
	return shown{
		batches: func(yield func(*storage.Batch, error) bool) {
			for b := range selection {
				first++
				if !yield(b, nil) {
					return
				}
			}
			for b := range baseline {
				if !yield(b, nil) {
					return
				}
			}
		},
		sets: func(batch int) uint8 {
			if batch < first {
				return selected
			}
			return compared
		},
		bits: 2,
	}
}

func TestCompare(t *testing.T) {
	chosen, rest := map[string]int{"blue": 90, "red": 10}, map[string]int{"blue": 100, "red": 700, "green": 100, "": 100}
	q := CompareQuery{Keys: []storage.Key{keyTenant}}
	want := "[blue 90/100 0.90/0.10 red 10/700 0.10/0.70  0/100 0.00/0.10 green 0/100 0.00/0.10]"
	for name, sets := range map[string]struct {
		q     CompareQuery
		spans shown
	}{
		"apart":    {q, pair(set(chosen), set(rest))},
		"included": {CompareQuery{Keys: q.Keys, BaselineIncludes: true}, pair(set(chosen), set(rest, chosen))},
		"at once": {CompareQuery{Keys: q.Keys, BaselineIncludes: true}, shown{
			batches: pair(set(chosen), set(rest)).batches,
			sets: func(batch int) uint8 {
				if batch == 0 {
					return both
				}
				return compared
			},
			bits: 2,
		}},
	} {
		c, err := Compare(t.Context(), sets.q, sets.spans)
		if err != nil || len(c.Keys) != 1 || c.Selection.Spans != 100 || c.Baseline.Spans != 1000 {
			t.Fatalf("%s: %+v, %v", name, c, err)
		}
		var got []string
		for _, v := range c.Keys[0].Values {
			got = append(got, fmt.Sprintf("%s %d/%d %.2f/%.2f", v.Value.Text(), v.Selection, v.Baseline, v.SelectionShare, v.BaselineShare))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v", name, got)
		}
		if c.Keys[0].Score != c.Keys[0].Values[0].Score {
			t.Errorf("%s: score %v", name, c.Keys[0].Score)
		}
	}
}

func TestCompareWithItself(t *testing.T) {
	one := map[string]int{"blue": 90, "red": 10, "": 5}
	c, err := Compare(t.Context(), CompareQuery{Keys: []storage.Key{keyTenant, keyCode}[:1]}, pair(set(one), set(one)))
	if err != nil || c.Keys[0].Score != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Compare(t.Context(), CompareQuery{Keys: []storage.Key{keyTenant}, BaselineIncludes: true}, pair(set(one), set(one)))
	if err != nil || c.Baseline.Spans != 0 || c.Keys[0].Score != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestApart(t *testing.T) {
	for _, c := range []struct {
		n1, of1, n2, of2 uint64
		least, most      float64
	}{
		{1000, 1000, 0, 1000, 0.99, 1},
		{1, 1, 0, 1, 0, 0},      // one span proves nothing
		{1, 2, 500, 1000, 0, 0}, // the same share
		{0, 0, 5, 10, 0, 0},
		{56, 70, 48, 80, 0.05, 0.06}, // Newcombe's example: 0.0524 to 0.3339
		{48, 80, 56, 70, 0.05, 0.06},
	} {
		if got := apart(c.n1, c.of1, c.n2, c.of2); got < c.least || got > c.most || math.IsNaN(got) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// Of a key with more values than there is room for, those that only one of the
// sets counted say nothing.
func TestCompareOfTooManyValues(t *testing.T) {
	ids := func(from int) func(func(*storage.Batch, error) bool) {
		b := &storage.Batch{Columns: make([]storage.Column, 3)}
		for i := range maxDistinctOfKey + 10 {
			b.TraceIDs = append(b.TraceIDs, storage.TraceID{1})
			for c := range b.Columns {
				b.Columns[c].Types = append(b.Columns[c].Types, storage.TypeInt)
				b.Columns[c].Bits = append(b.Columns[c].Bits, 0)
			}
			b.Columns[0].Bits[i] = uint64(from + i)
		}
		return func(yield func(*storage.Batch, error) bool) { yield(b, nil) }
	}
	c, err := Compare(t.Context(), CompareQuery{Keys: []storage.Key{keyCode}}, pair(ids(0), ids(1_000_000)))
	if err != nil || !c.Keys[0].Truncated || c.Keys[0].Score != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}
