package columnar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// store is Store.store with the log. It returns nil when the request is as
// durable as the options say.
func (d *disk) store(ctx context.Context, r request, p payload) (storage.Outcome, error) {
	s, a, h := d.s, r.admission(), r.head(d.s)
	size := int64(len(p.body))
	if err := d.admit(size); err != nil {
		return storage.Outcome{}, err
	}
	defer d.inFlight.Add(-size)
	s.mu.Lock()
	if err := d.waitForMemory(ctx, a.total); err != nil {
		s.mu.Unlock()
		return storage.Outcome{}, err
	}
	if len(a.parts) == 0 { // nothing of it is stored
		r.count(s)
		s.mu.Unlock()
		return a.out, nil
	}
	lsn, err := d.log.Enqueue(uint8(r.signal()), uint8(p.codec), defaultTenant, p.logged)
	if err != nil {
		s.mu.Unlock()
		return storage.Outcome{}, d.logError(err)
	}
	d.appendLogged(r, h, lsn)
	r.count(s)
	s.mu.Unlock()
	if err := d.log.Wait(ctx, lsn); err != nil {
		return storage.Outcome{}, d.logError(err)
	}
	return a.out, nil
}

// defaultTenant is whose data there is until tenancy is switched on.
const defaultTenant = "default"

// appendLogged appends a request that is in the log. The caller holds Store.mu.
func (d *disk) appendLogged(r request, h anyHead, lsn uint64) {
	for _, p := range r.admission().parts {
		r.put(d.s, p)
	}
	h.logged(lsn, d.opts.now())
	h.changed()
	if h.full(d.s.opts) {
		d.s.seal(h)
		d.poke(d.flush)
	}
}

func (d *disk) poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it was poked already
	}
}

// admit refuses a write before anything is taken, for what does not change
// within a moment. Unless it fails, size must be taken off inFlight.
func (d *disk) admit(size int64) error {
	if d.full.Load() {
		d.counts.refusedFull.Add(1)
		return fmt.Errorf("columnar: the disk or the store is full: %s. Free space, or lower the retention; it is tried again by itself: %w", d.fullness(), storage.ErrOverloaded)
	}
	if now := d.inFlight.Add(size); now > d.opts.MaxInFlightBytes && now > size {
		d.inFlight.Add(-size)
		d.counts.refusedBusy.Add(1)
		return fmt.Errorf("columnar: %d bytes of requests are waiting for the disk, the limit is %d: %w", now-size, d.opts.MaxInFlightBytes, storage.ErrOverloaded)
	}
	return nil
}

// waitForMemory waits until parts were written and the request fits. The
// caller holds Store.mu.
func (d *disk) waitForMemory(ctx context.Context, size int64) error {
	fits := func() bool {
		used := d.s.bytes()
		return used+size <= d.opts.MaxMemoryBytes || used < d.opts.MaxMemoryBytes/2 // a giant request goes alone
	}
	if fits() {
		return nil
	}
	// What is not sealed cannot be written.
	d.s.sealAll()
	d.poke(d.flush)
	deadline := time.AfterFunc(d.opts.MaxWait, func() {
		d.s.mu.Lock()
		defer d.s.mu.Unlock()
		d.flushed.Broadcast()
	})
	defer deadline.Stop()
	for until := time.Now().Add(d.opts.MaxWait); !fits(); d.flushed.Wait() {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case d.closing:
			return fmt.Errorf("columnar: %w", storage.ErrClosed)
		case !time.Now().Before(until):
			d.counts.refusedBusy.Add(1)
			return fmt.Errorf("columnar: %d bytes wait to be written to disk, the limit is %d (last error: %s): %w",
				d.s.bytes(), d.opts.MaxMemoryBytes, fmt.Sprint(d.flushError), storage.ErrOverloaded)
		}
	}
	return nil
}

// logError says what a failure of the log means to a sender.
func (d *disk) logError(err error) error {
	switch {
	case errors.Is(err, wal.ErrFailed):
		d.counts.refusedLog.Add(1)
		return fmt.Errorf("columnar: %w: %w", err, storage.ErrOverloaded)
	case errors.Is(err, wal.ErrClosed):
		return fmt.Errorf("columnar: %w: %w", err, storage.ErrClosed)
	case errors.Is(err, wal.ErrTooLarge):
		return fmt.Errorf("columnar: %w: %w", err, storage.ErrTooLarge)
	}
	return err
}

