package parquet

import "fmt"

// pageSpan is the part of a chunk that becomes a page.
type pageSpan struct {
	rows, places int
	from, end    int // of the values
	nulls        int
	limits       limits
}

// split cuts the values of a column into pages and checks that they are what
// the column and the row group demand.
func (e *encoder) split(c *Column, v *Values, rows, pageRows int) error {
	e.pages = e.pages[:0]
	total := rows
	if c.List != "" {
		total = e.list.elements
	} else if v.Counts != nil {
		return fmt.Errorf("%w: counts for a column without a list", ErrInvalid)
	}
	if v.Present != nil && len(v.Present) < (total+63)/64 {
		return fmt.Errorf("%w: the bitmap has %d words, %d values need %d", ErrInvalid, len(v.Present), total, (total+63)/64)
	}
	at := 0
	add := func(rows, places, from, end int) {
		n := end - from
		if v.Present != nil {
			n = countBits(v.Present, from, end)
		}
		e.pages = append(e.pages, pageSpan{rows: rows, places: places, from: at, end: at + n, nulls: places - n})
		at += n
	}
	if c.List != "" {
		for i := range e.list.pages {
			p := &e.list.pages[i]
			add(p.endRow-p.firstRow, p.places, p.firstElement, p.endElement)
		}
	} else {
		for from := 0; from < rows; from += pageRows {
			end := min(from+pageRows, rows)
			add(end-from, end-from, from, end)
		}
	}
	if !c.Optional && at != total {
		return fmt.Errorf("%w: %d of %d values are absent and the column is not optional", ErrInvalid, total-at, total)
	}
	e.values = at
	if have, err := countValues(c, v); err != nil {
		return err
	} else if have != at {
		return fmt.Errorf("%w: %d values, the bitmap has %d", ErrInvalid, have, at)
	}
	return nil
}

// countValues is the number of values, which must be in the field that the
// column's kind demands.
func countValues(c *Column, v *Values) (int, error) {
	fields := 0
	for _, there := range [...]bool{len(v.Nums) > 0, len(v.Codes) > 0, len(v.Fixed) > 0} {
		if there {
			fields++
		}
	}
	n, ok := 0, fields <= 1
	switch c.Kind {
	case ByteArray:
		n = len(v.Codes)
		ok = ok && fields == min(n, 1)
	case Fixed:
		n = len(v.Fixed) / c.Length
		ok = ok && fields == min(n, 1) && n*c.Length == len(v.Fixed)
	case Boolean:
		n = max(len(v.Nums), len(v.Codes))
		ok = ok && len(v.Fixed) == 0
	default:
		n = len(v.Nums)
		ok = ok && fields == min(n, 1)
	}
	if !ok {
		return 0, fmt.Errorf("%w: values must be in the one field for the column's kind, Fixed in whole values", ErrInvalid)
	}
	return n, nil
}

// checkDict reports ends that are not inside the text, in order.
func checkDict(d *Dict) error {
	last := uint32(0)
	for _, end := range d.Ends {
		if end < last {
			return fmt.Errorf("%w: the ends of a dictionary descend from %d to %d", ErrInvalid, last, end)
		}
		last = end
	}
	if uint64(last) > uint64(len(d.Text)) {
		return fmt.Errorf("%w: a dictionary ends at %d and has %d bytes of text", ErrInvalid, last, len(d.Text))
	}
	return nil
}

// forget lets go of the caller's memory.
func (e *encoder) forget() {
	clear(e.pages)
	e.nums, e.chunk = nil, limits{}
}
