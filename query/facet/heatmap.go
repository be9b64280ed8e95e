package facet

import (
	"math/bits"

	"github.com/heddle-io/heddle/storage"
)

// Heatmap counts spans by start and duration. Columns are equal steps of the
// window; rows are ranges of durations. Cells lie column after column:
// cell (column, row) is at column*len(BoundsNs)+row.
type Heatmap struct {
	StartNs, StepNs int64
	Columns         int
	// BoundsNs are the lower bounds of the rows, ascending; a row ends where the
	// next begins. Rows are a quarter of a power of two wide, or a multiple of
	// that. Spans that last nothing, or end before they start, count in the first
	// row, whose bound is then 0.
	BoundsNs []int64
	Spans    []uint32
	Errors   []uint32
}

// A scale of durations: four steps an octave, linear inside of it, so that a
// step is found from the bits of the number. Step 0 is for what is not
// positive.
const (
	stepsPerOctave = 4
	scaleSteps     = 1 + 63*stepsPerOctave
)

func scaleStep(ns int64) int {
	if ns <= 0 {
		return 0
	}
	octave := bits.Len64(uint64(ns)) - 1
	var quarter uint64
	if octave >= 2 {
		quarter = uint64(ns) >> (octave - 2) & 3
	} else {
		quarter = uint64(ns) << (2 - octave) & 3
	}
	return 1 + octave*stepsPerOctave + int(quarter)
}

// scaleBound is the least duration of a step, rounded up to whole ns.
func scaleBound(step int) int64 {
	if step == 0 {
		return 0
	}
	octave, quarters := (step-1)/stepsPerOctave, int64(4+(step-1)%stepsPerOctave)
	if octave >= 2 {
		return quarters << (octave - 2)
	}
	return (quarters<<octave + 3) / 4
}

// heat counts into all steps of the scale; which of them are used is known
// only afterwards.
type heat struct {
	window        storage.Window
	stepNs        int64
	columns       int
	spans, errors []uint32 // columns × scaleSteps
}

func newHeat(w storage.Window, columns int) *heat {
	length := uint64(w.ToNs) - uint64(w.FromNs) // two's complement: right also where an int64 would overflow
	step := length / uint64(columns)
	if length%uint64(columns) != 0 || step == 0 {
		step++
	}
	used := int((length + step - 1) / step)
	return &heat{w, int64(step), max(used, 1), make([]uint32, max(used, 1)*scaleSteps), make([]uint32, max(used, 1)*scaleSteps)}
}

// add counts spans; failed is 1 for those that failed, else 0.
func (h *heat) add(startsNs, durationsNs []int64, failed []uint32) {
	step, column, begin := uint64(h.stepNs), uint64(0), uint64(0) // of the column of the span before: often it is the same
	for row, start := range startsNs {
		since := uint64(start) - uint64(h.window.FromNs)
		if since-begin >= step {
			column = since / step
			begin = column * step
		}
		if column >= uint64(h.columns) { // outside of the window
			continue
		}
		cell := int(column)*scaleSteps + scaleStep(durationsNs[row])
		h.spans[cell]++
		h.errors[cell] += failed[row]
	}
}

// merge adds what another one of the same window and columns counted.
func (h *heat) merge(o *heat) {
	if h == nil {
		return
	}
	for cell, n := range o.spans {
		h.spans[cell] += n
		h.errors[cell] += o.errors[cell]
	}
}

// heatmap leaves out what is empty above and below and joins steps until they
// are few enough.
func (h *heat) heatmap(most int) *Heatmap {
	first, last := scaleSteps, -1
	for cell, n := range h.spans {
		if n > 0 {
			first, last = min(first, cell%scaleSteps), max(last, cell%scaleSteps)
		}
	}
	m := &Heatmap{StartNs: h.window.FromNs, StepNs: h.stepNs, Columns: h.columns, BoundsNs: []int64{}, Spans: []uint32{}, Errors: []uint32{}}
	if last < 0 {
		return m
	}
	// Below four ns several steps have one bound; they are one row.
	join := 1
	for {
		m.BoundsNs = m.BoundsNs[:0]
		for step := first; step <= last; step++ {
			if bound := joinedBound(step, join); len(m.BoundsNs) == 0 || bound > m.BoundsNs[len(m.BoundsNs)-1] {
				m.BoundsNs = append(m.BoundsNs, bound)
			}
		}
		if len(m.BoundsNs) <= most || join > scaleSteps {
			break
		}
		join *= 2
	}
	rowOf := make([]int, scaleSteps)
	for step, row := first, 0; step <= last; step++ {
		for row+1 < len(m.BoundsNs) && joinedBound(step, join) >= m.BoundsNs[row+1] {
			row++
		}
		rowOf[step] = row
	}
	rows := len(m.BoundsNs)
	m.Spans, m.Errors = make([]uint32, h.columns*rows), make([]uint32, h.columns*rows)
	for cell, n := range h.spans {
		if n > 0 {
			to := cell/scaleSteps*rows + rowOf[cell%scaleSteps]
			m.Spans[to] += n
			m.Errors[to] += h.errors[cell]
		}
	}
	return m
}

// joinedBound is the bound of the row of a step when join steps make a row.
func joinedBound(step, join int) int64 {
	if step == 0 {
		return 0
	}
	return scaleBound(1 + (step-1)/join*join)
}
