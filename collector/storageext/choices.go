package storageext

import (
	"fmt"

	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// Durability is wal.Durability by the names of its values.
type Durability wal.Durability

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Durability) UnmarshalText(text []byte) error {
	for _, known := range []wal.Durability{wal.Sync, wal.Interval, wal.None} {
		if known.String() == string(text) {
			*d = Durability(known)
			return nil
		}
	}
	return fmt.Errorf("%q is not a durability: write sync, interval or none", text)
}

// MarshalText implements encoding.TextMarshaler.
func (d Durability) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Durability) String() string { return wal.Durability(d).String() }

// WhenFull is columnar.WhenFull by the names of its values.
type WhenFull columnar.WhenFull

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *WhenFull) UnmarshalText(text []byte) error {
	for _, known := range []columnar.WhenFull{columnar.Evict, columnar.Refuse} {
		if known.String() == string(text) {
			*w = WhenFull(known)
			return nil
		}
	}
	return fmt.Errorf("%q is nothing to do when full: write evict or refuse", text)
}

// MarshalText implements encoding.TextMarshaler.
func (w WhenFull) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func (w WhenFull) String() string { return columnar.WhenFull(w).String() }
