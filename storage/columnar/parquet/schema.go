package parquet

// Kind is the physical type of a column.
type Kind uint8

const (
	Boolean   Kind = iota
	Int32          // signed unless the column's Logical says otherwise
	Int64          // signed unless the column's Logical says otherwise
	Double         // IEEE 754, 64 bits
	ByteArray      // any number of bytes
	Fixed          // Column.Length bytes
)

// Logical says what the values of a column mean to other readers.
type Logical uint8

const (
	None        Logical = iota
	String              // of ByteArray: UTF-8
	JSON                // of ByteArray: UTF-8 that is one JSON value
	TimestampNs         // of Int64: nanoseconds since 1970 in UTC
	Uint8               // of Int32
	Uint16              // of Int32
	Uint32              // of Int32
	Uint64              // of Int64
	UUID                // of Fixed with Length 16
)

// Column describes one leaf. A file has at most MaxColumns of them.
type Column struct {
	// List is "" for a column of its own. Otherwise it names the list of
	// structs whose elements have this column. Columns of one list are
	// adjacent. The list itself and its elements are never null; a row has
	// zero or more elements.
	List string
	// Name is unique among the columns with the same List. No column with an
	// empty List may have the name of a list.
	Name    string
	Kind    Kind
	Length  int // bytes of a value of Kind Fixed, 1 to MaxLength
	Logical Logical
	// Optional says that values may be absent.
	Optional bool
}
