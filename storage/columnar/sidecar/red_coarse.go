package sidecar

import (
	"bytes"
	"encoding/binary"
)

// A Coarse table has the cells of RED summed up, for questions that do not want
// all of its detail.
type Coarse int

const (
	Unnamed       Coarse = iota // over the names of spans, which are then empty
	Totals                      // over the minutes, into the first that there is
	UnnamedTotals               // over both
	coarseTables
)

// coarseExtras are the names of the extras that have the tables.
var coarseExtras = [coarseTables]string{"red.unnamed", "red.totals", "red.unnamed.totals"}

func (c Coarse) String() string { return coarseExtras[c] }

// coarseShare says what a table is worth writing for: it has at most one cell
// for so many.
const coarseShare = 4

// encodeCoarse adds the tables that are worth it to extras. cells are sorted.
func encodeCoarse(extras map[string][]byte, series []Series, cells []*REDCell) error {
	for table, coarse := range coarseOf(series, cells) {
		if coarse == nil {
			continue
		}
		e, _, err := encodeRED(coarse)
		if err != nil {
			return err
		}
		b := binary.AppendUvarint(nil, uint64(len(e.head)))
		extras[Coarse(table).String()] = append(append(b, e.head...), e.body...)
	}
	return nil
}

// coarseOf makes the tables that are worth it; the others are nil.
func coarseOf(series []Series, cells []*REDCell) (tables [coarseTables]*REDContents) {
	worth := func(n int) bool { return 0 < n && n*coarseShare <= len(cells) }
	unnamed := sumUp(series, cells, Unnamed)
	if worth(len(unnamed.Cells)) {
		tables[Unnamed] = unnamed
	}
	if worth(len(series)) {
		tables[Totals] = sumUp(series, cells, Totals)
	}
	if both := sumUp(unnamed.Series, unnamed.refs(), Totals); worth(len(both.Cells)) {
		tables[UnnamedTotals] = both
	}
	return tables
}

// sumUp sums cells, the minutes ascending, up over names or over minutes.
func sumUp(series []Series, cells []*REDCell, table Coarse) *REDContents {
	var b REDBuilder
	for _, c := range cells {
		s, minute := series[c.Series], c.Minute
		if table == Unnamed {
			s.Name = ""
		} else {
			minute = cells[0].Minute
		}
		sum := b.cell(b.Series(s), minute)
		sum.Measures.Merge(c.Measures)
		sum.Histogram.Merge(&c.Histogram)
	}
	sums := b.Contents()
	return &sums
}

func (r *REDContents) refs() []*REDCell {
	refs := make([]*REDCell, len(r.Cells))
	for i := range refs {
		refs[i] = &r.Cells[i]
	}
	return refs
}

// CoarseRED reads a table that sums RED up; nil where none was written: it would
// have had nearly as many cells, or the file is of an earlier version.
func (x *Index) CoarseRED(table Coarse) (*RED, error) {
	b, ok, err := x.extra(table.String())
	if err != nil || !ok {
		return nil, err
	}
	r, ok := decodeCoarse(b)
	if !ok {
		return nil, corrupt(sectionExtra.String(), x.sections[sectionExtra].offset, "%v cannot have been written so", table)
	}
	return r, nil
}

func decodeCoarse(b []byte) (*RED, bool) {
	c := cursor{b: b}
	head := c.uvarint()
	if c.fail || head > uint64(c.left()) {
		return nil, false
	}
	body := b[c.at+int(head):]
	r, _, ok := decodeRED(b[c.at:c.at+int(head)], int64(len(body)))
	if ok {
		r.r = bytes.NewReader(body)
	}
	return r, ok
}
