package sidecar

import (
	"hash/crc32"
	"math"
	"slices"
)

// Verify reads the whole file, compares every checksum and decodes everything.
// It returns the first thing that is wrong.
func (x *Index) Verify() error {
	start := make([]byte, len(magic))
	if err := readFull(x.r, start, 0, "footer"); err != nil {
		return err
	}
	if string(start) != magic {
		return corrupt("footer", 0, "the file does not begin as an index")
	}
	for id := range sectionCount {
		if err := x.verifySection(id); err != nil {
			return err
		}
	}
	for _, decode := range []func() error{x.verifyTraces, x.verifyFilters, x.verifyRED, x.verifyRest} {
		if err := decode(); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) verifySection(id sectionID) error {
	s := x.sections[id]
	crc := uint32(0)
	buf := make([]byte, min(s.length, 64<<10))
	for at := int64(0); at < s.length; {
		b := buf[:min(int64(len(buf)), s.length-at)]
		if err := readFull(x.r, b, s.offset+at, id.String()); err != nil {
			return err
		}
		crc = crc32.Update(crc, castagnoli, b)
		at += int64(len(b))
	}
	if crc != s.crc {
		return corrupt(id.String(), s.offset, "wrong checksum of the section, %d bytes", s.length)
	}
	return nil
}

// verifyTraces compares the runs with the zones.
func (x *Index) verifyTraces() error {
	zones, err := x.Zones()
	if err != nil {
		return err
	}
	n := 0
	for traces, err := range x.TraceBlocks(0) {
		if err != nil {
			return err
		}
		for _, t := range traces {
			if int(t.Group) >= len(zones) || t.Rows == 0 || uint64(t.FirstRow)+uint64(t.Rows) > uint64(zones[t.Group].Rows) {
				return corrupt(sectionTraces.String(), x.sections[sectionTraces].offset, "run %d has rows that do not exist", n)
			}
			n++
		}
	}
	return nil
}

func (x *Index) verifyFilters() error {
	zones, err := x.Zones()
	if err != nil {
		return err
	}
	head, err := x.head(sectionFilters)
	if err != nil {
		return err
	}
	if len(head) != 4*len(zones) {
		return corrupt(sectionFilters.String(), x.sections[sectionFilters].offset, "%d bytes for %d row groups", len(head), len(zones))
	}
	for group := range zones {
		if _, err := x.LoadFilter(group); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) verifyRED() error {
	red, err := x.RED()
	if err != nil {
		return err
	}
	sums := make([]REDCell, len(red.Series))
	for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
		if err != nil {
			return err
		}
		for i, n := range m.Series {
			if err := m.MergeHistogram(i, &sums[n].Histogram); err != nil {
				return err
			}
			sums[n].Measures.Merge(m.Measures[i])
		}
	}
	totals, err := red.Totals()
	if err != nil || totals == nil {
		return err
	}
	for i, n := range totals.Series {
		var total REDCell
		if err := totals.MergeHistogram(i, &total.Histogram); err != nil {
			return err
		}
		total.Measures = totals.Measures[i]
		if !total.isSumOf(&sums[n]) {
			return corrupt(sectionExtra.String(), x.sections[sectionExtra].offset, "the totals of series %d are not what its minutes sum up to", n)
		}
		sums[n] = REDCell{}
	}
	for n := range sums {
		if sums[n].Measures.Count > 0 {
			return corrupt(sectionExtra.String(), x.sections[sectionExtra].offset, "there are no totals of series %d", n)
		}
	}
	return nil
}

// isSumOf compares a total with a sum over the minutes in order, as totals are.
func (c *REDCell) isSumOf(sum *REDCell) bool {
	if c.Measures != sum.Measures {
		return false
	}
	x, y := &c.Histogram, &sum.Histogram
	from, to, n := bucketsOf(x)
	fromY, toY, m := bucketsOf(y)
	return x.Zero == y.Zero && n == m && (n == 0 || x.Scale == y.Scale && x.Offset+int32(from) == y.Offset+int32(fromY) &&
		slices.Equal(x.Counts[from:to+1], y.Counts[fromY:toY+1]))
}

func (x *Index) verifyRest() error {
	if _, err := x.Keys(); err != nil {
		return err
	}
	if _, err := x.Edges(); err != nil {
		return err
	}
	names, err := x.ExtraNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, _, err := x.Extra(name); err != nil {
			return err
		}
	}
	return nil
}
