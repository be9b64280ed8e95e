package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// disk is what makes a Store durable.
//
// # The way of a record
//
// A request is put into the log and into the open builder of its signal under
// one lock, so that the order of both is the same, and is acknowledged when the
// log is on disk. A builder that is full or old is sealed; the flusher writes
// sealed tables as parts, the oldest first, and the manifest notes each part
// together with the position of the log up to which all requests of the signal
// are in parts. What lies before that position in all signals is released from
// the log. After a crash the log is replayed from there: a request is wholly in
// one table, so it is in a part or it is replayed, never both.
//
// Readers take the tables in memory and the current version, which is the set
// of parts, under the same lock. Publishing a part takes its table off and puts
// the new version in place in one step under it.
//
// # Locks
//
// Store.mu guards tables, current, tombstones and the positions. editing is
// held by whoever changes the set of parts, from reading the current version
// to publishing the next, and is taken before Store.mu. The flusher, the
// merger and deletions each hold it only while they publish: what they replace
// they check again. flushing and merging are held by whoever flushes or merges,
// each taken before editing.
type disk struct {
	s        *Store
	opts     DiskOptions
	fs       vfs.FS
	lock     io.Closer
	log      *wal.Log
	manifest *manifest.Manifest
	report   manifest.Report // of its opening
	catalog  *catalog.Catalog
	names    ulids
	dicts    *dictCache

	flushing, merging, editing sync.Mutex

	suspects suspects
	left     leftovers

	// Guarded by Store.mu.
	current    *version
	tombstones []*tombstone // pending ones; the slice is replaced, never changed
	persisted  [signals]uint64
	flushed    sync.Cond // on Store.mu: memory got free, or the store closes
	closing    bool
	replayed   uint64 // position in the log of the last request that recovery appended; 0 once it has all
	flushError error  // why the last flush failed; nil after one that did not

	// unpublished is the part that was flushed last if the manifest has not
	// taken it yet. Guarded by flushing, its ID by left.mu, too.
	unpublished manifest.Part
	logsFirst   bool  // of the next merge. Guarded by merging.
	namesSince  int64 // hour of arrival since which the catalog has names; of runClock

	inFlight atomic.Int64 // bytes of requests that are not acknowledged
	free     atomic.Int64 // bytes on the disk, looked up once in a while
	full     atomic.Bool  // writes are refused until there is room again

	flush  chan struct{} // there may be something to flush
	merge  chan struct{} // there may be something to merge
	stop   context.CancelFunc
	ended  sync.WaitGroup
	counts diskCounts
}

// dictCacheBytes bounds the decoded dictionaries that are kept.
const dictCacheBytes = 32 << 20

// signals is the number of values of storage.Signal, of which 0 is none.
const signals = 3

// diskCounts are counters for Stats.
type diskCounts struct {
	parts, merges, mergedRows, foldedSpans, purges atomic.Uint64
	flushFailures, mergeFailures, damagedParts     atomic.Uint64
	expiredParts, expiredRows, deletedRows         atomic.Uint64
	refusedFull, refusedBusy, refusedLog           atomic.Uint64
}

// OpenDisk opens the store in a directory, which it makes when it is missing,
// and brings it to the state after the last acknowledged write. It reports
// damage to the logger and goes on with what is whole. ctx ends the opening,
// not the store.
func OpenDisk(ctx context.Context, opts DiskOptions) (_ *Store, err error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	d := &disk{opts: opts, fs: opts.FS, dicts: newDictCache(dictCacheBytes), left: leftovers{byID: map[string]*leftover{}, dirs: map[string]int64{}}, flush: make(chan struct{}, 1), merge: make(chan struct{}, 1)}
	memory := Options{MaxBytes: opts.MaxMemoryBytes, SealRows: opts.SealRows, Limits: opts.Limits, whole: true}
	s := &Store{opts: memory, disk: d}
	s.stats.RejectedSpans, s.stats.RejectedLogs = map[storage.Reason]uint64{}, map[storage.Reason]uint64{}
	s.drop()
	s.spans.alike, s.logs.alike = true, true
	d.s = s
	d.flushed.L = &s.mu
	defer func() {
		if err != nil {
			err = errors.Join(err, d.closeFiles())
		}
	}()
	if err := d.fs.MkdirAll(opts.Dir); err != nil {
		return nil, fmt.Errorf("columnar: data directory: %w", err)
	}
	if d.lock, err = d.fs.Lock(filepath.Join(opts.Dir, "LOCK")); err != nil {
		return nil, fmt.Errorf("columnar: %s is in use by another process: %w", opts.Dir, err)
	}
	if err := d.openFiles(); err != nil {
		return nil, err
	}
	if err := d.recover(ctx); err != nil {
		return nil, err
	}
	d.merging.Lock()
	d.examineSuspects(ctx)
	d.merging.Unlock()
	d.look()
	running, stop := context.WithCancel(context.Background())
	d.stop = stop
	if opts.still {
		return s, nil
	}
	d.ended.Add(3)
	go d.runFlusher(running)
	go d.runMerger(running)
	go d.runClock(running)
	return s, nil
}

