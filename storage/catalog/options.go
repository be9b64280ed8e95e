package catalog

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Options configure a Catalog.
type Options struct {
	// Dir is the directory of the catalog, which is created when it is
	// missing. Nothing else may be kept in it. Empty: everything is kept in
	// memory and gone with Close.
	Dir string
	// MinFreeBytes is the free space of Dir's file system below which writes
	// fail with storage.ErrOverloaded. badger writes through sparse memory
	// maps: on a full disk it would end the process. 0: 64 MiB.
	MinFreeBytes int64
	// Logger gets what goes wrong in the background. nil: slog.Default().
	Logger *slog.Logger

	// Now is the clock by which orders and sightings are dated. nil: time.Now.
	Now func() time.Time

	free func(dir string) (uint64, error) // nil: of the file system
}

const defaultMinFreeBytes = 64 << 20

// Validate says what is wrong.
func (o Options) Validate() error {
	if o.MinFreeBytes < 0 {
		return fmt.Errorf("%w: MinFreeBytes is %d, it must not be negative", ErrInvalid, o.MinFreeBytes)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.MinFreeBytes == 0 {
		o.MinFreeBytes = defaultMinFreeBytes
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.free == nil {
		o.free = freeBytes
	}
	return o
}

const (
	memTableBytes = 4 << 20
	// freshTables is how many tables there may be that were not merged.
	freshTables = 5
	// badger refuses a transaction of 15 % of a memtable, or of as many
	// entries as skip list nodes fit into that. These stay below both.
	maxTxnBytes   = 600 << 10
	maxTxnEntries = 4096
)

// badgerOptions are fixed: badger ends the process over some bad ones, so none
// of them comes from a configuration.
func (o Options) badgerOptions() badger.Options {
	b := badger.DefaultOptions(o.Dir)
	b.InMemory = o.Dir == ""
	b.Logger = logger{o.Logger.With("component", "catalog")}
	b.SyncWrites = true
	b.MetricsEnabled = false  // its expvar names are global to the process
	b.DetectConflicts = false // Catalog.write admits one writer at a time

	// The defaults hold 64 MiB memtables and a 256 MiB cache. A catalog is a
	// few megabytes that the operating system caches: blocks are read from the
	// memory map as they are, so nothing needs to be kept unpacked.
	b.MemTableSize = memTableBytes
	b.NumMemtables = 2
	b.BaseTableSize = 4 << 20
	b.BaseLevelSize = 16 << 20
	b.Compression = options.None
	b.BlockCacheSize = 0
	b.IndexCacheSize = 0
	b.NumGoroutines = 1
	b.NumCompactors = 0 // they would look for work 20 times a second each: see compact
	b.NumLevelZeroTables = freshTables
	b.NumLevelZeroTablesStall = 3 * freshTables
	b.ChecksumVerificationMode = options.OnBlockRead // checkTable has verified what was there before

	// Every value is smaller than the threshold, so the value log stays empty
	// and needs no garbage collection, which has brought deleted keys back.
	b.ValueThreshold = maxTxnBytes
	b.ValueLogFileSize = 1 << 20
	b.VLogPercentile = 0
	b.NumVersionsToKeep = 1
	return b
}
