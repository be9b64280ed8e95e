package parquet

// Page is a decoded page. It is reused: reading overwrites everything, and
// slices taken from it before are invalid then. Its memory stays as large as
// the largest page read into it. It must not be used by several goroutines at
// once. The zero value is ready for use.
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
	// dictionary, of which there are more than the largest code only if the
	// caller checks that; see DecodedDict.Len. Otherwise the values are in
	// Nums, in Text and Ends, or in Fixed.
	Dictionary bool
	Codes      []uint32
	Nums       []uint64 // Boolean, Int32 (sign-extended unless unsigned), Int64, Double
	Text       []byte   // ByteArray: value i is Text[Ends[i-1]:Ends[i]]
	Ends       []uint32
	Fixed      []byte // Fixed: Column.Length bytes a value
}

// DecodedDict is a decoded dictionary. It is reused as a Page is.
type DecodedDict struct {
	Len   int
	Nums  []uint64 // Int32, Int64, Double
	Text  []byte   // ByteArray: entry i is Text[Ends[i-1]:Ends[i]]
	Ends  []uint32
	Fixed []byte // Fixed: Column.Length bytes an entry
}
