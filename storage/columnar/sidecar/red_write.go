package sidecar

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// A cell begins with its count and three flag bits.
const (
	sumDerived    = 0 // of one or two spans: from minimum and maximum
	sumInteger    = 1 // a varint
	sumFloat      = 2 // eight bytes
	histogramLess = 4 // the histogram follows from minimum, maximum and sum

	flagBits     = 3
	maxCellCount = 1<<56 - 1 // below maxGamma, and with the flags in 64 bits
)

// encodeRED sorts strings, series and cells: the order in which they were
// found says nothing. The cells are returned as they were sorted.
func encodeRED(r *REDContents) (e encoded, sorted []*REDCell, err error) {
	texts, series, renumber, err := sortSeries(r.Series)
	if err != nil {
		return e, nil, err
	}
	e.head = appendStrings(nil, texts)
	e.head = binary.AppendUvarint(e.head, uint64(len(series)))
	for _, s := range series {
		service, _ := slices.BinarySearch(texts, s.Service)
		name, _ := slices.BinarySearch(texts, s.Name)
		e.head = binary.AppendUvarint(e.head, uint64(service))
		e.head = binary.AppendUvarint(e.head, uint64(name))
		e.head = append(e.head, s.Kind, s.Status)
	}
	cells := make([]*REDCell, len(r.Cells))
	for i := range cells {
		cells[i] = &r.Cells[i]
		if int(cells[i].Series) >= len(series) {
			return e, nil, invalid("cell %d is of series %d of %d", i, cells[i].Series, len(series))
		}
	}
	slices.SortFunc(cells, func(a, b *REDCell) int {
		return cmp.Or(cmp.Compare(a.Minute, b.Minute), cmp.Compare(renumber[a.Series], renumber[b.Series]))
	})
	minutes := slices.Collect(groupByMinute(cells))
	e.head = binary.AppendUvarint(e.head, uint64(len(minutes)))
	before := int64(0)
	var w minuteWriter
	for i, m := range minutes {
		from := len(e.body)
		if e.body, err = w.append(e.body, m, renumber); err != nil {
			return e, nil, err
		}
		e.body = appendCRC(e.body, from)
		if i == 0 {
			e.head = binary.AppendVarint(e.head, m[0].Minute)
		} else {
			e.head = binary.AppendUvarint(e.head, uint64(m[0].Minute)-uint64(before))
		}
		before = m[0].Minute
		e.head = binary.AppendUvarint(e.head, uint64(len(m)))
		e.head = binary.AppendUvarint(e.head, uint64(len(e.body)-from))
	}
	return e, cells, nil
}

// sortSeries returns all texts once and in order, the series in order, and
// their new numbers by the old ones.
func sortSeries(all []Series) (texts []string, sorted []Series, renumber []uint32, err error) {
	order := make([]uint32, len(all))
	for i, s := range all {
		order[i] = uint32(i)
		texts = append(texts, s.Service, s.Name)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	slices.SortFunc(order, func(a, b uint32) int { return compareSeries(&all[a], &all[b]) })
	renumber = make([]uint32, len(all))
	for i, old := range order {
		if i > 0 && sorted[i-1] == all[old] {
			return nil, nil, nil, invalid("the series %+q occurs twice", all[old])
		}
		sorted = append(sorted, all[old])
		renumber[old] = uint32(i)
	}
	return texts, sorted, renumber, nil
}

func compareSeries(a, b *Series) int {
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Status, b.Status))
}

// groupByMinute yields the stretches of sorted cells that share a minute.
func groupByMinute(cells []*REDCell) func(yield func([]*REDCell) bool) {
	return func(yield func([]*REDCell) bool) {
		for from, to := 0, 0; from < len(cells); from = to {
			for to = from + 1; to < len(cells) && cells[to].Minute == cells[from].Minute; to++ {
			}
			if !yield(cells[from:to:to]) {
				return
			}
		}
	}
}

// minuteWriter encodes the cells of a minute: their numbers first, so that
// whoever wants no histograms does not touch them.
type minuteWriter struct {
	cells, histograms []byte
	scratch           storage.ExpHistogram
}

