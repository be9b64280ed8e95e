package storage

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// distributions span far and near, dense and sparse.
var distributions = map[string]func(*rand.Rand) float64{
	"latencies":      func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()*1.5 + 15) },
	"uniform":        func(r *rand.Rand) float64 { return r.Float64() * 1000 },
	"integers":       func(r *rand.Rand) float64 { return float64(r.IntN(20)) },
	"powers of two":  func(r *rand.Rand) float64 { return math.Ldexp(1, r.IntN(20)-10) },
	"all magnitudes": func(r *rand.Rand) float64 { return math.Ldexp(1+r.Float64(), r.IntN(2000)-1000) },
	"with negatives": func(r *rand.Rand) float64 { return r.NormFloat64() * 100 },
	"subnormal":      func(r *rand.Rand) float64 { return math.Float64frombits(r.Uint64N(1 << 40)) },
	"one value":      func(*rand.Rand) float64 { return 42 },
}

func TestExpHistogramQuantiles(t *testing.T) {
	for name, draw := range distributions {
		r := rand.New(rand.NewPCG(1, 2))
		var h ExpHistogram
		values := make([]float64, 0, 5000)
		for range cap(values) {
			v := draw(r)
			h.Observe(v)
			values = append(values, v)
		}
		slices.Sort(values)
		if h.Count() != uint64(len(values)) || len(h.Counts) > maxHistogramBuckets {
			t.Errorf("%s: %d values in %d buckets", name, h.Count(), len(h.Counts))
		}
		base := math.Exp2(math.Ldexp(1, -int(h.Scale)))
		for _, q := range []float64{0.001, 0.1, 0.5, 0.9, 0.99, 1} {
			exact := values[int(math.Ceil(q*float64(len(values))))-1]
			got := h.Quantile(q)
			if exact <= 0 {
				if got != 0 {
					t.Errorf("%s: quantile %v is %v, want 0 for %v", name, q, got, exact)
				}
				continue
			}
			if got < exact/base*(1-1e-9) || got > exact*base*(1+1e-9) {
				t.Errorf("%s: quantile %v is %v, exactly %v: more than a factor %v off", name, q, got, exact, base)
			}
		}
	}
}

func TestExpHistogramMergeIsObserveAll(t *testing.T) {
	for name, draw := range distributions {
		r := rand.New(rand.NewPCG(3, 4))
		var all, merged ExpHistogram
		for range 40 {
			var part ExpHistogram
			for range r.IntN(60) {
				v := draw(r)
				all.Observe(v)
				part.Observe(v)
			}
			before := part
			before.Counts = slices.Clone(part.Counts)
			merged.Merge(&part)
			if !reflect.DeepEqual(before.Counts, slices.Clone(part.Counts)) || before.Scale != part.Scale || before.Offset != part.Offset {
				t.Fatalf("%s: Merge changed its argument", name)
			}
		}
		if merged.Scale != all.Scale || merged.Zero != all.Zero || merged.Offset != all.Offset || !slices.Equal(merged.Counts, all.Counts) {
			t.Errorf("%s: merged\n%+v\nobserved\n%+v", name, merged, all)
		}
	}
}

func TestExpHistogramBuckets(t *testing.T) {
	for _, scale := range []int32{8, 3, 1, 0, -1, -4} {
		for _, v := range []float64{1, 2, 3, 4, 0.5, 0.75, math.Nextafter(1, 2), math.Nextafter(2, 3), 1e300, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
			i := bucketIndex(v, scale)
			log := math.Log2(v)
			width := math.Ldexp(1, -int(scale))
			if low, high := float64(i)*width, float64(i+1)*width; log < low-1e-12 || log > high+1e-12 {
				t.Errorf("scale %d: %v (log2 %v) is in bucket %d: (%v, %v]", scale, v, log, i, low, high)
			}
			if frac, exp := math.Frexp(v); frac == 0.5 && scale >= 0 && float64(i+1)*width != float64(exp-1) {
				t.Errorf("scale %d: %v must be the upper bound of bucket %d", scale, v, i)
			}
		}
		if i := bucketIndex(math.Nextafter(1, 2), scale); i != 0 {
			t.Errorf("scale %d: what is just above 1 is in bucket %d, want 0", scale, i)
		}
	}
}

