package catalog

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// keyRecord is what is known of a key.
type keyRecord struct {
	types []typeRecord
}

type typeRecord struct {
	typ   storage.Type
	hour  uint32 // in which it was seen last
	count uint64
}

// merge adds what was seen.
func (k *keyRecord) merge(seen map[storage.Type]uint64, hour uint32) {
	for typ, count := range seen {
		i := slices.IndexFunc(k.types, func(t typeRecord) bool { return t.typ == typ })
		if i < 0 {
			i = len(k.types)
			k.types = append(k.types, typeRecord{typ: typ})
		}
		k.types[i].hour = max(k.types[i].hour, hour)
		k.types[i].count = add(k.types[i].count, count)
	}
	slices.SortFunc(k.types, func(a, b typeRecord) int { return cmp.Compare(a.typ, b.typ) })
}

// hour is when the key was seen last, under any type.
func (k *keyRecord) hour() (hour uint32) {
	for _, t := range k.types {
		hour = max(hour, t.hour)
	}
	return hour
}

func (k *keyRecord) count() (n uint64) {
	for _, t := range k.types {
		n = add(n, t.count)
	}
	return n
}

// expire forgets what was last seen before an hour and says whether there was
// anything.
func (k *keyRecord) expire(before uint32) bool {
	n := len(k.types)
	k.types = slices.DeleteFunc(k.types, func(t typeRecord) bool { return t.hour < before })
	return len(k.types) < n
}

func (k *keyRecord) encode() []byte {
	b := []byte{recordVersion, 0} // 0 is kept for an hour that was never written
	b = binary.AppendUvarint(b, uint64(len(k.types)))
	for _, t := range k.types {
		b = append(b, byte(t.typ))
		b = binary.AppendUvarint(b, uint64(t.hour))
		b = binary.AppendUvarint(b, t.count)
	}
	return b
}

func decodeKey(b []byte) (*keyRecord, error) {
	d := decode("key", b)
	if reserved := d.byte(); reserved != 0 {
		d.fail("has %d where 0 is expected", reserved)
	}
	k := &keyRecord{}
	n := d.count(3)
	k.types = make([]typeRecord, 0, n)
	for range n {
		t := typeRecord{typ: storage.Type(d.byte()), hour: d.hour(), count: d.uvarint()}
		if d.err == nil && !knownType(t.typ) {
			d.fail("has the type %v", t.typ)
		}
		k.types = append(k.types, t)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return k, nil
}
