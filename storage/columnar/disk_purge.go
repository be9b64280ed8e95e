package columnar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// carriedOut says whether nothing that a deletion covers is left, in memory
// and on disk. It does what can be done about that.
func (d *disk) carriedOut(t *tombstone) (bool, error) {
	d.s.mu.RLock()
	done := true
	for _, h := range d.s.heads() {
		first := h.firstLSN()
		done = done && (first == 0 || first > t.lsn)
	}
	d.current.each(func(p *livePart) {
		done = done && !t.covers(storage.Signal(p.Signal), p.MaxLSN, p.PurgedTo)
	})
	d.s.mu.RUnlock()
	if !done || d.leftHas(t) {
		return false, nil
	}
	for _, purge := range []func(*tombstone) (bool, error){d.purgeLog, d.purgeQuarantine} {
		if done, err := purge(t); err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// purgeLog sees to it that the log has nothing up to the position of t. A
// segment that also has what is not in parts yet must wait for that.
func (d *disk) purgeLog(t *tombstone) (done bool, err error) {
	firsts, err := d.segments()
	if err != nil || len(firsts) == 0 || firsts[0] > t.lsn {
		return err == nil, err
	}
	if firsts[len(firsts)-1] <= t.lsn { // it is being written
		if err := d.log.Rotate(); err != nil {
			return false, fmt.Errorf("columnar: %w", err)
		}
	}
	d.s.mu.RLock()
	release := d.releasable()
	d.s.mu.RUnlock()
	d.log.Release(release)
	return d.purgeStale(t)
}

// purgeStale removes segments that the log has given up after a failure and
// does not know any more. Those that it knows are not only the newest.
func (d *disk) purgeStale(t *tombstone) (done bool, err error) {
	firsts, err := d.segments()
	if err != nil || len(firsts) == 0 || firsts[0] > t.lsn {
		return err == nil, err
	}
	if d.log.Stats().Segments > 1 {
		return false, nil
	}
	dir := filepath.Join(d.opts.Dir, "wal")
	for _, first := range firsts[:len(firsts)-1] {
		if err := d.fs.Remove(filepath.Join(dir, fmt.Sprintf("%020d.wal", first))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("columnar: %w", err)
		}
	}
	if err := d.fs.SyncDir(dir); err != nil {
		return false, fmt.Errorf("columnar: %w", err)
	}
	return firsts[len(firsts)-1] > t.lsn, nil
}

// segments are the first positions in the segments of the log, ascending.
func (d *disk) segments() (firsts []uint64, err error) {
	names, err := d.fs.ReadDir(filepath.Join(d.opts.Dir, "wal"))
	if err != nil {
		return nil, fmt.Errorf("columnar: %w", err)
	}
	for _, name := range names {
		if first, ok := segmentOf(name); ok {
			firsts = append(firsts, first)
		}
	}
	return firsts, nil
}

// segmentOf reads the name of a segment, which is its first position.
func segmentOf(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, ".wal")
	if !ok {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil
}

// purgeQuarantine removes what has, or may have, records that a deletion
// covers: what is damaged cannot be written anew without them. Until half of
// the time is over somebody may still rescue what is beside them.
func (d *disk) purgeQuarantine(t *tombstone) (done bool, err error) {
	dir := filepath.Join(d.opts.Dir, quarantineDir)
	names, err := d.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("columnar: %w", err)
	}
	now, removed := d.opts.now().UnixNano(), false
	for _, name := range names {
		if !d.asideHas(dir, name, t) {
			continue
		}
		if now < t.deadlineNs-d.opts.DeleteWithin.Nanoseconds()/2 {
			return false, nil
		}
		if err := d.fs.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("columnar: %w", err)
		}
		d.opts.Logger.Warn("a damaged file that was set aside is removed: it may have records that were deleted", "file", name, "deletion", t.id)
		removed = true
	}
	if removed {
		if err := d.fs.SyncDir(dir); err != nil {
			return false, fmt.Errorf("columnar: %w", err)
		}
	}
	return true, nil
}

var asidePositions = regexp.MustCompile(`MinLSN:(\d+) .*PurgedTo:(\d+)`)

// asideHas says whether a file in quarantine may have what a deletion covers.
func (d *disk) asideHas(dir, name string, t *tombstone) bool {
	if segment, ok := strings.CutPrefix(name, "wal-"); ok {
		first, ok := segmentOf(segment)
		return ok && first <= t.lsn
	}
	id := stem(name)
	if id == "" {
		return false // a reason, or nothing of ours
	}
	r, err := d.fs.Open(filepath.Join(dir, id+suffixReason))
	if err != nil {
		return true
	}
	defer r.Close()
	text, err := io.ReadAll(io.NewSectionReader(r, 0, min(r.Size(), 1<<20)))
	if err != nil {
		return true
	}
	at := asidePositions.FindSubmatch(text)
	if at == nil {
		return true
	}
	first, err := strconv.ParseUint(string(at[1]), 10, 64)
	purged, err2 := strconv.ParseUint(string(at[2]), 10, 64)
	return err != nil || err2 != nil || first <= t.lsn && purged < t.id
}