func TestExpHistogramEdges(t *testing.T) {
	var h ExpHistogram
	if !math.IsNaN(h.Quantile(0.5)) {
		t.Error("the quantile of nothing is NaN")
	}
	h.Observe(math.NaN())
	if h.Count() != 0 {
		t.Error("NaN is ignored")
	}
	h.Observe(math.Inf(1))
	h.Observe(math.Inf(-1))
	h.Observe(0)
	h.Observe(math.SmallestNonzeroFloat64)
	if h.Count() != 4 || h.Zero != 2 {
		t.Errorf("got %+v, want 4 values, 2 of them at or below zero", h)
	}
	if q := h.Quantile(1); math.IsInf(q, 0) || q < math.MaxFloat64/1e16 {
		t.Errorf("the largest quantile is %v, want near the largest float64", q)
	}
	if !math.IsNaN(h.Quantile(math.NaN())) || h.Quantile(-1) != h.Quantile(0) || h.Quantile(2) != h.Quantile(1) {
		t.Error("q is kept inside 0 to 1, NaN stays NaN")
	}
	read := ExpHistogram{Scale: 3, Offset: 5, Counts: []uint64{1}} // as a decoder makes it
	read.Observe(2)
	if read.Count() != 2 {
		t.Errorf("a histogram that was not made by Observe loses its counts: %+v", read)
	}
}

// A value with a weight counts like as many of it.
func TestWeightedHistogramIsRepeated(t *testing.T) {
	for name, draw := range distributions {
		r := rand.New(rand.NewPCG(5, 6))
		var repeated ExpHistogram
		var weighted, merged WeightedHistogram
		for range 40 {
			var part WeightedHistogram
			for range r.IntN(60) {
				v, n := draw(r), 1+r.IntN(9)
				for range n {
					repeated.Observe(v)
				}
				weighted.ObserveTimes(v, float64(n))
				part.ObserveTimes(v, float64(n))
			}
			merged.Merge(&part)
		}
		for how, h := range map[string]*WeightedHistogram{"observed": &weighted, "merged": &merged} {
			same := h.Scale == repeated.Scale && h.Offset == repeated.Offset && h.Count() == float64(repeated.Count()) && h.Zero == float64(repeated.Zero) &&
				slices.EqualFunc(h.Counts, repeated.Counts, func(w float64, n uint64) bool { return w == float64(n) })
			if !same {
				t.Errorf("%s: %s\n%+v\nrepeated\n%+v", name, how, h, repeated)
			}
			for _, q := range []float64{0, 0.01, 0.5, 0.99, 1} {
				if got, want := h.Quantile(q), repeated.Quantile(q); got != want {
					t.Errorf("%s: quantile %v is %v %s, %v repeated", name, q, got, how, want)
				}
			}
		}
	}
	var h WeightedHistogram
	h.ObserveTimes(1, 0.25)
	h.ObserveTimes(1024, 0.75)
	h.ObserveTimes(math.NaN(), 100)
	if h.Count() != 1 || h.Quantile(0.25) > 1 || h.Quantile(0.26) < 900 {
		t.Errorf("parts of a value do not count: %+v", h)
	}
}

// The bucket that is looked up is the one that the logarithm says.
func TestExpHistogramBucketOfLogarithm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		v := math.Exp2(rng.Float64()*2000 - 1000)
		if rng.IntN(2) == 0 {
			v = float64(rng.Uint64N(1 << rng.IntN(50)))
		}
		if v <= 0 {
			continue
		}
		for scale := int32(1); scale <= maxHistogramScale; scale++ {
			exact := math.Ldexp(math.Log2(v), int(scale))
			got := float64(bucketIndex(v, scale))
			if exact < got-1e-9 || exact > got+1+1e-9 {
				t.Fatalf("scale %d: %v is in bucket %v, its logarithm is %v", scale, v, got, exact)
			}
		}
	}
}

func BenchmarkExpHistogramObserve(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = rng.ExpFloat64() * 1e7
	}
	var h ExpHistogram
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		h.Observe(values[i%len(values)])
		i++
	}
}
