package columnar

import (
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/wal"
)

// addStats adds what is in parts. The caller holds Store.mu.
func (d *disk) addStats(st *storage.Stats) {
	st.MaxBytes = uint64(max(d.opts.Retention.MaxBytes, 0))
	d.current.each(func(p *livePart) {
		st.Bytes += p.Bytes + p.IndexBytes
		if p.Signal == manifest.Logs {
			st.Logs += p.Rows
			return
		}
		if st.Spans == 0 {
			st.OldestSpanNs, st.NewestSpanNs = p.MinNs, p.MaxNs
		}
		st.OldestSpanNs, st.NewestSpanNs = min(st.OldestSpanNs, p.MinNs), max(st.NewestSpanNs, p.MaxNs)
		st.Spans += p.Rows
	})
}

// DiskStats describe the disk side of a store, for people and for /metrics.
type DiskStats struct {
	MemoryBytes   int64 // of records that are not in parts yet
	InFlightBytes int64 // of requests that are not acknowledged yet
	SpanParts     int
	LogParts      int
	SpanBytes     int64 // of the parts, indexes included
	LogBytes      int64
	FreeBytes     int64 // on the disk
	Full          bool  // writes are refused
	Log           wal.Stats

	// Counters since the store was opened.
	PartsWritten, Merges, MergedRows, FoldedSpans uint64
	FlushFailures, MergeFailures, DamagedParts    uint64
	ExpiredParts, ExpiredRows, DeletedRows        uint64
	RefusedFull, RefusedBusy, RefusedLog          uint64 // requests
	PendingDeletions                              int
	NamesGivenUp                                  uint64 // services, operations and keys that the catalog had no room for
}

// DiskStats tells how the disk side is. ok is false when the store has none,
// or is closed.
func (s *Store) DiskStats() (st DiskStats, ok bool) {
	d := s.disk
	if d == nil {
		return st, false
	}
	lost, err := d.catalog.Vocabulary(defaultTenant).Losses()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err != nil || s.closed {
		return st, false
	}
	c := &d.counts
	st = DiskStats{
		MemoryBytes: s.bytes(), InFlightBytes: d.inFlight.Load(), FreeBytes: d.free.Load(), Full: d.full.Load(), Log: d.log.Stats(),
		PartsWritten: c.parts.Load(), Merges: c.merges.Load(), MergedRows: c.mergedRows.Load(), FoldedSpans: c.foldedSpans.Load(),
		FlushFailures: c.flushFailures.Load(), MergeFailures: c.mergeFailures.Load(), DamagedParts: c.damagedParts.Load(),
		ExpiredParts: c.expiredParts.Load(), ExpiredRows: c.expiredRows.Load(), DeletedRows: c.deletedRows.Load(),
		RefusedFull: c.refusedFull.Load(), RefusedBusy: c.refusedBusy.Load(), RefusedLog: c.refusedLog.Load(),
		PendingDeletions: len(d.tombstones), NamesGivenUp: lost.Services + lost.Operations + lost.Keys + lost.Names,
	}
	for _, p := range d.current.spans {
		st.SpanParts++
		st.SpanBytes += int64(p.Bytes + p.IndexBytes)
	}
	for _, p := range d.current.logs {
		st.LogParts++
		st.LogBytes += int64(p.Bytes + p.IndexBytes)
	}
	return st, true
}
