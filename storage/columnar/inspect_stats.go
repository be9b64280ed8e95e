package columnar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// StatsOptions say how much Stats tells.
type StatsOptions struct {
	ByHour  bool // not by day
	Names   bool // list the services, operations and keys that the catalog knows
	Columns int  // how many of the largest columns per signal; 0: the files of parts are not opened

	// Progress, unless nil, is told often how much of the parts was looked at
	// for the columns.
	Progress func(doneBytes, totalBytes int64)
}

// StoreStats describe what a data directory has.
type StoreStats struct {
	Dir     string        `json:"directory"`
	Running bool          `json:"running"` // so that the log was not looked at
	Notes   []string      `json:"notes,omitempty"`
	Periods []PeriodStats `json:"periods"` // by tenant, signal and time of arrival
	Levels  []LevelStats  `json:"levels"`  // by signal and level
	Log     LogStats      `json:"log"`
	Catalog CatalogStats  `json:"catalog"`

	Quarantine FileStats       `json:"quarantine"`
	Services   []ServiceStats  `json:"services,omitempty"`    // by name
	Keys       []KeyStats      `json:"keys,omitempty"`        // by scope and name
	Columns    []ColumnStats   `json:"columns,omitempty"`     // the largest come first
	ManyValues []ColumnStats   `json:"many_values,omitempty"` // attributes that have too many values for a dictionary
	Overflow   []OverflowStats `json:"overflow,omitempty"`
}

// PartStats add up parts.
type PartStats struct {
	Parts      int    `json:"parts"`
	Rows       uint64 `json:"rows"`
	Bytes      uint64 `json:"bytes"` // with indexes
	IndexBytes uint64 `json:"index_bytes"`
	OldestNs   int64  `json:"oldest_ns"` // of the rows' own times
	NewestNs   int64  `json:"newest_ns"`
}

func (s *PartStats) add(p *manifest.Part) {
	if s.Parts == 0 {
		s.OldestNs, s.NewestNs = p.MinNs, p.MaxNs
	}
	s.OldestNs, s.NewestNs = min(s.OldestNs, p.MinNs), max(s.NewestNs, p.MaxNs)
	s.Parts++
	s.Rows += p.Rows
	s.Bytes += p.Bytes + p.IndexBytes
	s.IndexBytes += p.IndexBytes
}

// Add adds others, to make a sum.
func (s *PartStats) Add(o PartStats) {
	if o.Parts == 0 {
		return
	}
	if s.Parts == 0 {
		s.OldestNs, s.NewestNs = o.OldestNs, o.NewestNs
	}
	s.OldestNs, s.NewestNs = min(s.OldestNs, o.OldestNs), max(s.NewestNs, o.NewestNs)
	s.Parts, s.Rows, s.Bytes, s.IndexBytes = s.Parts+o.Parts, s.Rows+o.Rows, s.Bytes+o.Bytes, s.IndexBytes+o.IndexBytes
}

// BytesPerRow is 0 without rows.
func (s PartStats) BytesPerRow() float64 {
	if s.Rows == 0 {
		return 0
	}
	return float64(s.Bytes) / float64(s.Rows)
}

// PeriodStats are the parts that came in a day or hour.
type PeriodStats struct {
	Tenant string    `json:"tenant"`
	Signal string    `json:"signal"`
	Start  time.Time `json:"start"` // of arrival, UTC
	PartStats
}

// LevelStats are the parts that were merged that often.
type LevelStats struct {
	Signal string `json:"signal"`
	Level  int    `json:"level"`
	PartStats
}

// FileStats count files.
type FileStats struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// LogStats describe the log. What follows Read is only known when no store has
// the directory.
type LogStats struct {
	FileStats
	SpansInParts uint64 `json:"spans_in_parts"` // position up to which all spans are in parts
	LogsInParts  uint64 `json:"logs_in_parts"`

	Read      bool   `json:"read"`
	First     uint64 `json:"first,omitempty"` // positions
	Last      uint64 `json:"last,omitempty"`
	OnlyInLog uint64 `json:"only_in_log"`       // requests that are not in parts
	Damaged   bool   `json:"damaged,omitempty"` // Verify tells more
}

