package sidecar

import (
	"io"
	"iter"
	"math"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// RED are the rates, errors and durations of a part. The series and where the
// minutes are is in memory; cells are read by Scan. It is safe for concurrent
// use; the minutes that a Scan yields are not.
type RED struct {
	Series []Series // read only

	r       io.ReaderAt
	body    int64 // where the minutes begin in r
	minutes []minuteAt
}

// minuteAt is where the cells of a minute are.
type minuteAt struct {
	minute int64
	cells  int
	offset int64 // in the body
	size   int
}

// REDMinute has the cells that one minute has, in parallel columns by
// ascending series. It is valid until the next one is asked for.
type REDMinute struct {
	Minute   int64
	Series   []uint32 // indexes in RED.Series
	Measures []Measures

	encoded    []byte        // cells and histograms
	offset     int64         // of encoded in the file
	histograms []histogramAt // parallel to Series
	scratch    storage.ExpHistogram
}

// histogramAt is where a histogram is in encoded. size 0: it follows from the
// measures.
type histogramAt struct{ at, size uint32 }

// RED reads which series and minutes there are.
func (x *Index) RED() (*RED, error) {
	b, err := x.head(sectionRED)
	if err != nil {
		return nil, err
	}
	s := x.sections[sectionRED]
	r, at, ok := decodeRED(b, s.length-s.head)
	if !ok {
		return nil, x.corruptHead(sectionRED, at)
	}
	r.r, r.body = x.r, s.body()
	return r, nil
}

func decodeRED(b []byte, body int64) (r *RED, at int, ok bool) {
	c := cursor{b: b}
	texts := c.strings()
	r = &RED{Series: make([]Series, c.count(4))}
	for i := range r.Series {
		service, name := c.uvarint(), c.uvarint()
		if service >= uint64(len(texts)) || name >= uint64(len(texts)) {
			return nil, c.at, false
		}
		r.Series[i] = Series{texts[service], texts[name], c.byte(), c.byte()}
	}
	r.minutes = make([]minuteAt, c.count(3))
	end := int64(0)
	for i := range r.minutes {
		m := minuteAt{offset: end}
		if i == 0 {
			m.minute = c.varint()
		} else {
			before := r.minutes[i-1].minute
			if m.minute = int64(uint64(before) + c.uvarint()); m.minute <= before {
				return nil, c.at, false
			}
		}
		cells, size := c.uvarint(), c.uvarint()
		if size > uint64(body-end) || size > math.MaxUint32 || cells > size/4 || size < crcSize {
			return nil, c.at, false
		}
		m.cells, m.size = int(cells), int(size)
		end += int64(size)
		r.minutes[i] = m
	}
	return r, c.at, c.done() && end == body
}

// Minutes returns the first minute that has cells and the last; ok is false
// when there is none.
func (r *RED) Minutes() (first, last int64, ok bool) {
	if len(r.minutes) == 0 {
		return 0, 0, false
	}
	return r.minutes[0].minute, r.minutes[len(r.minutes)-1].minute, true
}

// readAhead is how much Scan reads at once of minutes that are all asked for.
const readAhead = 256 << 10

// Scan yields the minutes from fromMinute to before toMinute that have cells,
// in order, reading nothing else. It ends after the first error.
func (r *RED) Scan(fromMinute, toMinute int64) iter.Seq2[*REDMinute, error] {
	return func(yield func(*REDMinute, error) bool) {
		from, to := r.position(fromMinute), r.position(toMinute)
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		var m REDMinute
		for from < to {
			n := 1
			size := r.minutes[from].size
			for from+n < to && size+r.minutes[from+n].size <= readAhead {
				size += r.minutes[from+n].size
				n++
			}
			at := r.body + r.minutes[from].offset
			b := sized(buf, size)
			if err := readFull(r.r, b, at, sectionRED.String()); err != nil {
				yield(nil, err)
				return
			}
			for _, where := range r.minutes[from : from+n] {
				if err := m.decode(b[:where.size], where, r.body, len(r.Series)); err != nil {
					yield(nil, err)
					return
				}
				if !yield(&m, nil) {
					return
				}
				b = b[where.size:]
			}
			from += n
		}
	}
}

// position is how many minutes are before one.
func (r *RED) position(minute int64) int {
	i, _ := slices.BinarySearchFunc(r.minutes, minute, func(m minuteAt, minute int64) int {
		switch {
		case m.minute < minute:
			return -1
		case m.minute > minute:
			return 1
		}
		return 0
	})
	return i
}

// decode checks and decodes a minute.
func (m *REDMinute) decode(b []byte, where minuteAt, body int64, series int) error {
	b, ok := cutCRC(b)
	if !ok {
		return corrupt(sectionRED.String(), body+where.offset, "wrong checksum of minute %d", where.minute)
	}
	m.Minute, m.offset = where.minute, body+where.offset
	if at, ok := m.decodeCells(b, where.cells, series); !ok {
		return m.corrupt(uint32(at))
	}
	return nil
}

func (m *REDMinute) corrupt(at uint32) error {
	return corrupt(sectionRED.String(), m.offset+int64(at), "minute %d cannot have been written so", m.Minute)
}

func (m *REDMinute) decodeCells(b []byte, n, series int) (at int, ok bool) {
	c := cursor{b: b}
	size := c.uvarint()
	if size > uint64(c.left()) || uint64(n) > size {
		return c.at, false
	}
	histogram := uint64(c.at) + size
	c.b = b[:histogram]
	m.encoded = b
	m.Series = slices.Grow(m.Series[:0], n)[:n]
	m.Measures = slices.Grow(m.Measures[:0], n)[:n]
	m.histograms = slices.Grow(m.histograms[:0], n)[:n]
	next := uint64(0)
	for i := range n {
		id := next + uint64(c.u32varint())
		next = id + 1
		if id >= uint64(series) {
			return c.at, false
		}
		m.Series[i] = uint32(id)
		size, ok := c.cell(&m.Measures[i])
		if !ok || size > uint64(len(b))-histogram {
			return c.at, false
		}
		m.histograms[i] = histogramAt{uint32(histogram), uint32(size)}
		histogram += size
	}
	return c.at, c.done() && histogram == uint64(len(b))
}

// cell decodes the measures of a cell and the size of its histogram.
func (c *cursor) cell(m *Measures) (histogram uint64, ok bool) {
	head := c.uvarint()
	m.Count = head >> flagBits
	m.MinNs = c.varint()
	spread := c.uvarint()
	m.MaxNs = int64(uint64(m.MinNs) + spread)
	switch ok = true; head & (histogramLess - 1) {
	case sumDerived:
		m.SumNs, ok = m.derivedSum()
	case sumInteger:
		m.SumNs = float64(c.varint())
	case sumFloat:
		m.SumNs = math.Float64frombits(c.u64())
	default:
		ok = false
	}
	if head&histogramLess == 0 {
		if histogram = c.uvarint(); histogram == 0 {
			ok = false
		}
	} else if m.Count > 3 {
		ok = false
	}
	return histogram, ok && !c.fail && m.Count > 0 && m.MinNs <= m.MaxNs
}

// MergeHistogram adds the histogram of the i-th cell to into, as if it had
// observed every duration of the cell itself. It does not allocate beyond what
// into grows by.
func (m *REDMinute) MergeHistogram(i int, into *storage.ExpHistogram) error {
	where := m.histograms[i]
	if where.size == 0 {
		durations, ok := m.Measures[i].durations()
		if !ok {
			return m.corrupt(where.at)
		}
		for _, ns := range durations[:m.Measures[i].Count] {
			into.Observe(float64(ns))
		}
		return nil
	}
	values, ok := decodeHistogram(m.encoded[where.at:], int(where.size), &m.scratch)
	if !ok || values != m.Measures[i].Count {
		return m.corrupt(where.at)
	}
	into.Merge(&m.scratch)
	return nil
}
