package catalog

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// valuesRecord is a summary of the values of a key, after Misra and Gries: a
// bounded list of counters. When there are too many, the count of the first
// that does not fit is taken off all that do, and added to floor. So a counter
// is at most floor below the truth, a value that is not listed occurred at
// most floor times, and floor is at most the number of all values seen divided
// by MaxValues+1. Summaries may be merged in any order and keep that bound.
type valuesRecord struct {
	floor  uint64
	values []valueRecord
}

type valueRecord struct {
	value storage.Value
	hour  uint32 // in which it was seen last
	count uint64
}

// merge adds what was seen and says whether there are more values than fit. It
// takes seen for itself.
func (r *valuesRecord) merge(seen map[storage.Value]uint64, hour uint32) (many bool) {
	for i := range r.values {
		at := &r.values[i]
		if count, ok := seen[at.value]; ok {
			at.hour = max(at.hour, hour)
			at.count = add(at.count, count)
			delete(seen, at.value)
		}
	}
	r.values = slices.Grow(r.values, len(seen))
	for v, count := range seen {
		r.values = append(r.values, valueRecord{v, hour, count})
	}
	slices.SortFunc(r.values, func(a, b valueRecord) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.hour, a.hour), compareValues(a.value, b.value))
	})
	if len(r.values) <= MaxValues {
		return false
	}
	cut := r.values[MaxValues].count
	r.floor = add(r.floor, cut)
	clear(r.values[MaxValues:])
	r.values = r.values[:MaxValues]
	for i := range r.values {
		// What becomes 0 stays as an example until something else needs the place.
		r.values[i].count -= cut
	}
	return true
}

// compareValues orders values by text, for people, and then by what tells
// values of one text apart.
func compareValues(a, b storage.Value) int {
	if a.Type() == storage.TypeString && b.Type() == storage.TypeString {
		return strings.Compare(a.Str(), b.Str())
	}
	return cmp.Or(strings.Compare(a.Text(), b.Text()), cmp.Compare(a.Type(), b.Type()), strings.Compare(a.Str(), b.Str()),
		cmp.Compare(a.Int(), b.Int()))
}

// expire forgets values last seen before an hour and says whether there were
// any.
func (r *valuesRecord) expire(before uint32) bool {
	n := len(r.values)
	r.values = slices.DeleteFunc(r.values, func(v valueRecord) bool { return v.hour < before })
	return len(r.values) < n
}

func (r *valuesRecord) encode() []byte {
	b := make([]byte, 1, 16+32*len(r.values))
	b[0] = recordVersion
	b = binary.AppendUvarint(b, r.floor)
	b = binary.AppendUvarint(b, uint64(len(r.values)))
	for _, v := range r.values {
		b = appendValue(b, v.value)
		b = binary.AppendUvarint(b, uint64(v.hour))
		b = binary.AppendUvarint(b, v.count)
	}
	return b
}

func decodeValues(b []byte) (*valuesRecord, error) {
	d := decode("values", b)
	r := &valuesRecord{floor: d.uvarint()}
	n := d.count(4)
	r.values = make([]valueRecord, 0, n)
	for range n {
		r.values = append(r.values, valueRecord{value: d.value(), hour: d.hour(), count: d.uvarint()})
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return r, nil
}
