package sidecar

import "github.com/heddle-io/heddle/storage"

// REDBuilder collects REDContents from spans, or from cells of other parts.
// The zero value is ready to use; it is not safe for concurrent use.
type REDBuilder struct {
	red     REDContents
	numbers map[Series]uint32
	cells   map[cellKey]uint32 // index in red.Cells
	last    []uint32           // per series: index of the cell used last, +1
}

type cellKey struct {
	series uint32
	minute int64
}

// Series returns the number of a series, a new one when it has none yet.
// Numbers count from zero.
func (b *REDBuilder) Series(s Series) uint32 {
	n, ok := b.numbers[s]
	if !ok {
		if b.numbers == nil {
			b.numbers = map[Series]uint32{}
		}
		n = uint32(len(b.red.Series))
		b.numbers[s] = n
		b.red.Series = append(b.red.Series, s)
		b.last = append(b.last, 0)
	}
	return n
}

// Observe counts a span. The series must be a number that Series returned.
func (b *REDBuilder) Observe(series uint32, startNs, durationNs int64) {
	c := b.cell(series, MinuteOf(startNs))
	c.Measures.observe(durationNs)
	c.Histogram.Observe(float64(durationNs))
}

// Add counts the spans of the i-th cell of a minute that was read from
// another part.
func (b *REDBuilder) Add(series uint32, m *REDMinute, i int) error {
	c := b.cell(series, m.Minute)
	if err := m.MergeHistogram(i, &c.Histogram); err != nil {
		return err
	}
	c.Measures.Merge(m.Measures[i])
	return nil
}

func (b *REDBuilder) cell(series uint32, minute int64) *REDCell {
	if last := b.last[series]; last > 0 && b.red.Cells[last-1].Minute == minute {
		return &b.red.Cells[last-1]
	}
	key := cellKey{series, minute}
	at, ok := b.cells[key]
	if !ok {
		if b.cells == nil {
			b.cells = map[cellKey]uint32{}
		}
		at = uint32(len(b.red.Cells))
		b.cells[key] = at
		b.red.Cells = append(b.red.Cells, REDCell{Series: series, Minute: minute, Histogram: storage.ExpHistogram{}})
	}
	b.last[series] = at + 1
	return &b.red.Cells[at]
}

// Contents returns what was collected. The builder must not be used after it.
func (b *REDBuilder) Contents() REDContents { return b.red }
