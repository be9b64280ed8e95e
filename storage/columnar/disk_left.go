package columnar

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
)

// leftovers are files of parts that the store does not have any more, or not
// yet: they go when nobody needs them.
type leftovers struct {
	mu   sync.Mutex
	byID map[string]*leftover
	dirs map[string]int64 // from which something was removed, with their hours
}

type leftover struct {
	part *livePart
	// read says that queries may still read it.
	read bool
	// doubtful says that an edit of the manifest which failed adds it: until
	// another edit succeeds the edit may come to light after a crash.
	doubtful bool
}

// apply changes the manifest and keeps account of the parts whose adding
// failed. The caller holds editing.
func (d *disk) apply(e manifest.Edit) error {
	err := d.manifest.Apply(e)
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	if err != nil {
		for _, p := range e.Add {
			d.left.byID[p.ID] = &leftover{part: d.newPart(p), doubtful: true}
		}
		return fmt.Errorf("columnar: %w", err)
	}
	for _, l := range d.left.byID {
		l.doubtful = false
	}
	for _, p := range e.Add {
		delete(d.left.byID, p.ID)
	}
	return nil
}

// retire notes that a part is replaced. Its files go when the last query that
// reads it ends.
func (d *disk) retire(p *livePart) {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	d.left.byID[p.ID] = &leftover{part: p, read: true}
}

// unread is called when no version has a part any more.
func (d *disk) unread(p *livePart) {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	if l := d.left.byID[p.ID]; l != nil && l.read {
		l.read = false
		d.removeLeftover(l)
	}
}

// sweep removes what nobody needs and could not be removed before, makes the
// removals durable and removes the directories of hours of which nothing is
// left. The caller holds merging.
func (d *disk) sweep() {
	d.left.mu.Lock()
	for _, l := range d.left.byID {
		if !l.read && !l.doubtful && l.part.ID != d.unpublished.ID {
			d.removeLeftover(l)
		}
	}
	dirs := d.left.dirs
	d.left.dirs = map[string]int64{}
	d.left.mu.Unlock()
	past := d.opts.now().Unix()/3600 - 2 // nobody makes parts of that hour any more
	for dir, hour := range dirs {
		if err := d.fs.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.opts.Logger.Warn("the removal of files is not durable yet; it is tried again", "error", err)
			d.left.mu.Lock()
			d.left.dirs[dir] = hour
			d.left.mu.Unlock()
			continue
		}
		// They fail while there is something in the directory.
		if hour < past && d.fs.Remove(dir) == nil && hour/24 < past/24 {
			_ = d.fs.Remove(filepath.Dir(dir))
		}
	}
}

// removeLeftover removes files. left.mu is held.
func (d *disk) removeLeftover(l *leftover) {
	if err := d.removePart(l.part); err != nil {
		d.opts.Logger.Warn("files of a part that is no longer needed cannot be removed; it is tried again", "part", l.part.ID, "error", err)
		return
	}
	delete(d.left.byID, l.part.ID)
	d.left.dirs[filepath.Dir(l.part.path)] = l.part.Hour
}

// discard removes what was written of a part that is of no use.
func (d *disk) discard(p manifest.Part) {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	l := &leftover{part: d.newPart(p)}
	d.left.byID[p.ID] = l
	d.removeLeftover(l)
}

func (d *disk) removePart(p *livePart) error {
	var errs []error
	for _, suffix := range []string{suffixPart, suffixIndex} {
		if err := d.fs.Remove(p.path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// leftBytes is what the files take that will be removed.
func (d *disk) leftBytes() (n int64) {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	for _, l := range d.left.byID {
		n += int64(l.part.Bytes + l.part.IndexBytes)
	}
	return n
}

// leftHas says whether one of them has records that a deletion covers.
func (d *disk) leftHas(t *tombstone) bool {
	d.left.mu.Lock()
	defer d.left.mu.Unlock()
	for _, l := range d.left.byID {
		if t.covers(storage.Signal(l.part.Signal), l.part.MaxLSN, l.part.PurgedTo) {
			return true
		}
	}
	return false
}
