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
	workers := make([]map[storage.Value]uint64, maxWorkers())
	err := inParallel(ctx, len(tables), func(worker, i int) error {
		t := tables[i]
		if !overlaps(t, q.Window) {
			return nil
		}
		if workers[worker] == nil {
			workers[worker] = map[storage.Value]uint64{}
		}
		sel := selectRows(t, q.Window, q.Where)
		countValues(t.vector(q.Key), sel.rows(), workers[worker])
		return t.err()
	})
	if err != nil {
		return storage.Values{}, err
	}
	counts := map[storage.Value]uint64{}
	for _, w := range workers {
		for v, n := range w {
			counts[v] += n
		}
	}
	return rank(counts, q), nil
}

// countValues adds for every value the number of rows that have it.
func countValues(v vector, rows []uint32, counts map[storage.Value]uint64) {
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
				counts[value]++
			}
		}
	}
}

func countColumn(c storage.Column, counts map[storage.Value]uint64) {
	texts := make([]uint64, len(c.Dict)) // strings, by dictionary index
	for i, t := range c.Types {
		switch t {
		case storage.TypeAbsent:
		case storage.TypeString:
			texts[c.Bits[i]]++
		default:
			counts[c.Value(i)]++
		}
	}
	for i, n := range texts {
		if n > 0 {
			counts[storage.String(c.Dict[i])] += n
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
