package wal

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/heddle-io/heddle/storage/vfs"
)

// Log is an open log. It is safe for concurrent use. Only one Log may have a
// directory open; the caller holds a lock on the data directory for that.
type Log struct {
	fs   vfs.FS
	dir  string
	opts Options

	wake chan struct{} // there is something for the committer
	done chan struct{} // the committer has ended

	releasing sync.Mutex // held by Release, before mu

	mu        sync.Mutex
	space     sync.Cond  // pending shrank, or the log failed or was closed
	pending   []byte     // frames for the next group
	inFlight  int        // bytes of the group that is being written
	next      uint64     // LSN to be assigned next
	settled   uint64     // up to here every frame was written or given up
	givenUp   []lsnRange // which of them were given up, oldest first
	waiters   []*waiter
	rotations []chan error // calls of Rotate that wait
	failure   error        // why nothing is taken, nil in good times
	closing   bool
	closeErr  error
	segments  []*segment // oldest first
	active    *segment   // the one that is being written, last of segments; nil while the log has failed
	released  uint64
	stats     Stats
}

// lsnRange is a range of LSNs that were given up for one reason.
type lsnRange struct {
	from, to uint64
	err      error
}

// maxGivenUp bounds what is remembered for those who call Wait late.
const maxGivenUp = 64

// waiter is a call of Wait.
type waiter struct {
	lsn     uint64
	verdict chan error // has room for one
}

var waiterPool = sync.Pool{New: func() any { return &waiter{verdict: make(chan error, 1)} }}

// Enqueue assigns the next LSN to a record and puts it in line to be written;
// Wait tells when it was. payload is one payload in pieces. Nothing of the
// arguments is kept. The order of calls is the order in the log: who needs
// another thing in the same order holds a lock around both.
//
// It does not wait for the disk, except while more than MaxPendingBytes are in
// line. An error wraps ErrFailed, ErrClosed or ErrTooLarge; the record is then
// not in the log and has no LSN.
func (l *Log) Enqueue(signal, codec uint8, tenant string, payload ...[]byte) (uint64, error) {
	size := 0
	for _, p := range payload {
		size += len(p)
	}
	if size > MaxPayloadBytes || len(tenant) > MaxTenantBytes {
		return 0, fmt.Errorf("%w: a payload of %d bytes for a tenant with a name of %d bytes, at most %d and %d are possible",
			ErrTooLarge, size, len(tenant), MaxPayloadBytes, MaxTenantBytes)
	}
	size += frameBytes + len(tenant)

	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.closing {
			return 0, ErrClosed
		}
		if l.failure != nil {
			return 0, l.failure
		}
		waiting := len(l.pending) + l.inFlight
		if waiting == 0 || waiting+size <= l.opts.MaxPendingBytes {
			break
		}
		l.space.Wait()
	}
	lsn := l.next
	l.next++
	l.pending = appendFrame(l.pending, lsn, signal, codec, tenant, payload)
	l.wakeCommitter()
	return lsn, nil
}

func (l *Log) wakeCommitter() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake, or will be
	}
}

// Wait returns nil once the frame with that LSN is as durable as
// Options.Durability says. An error that wraps ErrFailed says that the frame
// is not in the log. With the error of ctx the outcome is unknown.
func (l *Log) Wait(ctx context.Context, lsn uint64) error {
	l.mu.Lock()
	if lsn == 0 || lsn >= l.next {
		l.mu.Unlock()
		return fmt.Errorf("wal: wait for LSN %d, which was never assigned", lsn)
	}
	if lsn <= l.settled {
		defer l.mu.Unlock()
		return l.verdict(lsn)
	}
	w := waiterPool.Get().(*waiter)
	w.lsn = lsn
	l.waiters = append(l.waiters, w)
	l.mu.Unlock()

	select {
	case err := <-w.verdict:
		waiterPool.Put(w)
		return err
	case <-ctx.Done():
	}
	l.mu.Lock()
	if i := slices.Index(l.waiters, w); i >= 0 {
		l.waiters = slices.Delete(l.waiters, i, i+1)
		l.mu.Unlock()
		waiterPool.Put(w)
		return ctx.Err()
	}
	l.mu.Unlock()
	err := <-w.verdict // it came at the same time
	waiterPool.Put(w)
	return err
}

// verdict tells what became of a settled LSN. mu is held.
func (l *Log) verdict(lsn uint64) error {
	for _, r := range slices.Backward(l.givenUp) {
		if lsn > r.to {
			break
		}
		if lsn >= r.from {
			return r.err
		}
	}
	return nil
}

// settle tells all who wait for LSNs up to lsn. mu is held.
func (l *Log) settle(lsn uint64) {
	l.settled = lsn
	waiting := l.waiters[:0]
	for _, w := range l.waiters {
		if w.lsn <= lsn {
			w.verdict <- l.verdict(w.lsn)
		} else {
			waiting = append(waiting, w)
		}
	}
	clear(l.waiters[len(waiting):])
	l.waiters = waiting
	l.space.Broadcast()
}

// giveUp settles everything that is not yet. mu is held.
func (l *Log) giveUp(err error) {
	l.failure = err
	l.pending = l.pending[:0]
	l.inFlight = 0
	if from, to := l.settled+1, l.next-1; from <= to {
		l.givenUp = append(l.givenUp, lsnRange{from, to, err})
		if len(l.givenUp) > maxGivenUp {
			// Those between the two get an error too. That does no harm, as a
			// record may be written twice; a false nil would.
			l.givenUp[1].from = l.givenUp[0].from
			l.givenUp = slices.Delete(l.givenUp, 0, 1)
		}
	}
	l.settle(l.next - 1)
}

// Close writes and syncs what is in line and ends the log. An error says that
// this failed; who waits for a frame was told too. Calls after the first
// return the same. Replay must have returned.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closing = true
	l.space.Broadcast()
	l.mu.Unlock()
	l.wakeCommitter()
	<-l.done
	return l.closeErr
}

// Stats are figures of a Log since it was opened.
type Stats struct {
	Segments int   // files, with the one that is being written
	Bytes    int64 // in them

	LastLSN     uint64 // assigned
	DurableLSN  uint64 // up to here frames are on the disk, apart from those an error was reported for
	ReleasedLSN uint64

	PendingBytes int // in line or being written
	Frames       uint64
	Groups       uint64
	Syncs        uint64
	SyncTime     time.Duration // sum
	Failures     uint64        // times that frames were given up
	Failing      bool          // nothing is taken now
}

// Stats returns the current figures.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Segments = len(l.segments)
	for _, seg := range l.segments {
		s.Bytes += seg.bytes
	}
	s.LastLSN = l.next - 1
	s.ReleasedLSN = l.released
	s.PendingBytes = len(l.pending) + l.inFlight
	s.Failing = l.failure != nil
	return s
}
