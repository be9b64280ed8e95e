package columnar

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// DiskOptions configure a Store that keeps its records on disk. A zero field
// has the default of DefaultDiskOptions, unless it says otherwise.
type DiskOptions struct {
	Dir    string
	Limits storage.Limits // of a single record; Events is at most 65,536, which a page of a part has room for

	// Durability says what a write waits for before it is acknowledged.
	Durability   wal.Durability
	SyncInterval time.Duration // between syncs with Durability Interval

	// MaxMemoryBytes bounds what is not in a part yet. A write that does not
	// fit waits for a part to be written, at most MaxWait, and is then refused
	// with storage.ErrOverloaded.
	MaxMemoryBytes   int64
	MaxInFlightBytes int64 // of requests that are not acknowledged yet
	MaxWait          time.Duration

	SealRows int           // rows at which a builder becomes a part
	SealAge  time.Duration // age of its oldest row at which it does so too

	// GroupRows are the rows of a row group and PartRows those of the largest
	// part that merging makes.
	GroupRows int
	PartRows  int

	Retention Retention
	// DeleteWithin is the deadline by which what was deleted is gone from disk.
	DeleteWithin time.Duration

	// WhenFull says what happens when Retention.MaxBytes is reached or less than
	// Retention.MinFreeBytes is free: the oldest hours are given up, or writes
	// are refused and only age makes room.
	WhenFull WhenFull

	FS     vfs.FS       // nil: the real one
	Logger *slog.Logger // nil: slog.Default()

	// Progress is told how far the recovery of the log is, at most every half
	// second. nil: it is logged.
	Progress func(doneBytes, totalBytes int64)

	// What follows is for tests.

	now          func() time.Time // nil: time.Now
	tick         time.Duration    // how often the clock looks; 0: every second
	still        bool             // nothing is done in the background: the test does it
	pageRows     int              // rows of a page of a part; 0: the default
	keepTwins    bool             // identical spans stay when parts are merged
	segmentBytes int64            // of the log; 0: its default
	// When FS is not the real one the catalog, which does its own I/O, is in
	// this directory or, when that is empty, in memory. A catalog that is given
	// is used and not closed: it keeps all it knows over a crash.
	catalogDir string
	catalog    *catalog.Catalog
}

// Retention says how long records are kept. They are given up by whole hours
// of arrival, the oldest first; for MaxBytes by single parts of the last two.
type Retention struct {
	MaxAge       time.Duration // since arrival; 0: for ever
	MaxBytes     int64         // of all parts together; 0: no bound
	MinFreeBytes int64         // on the disk, below which the oldest hours go, unless WhenFull is Refuse, and below half of which writes are refused; 0: the default, negative: no bound
}

// DefaultDiskOptions lose nothing that was acknowledged and keep everything
// for two weeks.
func DefaultDiskOptions() DiskOptions {
	return DiskOptions{
		Limits: storage.DefaultLimits(), Durability: wal.Sync, SyncInterval: time.Second,
		MaxMemoryBytes: 128 << 20, MaxInFlightBytes: 32 << 20, MaxWait: 5 * time.Second,
		SealRows: 65536, SealAge: 10 * time.Second, GroupRows: 65536, PartRows: 8 * 65536,
		Retention: Retention{MaxAge: 14 * 24 * time.Hour, MinFreeBytes: 1 << 30}, DeleteWithin: 24 * time.Hour,
	}
}

// Validate says what is wrong, after defaults were filled in.
func (o DiskOptions) Validate() error {
	switch {
	case o.Dir == "":
		return errors.New("columnar: Dir is empty: name the directory to keep data in")
	case o.Durability > wal.None:
		return fmt.Errorf("columnar: Durability is %v, it must be sync, interval or none", o.Durability)
	case o.MaxMemoryBytes < minMaxBytes:
		return fmt.Errorf("columnar: MaxMemoryBytes is %d, it must be at least %d (1 MiB)", o.MaxMemoryBytes, minMaxBytes)
	case o.MaxInFlightBytes < 1<<16:
		return fmt.Errorf("columnar: MaxInFlightBytes is %d, it must be at least %d", o.MaxInFlightBytes, 1<<16)
	case o.SealRows < 1 || o.SealRows > maxGroupRows:
		return fmt.Errorf("columnar: SealRows is %d, it must be 1 to %d", o.SealRows, maxGroupRows)
	case o.GroupRows < 1 || o.GroupRows > maxGroupRows:
		return fmt.Errorf("columnar: GroupRows is %d, it must be 1 to %d", o.GroupRows, maxGroupRows)
	case o.PartRows < o.GroupRows:
		return fmt.Errorf("columnar: PartRows is %d, it must be at least GroupRows, %d", o.PartRows, o.GroupRows)
	case o.SealAge <= 0 || o.SyncInterval <= 0 || o.MaxWait < 0 || o.DeleteWithin <= 0:
		return errors.New("columnar: SealAge, SyncInterval and DeleteWithin must be positive, MaxWait not negative")
	case o.Retention.MaxAge < 0 || o.Retention.MaxBytes < 0:
		return fmt.Errorf("columnar: Retention %+v must not be negative", o.Retention)
	case o.WhenFull > Refuse:
		return fmt.Errorf("columnar: WhenFull is %v, it must be evict or refuse", o.WhenFull)
	}
	return validLimits(o.Limits)
}

// maxGroupRows bounds a row group: the rows of a trace in it are numbered with
// as many bits in the index.
const maxGroupRows = 1 << 20

func validLimits(l storage.Limits) error {
	if l.ValueBytes < 0 || l.Attributes < 0 || l.Events < 0 {
		return fmt.Errorf("columnar: Limits %+v must not be negative", l)
	}
	return nil
}

func orDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

func (o DiskOptions) withDefaults() DiskOptions {
	d := DefaultDiskOptions()
	orDefault(&o.Limits, d.Limits)
	if o.Limits.Events == 0 || o.Limits.Events > maxChildren {
		o.Limits.Events = maxChildren
	}
	orDefault(&o.SyncInterval, d.SyncInterval)
	orDefault(&o.MaxMemoryBytes, d.MaxMemoryBytes)
	orDefault(&o.MaxInFlightBytes, d.MaxInFlightBytes)
	orDefault(&o.MaxWait, d.MaxWait)
	orDefault(&o.SealRows, d.SealRows)
	orDefault(&o.SealAge, d.SealAge)
	orDefault(&o.GroupRows, d.GroupRows)
	if o.PartRows == 0 {
		o.PartRows = 8 * o.GroupRows
	}
	orDefault(&o.Retention.MinFreeBytes, d.Retention.MinFreeBytes)
	orDefault(&o.DeleteWithin, d.DeleteWithin)
	if o.FS == nil {
		o.FS = vfs.OS
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.now == nil {
		o.now = time.Now
	}
	orDefault(&o.tick, time.Second)
	return o
}