// openFiles opens the manifest and the catalog.
func (d *disk) openFiles() error {
	m, state, report, err := manifest.Open(manifestFS{d.fs}, d.opts.Dir)
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	d.manifest, d.report = m, report
	if report.Damaged() {
		d.opts.Logger.Error("the list of parts is damaged; what could be read of it is used", "report", fmt.Sprintf("%+v", report))
	}
	catalogDir := filepath.Join(d.opts.Dir, "catalog")
	if d.opts.FS != vfs.OS {
		catalogDir = d.opts.catalogDir // badger does its own I/O: a test may keep it in memory or elsewhere
	}
	if d.catalog = d.opts.catalog; d.catalog != nil {
		// It is the caller's.
	} else if d.catalog, err = catalog.Open(catalog.Options{Dir: catalogDir, Logger: d.opts.Logger, Now: d.opts.now}); err != nil {
		return fmt.Errorf("columnar: catalog: %w", err)
	}
	pending, err := d.catalog.Tombstones().Pending("")
	if err != nil {
		return fmt.Errorf("columnar: catalog: %w", err)
	}
	for _, t := range pending {
		d.tombstones = append(d.tombstones, newTombstone(t))
	}
	return d.adopt(state)
}

// adopt makes the parts of the manifest current and removes files that belong
// to none.
func (d *disk) adopt(state manifest.State) error {
	d.persisted[storage.SignalSpans], d.persisted[storage.SignalLogs] = state.Settings[settingSpans], state.Settings[settingLogs]
	var spans, logs []*livePart
	for _, p := range state.Parts {
		if p.FormatVersion > partFormatNumber {
			return fmt.Errorf("%w: part %s of tenant %s has format %d, this heddle reads up to %d", errFormat, p.ID, p.Tenant, p.FormatVersion, partFormatNumber)
		}
		live := d.newPart(p)
		if err := d.check(live); damaged(err) {
			d.suspect(live, err)
		} else if err != nil {
			return err
		}
		if p.Signal == manifest.Spans {
			spans = append(spans, live)
		} else {
			logs = append(logs, live)
		}
		// An edit that is lost may have said so.
		d.persisted[p.Signal] = max(d.persisted[p.Signal], p.MaxLSN)
	}
	sortParts(spans)
	sortParts(logs)
	d.current = newVersion(spans, logs, d.fileTrouble)
	return d.removeOrphans(state)
}

// check makes sure that the files of a part are there and as long as they were.
func (d *disk) check(p *livePart) error {
	for suffix, bytes := range map[string]uint64{suffixPart: p.Bytes, suffixIndex: p.IndexBytes} {
		info, err := d.fs.Stat(p.path + suffix)
		if err != nil {
			return fmt.Errorf("columnar: part %s: %w", p.ID, err)
		}
		if uint64(info.Bytes) != bytes {
			return fmt.Errorf("%w: %s has %d bytes, it should have %d", errPart, p.path+suffix, info.Bytes, bytes)
		}
	}
	return nil
}

func (d *disk) newPart(p manifest.Part) *livePart {
	return &livePart{Part: p, disk: d, fs: d.fs, path: partPath(d.opts.Dir, p)}
}

