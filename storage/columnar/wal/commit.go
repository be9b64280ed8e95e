package wal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/heddle-io/heddle/storage/vfs"
)

// # Group commit
//
// Enqueue appends frames to Log.pending under Log.mu; one goroutine, the
// committer, takes all of them at once, writes them with one write and one
// sync, and tells the waiters. What is enqueued meanwhile is the next group:
// the window of a group is the sync of the one before, without any delay. The
// two buffers are swapped and used again.
//
// Only the committer writes: it alone has the active segment's file, and what
// it does with it needs no lock. It changes the list of segments and the LSNs
// under Log.mu, after the file says so.
//
// # When the disk fails
//
// A sync that failed is not tried again, since the kernel may have dropped the
// pages: the next one would say nil. Nor does anything go behind a write that
// failed, since nobody knows what is there. So after any error
//
//  1. the group and all that is in line behind it are given up: their waiters
//     get ErrFailed, Enqueue refuses;
//  2. the segment is cut back to the last frame that was acknowledged, as far
//     as the disk lets that happen, and left;
//  3. a new segment is begun, at once and then again and again with growing
//     pauses. Its header says after which LSN it follows, so that whatever of
//     the frames given up is left in the old one is never delivered. Then
//     Enqueue takes again.
//
// Until the new segment is there, a crash may bring frames back that were
// given up. That does no harm: nobody relies on their absence, and a record
// that was sent again folds with the first.
//
// With Interval and None a sync has no waiters. When it fails the frames of
// the segment stay what they are, perhaps only in the page cache; it is
// reported, and a new segment begun.

// committer is what the goroutine keeps.
type committer struct {
	*Log
	seg    *segmentWriter // nil after a failure
	good   uint64         // last LSN that was acknowledged
	synced uint64         // last LSN that is on the disk
	spare  []byte         // the buffer that is not Log.pending
	stale  []string       // segments without frames, to be removed once there is a newer one
	small  int            // groups in a row that were too small for their buffer
	taken  uint64         // last LSN of the groups so far

	syncDue  time.Time // with Interval, while something is unsynced
	retryDue time.Time // while the log has failed
	pause    time.Duration
}

const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second

	keepBufferBytes = 4 << 20
	keepGroups      = 256
)

func (c *committer) run() {
	defer close(c.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		ended := c.step()
		if ended {
			return
		}
		timer.Reset(c.idle())
		select {
		case <-c.wake:
		case <-timer.C:
		}
	}
}

// idle is how long nothing needs to be done, unless somebody wakes.
func (c *committer) idle() time.Duration {
	switch {
	case !c.retryDue.IsZero():
		return time.Until(c.retryDue)
	case !c.syncDue.IsZero():
		return time.Until(c.syncDue)
	}
	return time.Hour
}

// step does all there is to do now.
func (c *committer) step() (ended bool) {
	for {
		if c.seg == nil && !time.Now().Before(c.retryDue) {
			_ = c.reopen() // OnError knows
		}
		c.answerRotations()
		if !c.syncDue.IsZero() && !time.Now().Before(c.syncDue) {
			c.syncInBackground()
		}
		if group := c.take(); len(group) > 0 {
			c.commit(group)
			continue
		}
		c.mu.Lock()
		ended = c.closing && len(c.pending) == 0
		c.mu.Unlock()
		if ended {
			c.end()
		}
		return ended
	}
}

// take swaps the buffers.
func (c *committer) take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	group := c.pending
	if len(group) == 0 {
		return nil
	}
	c.pending, c.spare = c.spare[:0], nil
	c.inFlight = len(group)
	c.taken = c.next - 1
	return group
}

func (c *committer) commit(group []byte) {
	if err := c.write(group); err != nil {
		c.fail(err)
	} else {
		c.good = c.taken
		c.mu.Lock()
		frames := c.taken - c.seg.last
		c.seg.last, c.seg.bytes = c.taken, c.seg.file.Size()
		c.seg.frames += frames
		c.stats.Frames += frames
		c.stats.Groups++
		c.inFlight = 0
		c.settle(c.taken)
		c.mu.Unlock()
	}
	c.keep(group)
}

// keep puts a buffer by, unless it is large and groups have been much smaller
// for long.
func (c *committer) keep(group []byte) {
	c.small++
	if cap(group) <= keepBufferBytes || len(group) >= cap(group)/8 {
		c.small = 0
	}
	if c.small < keepGroups {
		c.spare = group[:0]
	}
}

// write writes a group and, with Sync, syncs it.
func (c *committer) write(group []byte) error {
	if size := c.seg.file.Size(); size > headerBytes && size+int64(len(group)) > c.opts.SegmentBytes {
		if err := c.rotate(); err != nil {
			return err
		}
	}
	finishFrames(group, c.seg.marker, c.synced)
	if err := c.seg.write(group, c.opts.SegmentBytes); err != nil {
		return err
	}
	switch c.opts.Durability {
	case Sync:
		return c.sync(c.taken)
	case Interval:
		if c.syncDue.IsZero() {
			c.syncDue = time.Now().Add(c.opts.Interval)
		}
	}
	return nil
}

