package columnar

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// estimate is what is known of a condition before its column is read.
type estimate struct {
	kept  float64 // the share of rows that may satisfy it; 0: there is none, for certain
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

// prepare makes the vectors of a predicate and puts what And combines in order.
func prepare(t table, p storage.Predicate) (out prepared) {
	of := func(list []storage.Predicate) {
		out.parts = make([]prepared, len(list))
		for i, one := range list {
			out.parts[i] = prepare(t, one)
			out.bytes += out.parts[i].bytes
		}
	}
	switch p := p.(type) {
	case nil:
		out.op, out.kept = opAnd, 1 // of nothing
	case storage.And:
		out.op, out.kept = opAnd, 1
		of(p)
		for i := range out.parts {
			out.kept = min(out.kept, out.parts[i].kept)
		}
		slices.SortStableFunc(out.parts, func(a, b prepared) int { return cmp.Compare(a.rank(), b.rank()) })
	case storage.Or:
		out.op = opOr
		of(p)
		for i := range out.parts {
			out.kept = min(out.kept+out.parts[i].kept, 1)
		}
	case storage.Not:
		out.op = opNot
		of([]storage.Predicate{p.Of})
		out.kept = 1
	case storage.Exists:
		out.on, out.cond = t.vector(p.Key), existsCondition()
		out.estimate = estimateOf(t, out.on, out.cond)
	case storage.Compare:
		out.on, out.cond = t.vector(p.Key), compareCondition(p)
		out.estimate = estimateOf(t, out.on, out.cond)
	}
	return out
}

func estimateOf(t table, v vector, c *condition) estimate {
	if v, ok := v.(estimator); ok {
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
		e.kept *= float64(len(v.codesOf(c, want))) / max(float64(v.c.dict.len()), 1)
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
	h := v.heldBy(c)
	return estimate{kept: float64(h.some) / max(float64(h.of), 1), bytes: float64(v.c.chunk.CompressedBytes())}
}
