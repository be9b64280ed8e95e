package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/columnar/sidecar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// # Damage
//
// Whoever finds that a part makes no sense fails and reports the part. The
// merger then reads its files from the disk again and compares them with the
// hashes in the manifest, because what was wrong may have been the reading. A
// damaged index is written anew from the part. A damaged part is moved to the
// folder quarantine, and the queries that come later do without it.

// suspects are the parts that were reported.
type suspects struct {
	mu   sync.Mutex
	list []*livePart
}

// suspect reports a part, if err tells of damage. It may be called with any
// lock of the part held.
func (d *disk) suspect(p *livePart, err error) {
	if !damaged(err) {
		return
	}
	d.suspects.mu.Lock()
	defer d.suspects.mu.Unlock()
	for _, known := range d.suspects.list {
		if known == p {
			return
		}
	}
	d.suspects.list = append(d.suspects.list, p)
	d.poke(d.merge)
}

// examineSuspects examines what was reported. The caller holds merging.
func (d *disk) examineSuspects(ctx context.Context) {
	d.suspects.mu.Lock()
	list := d.suspects.list
	d.suspects.list = nil
	d.suspects.mu.Unlock()
	for _, p := range list {
		if _, err := d.examine(ctx, p); err != nil {
			d.opts.Logger.Error("a part may be damaged, and looking at it failed; it is tried again when the part is read", "part", p.ID, "error", err)
		}
	}
}

// examine finds out what is wrong with a part and does what has to be done.
// changed is true when the part is gone or was replaced. The caller holds
// merging.
func (d *disk) examine(ctx context.Context, p *livePart) (changed bool, err error) {
	d.s.mu.RLock()
	v := d.current.hold() // so that the files stay
	d.s.mu.RUnlock()
	defer v.release()
	if !v.has(p) {
		return true, nil
	}
	err = d.verify(p.path+suffixPart, p.Bytes, p.Hash)
	if damaged(err) {
		return true, d.setAside(p, err)
	}
	if err != nil {
		return false, err
	}
	err = d.verify(p.path+suffixIndex, p.IndexBytes, p.IndexHash)
	if damaged(err) {
		d.opts.Logger.Error("the index of a part is damaged and is written anew", "part", p.ID, "error", err)
		return true, d.runMerge(ctx, &mergeJob{parts: []*livePart{p}, level: p.Level, tombstones: d.pending(), withoutIndex: true})
	}
	return false, err
}

// pending are the deletions that are not carried out everywhere.
func (d *disk) pending() []*tombstone {
	d.s.mu.RLock()
	defer d.s.mu.RUnlock()
	return d.tombstones
}

func (v *version) has(p *livePart) (found bool) {
	v.each(func(q *livePart) { found = found || q == p })
	return found
}

// verifyTries is how often a file is read before it is called damaged.
const verifyTries = 8

// verify reads a whole file and compares it with what was written. What is
// wrong only now and then is not wrong on the disk. A file that is as it was
// written is never damaged, whatever a reader makes of it.
func (d *disk) verify(path string, bytes, hash uint64) (err error) {
	for range verifyTries {
		if err = d.verifyOnce(path, bytes, hash); !damaged(err) {
			return err
		}
	}
	return err
}

func (d *disk) verifyOnce(path string, bytes, hash uint64) error {
	r, err := d.fs.Open(path)
	if err != nil {
		return fmt.Errorf("columnar: %w", err)
	}
	defer r.Close()
	if r.Size() != int64(bytes) {
		return fmt.Errorf("%w: %s has %d bytes, it should have %d", errPart, path, r.Size(), bytes)
	}
	h := xxhash.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, r.Size())); err != nil {
		return fmt.Errorf("columnar: %s: %w", path, err)
	}
	if h.Sum64() != hash {
		return fmt.Errorf("%w: %s is not what was written: its hash is another", errPart, path)
	}
	return nil
}

// openWithoutIndex opens the Parquet file of a part whose index is of no use.
// The caller closes the reader.
func (p *livePart) openWithoutIndex() (*partFile, io.Closer, error) {
	f, r, err := p.openFile(make([]zone, p.Groups), nil)
	if err != nil {
		return nil, nil, err
	}
	for number := range f.zones {
		g := f.group(number)
		z := emptyZone
		for _, ns := range ints[int64](g.times(), g.all()) {
			z = z.join(zone{ns, ns})
		}
		if g.failed != nil {
			return nil, nil, errors.Join(g.failed, r.Close())
		}
		f.zones[number] = z
	}
	return f, r, nil
}

// damaged says whether err tells of damage to a part, not of a failing disk.
// Files of a part are removed only when nobody reads it: one that is not there
// is damage.
func damaged(err error) bool {
	return errors.Is(err, errPart) || errors.Is(err, parquet.ErrCorrupt) || errors.Is(err, sidecar.ErrCorrupt) || errors.Is(err, fs.ErrNotExist)
}

// setAside takes a damaged part out of the store and keeps its files in
// quarantine.
func (d *disk) setAside(p *livePart, reason error) error {
	d.opts.Logger.Error("a part is damaged and is set aside", "part", p.ID, "rows", p.Rows, "error", reason)
	d.editing.Lock()
	defer d.editing.Unlock()
	if _, ok := d.manifest.State().Parts[p.ID]; !ok {
		return nil
	}
	// The files first: what the manifest does not list is removed at the next start.
	if err := d.quarantine(p, reason); err != nil {
		return err
	}
	if err := d.apply(manifest.Edit{Remove: []string{p.ID}}); err != nil {
		return err
	}
	d.counts.damagedParts.Add(1)
	d.s.mu.Lock()
	old := d.replace([]*livePart{p}, nil, 0)
	d.s.mu.Unlock()
	old.release()
	return nil
}

// quarantine moves the files of a part aside, with the reason.
func (d *disk) quarantine(p *livePart, reason error) error {
	dir := filepath.Join(d.opts.Dir, quarantineDir)
	if err := d.fs.MkdirAll(dir); err != nil {
		return fmt.Errorf("columnar: setting part %s aside: %w", p.ID, err)
	}
	err := vfs.WriteFile(d.fs, filepath.Join(dir, p.ID+suffixReason), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n%+v\n", d.opts.now().UTC().Format(time.RFC3339), reason, p.Part)
		return err
	})
	for _, suffix := range []string{suffixPart, suffixIndex} {
		if err == nil {
			if err = d.fs.Rename(p.path+suffix, filepath.Join(dir, p.ID+suffix)); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
	}
	if err == nil {
		err = d.fs.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("columnar: setting part %s aside: %w", p.ID, err)
	}
	return nil
}

const (
	quarantineDir = "quarantine"
	suffixReason  = ".txt"
)
