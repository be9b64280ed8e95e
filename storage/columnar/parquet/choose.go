package parquet

// What a chunk becomes is decided by estimates; DESIGN.md has the measurements
// behind the numbers here.

// worthwhile is the number of entries above which a dictionary for n values is
// not worth it: the caller's limit, or so many that most values are there once.
func worthwhile(limit, n int) int {
	return min(limit, n*6/10)
}

// dictionaryBytes is the size of a text dictionary above which every entry must
// be used often to be worth its price for whoever reads one page.
const dictionaryBytes = 1 << 20

// dictionaryPays decides on a dictionary with that much text for n values.
func dictionaryPays(text, entries, n int) bool {
	size := text + 4*entries
	return size <= dictionaryBytes || n >= 8*entries && size <= MaxPageBytes
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

// codeWidth is the width in which codes up to top are written.
func codeWidth(top uint32, aligned bool) int {
	switch width := widthOf(top); {
	case aligned && width > 4 && width < 8:
		return 8
	case aligned && width > 8 && width < 16:
		return 16
	default:
		return width
	}
}

// alignSample is the number of codes that align looks at.
const alignSample = 2048

// align decides whether codes become whole bytes. Packed codes are as small as
// evenly distributed ones can be; of skewed or repetitive ones zstd makes less
// when it sees them as bytes. That is tried on some of them: it saves a third
// at best, and no estimate told the cases apart.
func (e *encoder) align() bool {
	top := uint32(e.entries - 1)
	width, wide := codeWidth(top, false), codeWidth(top, true)
	if width == wide || e.values < 512 {
		return false
	}
	from := max(0, e.values/2-alignSample/2)
	sample := e.codes[from:min(from+alignSample, e.values)]
	return e.tryWidth(sample, wide)*100 < e.tryWidth(sample, width)*95
}

func (e *encoder) tryWidth(codes []uint32, width int) int {
	e.trial = appendHybrid(e.trial[:0], codes, width)
	e.out = e.zstd.EncodeAll(e.trial, e.out[:0])
	return min(len(e.trial), len(e.out))
}
