package traceql

import (
	"math"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// adjustedCount is how many spans a span stands for that was sampled with the
// probability in its tracestate, as OpenTelemetry defines it: the member ot of
// W3C's list has the sampler's rejection threshold (th), that of older SDKs the
// negative logarithm of the probability (p). It is 1 where neither says
// anything that is valid: nothing is known then, and the span stands for itself.
func adjustedCount(tracestate string) float64 {
	const space = " \t" // that W3C permits around members, OpenTelemetry inside of its own does not
	ot, ok := member(tracestate, ',', space, "ot=")
	if !ok {
		return 1
	}
	if th, ok := member(ot, ';', "", "th:"); ok {
		return countOfThreshold(th)
	}
	if p, ok := member(ot, ';', "", "p:"); ok {
		r, _ := member(ot, ';', "", "r:")
		return countOfExponent(p, r)
	}
	return 1
}

// member is what follows the prefix in the first member of a list that has it.
func member(list string, separator byte, space, prefix string) (value string, ok bool) {
	for list != "" {
		one := list
		if i := strings.IndexByte(list, separator); i >= 0 {
			one, list = list[:i], list[i+1:]
		} else {
			list = ""
		}
		if value, ok := strings.CutPrefix(strings.Trim(one, space), prefix); ok {
			return value, true
		}
	}
	return "", false
}

// countOfThreshold reads th: 1 to 14 hex digits, to which zeros are appended
// until they are 14, are the number of 2^56 equally likely spans that the
// sampler rejects.
func countOfThreshold(th string) float64 {
	const digits, all = 14, 1 << 56
	rejected, err := strconv.ParseUint(th, 16, 64)
	if err != nil || len(th) > digits {
		return 1
	}
	return all / float64(all-rejected<<(4*(digits-len(th))))
}

// countOfExponent reads p: 0 to 62 are the probability 2^-p, 63 is that of a
// span which another sampler than the probabilistic one kept, beside those that
// stand for all. r is the trace's randomness in the same measure; a span with p
// above it contradicts itself.
func countOfExponent(p, r string) float64 {
	const most, never = 62, 63
	exponent, err := strconv.ParseUint(p, 10, 64)
	switch random, noR := strconv.ParseUint(r, 10, 64); {
	case err != nil || exponent > never:
		return 1
	case exponent == never:
		return 0
	case noR == nil && random <= most && exponent > random:
		return 1
	}
	return math.Ldexp(1, int(exponent))
}

// spanWeights finds what spans of traces count. What it found for a text is
// remembered while text has the same indices. Of nil, every span counts once;
// not safe for concurrent use.
type spanWeights struct {
	generation int
	known      map[uint32]float64
}

func newSpanWeights(extrapolate bool) *spanWeights {
	if !extrapolate {
		return nil
	}
	return &spanWeights{known: map[uint32]float64{}}
}

func (w *spanWeights) of(v *view, row int) float64 {
	if w == nil {
		return 1
	}
	if w.generation != v.generation {
		w.generation = v.generation
		clear(w.known)
	}
	text := v.s.TraceStates[row]
	n, ok := w.known[text]
	if !ok {
		n = adjustedCount(v.s.Strings[text])
		w.known[text] = n
	}
	return n
}

// columnWeights finds what the rows of a column of tracestates count. Of nil,
// every row counts once; not safe for concurrent use.
type columnWeights struct {
	column *storage.Column
	known  []float64 // by index of the dictionary; -1: not asked for yet
}

// reset begins a batch.
func (w *columnWeights) reset(column *storage.Column) {
	w.column = column
	w.known = w.known[:0]
	for range column.Dict {
		w.known = append(w.known, -1)
	}
}

func (w *columnWeights) of(row int) float64 {
	if w == nil || w.column.Types[row] != storage.TypeString {
		return 1
	}
	text := w.column.Bits[row]
	if w.known[text] < 0 {
		w.known[text] = adjustedCount(w.column.Dict[text])
	}
	return w.known[text]
}
