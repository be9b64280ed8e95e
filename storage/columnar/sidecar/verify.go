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
	cells, err := red.all()
	if err != nil {
		return err
	}
	for table, want := range coarseOf(red.Series, cells) {
		coarse, err := x.CoarseRED(Coarse(table))
		if err != nil {
			return err
		}
		if coarse == nil { // not worth it, or of an earlier version
			continue
		}
		got, err := coarse.all()
		if err != nil {
			return err
		}
		if want == nil || !coarse.says(got, want) {
			return corrupt(sectionExtra.String(), x.sections[sectionExtra].offset, "%v is not what the rates sum up to", Coarse(table))
		}
	}
	return nil
}

// all reads every cell.
func (r *RED) all() (cells []*REDCell, err error) {
	for m, err := range r.Scan(math.MinInt64, math.MaxInt64) {
		if err != nil {
			return nil, err
		}
		for i, n := range m.Series {
			c := &REDCell{Series: n, Minute: m.Minute, Measures: m.Measures[i]}
			if err := m.MergeHistogram(i, &c.Histogram); err != nil {
				return nil, err
			}
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// says compares the cells of a table with what they must be.
func (r *RED) says(cells []*REDCell, want *REDContents) bool {
	type place struct {
		Series
		minute int64
	}
	all := map[place]*REDCell{}
	for i := range want.Cells {
		c := &want.Cells[i]
		all[place{want.Series[c.Series], c.Minute}] = c
	}
	for _, c := range cells {
		at := place{r.Series[c.Series], c.Minute}
		if all[at] == nil || !c.equals(all[at]) {
			return false
		}
		delete(all, at)
	}
	return len(all) == 0
}

// equals compares what two cells have.
func (c *REDCell) equals(o *REDCell) bool {
	if c.Measures != o.Measures {
		return false
	}
	x, y := &c.Histogram, &o.Histogram
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
