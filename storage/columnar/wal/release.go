package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Release says that everything with an LSN of upTo and below is stored
// elsewhere, durably. Segments that have nothing else are removed; the one that
// is being written is ended for that when it is not small. What could not be
// removed is told to OnError and tried again next time.
func (l *Log) Release(upTo uint64) {
	l.releasing.Lock()
	defer l.releasing.Unlock()
	l.mu.Lock()
	l.released = max(l.released, min(upTo, l.next-1))
	end := l.active != nil && l.active.last == l.next-1 && l.active.last <= l.released && l.active.bytes > l.opts.SegmentBytes/16
	l.mu.Unlock()
	if end {
		if err := l.Rotate(); err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrFailed) {
			l.opts.OnError(err)
		}
	}
	for {
		seg := l.releasable()
		if seg == nil {
			return
		}
		// One by one, oldest first: after a power cut a gap in the middle
		// would look like a loss.
		err := l.fs.Remove(filepath.Join(l.dir, seg.name()))
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = l.fs.SyncDir(l.dir)
		}
		if err != nil {
			l.opts.OnError(fmt.Errorf("wal: release %s: %w", seg.name(), err))
			return
		}
		l.mu.Lock()
		l.segments = l.segments[1:]
		l.mu.Unlock()
	}
}

// releasable returns the oldest segment if it can be removed. Only Release
// changes the front of the list.
func (l *Log) releasable() *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) == 0 || l.closing || l.segments[0] == l.active || l.segments[0].last > l.released {
		return nil
	}
	return l.segments[0]
}

// Rotate ends the segment that is being written and begins the next, unless it
// is empty. On an error the old one stays in use.
func (l *Log) Rotate() error {
	call := make(chan error, 1)
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		return ErrClosed
	}
	l.rotations = append(l.rotations, call)
	l.mu.Unlock()
	l.wakeCommitter()
	return <-call
}
