package columnar

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

const defaultMaxValues = 1000

// values answers a ValuesQuery from tables.
func values[T table](ctx context.Context, tables []T, q storage.ValuesQuery, checkKey func(storage.Key) error) (storage.Values, error) {
	if err := checkKey(q.Key); err != nil {
		return storage.Values{}, err
	}
	if err := checkPredicate(q.Where, checkKey); err != nil {
		return storage.Values{}, err
	}
	if q.Limit < 0 {
		return storage.Values{}, fmt.Errorf("%w: Limit %d must not be negative", errBadQuery, q.Limit)
	}
	workers := make([]*valueCounts, maxWorkers())
	err := inParallel(ctx, len(tables), func(worker, i int) error {
		t := tables[i]
		if !overlaps(t, q.Window) {
			return nil
		}
		if workers[worker] == nil {
			workers[worker] = newValueCounts(q.Prefix)
		}
		sel := selectRows(t, q.Window, q.Where)
		countValues(t.vector(q.Key), sel.rows(), workers[worker])
		return t.err()
	})
	if err != nil {
		return storage.Values{}, err
	}
	all := newValueCounts(q.Prefix)
	for _, w := range workers {
		if w == nil {
			continue
		}
		all.cut = all.cut || w.cut
		for v, n := range w.counts {
			all.add(v, n)
		}
	}
	out := rank(all.counts, q)
	out.Cut, out.More = all.cut, out.More || all.cut
	return out, nil
}

// Bounds of what is held while values are counted: an attribute may have another
// value on every span.
const (
	maxHeldValues    = 500_000
	maxHeldValueText = 64 << 20
)

// valueCounts counts the spans that have a value.
type valueCounts struct {
	counts map[storage.Value]uint64
	prefix string // of the text of strings that are counted
	text   int    // bytes of the values
	most   int    // values
	cut    bool   // some were not counted
}

func newValueCounts(prefix string) *valueCounts {
	return &valueCounts{counts: map[storage.Value]uint64{}, prefix: prefix, most: maxHeldValues}
}

func (c *valueCounts) add(v storage.Value, n uint64) {
	if len(c.counts) >= c.most || c.text > maxHeldValueText {
		if _, known := c.counts[v]; !known {
			c.cut = true
			return
		}
	}
	before := len(c.counts)
	c.counts[v] += n
	if len(c.counts) > before && textual(v.Type()) {
		c.text += len(v.Str())
	}
}

// countValues adds for every value the number of rows that have it.
func countValues(v vector, rows []uint32, counts *valueCounts) {
	var out gathered
	for chunk := range slices.Chunk(rows, batchRows) {
		child, ok := v.(childGatherer)
		if !ok {
			v.gather(chunk, &out)
			countColumn(out.column(), counts)
			continue
		}
		owners := child.gatherEach(chunk, &out)
		column := out.column()
		seen := map[storage.Value]uint32{} // the last row, counted from 1, with the value
		for i, owner := range owners {
			if value := column.Value(i); value.Type() != storage.TypeAbsent && seen[value] != owner+1 {
				seen[value] = owner + 1
				counts.add(value, 1)
			}
		}
	}
}

func countColumn(c storage.Column, counts *valueCounts) {
	texts := make([]uint64, len(c.Dict)) // strings, by dictionary index
	for i, t := range c.Types {
		switch t {
		case storage.TypeAbsent:
		case storage.TypeString:
			texts[c.Bits[i]]++
		default:
			counts.add(c.Value(i), 1)
		}
	}
	for i, n := range texts {
		if n > 0 && strings.HasPrefix(c.Dict[i], counts.prefix) {
			counts.add(storage.String(c.Dict[i]), n)
		}
	}
}

// rank orders and cuts the answer. Its text is copied, so that keeping an
// answer does not keep a table.
func rank(counts map[storage.Value]uint64, q storage.ValuesQuery) storage.Values {
	type entry struct {
		storage.ValueCount
		text string
	}
	var list []entry
	for v, n := range counts {
		if text := v.Text(); strings.HasPrefix(text, q.Prefix) {
			list = append(list, entry{storage.ValueCount{Value: v, Count: n}, text})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.text, b.text), cmp.Compare(a.Value.Type(), b.Value.Type()),
			cmp.Compare(a.Value.Str(), b.Value.Str()))
	})
	limit := q.Limit
	if limit == 0 {
		limit = defaultMaxValues
	}
	var out storage.Values
	if len(list) > limit {
		list, out.More = list[:limit], true
	}
	for _, e := range list {
		out.Values = append(out.Values, storage.ValueCount{Value: cloneValue(e.Value), Count: e.Count})
	}
	return out
}

func cloneValue(v storage.Value) storage.Value {
	if !textual(v.Type()) {
		return v
	}
	return textValue(v.Type(), strings.Clone(v.Str()))
}