// runFlusher writes sealed tables as parts.
func (d *disk) runFlusher(ctx context.Context) {
	defer d.ended.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.flush:
		}
		wait := time.Duration(0)
		for ctx.Err() == nil {
			more, err := d.flushOne(ctx)
			if err == nil {
				if wait = 0; !more {
					break
				}
				continue
			}
			wait = min(max(2*wait, 100*time.Millisecond), 10*time.Second)
			d.opts.Logger.Error("writing a part failed and is tried again; the records are in the log", "error", err, "again_in", wait)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
}

// flushAll writes all sealed tables.
func (d *disk) flushAll(ctx context.Context) error {
	for {
		more, err := d.flushOne(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// flushOne writes the oldest sealed table of a signal as a part; more is false
// when there was none.
func (d *disk) flushOne(ctx context.Context) (more bool, err error) {
	d.flushing.Lock()
	defer d.flushing.Unlock()
	s := d.s
	s.mu.RLock()
	spans, hasSpans := s.spans.first()
	logs, hasLogs := s.logs.first()
	s.mu.RUnlock()
	if !hasSpans && !hasLogs {
		return false, nil
	}
	defer func() {
		s.mu.Lock()
		if d.flushError = err; err != nil {
			d.counts.flushFailures.Add(1)
		}
		s.mu.Unlock()
	}()
	part, write := manifest.Part{Signal: manifest.Logs, MinLSN: logs.minLSN, MaxLSN: logs.maxLSN}, func(w io.Writer) (*summary, error) {
		return writeLogTable(w, logs.table, d.opts.pageRows)
	}
	if hasSpans && (!hasLogs || spans.minLSN < logs.minLSN) {
		part, write = manifest.Part{Signal: manifest.Spans, MinLSN: spans.minLSN, MaxLSN: spans.maxLSN}, func(w io.Writer) (*summary, error) {
			return writeSpanTable(w, spans.table, d.opts.pageRows)
		}
	}
	// When only the manifest could not be written, the files are there.
	if u := &d.unpublished; u.ID == "" || u.Signal != part.Signal || u.MinLSN != part.MinLSN || u.MaxLSN != part.MaxLSN {
		if part, err = d.writePart(part, write); err != nil {
			return true, err
		}
		d.setUnpublished(part)
	}
	if err := d.publishFlushed(d.unpublished); err != nil {
		return true, err
	}
	d.setUnpublished(manifest.Part{})
	return true, nil
}

func (d *disk) setUnpublished(p manifest.Part) {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	d.unpublished = p
}

// publishFlushed puts a part in the place of the table that it was written from.
func (d *disk) publishFlushed(p manifest.Part) error {
	d.editing.Lock()
	defer d.editing.Unlock()
	setting, signal := settingSpans, storage.SignalSpans
	if p.Signal == manifest.Logs {
		setting, signal = settingLogs, storage.SignalLogs
	}
	edit := manifest.Edit{Add: []manifest.Part{p}, Set: map[string]uint64{setting: p.MaxLSN, settingNext: max(p.MaxLSN+1, d.manifest.State().Settings[settingNext])}}
	if err := d.apply(edit); err != nil {
		return err
	}
	d.counts.parts.Add(1)
	s := d.s
	s.mu.Lock()
	if signal == storage.SignalSpans {
		s.spans.evict()
	} else {
		s.logs.evict()
	}
	d.persisted[signal] = p.MaxLSN
	old := d.replace(nil, []*livePart{d.newPart(p)}, storage.Signal(p.Signal))
	release := d.releasable()
	d.flushed.Broadcast()
	s.mu.Unlock()
	old.release()
	d.log.Release(release)
	d.poke(d.merge)
	return nil
}

// replace makes a version current in which some parts are gone and others
// added, and returns the one before, which the caller must release without the
// lock. The caller holds editing and Store.mu.
func (d *disk) replace(gone []*livePart, added []*livePart, signal storage.Signal) *version {
	drop := map[*livePart]bool{}
	for _, p := range gone {
		drop[p] = true
		d.retire(p)
	}
	next := func(list []*livePart, mine bool) (kept []*livePart) {
		for _, p := range list {
			if !drop[p] {
				kept = append(kept, p)
			}
		}
		if mine {
			kept = append(kept, added...)
			sortParts(kept)
		}
		return kept
	}
	old := d.current
	d.current = newVersion(next(old.spans, signal == storage.SignalSpans), next(old.logs, signal == storage.SignalLogs), d.fileTrouble)
	return old
}

// releasable is the position up to which the log is not needed any more. The
// caller holds Store.mu.
func (d *disk) releasable() uint64 {
	last := d.log.Stats().LastLSN
	if d.replayed > 0 { // what recovery has yet to read is in the log only
		last = min(last, d.replayed)
	}
	for _, h := range d.s.heads() {
		if first := h.firstLSN(); first > 0 {
			last = min(last, first-1)
		}
	}
	return last
}

// writePart writes the files of a part and returns p with what is known then.
func (d *disk) writePart(p manifest.Part, write func(w io.Writer) (*summary, error)) (_ manifest.Part, err error) {
	now := d.opts.now()
	p.ID, p.Tenant, p.FormatVersion = d.names.next(now), defaultTenant, partFormatNumber
	flushed := p.Hour == 0
	if flushed {
		p.Hour = now.Unix() / 3600
	}
	path := partPath(d.opts.Dir, p)
	if err := d.fs.MkdirAll(filepath.Dir(path)); err != nil {
		return p, fmt.Errorf("columnar: %w", err)
	}
	defer func() {
		if err != nil {
			d.discard(p)
		}
	}()
	var contents *sidecar.Contents
	if p.Bytes, p.Hash, err = d.writeHashed(path+suffixPart, func(w io.Writer) error {
		s, err := write(w)
		if err == nil {
			contents = s.finish()
		}
		return err
	}); err != nil {
		return p, err
	}
	if p.IndexBytes, p.IndexHash, err = d.writeHashed(path+suffixIndex, func(w io.Writer) error { return sidecar.Write(w, contents) }); err != nil {
		return p, err
	}
	p.Groups = uint32(len(contents.Zones))
	z := emptyZone
	for _, g := range contents.Zones {
		p.Rows += uint64(g.Rows)
		z = z.join(zone{g.MinStartNs, g.MaxStartNs})
	}
	p.MinNs, p.MaxNs = z.minNs, z.maxNs
	if flushed { // others have what was told already
		d.observe(p, contents)
	}
	return p, nil
}

// writeHashed publishes a file and tells its size and hash.
func (d *disk) writeHashed(path string, write func(w io.Writer) error) (bytes, hash uint64, err error) {
	h := xxhash.New()
	err = vfs.WriteFile(d.fs, path, func(w io.Writer) error {
		c := &hashingWriter{w: w, hash: h}
		err := write(c)
		bytes = c.n
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("columnar: %w", err)
	}
	return bytes, h.Sum64(), nil
}

type hashingWriter struct {
	w    io.Writer
	hash *xxhash.Digest
	n    uint64
}

func (w *hashingWriter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	_, _ = w.hash.Write(b[:n]) // never fails
	w.n += uint64(n)
	return n, err
}

// flushedParts are written fast, because a sender may be waiting for memory;
// mergedParts small.
var (
	flushedParts = parquet.Options{Level: 1, PageRows: 8192}
	mergedParts  = parquet.Options{Level: 3, PageRows: 8192}
)

// writeSpanTable writes a sealed table as a part. pageRows are the rows of a
// page, 0 means the default.
func writeSpanTable(w io.Writer, t *spanTable, pageRows int) (*summary, error) {
	p := newSpanPart()
	p.addTable(t)
	p.define()
	out := newPartWriter(w, p.schema.parquet(), parquet.Options{Level: flushedParts.Level, PageRows: pageRowsFor(cmp.Or(pageRows, flushedParts.PageRows), max(mostChildren(t.events.owner), mostChildren(t.links.owner)))})
	s := newSummary()
	g := p.group([]*spanTable{t}, sealOrder(t))
	if err := writeGroup(out, &p.schema, g.a.n, g); err != nil {
		return nil, err
	}
	s.addSpans(g, nil)
	return s, out.CloseWith(p.meta())
}

// writeLogTable is writeSpanTable for log records.
func writeLogTable(w io.Writer, t *logTable, pageRows int) (*summary, error) {
	p := newLogPart()
	p.addTable(t)
	p.define()
	out := newPartWriter(w, p.schema.parquet(), parquet.Options{Level: flushedParts.Level, PageRows: cmp.Or(pageRows, flushedParts.PageRows)})
	s := newSummary()
	g := p.group([]*logTable{t}, logOrder(t))
	if err := writeGroup(out, &p.schema, g.a.n, g); err != nil {
		return nil, err
	}
	s.addLogs(g)
	return s, out.CloseWith(p.meta())
}
