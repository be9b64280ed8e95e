package storage

import (
	"math"
	"slices"
)

// maxHistogramBuckets bounds an ExpHistogram; it is the default size of the
// OpenTelemetry exponential histogram aggregation.
const maxHistogramBuckets = 160

// maxHistogramScale is the finest scale: bucket bounds grow by 2^(1/2^8).
// It keeps a relative error of 0.14 % and is the finest that Prometheus'
// native histograms can hold.
const maxHistogramScale = 8

// ExpHistogram counts every value once.
type ExpHistogram = ExpHistogramOf[uint64]

// WeightedHistogram counts every value with a weight of its own.
type WeightedHistogram = ExpHistogramOf[float64]

// ExpHistogramOf is a base-2 exponential histogram of non-negative numbers, as
// the OpenTelemetry metrics data model defines it: bucket i counts values in
// (base^i, base^(i+1)] with base = 2^(2^-Scale). Values at or below zero are
// counted in Zero. It halves its resolution when the values no longer fit in
// 160 buckets. The zero value is empty and ready to use; it is not safe for
// concurrent use.
type ExpHistogramOf[N uint64 | float64] struct {
	Scale  int32
	Zero   N
	Offset int32 // index of Counts[0]
	Counts []N   // no leading or trailing slack is guaranteed
}

// Observe counts one value. NaN is ignored.
func (h *ExpHistogramOf[N]) Observe(v float64) { h.ObserveTimes(v, 1) }

// ObserveTimes counts a value as n, which must not be negative. NaN is ignored.
func (h *ExpHistogramOf[N]) ObserveTimes(v float64, n N) {
	if v <= 0 {
		h.Zero += n
		return
	}
	if math.IsNaN(v) {
		return
	}
	v = math.Min(v, math.MaxFloat64)
	if len(h.Counts) == 0 {
		h.Scale = maxHistogramScale
		h.Offset, h.Counts = bucketIndex(v, h.Scale), append(h.Counts[:0], n)
		return
	}
	i := bucketIndex(v, h.Scale)
	if by := h.overflow(min(i, h.Offset), max(i, h.last())); by > 0 {
		h.coarsen(by)
		i >>= by
	}
	h.cover(i, i)
	h.Counts[i-h.Offset] += n
}

// Merge adds the counts of o, which is left as it is.
func (h *ExpHistogramOf[N]) Merge(o *ExpHistogramOf[N]) {
	h.Zero += o.Zero
	if len(o.Counts) == 0 {
		return
	}
	if len(h.Counts) == 0 {
		h.Scale, h.Offset = o.Scale, o.Offset
		h.Counts = append(h.Counts[:0], o.Counts...)
		return
	}
	shift := max(0, o.Scale-h.Scale)
	if o.Scale < h.Scale {
		h.coarsen(h.Scale - o.Scale)
	}
	first, last := o.Offset>>shift, o.last()>>shift
	if by := h.overflow(min(first, h.Offset), max(last, h.last())); by > 0 {
		h.coarsen(by)
		shift, first, last = shift+by, first>>by, last>>by
	}
	h.cover(first, last)
	for i, n := range o.Counts {
		h.Counts[(o.Offset+int32(i))>>shift-h.Offset] += n
	}
}

// Count is the number of values, each as it was counted.
func (h *ExpHistogramOf[N]) Count() N {
	n := h.Zero
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile estimates the q-quantile, 0 ≤ q ≤ 1, interpolating inside a bucket
// on the logarithmic scale as Prometheus does for native histograms. It is
// NaN for an empty histogram.
func (h *ExpHistogramOf[N]) Quantile(q float64) float64 {
	total := h.Count()
	if total == 0 || math.IsNaN(q) {
		return math.NaN()
	}
	rank := math.Min(math.Max(q, 0), 1) * float64(total)
	if rank <= float64(h.Zero) && h.Zero > 0 {
		return 0
	}
	rank -= float64(h.Zero)
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		if rank <= float64(n) {
			exponent := float64(h.Offset+int32(i)) + rank/float64(n)
			return h.bound(exponent)
		}
		rank -= float64(n)
	}
	return h.bound(float64(h.last() + 1))
}

// bound is base^exponent, inside what Observe takes: the upper bound of the
// last bucket of all is beyond the largest float64.
func (h *ExpHistogramOf[N]) bound(exponent float64) float64 {
	return math.Min(math.Exp2(math.Ldexp(exponent, -int(h.Scale))), math.MaxFloat64)
}

func (h *ExpHistogramOf[N]) last() int32 { return h.Offset + int32(len(h.Counts)) - 1 }

// overflow is by how many scales h must be coarsened to hold first..last.
func (h *ExpHistogramOf[N]) overflow(first, last int32) (by int32) {
	for int64(last>>by)-int64(first>>by) >= maxHistogramBuckets {
		by++
	}
	return by
}

// coarsen lowers the scale by merging 2^by neighbouring buckets, in place: a
// bucket never moves up.
func (h *ExpHistogramOf[N]) coarsen(by int32) {
	first, last := h.Offset>>by, h.last()>>by
	to := int32(-1)
	for i, n := range h.Counts {
		if at := (h.Offset+int32(i))>>by - first; at > to {
			h.Counts[at], to = n, at
		} else {
			h.Counts[at] += n
		}
	}
	h.Scale, h.Offset, h.Counts = h.Scale-by, first, h.Counts[:last-first+1]
}

// cover extends Counts to first..last.
func (h *ExpHistogramOf[N]) cover(first, last int32) {
	n := len(h.Counts)
	front, back := int(max(0, h.Offset-first)), int(max(0, last-h.last()))
	if front+back == 0 {
		return
	}
	h.Counts = slices.Grow(h.Counts, front+back)[:n+front+back]
	copy(h.Counts[front:], h.Counts[:n])
	clear(h.Counts[:front])
	clear(h.Counts[front+n:])
	h.Offset -= int32(front)
}

// bucketIndex is the i with base^i < v <= base^(i+1).
func bucketIndex(v float64, scale int32) int32 {
	frac, exp := math.Frexp(v) // v = frac * 2^exp, 0.5 <= frac < 1
	octave := int32(exp) - 1   // 2^octave <= v < 2^(octave+1)
	if scale <= 0 {
		if frac == 0.5 { // a power of two is the upper bound of its bucket
			octave--
		}
		return octave >> -scale
	}
	if frac == 0.5 {
		return octave<<scale - 1
	}
	fraction := math.Float64bits(frac) & (1<<52 - 1) // as that of v, but for subnormal numbers
	i := int32(octaveStarts[fraction>>44])
	for octaveBounds[i] < fraction { // twice at most
		i++
	}
	return octave<<scale + i>>(maxHistogramScale-scale)
}

// octaveBounds are the upper bounds of the buckets of an octave at the finest
// scale, as the fraction bits of the float64; the last has none.
var octaveBounds = func() (bounds [1 << maxHistogramScale]uint64) {
	for i := range bounds {
		bounds[i] = math.Float64bits(math.Exp2(float64(i+1)/float64(len(bounds)))) & (1<<52 - 1)
	}
	bounds[len(bounds)-1] = math.MaxUint64
	return bounds
}()

// octaveStarts is the first bucket that has numbers with these leading bits of
// the fraction.
var octaveStarts = func() (starts [1 << 8]uint8) {
	i := 0
	for bits := range starts {
		for octaveBounds[i] < uint64(bits)<<44 {
			i++
		}
		starts[bits] = uint8(i)
	}
	return starts
}()
