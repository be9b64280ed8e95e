package catalog

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/heddle-io/heddle/storage"
)

// Signals is a set of signals.
type Signals uint8

const (
	SignalSpans Signals = 1 << iota
	SignalLogs
	SignalBoth = SignalSpans | SignalLogs
)

func (s Signals) String() string {
	switch s {
	case SignalSpans:
		return "spans"
	case SignalLogs:
		return "logs"
	case SignalBoth:
		return "spans and logs"
	}
	return fmt.Sprintf("signals(%d)", uint8(s))
}

// Match selects records that have a value under a key. The value is a scalar:
// a string, int, float, bool or bytes.
type Match struct {
	Key   storage.Key
	Value storage.Value
}

// Tombstone is an order to delete records, as a person's right to be forgotten
// demands. From the moment it is acknowledged the records must not be shown;
// the job that rewrites files makes it true on disk and finishes it.
type Tombstone struct {
	ID      uint64 // assigned by Add, ascending over all tenants, never used twice
	Tenant  string
	Signals Signals

	// What is deleted: exactly one of them is set. Neither may be changed
	// after it was given to or taken from Tombstones.
	TraceID *storage.TraceID
	Where   *Match

	LSN         uint64 // position in the write-ahead log; records before it are deleted
	CreatedNs   int64  // assigned by Add
	DeadlineNs  int64  // when it must be carried out at the latest; 0: none
	Reason      string // for people; at most MaxReasonBytes
	DoneNs      int64  // when it was carried out; 0: it is pending
	RowsDeleted uint64 // how many records it deleted
}

// Pending says whether the tombstone still has to be carried out.
func (t Tombstone) Pending() bool { return t.DoneNs == 0 }

const (
	// MaxReasonBytes bounds Tombstone.Reason.
	MaxReasonBytes = 1024
	// MaxMatchBytes bounds the text of Match.Value.
	MaxMatchBytes = 4096
)

// check says why t cannot be added.
func (t Tombstone) check() error {
	if err := checkTenant(t.Tenant); err != nil {
		return err
	}
	switch {
	case t.Signals == 0 || t.Signals&^SignalBoth != 0:
		return fmt.Errorf("%w: %v are not spans, logs or both", ErrInvalid, t.Signals)
	case (t.TraceID == nil) == (t.Where == nil):
		return fmt.Errorf("%w: a tombstone has either a TraceID or a Where", ErrInvalid)
	case t.TraceID != nil && t.TraceID.IsEmpty():
		return fmt.Errorf("%w: the TraceID is empty", ErrInvalid)
	case t.DeadlineNs < 0:
		return fmt.Errorf("%w: the deadline %d is before 1970", ErrInvalid, t.DeadlineNs)
	case len(t.Reason) > MaxReasonBytes || !utf8.ValidString(t.Reason):
		return fmt.Errorf("%w: the reason must be UTF-8 of at most %d bytes", ErrInvalid, MaxReasonBytes)
	}
	if t.Where == nil {
		return nil
	}
	if !scalar(t.Where.Value.Type()) {
		return fmt.Errorf("%w: deletion by a value of type %v; use a string, int, double, bool or bytes", ErrInvalid, t.Where.Value.Type())
	}
	if len(t.Where.Value.Str()) > MaxMatchBytes {
		return fmt.Errorf("%w: the value to delete by has %d bytes, it may have %d", ErrInvalid, len(t.Where.Value.Str()), MaxMatchBytes)
	}
	if t.Where.Key.Scope > storage.ScopeLog {
		return fmt.Errorf("%w: %v is no scope", ErrInvalid, t.Where.Key.Scope)
	}
	return checkName("key", t.Where.Key.Name)
}

// What a tombstone deletes by.
const (
	byTrace = 1
	byValue = 2
)

// encode writes everything but the id, which is the key.
func (t Tombstone) encode() []byte {
	b := appendText([]byte{recordVersion}, t.Tenant)
	b = append(b, byte(t.Signals))
	if t.TraceID != nil {
		b = append(append(b, byTrace), t.TraceID[:]...)
	} else {
		b = append(b, byValue, byte(t.Where.Key.Scope))
		b = appendText(b, t.Where.Key.Name)
		b = appendValue(b, t.Where.Value)
	}
	b = binary.AppendUvarint(b, t.LSN)
	b = binary.AppendVarint(b, t.CreatedNs)
	b = binary.AppendVarint(b, t.DeadlineNs)
	b = appendText(b, t.Reason)
	b = binary.AppendVarint(b, t.DoneNs)
	return binary.AppendUvarint(b, t.RowsDeleted)
}

func decodeTombstone(id uint64, b []byte) (Tombstone, error) {
	d := decode("tombstone", b)
	t := Tombstone{ID: id, Tenant: d.text(), Signals: Signals(d.byte())}
	switch by := d.byte(); by {
	case byTrace:
		t.TraceID = new(storage.TraceID)
		copy(t.TraceID[:], d.bytes(uint64(len(t.TraceID))))
	case byValue:
		t.Where = &Match{Key: storage.Key{Scope: storage.Scope(d.byte()), Name: d.text()}, Value: d.value()}
	default:
		d.fail("deletes by %d", by)
	}
	t.LSN = d.uvarint()
	t.CreatedNs = d.varint()
	t.DeadlineNs = d.varint()
	t.Reason = d.text()
	t.DoneNs = d.varint()
	t.RowsDeleted = d.uvarint()
	if err := d.end(); err != nil {
		return Tombstone{}, err
	}
	if err := t.check(); err != nil {
		return Tombstone{}, fmt.Errorf("%w: tombstone %d: %w", ErrCorrupt, id, err)
	}
	return t, nil
}
