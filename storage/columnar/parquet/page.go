package parquet

// Page is a decoded page. It is reused: reading overwrites everything, and
// slices taken from it before are invalid then. Its memory stays as large as
// the largest page read into it. It must not be used by several goroutines at
// once. The zero value is ready for use. After an error its content is
// undefined.
type Page struct {
	FirstRow int // in the row group
	Rows     int
	// Places are the rows, or for a column of a list the elements.
	Places int
	// Present is a bitmap over the places, least significant bit first, with
	// zeros beyond the last; nil when all have a value.
	Present []uint64
	// Counts are the elements of each row, for a column of a list only.
	Counts []uint32

	// Len is the number of values, all of them present.
	Len int
	// Dictionary says that Codes are the values: entries of the chunk's
	// dictionary, all below CodeLimit; see DecodedDict.Check. Otherwise the
	// values are in Nums, in Text and Ends, or in Fixed.
	Dictionary bool
	Codes      []uint32
	CodeLimit  uint32
	Nums       []uint64 // Boolean, Int32 (sign-extended unless unsigned), Int64, Double
	Text       []byte   // ByteArray: value i is Text[Ends[i-1]:Ends[i]]
	Ends       []uint32
	Fixed      []byte // Fixed: Column.Length bytes a value

	scratch
	words []uint64 // memory of Present
	reps  []uint32 // levels of a page of a list
	defs  []uint32
}

// DecodedDict is a decoded dictionary. It is reused as a Page is.
type DecodedDict struct {
	Len   int
	Nums  []uint64 // Int32, Int64, Double
	Text  []byte   // ByteArray: entry i is Text[Ends[i-1]:Ends[i]]
	Ends  []uint32
	Fixed []byte // Fixed: Column.Length bytes an entry

	scratch
}

// scratch is what reading a page needs besides its result.
type scratch struct {
	raw   []byte // as in the file
	plain []byte // after decompression
	nums  []uint64
}

// Check returns an error when a code of the page is not in the dictionary.
// Whoever looks codes up must call it for every page: a damaged file may have
// any code.
func (d *DecodedDict) Check(c *Chunk, p *Page) error {
	if p.Dictionary && int(p.CodeLimit) > d.Len {
		return c.damaged(noPage, c.offset, "a page has a code that is not in the dictionary")
	}
	return nil
}

// MemoryBytes is what the dictionary holds, memory for the next one included.
func (d *DecodedDict) MemoryBytes() int {
	return 8*cap(d.Nums) + 4*cap(d.Ends) + d.scratch.bytes()
}

// MemoryBytes is what the page holds, memory for the next one included.
func (p *Page) MemoryBytes() int {
	return 8*cap(p.words) + 4*(cap(p.Counts)+cap(p.Codes)+cap(p.Ends)+cap(p.reps)+cap(p.defs)) + 8*cap(p.Nums) + p.scratch.bytes()
}

func (s *scratch) bytes() int { return cap(s.raw) + cap(s.plain) + 8*cap(s.nums) }

// sized returns a slice of n elements with undefined content, in the memory of
// s if that is large enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
