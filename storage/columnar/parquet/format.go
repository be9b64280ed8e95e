package parquet

// Numbers of the Parquet format (parquet.thrift).
const (
	magic = "PAR1"

	typeBoolean   = 0
	typeInt32     = 1
	typeInt64     = 2
	typeDouble    = 5
	typeByteArray = 6
	typeFixed     = 7

	repetitionRequired = 0
	repetitionOptional = 1
	repetitionRepeated = 2

	encodingPlain      = 0
	encodingRLE        = 3
	encodingDelta      = 5 // DELTA_BINARY_PACKED
	encodingDeltaText  = 6 // DELTA_LENGTH_BYTE_ARRAY
	encodingDictionary = 8 // RLE_DICTIONARY

	codecZstd = 6

	pageData       = 0
	pageDictionary = 2

	orderUnordered = 0
)

var physical = [...]int32{
	Boolean: typeBoolean, Int32: typeInt32, Int64: typeInt64, Double: typeDouble, ByteArray: typeByteArray, Fixed: typeFixed,
}

// logicals says how each Logical is written: the kind it belongs to, the
// ConvertedType for old readers, and the field of the union LogicalType.
var logicals = [...]struct {
	kind      Kind
	converted int32 // -1: none
	field     int
	bits      byte // of field logicalInteger
}{
	None:        {converted: -1},
	String:      {ByteArray, 0, 1, 0},
	JSON:        {ByteArray, 19, 12, 0},
	TimestampNs: {Int64, -1, logicalTimestamp, 0},
	Uint8:       {Int32, 11, logicalInteger, 8},
	Uint16:      {Int32, 12, logicalInteger, 16},
	Uint32:      {Int32, 13, logicalInteger, 32},
	Uint64:      {Int64, 14, logicalInteger, 64},
	UUID:        {Fixed, -1, 14, 0},
}

const (
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalList      = 3
	convertedList    = 3
)

func (c *Column) unsigned() bool { return c.Logical >= Uint8 && c.Logical <= Uint64 }

// utf8 says that bounds must be UTF-8.
func (c *Column) utf8() bool { return c.Logical == String || c.Logical == JSON }

// maxDef and maxRep are the largest definition and repetition level.
func (c *Column) maxDef() int {
	n := c.maxRep()
	if c.Optional {
		n++
	}
	return n
}

func (c *Column) maxRep() int {
	if c.List != "" {
		return 1
	}
	return 0
}

// path is how errors name a column.
func (c *Column) path() string {
	if c.List == "" {
		return c.Name
	}
	return c.List + "." + c.Name
}
