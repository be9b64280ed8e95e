package facet

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// MaxCompareKeys bounds the keys of a comparison.
const MaxCompareKeys = 400

// CompareQuery says what to compare two sets of spans by.
type CompareQuery struct {
	Keys   []storage.Key // at most MaxCompareKeys
	Most   int           // most keys to return, 0: 20
	Values int           // most values of a key, 0: 8
	// BaselineIncludes says that the spans of the selection are in the baseline,
	// too; they are then taken out of its counts.
	BaselineIncludes bool
}

// Comparison is the answer. Selection and Baseline are the spans compared.
type Comparison struct {
	Selection, Baseline Count
	Keys                []Difference // the one that differs most first
}

// Difference says how the values of a key are spread in the two sets.
type Difference struct {
	Key    storage.Key
	Score  float64 // the greatest one of its values
	Values []ValueDifference
	// Distinct values were counted; Truncated when there was no room for more.
	// Values for which one of the sets had no room score nothing.
	Distinct  int
	Truncated bool
}

// ValueDifference is one value in both sets; an absent Value stands for the
// spans without the key.
type ValueDifference struct {
	Value               storage.Value
	Selection, Baseline uint64 // spans
	// SelectionShare and BaselineShare are of all spans of the set.
	SelectionShare, BaselineShare float64
	// Score is how far the two shares are apart at least: the end nearest to zero
	// of the 95 % confidence interval of their difference (Newcombe 1998, from
	// the Wilson intervals of both), 0 when the interval contains zero. So 1
	// means that all of one set and nothing of the other has the value, and what
	// a few spans do by chance scores nothing.
	Score float64
}

// Compare finds the keys whose values tell the selection from the baseline. Bit 0
// of the marks of the spans tells those of the selection, bit 1 those of the
// baseline, as selection.Pair has them.
func Compare(ctx context.Context, q CompareQuery, spans Spans) (Comparison, error) {
	var c Comparison
	inSelection, inBaseline := newCounters(q.Keys), newCounters(q.Keys)
	var totals []*[2]Count
	err := spans.Tally(ctx, q.Keys, []storage.Predicate{trace.IsError()}, func() func(storage.TallyBatch) bool {
		var total [2]Count
		totals = append(totals, &total)
		var sets []uint32
		return func(b storage.TallyBatch) bool {
			sets = slices.Grow(sets[:0], b.Len())
			for _, marks := range b.Marks() {
				sets = append(sets, uint32(marks&both))
				one := Count{Spans: 1}
				if marks&failed != 0 {
					one.Errors = 1
				}
				if marks&selected != 0 {
					total[0].add(one)
				}
				if marks&compared != 0 {
					total[1].add(one)
				}
			}
			b.Count(sets, both+1, func(key int, v storage.Value, set int, spans uint64) {
				if set&selected != 0 {
					inSelection[key].count(v, Count{Spans: spans})
				}
				if set&compared != 0 {
					inBaseline[key].count(v, Count{Spans: spans})
				}
			})
			return true
		}
	})
	if err != nil {
		return Comparison{}, err
	}
	for _, total := range totals {
		c.Selection.add(total[0])
		c.Baseline.add(total[1])
	}
	all := [2]Count{c.Selection, c.Baseline}
	if q.BaselineIncludes {
		c.Baseline = c.Baseline.without(c.Selection)
	}
	for i, key := range q.Keys {
		d := difference(q, key, &inSelection[i], &inBaseline[i], all, c)
		if len(d.Values) > 0 {
			c.Keys = append(c.Keys, d)
		}
	}
	slices.SortFunc(c.Keys, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Key.Scope, b.Key.Scope), cmp.Compare(a.Key.Name, b.Key.Name))
	})
	c.Keys = c.Keys[:min(len(c.Keys), cmp.Or(q.Most, 20))]
	return c, nil
}

// without subtracts what is part of c. Spans that arrived between the two
// scans must not make it wrap.
func (c Count) without(o Count) Count {
	return Count{c.Spans - min(c.Spans, o.Spans), c.Errors - min(c.Errors, o.Errors)}
}

// Bits of the marks that Compare asks for.
const (
	selected = 1 << iota
	compared // in the baseline
	failed
	both = selected | compared
)

// difference compares the values of a key; all are the spans that were counted.
func difference(q CompareQuery, key storage.Key, s, b *counter, all [2]Count, c Comparison) Difference {
	d := Difference{Key: key, Truncated: s.truncated || b.truncated}
	add := func(v storage.Value, in, out Count, known bool) {
		if q.BaselineIncludes {
			out = out.without(in)
		}
		if in.Spans == 0 && out.Spans == 0 {
			return
		}
		one := ValueDifference{Value: v, Selection: in.Spans, Baseline: out.Spans}
		one.SelectionShare, one.BaselineShare = share(in.Spans, c.Selection.Spans), share(out.Spans, c.Baseline.Spans)
		if known {
			one.Score = apart(in.Spans, c.Selection.Spans, out.Spans, c.Baseline.Spans)
		}
		d.Values = append(d.Values, one)
	}
	// Where one set had no room for a value, its count there is not known.
	for _, v := range s.values {
		var out Count
		at, ok := b.index[v.Value]
		if ok {
			out = b.values[at].Count
		}
		add(v.Value, v.Count, out, ok || !b.truncated)
	}
	for _, v := range b.values {
		if _, ok := s.index[v.Value]; !ok {
			add(v.Value, Count{}, v.Count, !s.truncated)
		}
	}
	d.Distinct = len(d.Values)
	if d.Distinct > 0 { // a key that neither set has says nothing
		add(storage.Value{}, absent(s, all[0]), absent(b, all[1]), true)
	}
	slices.SortFunc(d.Values, func(x, y ValueDifference) int {
		if by := cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Selection+y.Baseline, x.Selection+x.Baseline)); by != 0 {
			return by
		}
		return compareValues(x.Value, y.Value)
	})
	d.Values = d.Values[:min(len(d.Values), cmp.Or(q.Values, 8))]
	if len(d.Values) > 0 {
		d.Score = d.Values[0].Score
	}
	return d
}

// absent are the spans of a set without a value.
func absent(c *counter, all Count) Count { return Count{Spans: all.Spans - c.all.Spans} }

func share(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// apart is the score of ValueDifference.
func apart(n1, of1, n2, of2 uint64) float64 {
	if of1 == 0 || of2 == 0 {
		return 0
	}
	p1, low1, high1 := wilson(n1, of1)
	p2, low2, high2 := wilson(n2, of2)
	if p1 >= p2 {
		return max(0, p1-p2-math.Hypot(p1-low1, high2-p2))
	}
	return max(0, p2-p1-math.Hypot(p2-low2, high1-p1))
}

// wilson returns a proportion and its 95 % score interval.
func wilson(n, of uint64) (p, low, high float64) {
	const z = 1.959964
	count := float64(of)
	p = float64(min(n, of)) / count
	middle := (p + z*z/(2*count)) / (1 + z*z/count)
	half := z / (1 + z*z/count) * math.Sqrt(p*(1-p)/count+z*z/(4*count*count))
	return p, middle - half, middle + half
}
