package parquet

// Values are the values of one column in one row group. The writer reads them
// during Write only and does not keep or change them.
//
// A row of a column without a list is one place; a column of a list has a
// place for each element, in row order. Exactly one of Nums, Codes and Fixed
// holds the values of the places that have one.
type Values struct {
	// Present is a bitmap over the places, least significant bit first; bits
	// beyond the last place are ignored. nil: every place has a value. It must
	// be nil, or full, when the column is not Optional.
	Present []uint64
	// Counts are the elements of each row, for a column of a list only. All
	// columns of one list must have the same.
	Counts []uint32

	// Nums are the values of an Int64, Int32 (low 32 bits), Double (IEEE bits)
	// or Boolean (0 or 1) column.
	Nums []uint64
	// Codes: value i of a ByteArray column is entry Codes[i] of Dict. For a
	// Boolean column, the values themselves, 0 or 1.
	Codes []uint32
	Dict  Dict
	// Fixed are the values of a Fixed column, one after another.
	Fixed []byte
}

// Dict is the text that codes refer to: entry i is Text[Ends[i-1]:Ends[i]],
// the first starts at 0. It may hold entries that no code refers to, and equal
// entries more than once.
type Dict struct {
	Text []byte
	Ends []uint32
}

// Len is the number of entries.
func (d *Dict) Len() int { return len(d.Ends) }

// At is entry i; it shares the memory of Text.
func (d *Dict) At(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.Ends[i-1]
	}
	return d.Text[from:d.Ends[i]:d.Ends[i]]
}