func (d *disk) fileTrouble(err error) {
	d.opts.Logger.Warn("closing or removing files of a part that is no longer needed", "error", err)
}

// removeOrphans removes files below data that are no part's: what a crash left
// of parts that were being written or removed.
func (d *disk) removeOrphans(state manifest.State) error {
	return d.walk(filepath.Join(d.opts.Dir, "data"), 5, func(dir string, names []string) error {
		for _, name := range names {
			if id := stem(name); id == "" {
				continue
			} else if _, ok := state.Parts[id]; ok && filepath.Ext(name) != vfs.TempSuffix {
				continue
			}
			if err := d.removeOrphan(dir, name); err != nil {
				return fmt.Errorf("columnar: a file that is no part's: %w", err)
			}
		}
		return nil
	})
}

// removeOrphan removes a file of no part. If the manifest has lost an edit, or
// is lost itself, the file may be all there is of a part, so it is only set
// aside then.
func (d *disk) removeOrphan(dir, name string) error {
	path := filepath.Join(dir, name)
	if filepath.Ext(name) == vfs.TempSuffix || d.report.Found && !d.report.Damaged() && d.report.TornBytes == 0 {
		return d.fs.Remove(path)
	}
	d.opts.Logger.Warn("a part that the manifest does not list is set aside, because the manifest is damaged or missing", "file", path)
	aside := filepath.Join(d.opts.Dir, quarantineDir)
	if err := d.fs.MkdirAll(aside); err != nil {
		return err
	}
	return d.fs.Rename(path, filepath.Join(aside, name))
}

// manifestFS is the file system as the manifest wants it.
type manifestFS struct{ vfs.FS }

func (f manifestFS) Create(name string) (manifest.File, error) {
	if err := f.FS.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return f.FS.Create(name)
}

func (f manifestFS) Open(name string) (manifest.File, error) {
	return f.FS.OpenAppend(name)
}

// stem is the id of the part that a file belongs to, "" of a foreign file.
func stem(name string) string {
	for _, suffix := range []string{suffixPart, suffixIndex, suffixPart + vfs.TempSuffix, suffixIndex + vfs.TempSuffix} {
		if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
			return name[:len(name)-len(suffix)]
		}
	}
	return ""
}

// walk calls f with the names in the directories that many levels below dir.
func (d *disk) walk(dir string, levels int, f func(dir string, names []string) error) error {
	names, err := d.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	if levels == 1 {
		return f(dir, names)
	}
	for _, name := range names {
		below := filepath.Join(dir, name)
		if info, err := d.fs.Stat(below); err != nil || !info.IsDir {
			continue
		}
		if err := d.walk(below, levels-1, f); err != nil {
			return err
		}
	}
	return nil
}

// Names of settings in the manifest.
const (
	settingSpans      = "persisted.spans" // position of the log up to which all spans are in parts
	settingLogs       = "persisted.logs"
	settingNext       = "next.lsn" // above every position that is in a part
	settingValueBytes = "limits.value_bytes"
	settingAttributes = "limits.attributes"
	settingEvents     = "limits.events"
	settingRecord     = "limits.record_bytes" // of memory
)

// recover opens the log and replays what is not in parts.
func (d *disk) recover(ctx context.Context) error {
	settings := d.manifest.State().Settings
	next := max(settings[settingNext], d.persisted[storage.SignalSpans]+1, d.persisted[storage.SignalLogs]+1)
	for _, t := range d.tombstones {
		// It covers what the log may have lost. What comes now is not that.
		next = max(next, t.lsn+1)
	}
	log, found, err := wal.Open(d.fs, filepath.Join(d.opts.Dir, "wal"), wal.Options{
		Durability: d.opts.Durability, Interval: d.opts.SyncInterval, SegmentBytes: d.opts.segmentBytes, NextLSN: next,
		MaxPendingBytes: int(2*d.opts.MaxInFlightBytes) + 64<<20,
		OnError: func(err error) {
			d.opts.Logger.Error("the log cannot be written: writes are refused until it can", "error", err)
		},
	})
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	d.log = log
	if !found.Clean() {
		d.opts.Logger.Error("the log is damaged; what could be read of it is used", "lost", fmt.Sprint(found.Lost), "damaged", fmt.Sprint(found.Damaged))
	}
	if missing, ok := missingBefore(found, d.persisted); ok && d.report.Found && !d.report.Damaged() {
		d.opts.Logger.Error("segments of the log are missing: requests that were acknowledged are lost", "lost", fmt.Sprint(missing))
	}
	if err := d.replay(ctx, settings, found); err != nil {
		return err
	}
	return d.noteLimits(settings)
}

