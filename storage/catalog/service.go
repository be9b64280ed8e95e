package catalog

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// serviceRecord is what is known of a service.
type serviceRecord struct {
	hour       uint32 // in which it was seen last
	count      uint64 // spans
	operations []operationRecord
}

type operationRecord struct {
	operation
	hour  uint32
	count uint64
}

// merge adds what was seen and returns how many operations are beyond the
// bound. They are cut off.
func (s *serviceRecord) merge(seen map[operation]uint64, hour uint32) (lost int) {
	s.hour = max(s.hour, hour)
	known := make(map[operation]int, len(s.operations)+len(seen))
	for i, op := range s.operations {
		known[op.operation] = i
	}
	for op, count := range seen {
		s.count = add(s.count, count)
		i, ok := known[op]
		if !ok {
			s.operations = append(s.operations, operationRecord{operation: op, hour: hour, count: count})
			continue
		}
		s.operations[i].hour = max(s.operations[i].hour, hour)
		s.operations[i].count = add(s.operations[i].count, count)
	}
	if lost = len(s.operations) - MaxOperations; lost > 0 {
		// Those that were known before stay in a tie: what is seen once should
		// not push out what was picked from yesterday's list.
		rank := func(op operationRecord) int {
			if i, ok := known[op.operation]; ok {
				return i
			}
			return math.MaxInt
		}
		slices.SortFunc(s.operations, func(a, b operationRecord) int {
			return cmp.Or(cmp.Compare(b.hour, a.hour), cmp.Compare(b.count, a.count), cmp.Compare(rank(a), rank(b)), a.compare(b.operation))
		})
		s.operations = s.operations[:MaxOperations]
	}
	s.sort()
	return max(lost, 0)
}

// sort makes equal records equal bytes.
func (s *serviceRecord) sort() {
	slices.SortFunc(s.operations, func(a, b operationRecord) int { return a.compare(b.operation) })
}

func (o operation) compare(p operation) int {
	return cmp.Or(cmp.Compare(o.name, p.name), cmp.Compare(o.kind, p.kind))
}

// expire forgets operations last seen before an hour and says whether there
// were any.
func (s *serviceRecord) expire(before uint32) bool {
	n := len(s.operations)
	s.operations = slices.DeleteFunc(s.operations, func(op operationRecord) bool { return op.hour < before })
	return len(s.operations) < n
}

func (s *serviceRecord) encode() []byte {
	b := binary.AppendUvarint([]byte{recordVersion}, uint64(s.hour))
	b = binary.AppendUvarint(b, s.count)
	b = binary.AppendUvarint(b, uint64(len(s.operations)))
	for _, op := range s.operations {
		b = appendText(b, op.name)
		b = binary.AppendVarint(b, int64(op.kind))
		b = binary.AppendUvarint(b, uint64(op.hour))
		b = binary.AppendUvarint(b, op.count)
	}
	return b
}

// decodeServiceHead reads all but the operations and returns how many they are.
func decodeServiceHead(d *decoder) (s serviceRecord, operations int) {
	s = serviceRecord{hour: d.hour(), count: d.uvarint()}
	return s, d.count(4)
}

func decodeService(name string, b []byte) (*serviceRecord, error) {
	d := decode("service "+name, b)
	s, n := decodeServiceHead(d)
	s.operations = make([]operationRecord, 0, n)
	for range n {
		op := operationRecord{operation: operation{name: d.text()}}
		kind := d.varint()
		if kind < math.MinInt32 || kind > math.MaxInt32 {
			d.fail("has the kind %d", kind)
		}
		op.kind, op.hour, op.count = int32(kind), d.hour(), d.uvarint()
		s.operations = append(s.operations, op)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return &s, nil
}