func (w *minuteWriter) append(b []byte, cells []*REDCell, renumber []uint32) ([]byte, error) {
	w.cells, w.histograms = w.cells[:0], w.histograms[:0]
	next := uint32(0) // the smallest series that may follow
	for _, c := range cells {
		series := renumber[c.Series]
		if series < next {
			return nil, invalid("series %d has two cells for minute %d", c.Series, c.Minute)
		}
		w.cells = binary.AppendUvarint(w.cells, uint64(series-next))
		next = series + 1
		if err := w.cell(c); err != nil {
			return nil, err
		}
	}
	b = binary.AppendUvarint(b, uint64(len(w.cells)))
	b = append(b, w.cells...)
	return append(b, w.histograms...), nil
}

func (w *minuteWriter) cell(c *REDCell) error {
	m := &c.Measures
	if m.Count == 0 || m.Count > maxCellCount || m.MinNs > m.MaxNs || c.Histogram.Count() != m.Count {
		return invalid("the cell of series %d in minute %d: %+v with a histogram of %d", c.Series, c.Minute, *m, c.Histogram.Count())
	}
	flags := uint64(sumFloat)
	switch sum, ok := m.derivedSum(); {
	case ok && math.Float64bits(sum) == math.Float64bits(m.SumNs):
		flags = sumDerived
	case isExact(m.SumNs):
		flags = sumInteger
	}
	if w.follows(c) {
		flags |= histogramLess
	}
	w.cells = binary.AppendUvarint(w.cells, m.Count<<flagBits|flags)
	w.cells = binary.AppendVarint(w.cells, m.MinNs)
	w.cells = binary.AppendUvarint(w.cells, uint64(m.MaxNs)-uint64(m.MinNs))
	switch flags &^ histogramLess {
	case sumInteger:
		w.cells = binary.AppendVarint(w.cells, int64(m.SumNs))
	case sumFloat:
		w.cells = binary.LittleEndian.AppendUint64(w.cells, math.Float64bits(m.SumNs))
	}
	if flags&histogramLess != 0 {
		return nil
	}
	from := len(w.histograms)
	var ok bool
	if w.histograms, ok = appendHistogram(w.histograms, &c.Histogram); !ok {
		return invalid("the histogram of series %d in minute %d has buckets that no number is in", c.Series, c.Minute)
	}
	w.cells = binary.AppendUvarint(w.cells, uint64(len(w.histograms)-from))
	return nil
}

// follows says whether the histogram is that of the durations which the
// measures of up to three spans give away.
func (w *minuteWriter) follows(c *REDCell) bool {
	durations, ok := c.Measures.durations()
	if !ok {
		return false
	}
	w.scratch = storage.ExpHistogram{Counts: w.scratch.Counts[:0]}
	for _, ns := range durations[:c.Measures.Count] {
		w.scratch.Observe(float64(ns))
	}
	h := &c.Histogram
	if h.Zero != w.scratch.Zero {
		return false
	}
	first, last, n := bucketsOf(h)
	if n == 0 {
		return len(w.scratch.Counts) == 0
	}
	return h.Scale == w.scratch.Scale && h.Offset+int32(first) == w.scratch.Offset &&
		slices.Equal(h.Counts[first:last+1], w.scratch.Counts)
}

// isExact says whether a sum is an integer of at most 53 bits.
func isExact(sum float64) bool {
	return math.Abs(sum) <= 1<<53 && sum == math.Trunc(sum) && !(sum == 0 && math.Signbit(sum))
}

// derivedSum is the sum of one or two spans.
func (m *Measures) derivedSum() (float64, bool) {
	switch m.Count {
	case 1:
		return float64(m.MinNs), m.MinNs == m.MaxNs
	case 2:
		return float64(m.MinNs) + float64(m.MaxNs), true
	}
	return 0, false
}

// durations are those of up to three spans.
func (m *Measures) durations() (list [3]int64, ok bool) {
	const exact = 1 << 53
	if m.Count > 3 || m.MinNs < -exact || m.MaxNs > exact || !isExact(m.SumNs) {
		return list, false
	}
	switch list = [3]int64{m.MinNs, m.MaxNs, 0}; m.Count {
	case 1:
		return list, m.MinNs == m.MaxNs
	case 3:
		list[2] = int64(m.SumNs) - m.MinNs - m.MaxNs
		return list, m.MinNs <= list[2] && list[2] <= m.MaxNs
	}
	return list, true
}
