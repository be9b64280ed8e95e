package storage

// MaxMarks is the most Marks of a Tally.
const MaxMarks = 8

// Tally describes a count of values.
type Tally struct {
	Window Window
	Where  Predicate // nil: every span
	// Keys are those whose values TallyBatch.Count counts. The rule for event and
	// link keys is that of Scan.
	Keys []Key
	// Marks are predicates that the spans are told apart by, at most MaxMarks;
	// nil: every span.
	Marks []Predicate
}

// TallyBatch is some of the spans that a Tally selects, numbered from 0. The
// methods may be called in any order and again. What they return belongs to the
// batch and is read only. Where reading fails values are zero or missing, and
// the error comes from SpanReader.Tally.
type TallyBatch interface {
	Len() int     // spans
	Scanned() int // rows looked at for this batch, matching or not
	// Marks has for every span the predicates of Tally.Marks that it satisfies:
	// bit i for the one at i.
	Marks() []uint8
	StartsNs() []int64
	DurationsNs() []int64

	// Count counts the spans by their values under each of Tally.Keys. groups has
	// for every span a number below n, the group that it counts in. add is called
	// with the place of the key in Keys, a value, a group, and how many spans of
	// the group have the value; it is never called for absent values. Keys come
	// in any order, not the same in all batches, so that those who work on several
	// do not meet at one. The calls for one key follow each other; a value and a group
	// may come again, then their counts add up. The value is valid until add
	// returns. add must not call methods of the batch.
	Count(groups []uint32, n int, add func(key int, v Value, group int, spans uint64))
}

// ColumnTally counts the values of columns. Its memory is used again; the zero
// value is ready for use.
type ColumnTally struct {
	texts []uint64 // by index in the dictionary and group
}

// Count calls add as TallyBatch.Count does, for one column.
func (t *ColumnTally) Count(c *Column, groups []uint32, n int, add func(v Value, group int, spans uint64)) {
	size := len(c.Dict) * n
	if size > 1024+4*len(c.Types) { // to clear and look through more than that costs more than it saves
		for row, typ := range c.Types {
			if typ != TypeAbsent {
				add(c.Value(row), int(groups[row]), 1)
			}
		}
		return
	}
	if cap(t.texts) < size {
		t.texts = make([]uint64, size)
	}
	texts := t.texts[:size]
	clear(texts)
	for row, typ := range c.Types {
		switch typ {
		case TypeAbsent:
		case TypeString:
			texts[int(c.Bits[row])*n+int(groups[row])]++
		default:
			add(c.Value(row), int(groups[row]), 1)
		}
	}
	for i, spans := range texts {
		if spans > 0 {
			add(String(c.Dict[i/n]), i%n, spans)
		}
	}
}
