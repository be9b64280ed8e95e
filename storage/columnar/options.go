package columnar

import (
	"fmt"
	"math"

	"github.com/heddle-io/heddle/storage"
)

// WhenFull says what happens when a write would exceed Options.MaxBytes.
type WhenFull uint8

const (
	Evict  WhenFull = iota // the oldest sealed table is given up
	Refuse                 // the write fails with storage.ErrOverloaded
)

func (w WhenFull) String() string {
	switch w {
	case Evict:
		return "evict"
	case Refuse:
		return "refuse"
	}
	return fmt.Sprintf("when_full(%d)", uint8(w))
}

// Options configure a Store. A zero field has the default of DefaultOptions.
type Options struct {
	MaxBytes int64          // memory for all signals together, as Stats.Bytes counts it
	SealRows int            // rows at which a builder is sealed, 1 to 16,777,216
	Limits   storage.Limits // of a single record; the zero Limits mean the default
	WhenFull WhenFull

	whole bool // requests are never cut
	// recordMost replaces recordBytes: records that a log has are admitted by
	// what was the bound when they were accepted. 0: nothing is replaced.
	recordMost int64
}

// DefaultOptions hold about two million mesh spans.
func DefaultOptions() Options {
	return Options{MaxBytes: 512 << 20, SealRows: 65536, Limits: storage.DefaultLimits(), WhenFull: Evict}
}

const (
	minMaxBytes = 1 << 20
	maxSealRows = 1 << 24
)

// Validate says what is wrong, after defaults were filled in.
func (o Options) Validate() error {
	switch {
	case o.MaxBytes < minMaxBytes:
		return fmt.Errorf("columnar: MaxBytes is %d, it must be at least %d (1 MiB)", o.MaxBytes, minMaxBytes)
	case o.SealRows < 1 || o.SealRows > maxSealRows:
		return fmt.Errorf("columnar: SealRows is %d, it must be 1 to %d", o.SealRows, maxSealRows)
	case o.Limits.ValueBytes < 0 || o.Limits.Attributes < 0 || o.Limits.Events < 0:
		return fmt.Errorf("columnar: Limits %+v must not be negative", o.Limits)
	case o.WhenFull > Refuse:
		return fmt.Errorf("columnar: WhenFull is %v, it must be evict or refuse", o.WhenFull)
	}
	return nil
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.MaxBytes == 0 {
		o.MaxBytes = d.MaxBytes
	}
	if o.SealRows == 0 {
		o.SealRows = d.SealRows
	}
	if o.Limits == (storage.Limits{}) {
		o.Limits = d.Limits
	}
	return o
}

// builderBytes is the share of MaxBytes at which a builder is sealed early. It
// also keeps a dictionary's text far below the 4 GiB that its offsets reach, and
// the metadata of the part below what a reader takes.
func (o Options) builderBytes() int64 {
	share := int64(8)
	if o.whole {
		share = 4
	}
	return min(o.MaxBytes/share, maxMeta/2)
}

// partBytes is the size of the parts that a giant request is cut into. Where
// there is a log it stays whole.
func (o Options) partBytes() int64 {
	if o.whole {
		return math.MaxInt64
	}
	return o.recordBytes()
}

// recordBytes is the most that one record may take: a record must fit beside
// a builder, whatever its limits are.
func (o Options) recordBytes() int64 {
	if o.recordMost > 0 {
		return o.recordMost
	}
	return min(o.MaxBytes/16, 256<<20)
}