// sync makes the frames up to lsn durable.
func (c *committer) sync(lsn uint64) error {
	start := time.Now()
	err := c.seg.file.Sync()
	took := time.Since(start)
	c.seg.unsynced = false // on the disk, or lost
	c.syncDue = time.Time{}
	if err == nil {
		c.synced = lsn
	}
	c.mu.Lock()
	c.stats.Syncs++
	c.stats.SyncTime += took
	c.stats.DurableLSN = c.synced
	c.mu.Unlock()
	return err
}

func (c *committer) syncInBackground() {
	if c.syncAcknowledged() {
		return
	}
	if err := c.rotate(); err != nil {
		c.fail(err)
	}
}

// syncAcknowledged syncs frames that were acknowledged before.
func (c *committer) syncAcknowledged() bool {
	err := c.sync(c.good)
	if err != nil {
		c.opts.OnError(fmt.Errorf("wal: sync %s: %w; a power cut may take frames that were acknowledged", c.seg.name(), err))
	}
	return err == nil
}

// rotate begins a new segment. On an error the old one stays.
func (c *committer) rotate() error {
	// Before the new header says that they are in the log.
	if c.seg.unsynced {
		c.syncAcknowledged()
	}
	seg, err := createSegment(c.fs, c.dir, c.seg.last+1, c.good)
	if err != nil {
		return fmt.Errorf("begin a segment: %w", err)
	}
	c.seg.finish()
	c.use(seg)
	return nil
}

// use makes a new segment the active one.
func (c *committer) use(seg *segmentWriter) {
	c.seg = seg
	c.mu.Lock()
	c.segments = append(c.segments, seg.segment)
	c.active = seg.segment
	c.mu.Unlock()
	// They are no harm where they are, so what fails here may.
	for _, name := range c.stale {
		if name != seg.name() {
			_ = c.fs.Remove(filepath.Join(c.dir, name))
		}
	}
	c.stale = nil
}

// fail gives up the group and what is behind it, leaves the segment, and tries
// to go on with a new one.
func (c *committer) fail(cause error) {
	err := failed(cause)
	c.abandon()
	c.mu.Lock()
	c.active = nil
	c.stats.Failures++
	c.giveUp(err)
	c.taken = c.next - 1
	c.mu.Unlock()
	c.opts.OnError(err)
	c.pause = firstPause
	_ = c.reopen() // for the same reason, most likely
}

func failed(cause error) error {
	hint := "the log tries again by itself"
	if vfs.NoSpace(cause) {
		hint = "the disk is full: free some space, " + hint
	}
	return fmt.Errorf("%w: %w (%s)", ErrFailed, cause, hint)
}

// abandon cuts the segment back to what was acknowledged.
func (c *committer) abandon() {
	seg := c.seg
	// The new segment's header does what this may fail to do.
	_ = seg.file.Truncate(seg.bytes)
	if seg.unsynced {
		c.syncAcknowledged()
	} else {
		_ = seg.file.Sync() // of the new size only
	}
	_ = seg.file.Close()
	c.seg, c.syncDue = nil, time.Time{}
	if seg.last < seg.first {
		c.stale = append(c.stale, seg.name())
		c.mu.Lock()
		c.segments = slices.DeleteFunc(c.segments, func(s *segment) bool { return s == seg.segment })
		c.mu.Unlock()
	}
}

// reopen begins a new segment while there is none. Nothing is enqueued meanwhile.
func (c *committer) reopen() error {
	seg, err := createSegment(c.fs, c.dir, c.taken+1, c.good)
	if err != nil {
		c.retryDue = time.Now().Add(c.pause)
		c.pause = min(2*c.pause, lastPause)
		return fmt.Errorf("begin a segment: %w", err)
	}
	c.retryDue = time.Time{}
	c.use(seg)
	c.mu.Lock()
	c.failure = nil
	c.mu.Unlock()
	return nil
}

func (c *committer) answerRotations() {
	c.mu.Lock()
	calls, failure := c.rotations, c.failure
	c.rotations = nil
	c.mu.Unlock()
	for _, call := range calls {
		err := failure
		if err == nil && c.seg.last >= c.seg.first {
			err = c.rotate()
		}
		call <- err
	}
}

// end leaves the log as Open likes to find it.
func (c *committer) end() {
	var err error
	if c.seg != nil {
		if c.seg.unsynced {
			err = c.sync(c.good)
		}
		c.seg.finish()
	}
	c.mu.Lock()
	calls := c.rotations
	c.rotations = nil
	c.closeErr = errors.Join(c.failure, err)
	c.mu.Unlock()
	for _, call := range calls {
		call <- ErrClosed
	}
}