// CatalogStats describe the catalog.
type CatalogStats struct {
	FileStats
	Deletions  int    `json:"pending_deletions"`
	Services   int    `json:"services"`
	Operations int    `json:"operations"`
	Keys       int    `json:"keys"`
	Problem    string `json:"problem,omitempty"` // why what precedes is not known
}

// Stats tells what the directory has. It reads the manifest, the log if no store
// is writing it, the catalog and, for columns, the footers of all parts.
func (x *Inspection) Stats(ctx context.Context, o StatsOptions) (*StoreStats, error) {
	st := &StoreStats{Dir: x.opts.Dir, Running: x.running, Periods: []PeriodStats{}, Levels: []LevelStats{}}
	for _, p := range x.parts() {
		st.addPart(&p, o.ByHour)
	}
	slices.SortFunc(st.Levels, func(a, b LevelStats) int {
		return cmp.Or(-strings.Compare(a.Signal, b.Signal), cmp.Compare(a.Level, b.Level))
	})
	if err := x.logStats(ctx, &st.Log); err != nil {
		return nil, err
	}
	if err := x.catalogStats(ctx, st, o.Names); err != nil {
		return nil, err
	}
	var err error
	if st.Quarantine.Files, st.Quarantine.Bytes, err = x.sizeOf("quarantine"); err != nil {
		return nil, err
	}
	if o.Columns > 0 {
		if err := x.columnStats(ctx, st, o); err != nil {
			return nil, err
		}
	}
	if x.report.Damaged() || !x.report.Found {
		x.note("the manifest is damaged, so that parts may be missing here: verify tells more")
	}
	st.Notes = x.Notes()
	return st, nil
}

func (st *StoreStats) addPart(p *manifest.Part, byHour bool) {
	start := arrival(p)
	if !byHour {
		start = start.Truncate(24 * time.Hour)
	}
	n := len(st.Periods)
	if n == 0 || st.Periods[n-1].Tenant != p.Tenant || st.Periods[n-1].Signal != p.Signal.String() || !st.Periods[n-1].Start.Equal(start) {
		st.Periods = append(st.Periods, PeriodStats{Tenant: p.Tenant, Signal: p.Signal.String(), Start: start})
	}
	st.Periods[len(st.Periods)-1].add(p)
	i := slices.IndexFunc(st.Levels, func(l LevelStats) bool { return l.Signal == p.Signal.String() && l.Level == int(p.Level) })
	if i < 0 {
		i = len(st.Levels)
		st.Levels = append(st.Levels, LevelStats{Signal: p.Signal.String(), Level: int(p.Level)})
	}
	st.Levels[i].add(p)
}

func (x *Inspection) logStats(ctx context.Context, st *LogStats) (err error) {
	persisted := x.persisted()
	st.SpansInParts, st.LogsInParts = persisted[storage.SignalSpans], persisted[storage.SignalLogs]
	if st.Files, st.Bytes, err = x.segments(); err != nil {
		return err
	}
	return x.withLog(func(log *wal.Log, found wal.Recovery) error {
		st.Read, st.First, st.Last, st.Damaged = true, found.FirstLSN, found.LastLSN, !found.Clean()
		return log.Replay(min(st.SpansInParts, st.LogsInParts)+1, nil, func(rec wal.Record) error {
			if signal := storage.Signal(rec.Signal); signal >= signals || rec.LSN > persisted[signal] {
				st.OnlyInLog++
			}
			return ctx.Err()
		})
	})
}

func (x *Inspection) catalogStats(ctx context.Context, st *StoreStats, names bool) (err error) {
	c := &st.Catalog
	if c.Files, c.Bytes, err = x.sizeOf("catalog"); err != nil {
		return err
	}
	err = x.withCatalog(ctx, func(open *catalog.Catalog) error {
		pending, err := open.Tombstones().Pending(catalog.AllTenants)
		c.Deletions = len(pending)
		if err != nil {
			return err
		}
		return x.nameStats(open, st, names)
	})
	if err != nil && ctx.Err() == nil {
		c.Problem = err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			c.Problem = fmt.Sprintf("there is no %s", x.path("catalog"))
		}
		return nil
	}
	return err
}