// missingBefore are the positions before the log that are in no part. The log
// releases nothing but its start, and that only when it is in parts of one
// signal or the other.
func missingBefore(found wal.Recovery, persisted [signals]uint64) (wal.Range, bool) {
	most := max(persisted[storage.SignalSpans], persisted[storage.SignalLogs])
	return wal.Range{From: most + 1, To: found.Follows}, found.Follows > most
}

// replay appends requests of the log to the builders, with the limits that
// were in force when they were accepted.
func (d *disk) replay(ctx context.Context, settings map[string]uint64, found wal.Recovery) error {
	s := d.s
	now := s.opts
	s.opts = now.as(settings)
	changed := s.opts.Limits != now.Limits || s.opts.recordBytes() != now.recordBytes()
	from := min(d.persisted[storage.SignalSpans], d.persisted[storage.SignalLogs]) + 1
	progress := newProgress(d.opts, found.Bytes)
	r := replayer{d: d}
	err := d.log.Replay(from, progress.report, func(rec wal.Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.record(rec)
	})
	s.opts = now
	if err != nil {
		return fmt.Errorf("columnar: recovery: %w", err)
	}
	s.mu.Lock()
	d.replayed = 0
	s.mu.Unlock()
	progress.end(r.records)
	if changed || len(d.tombstones) > 0 {
		// What comes now must not be in a table with what a deletion covers.
		s.mu.Lock()
		s.sealAll()
		s.mu.Unlock()
	}
	if changed { // what is in the log must not be replayed with others
		return d.flushAll(ctx)
	}
	return nil
}

// as are the options with the limits that are in settings, if there are any.
func (o Options) as(settings map[string]uint64) Options {
	if _, ok := settings[settingValueBytes]; ok {
		o.Limits = storage.Limits{ValueBytes: int(settings[settingValueBytes]), Attributes: int(settings[settingAttributes]), Events: int(settings[settingEvents])}
	}
	o.recordMost = int64(settings[settingRecord])
	return o
}

func (d *disk) noteLimits(settings map[string]uint64) error {
	l := d.opts.Limits
	want := map[string]uint64{
		settingValueBytes: uint64(l.ValueBytes), settingAttributes: uint64(l.Attributes), settingEvents: uint64(l.Events),
		settingRecord: uint64(d.s.opts.recordBytes()),
	}
	for key, v := range want {
		if have, ok := settings[key]; !ok || have != v {
			return d.manifest.Apply(manifest.Edit{Set: want})
		}
	}
	return nil
}

// close ends the background work, writes what is in memory as parts and closes
// the files. Writes must have ended.
func (d *disk) close() error {
	s := d.s
	s.mu.Lock()
	d.closing = true
	d.flushed.Broadcast()
	s.sealAll()
	s.mu.Unlock()
	d.stop()
	d.ended.Wait()
	err := d.flushAll(context.Background())
	if err != nil {
		// The log has everything; the next start replays it.
		d.opts.Logger.Warn("writing what is in memory as parts; the next start reads it from the log", "error", err)
		err = nil
	}
	s.mu.Lock()
	current := d.current
	d.current = newVersion(nil, nil, d.fileTrouble)
	s.mu.Unlock()
	current.release()
	return errors.Join(err, d.closeFiles())
}

func (d *disk) closeFiles() error {
	var errs []error
	if d.log != nil {
		errs = append(errs, d.log.Close())
	}
	if d.catalog != nil && d.opts.catalog == nil {
		errs = append(errs, d.catalog.Close())
	}
	if d.manifest != nil {
		errs = append(errs, d.manifest.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}
