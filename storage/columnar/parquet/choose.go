package parquet

// What a chunk becomes is decided by estimates; DESIGN.md has the measurements
// behind the numbers here.

// worthwhile is the number of entries above which a dictionary for n values is
// not worth it: the caller's limit, or so many that most values are there once.
func worthwhile(limit, n int) int {
	return min(limit, n*6/10)
}

// dictionaryBytes is the size of a text dictionary above which it must save
// much more than it costs whoever reads one page.
const dictionaryBytes = 1 << 20

// dictionaryPays compares a dictionary of that much text with the text of all
// values, for which entries stand as average.
func dictionaryPays(text, entries, n int) bool {
	return text <= dictionaryBytes || text/entries*n >= 8*text
}

// chooseNumbers decides the encoding of numbers. entries is 0 when there are
// too many for a dictionary.
func chooseNumbers(c *Column, nums []uint64, entries int) int32 {
	size := 8
	if c.Kind == Int32 {
		size = 4
	}
	plain := size * len(nums)
	dictionary := plain + 1
	if entries > 0 {
		dictionary = size*entries + len(nums)*widthOf(uint32(entries-1))/8
	}
	if c.Kind == Double || entries == 1 {
		if dictionary <= plain {
			return encodingDictionary
		}
		return encodingPlain
	}
	delta := deltaBytes(nums, c.Kind == Int32, 4)
	switch {
	case dictionary <= delta+delta/4+64 && dictionary <= plain:
		return encodingDictionary
	case delta < plain-plain/16:
		return encodingDelta
	}
	return encodingPlain
}

// codeWidth is the width in which codes up to top are written. Codes in whole
// bytes compress better than they pack.
func codeWidth(top uint32) int {
	return widthOf(top)
}
