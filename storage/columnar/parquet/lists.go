package parquet

import (
	"fmt"
	"slices"
)

// listLevels is what all columns of a list have in common in a row group,
// computed from the first one.
type listLevels struct {
	counts   []uint32
	nonEmpty []uint32 // rows with elements
	elements int
	pages    []listPage
	rep      []byte // repetition levels of all pages
	enc      runEncoder
}

type listPage struct {
	firstRow, endRow         int
	firstElement, endElement int
	places                   int
	nonEmptyFrom             int // in nonEmpty
	nonEmptyEnd              int
	repFrom, repEnd          int // in rep
}

// set takes the counts of a row group over.
func (l *listLevels) set(counts []uint32, pageRows int) error {
	l.counts = append(l.counts[:0], counts...)
	l.nonEmpty, l.pages = l.nonEmpty[:0], l.pages[:0]
	l.enc = runEncoder{dst: l.rep[:0], width: 1, pending: l.enc.pending[:0]}
	total := uint64(0)
	for from := 0; from < len(counts); from += pageRows {
		p := listPage{firstRow: from, endRow: min(from+pageRows, len(counts)), firstElement: int(total), nonEmptyFrom: len(l.nonEmpty)}
		empty := 0
		for i, n := range counts[from:p.endRow] {
			if n == 0 {
				empty++
				continue
			}
			l.nonEmpty = append(l.nonEmpty, uint32(from+i))
			total += uint64(n)
		}
		if places := total - uint64(p.firstElement) + uint64(empty); places > MaxPageElements {
			return fmt.Errorf("%w: rows %d to %d have %d elements, a page may have %d", ErrTooLarge, from, p.endRow, places, MaxPageElements)
		}
		p.endElement, p.nonEmptyEnd = int(total), len(l.nonEmpty)
		p.places = p.endElement - p.firstElement + empty
		l.repeat(&p)
		l.pages = append(l.pages, p)
	}
	l.elements, l.rep = int(total), l.enc.dst
	return nil
}

func (l *listLevels) same(counts []uint32) bool { return slices.Equal(l.counts, counts) }

// repeat encodes the repetition levels of a page: 0 for the first place of a
// row, 1 for every other.
func (l *listLevels) repeat(p *listPage) {
	e := &l.enc
	p.repFrom = len(e.dst)
	var at int
	e.dst, at = beginLevels(e.dst)
	prev := p.firstRow
	for _, row := range l.nonEmpty[p.nonEmptyFrom:p.nonEmptyEnd] {
		e.put(0, int(row)-prev+1)
		e.put(1, int(l.counts[row])-1)
		prev = int(row) + 1
	}
	e.put(0, p.endRow-prev)
	e.flush()
	e.dst = endLevels(e.dst, at)
	p.repEnd = len(e.dst)
}

// define encodes the definition levels of a page of one column: 0 for a row
// without elements, then 1 for an element, or for an optional column 1 and 2
// for an element without and with a value.
func (l *listLevels) define(dst []byte, p *listPage, optional bool, present []uint64) []byte {
	e := &l.enc
	e.dst, e.width = dst, 1
	if optional {
		e.width = 2
	}
	var at int
	e.dst, at = beginLevels(e.dst)
	prev, element := p.firstRow, p.firstElement
	for _, row := range l.nonEmpty[p.nonEmptyFrom:p.nonEmptyEnd] {
		e.put(0, int(row)-prev)
		n := int(l.counts[row])
		switch {
		case !optional:
			e.put(1, n)
		case present == nil:
			e.put(2, n)
		default:
			for i := element; i < element+n; i++ {
				e.put(1+uint32(present[i>>6]>>(i&63)&1), 1)
			}
		}
		element += n
		prev = int(row) + 1
	}
	e.put(0, p.endRow-prev)
	e.flush()
	return endLevels(e.dst, at)
}
