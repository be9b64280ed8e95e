package columnar

import (
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// estimate is what is known of a condition before its column is read.
type estimate struct {
	kept  float64 // the share of rows that may satisfy it; 0: there is none
	bytes float64 // to be read
}

// estimator is a vector that can tell.
type estimator interface {
	estimate(c *condition) estimate
}

// rank orders conditions that are to be combined with And: the one with the
// least bytes for what it removes comes first (Hellerstein, Stonebraker:
// Predicate Migration, 1993).
func (e estimate) rank() float64 {
	if e.kept == 0 {
		return 0
	}
	return e.bytes / max(1-e.kept, 1e-6)
}

// cheapestFirst returns the conditions in the order in which to evaluate them.
func cheapestFirst(t table, list []storage.Predicate) []storage.Predicate {
	if len(list) < 2 {
		return list
	}
	type ranked struct {
		p    storage.Predicate
		rank float64
	}
	order := make([]ranked, len(list))
	for i, p := range list {
		order[i] = ranked{p, estimateOf(t, p).rank()}
	}
	slices.SortStableFunc(order, func(a, b ranked) int {
		switch {
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		return 0
	})
	out := make([]storage.Predicate, len(list))
	for i := range order {
		out[i] = order[i].p
	}
	return out
}

func estimateOf(t table, p storage.Predicate) (e estimate) {
	switch p := p.(type) {
	case storage.And:
		e.kept = 1
		for _, one := range p {
			part := estimateOf(t, one)
			e.kept, e.bytes = min(e.kept, part.kept), e.bytes+part.bytes
		}
	case storage.Or:
		for _, one := range p {
			part := estimateOf(t, one)
			e.kept, e.bytes = min(e.kept+part.kept, 1), e.bytes+part.bytes
		}
	case storage.Not:
		part := estimateOf(t, p.Of)
		return estimate{1, part.bytes}
	case storage.Exists:
		return estimateKey(t, p.Key, existsCondition())
	case storage.Compare:
		return estimateKey(t, p.Key, compareCondition(p))
	}
	return e
}

func estimateKey(t table, k storage.Key, c *condition) estimate {
	if v, ok := t.vector(k).(estimator); ok {
		return v.estimate(c)
	}
	return estimate{kept: 1, bytes: float64(t.len())}
}

func (v *lateVector) estimate(c *condition) estimate {
	e := estimate{kept: 1}
	if v.inner != nil {
		e = v.inner.estimate(c)
	}
	e.bytes += v.bytes
	return e
}

func (absentVector) estimate(*condition) estimate { return estimate{} }

func (v *columnVector) estimate(c *condition) estimate {
	chunk := v.c.chunk
	present := float64(chunk.Places()-chunk.Nulls()) / max(float64(chunk.Places()), 1)
	e := estimate{kept: present, bytes: float64(chunk.CompressedBytes() - int64(chunk.DictBytes()))}
	if v.excluded(c) {
		return estimate{}
	}
	want, one := "", false
	if !c.exists && textual(v.typ) {
		want, one = c.wanted(v.typ)
	}
	switch b := chunk.Bounds(); {
	case c.exists:
	case one && v.c.dictionary():
		codes := len(v.c.dict.codesOf(want))
		e.kept *= float64(codes) / max(float64(v.c.dict.len()), 1)
	case one:
		e.kept /= 64
	case v.typ == storage.TypeInt && c.isRange && b.Known:
		lo, hi := max(c.ints.lo, int64(b.Min)), min(c.ints.hi, int64(b.Max))
		share := min((float64(hi)-float64(lo)+1)/(float64(int64(b.Max))-float64(int64(b.Min))+1), 1)
		if c.ints.not {
			share = 1 - share
		}
		e.kept *= max(share, 1.0/1024)
	default:
		e.kept /= 2
	}
	return e
}

func (v *keyVector) estimate(c *condition) (e estimate) {
	for i := range v.columns {
		one := v.columns[i].estimate(c)
		e.kept, e.bytes = min(e.kept+one.kept, 1), e.bytes+one.bytes
	}
	if v.overflow != nil {
		e.kept, e.bytes = 1, e.bytes+float64(v.overflow.chunk.UncompressedBytes())
	}
	return e
}

func (v fixedVector[T]) estimate(c *condition) estimate {
	e := estimate{kept: 1, bytes: float64(v.c.chunk.CompressedBytes())}
	if _, one := c.wanted(storage.TypeBytes); one {
		e.kept = 1 / max(float64(v.c.g.n), 1)
	}
	return e
}

func (v *originVector) estimate(c *condition) estimate {
	there, kept, n := v.there(), 0, 0
	for i := range v.values {
		if there == nil || there[i] {
			n++
			if c.holds(v.values[i]) {
				kept++
			}
		}
	}
	return estimate{kept: float64(kept) / max(float64(n), 1), bytes: float64(v.c.chunk.CompressedBytes())}
}
