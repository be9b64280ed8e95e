package storage

import "math"

// Batch is one step of a Scan, in columns: row i of every slice describes one
// span.
type Batch struct {
	TraceIDs    []TraceID
	SpanIDs     []SpanID
	StartsNs    []int64
	DurationsNs []int64
	Columns     []Column // parallel to Scan.Columns

	// NewestLeftNs bounds what follows: no later batch of this scan has a
	// span that starts after it. math.MinInt64 on the last batch.
	NewestLeftNs int64
	// Scanned counts the rows looked at for this batch, matching or not.
	Scanned int
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.TraceIDs) }

// Column holds the values of one key, one entry per row. Its storage follows
// the type of each row because one key may have values of several types.
type Column struct {
	Types []Type   // TypeAbsent where the row has no value
	Bits  []uint64 // int and bool as they are, float by its bits, all others an index into Dict
	Dict  []string // distinct contents; see Value
}

// Value returns the value of one row.
func (c *Column) Value(row int) Value {
	return makeValue(c.Types[row], c.Bits[row], c.Dict)
}

func makeValue(t Type, bits uint64, dict []string) Value {
	switch t {
	case TypeAbsent, TypeEmpty:
		return Value{typ: t}
	case TypeInt, TypeFloat, TypeBool:
		return Value{typ: t, bits: bits}
	}
	return Value{typ: t, str: dict[bits]}
}

// NoneLeft is the NewestLeftNs of the last batch.
const NoneLeft = math.MinInt64
