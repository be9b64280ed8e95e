package catalog

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/heddle-io/heddle/storage"
)

// recordVersion begins every value except counters and settings.
const recordVersion = 1

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// scalar says whether a type can be listed and matched: whether it has values
// that a person can type.
func scalar(t storage.Type) bool { return t >= storage.TypeString && t <= storage.TypeBytes }

// appendValue writes a scalar value.
func appendValue(b []byte, v storage.Value) []byte {
	b = append(b, byte(v.Type()))
	switch v.Type() {
	case storage.TypeInt:
		return binary.AppendVarint(b, v.Int())
	case storage.TypeFloat:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float()))
	case storage.TypeBool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	}
	return appendText(b, v.Str())
}

// decoder reads a record. After the first thing that is wrong every method
// returns zero values; end tells what it was.
type decoder struct {
	rest []byte
	what string
	err  error
}

// decode begins a record whose first byte is the version.
func decode(what string, b []byte) *decoder {
	d := &decoder{rest: b, what: what}
	if v := d.byte(); d.err == nil && v != recordVersion {
		d.fail("has version %d, this program knows %d", v, recordVersion)
	}
	return d
}

func (d *decoder) fail(format string, a ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s %s", ErrCorrupt, d.what, fmt.Sprintf(format, a...))
	}
	d.rest = nil
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail("is cut short")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("has a bad number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail("has a bad number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// bytes returns n bytes of the record itself.
func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail("is cut short")
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// raw returns a text with its length, as a part of the record itself.
func (d *decoder) raw() []byte { return d.bytes(d.uvarint()) }

func (d *decoder) text() string { return string(d.raw()) }

// count reads how many things follow, each of which takes at least size bytes.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.rest)/size) {
		d.fail("counts %d entries and has no room for them", n)
		return 0
	}
	return int(n)
}

// hour reads hours since 1970, see hourOf.
func (d *decoder) hour() uint32 {
	v := d.uvarint()
	if v > maxHour {
		d.fail("has the hour %d", v)
		return 0
	}
	return uint32(v)
}

func (d *decoder) value() storage.Value {
	switch t := storage.Type(d.byte()); t {
	case storage.TypeString:
		return storage.String(d.text())
	case storage.TypeBytes:
		return storage.Bytes(d.raw())
	case storage.TypeInt:
		return storage.Int(d.varint())
	case storage.TypeFloat:
		if b := d.bytes(8); d.err == nil {
			return storage.Float(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case storage.TypeBool:
		b := d.byte()
		if b > 1 {
			d.fail("has the boolean %d", b)
		}
		return storage.Bool(b == 1)
	default:
		d.fail("has a value of type %v", t)
	}
	return storage.Value{}
}

// end fails unless the whole record was read.
func (d *decoder) end() error {
	if len(d.rest) > 0 {
		d.fail("has %d bytes too many", len(d.rest))
	}
	return d.err
}

// Last-seen times are kept in hours since 1970.
const (
	hourNs  = int64(3600 * 1e9)
	maxHour = uint64(math.MaxInt64 / hourNs)
)

// hourOf returns the hour in which ns is; times before 1970 are in hour 0.
func hourOf(ns int64) uint32 { return uint32(max(ns, 0) / hourNs) }

// hourStart is the first nanosecond of an hour.
func hourStart(hour uint32) int64 { return int64(hour) * hourNs }

// add is a sum that stays at the largest number instead of wrapping around.
func add(a, b uint64) uint64 {
	if a+b < a {
		return math.MaxUint64
	}
	return a + b
}
